"""`vpp-gym portfolio`: many policies through many scenarios, on all cores or a cluster."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vpp_gym.cli.output import (
    AsJson,
    number_text,
    plain_number,
    print_json,
    say,
    show_table,
)
from vpp_gym.cli.params import ParamsFile, SetParams, stated_changes
from vpp_gym.cli.progress import at_work
from vpp_gym.cli.tables import Column, Grid

if TYPE_CHECKING:
    from vpp_gym.evaluation.many import ManyRuns

HEADINGS = {
    "runs": "Runs",
    "days": "Days",
    "profit_eur": "Profit, EUR a day",
    "demand_satisfaction": "Demand satisfaction",
}


def portfolio(
    policies: Annotated[
        list[str],
        typer.Argument(
            help="Baselines or pretrained agents by name, or policies of your own as "
            "package.module:name.",
            show_default=False,
        ),
    ],
    scenario: Annotated[
        list[str] | None,
        typer.Option(
            help="Name of scenarios, such as synthetic:test, for all of their years; may be "
            "repeated. By default synthetic:test.",
            show_default=False,
        ),
    ] = None,
    dt_h: Annotated[
        float | None,
        typer.Option(
            help="Hours per step; by default 0.25, or as a world file has it.", show_default=False
        ),
    ] = None,
    days: Annotated[
        int | None,
        typer.Option(help="Number of days from the start; by default all.", show_default=False),
    ] = None,
    params: ParamsFile = None,
    set_params: SetParams = None,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Folder for the rows, one Parquet file a run; what it has is not made again.",
            show_default=False,
        ),
    ] = None,
    engine: Annotated[str, typer.Option(help="local or ray.")] = "local",
    workers: Annotated[
        int | None,
        typer.Option(
            help="Number of processes; 0: in this one; by default one for each core.",
            show_default=False,
        ),
    ] = None,
    address: Annotated[
        str | None,
        typer.Option(
            help="Of a Ray cluster, such as auto or ray://head:10001.", show_default=False
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Run every policy through every scenario, and report the means.

    What is stopped goes on where it was, if it has a folder.
    """
    from vpp_gym.evaluation.many import evaluate_many

    changes = stated_changes(params, set_params)
    with at_work("Simulating; no run has ended yet", counts=True) as report:
        runs = evaluate_many(
            policies,
            scenario or ["synthetic:test"],
            changes or None,
            dt_h=dt_h,
            days=days,
            folder=out,
            engine=engine,
            workers=workers,
            address=address,
            progress=lambda done, total, label: report(
                f"Simulating; the last run to end was {label}; runs", done, total
            ),
        )
    rows = _means(runs)
    if as_json:
        print_json(rows)
        return
    cells = [
        [name, *(number_text(key, row[key]) for key in HEADINGS)] for name, row in rows.items()
    ]
    headings = [Column(heading, is_number=True) for heading in HEADINGS.values()]
    show_table(Grid([Column("Policy"), *headings], cells))
    if out is not None:
        say(f"Rows of {runs.made} new and {runs.kept} earlier runs: {out}")


def _means(runs: ManyRuns) -> dict[str, dict[str, Any]]:
    """By policy, the best first; demand satisfaction is of the energy of all days."""
    found: dict[str, dict[str, Any]] = {}
    for name, rows in runs.days().groupby("policy", sort=False):
        demand_kwh = float(rows["demand_kwh"].sum()) if "demand_kwh" in rows else 0.0
        served_kwh = float(rows["served_kwh"].sum()) if "served_kwh" in rows else 0.0
        numbers = {
            "runs": rows.groupby(["scenario", "seed"]).ngroups,
            "days": len(rows),
            "profit_eur": float(rows["profit_eur"].mean()),
            "demand_satisfaction": served_kwh / demand_kwh if demand_kwh > 0 else 1.0,
        }
        found[str(name)] = {key: plain_number(key, value) for key, value in numbers.items()}
    return dict(sorted(found.items(), key=lambda one: -one[1]["profit_eur"]))

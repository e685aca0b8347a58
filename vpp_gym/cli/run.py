"""`vpp-gym run`: one of the named policies through one scenario."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich import box
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table

from vpp_gym.cli.output import (
    AsJson,
    checked_file,
    console,
    named_numbers,
    plain_number,
    print_json,
    progress_console,
)
from vpp_gym.errors import InvalidInputError

if TYPE_CHECKING:
    from vpp_gym.evaluation.rollout import RunResult
    from vpp_gym.policies.base import Policy
    from vpp_gym.scenarios.scenario import Scenario


def run(
    policy: Annotated[
        str | None,
        typer.Argument(
            metavar="POLICY", help="One of those that --list shows.", show_default=False
        ),
    ] = None,
    show_list: Annotated[bool, typer.Option("--list", help="List the policies, and end.")] = False,
    scenario: Annotated[
        str, typer.Option(help="synthetic:train, :validation or :test; real:train or :test.")
    ] = "synthetic:test",
    index: Annotated[int, typer.Option(help="Which of the scenarios of that name.")] = 0,
    dt_h: Annotated[float, typer.Option(help="Hours per step: 1 or 0.25.")] = 1.0,
    data: Annotated[
        Path | None,
        typer.Option(help="Folder of real data, instead of VPP_GYM_DATA.", show_default=False),
    ] = None,
    days: Annotated[
        int | None, typer.Option(help="Days from the first; by default all.", show_default=False)
    ] = None,
    guarantee: Annotated[
        bool, typer.Option("--guarantee", help="Keep every target within reach.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option(help="CSV to write: a row per day.", show_default=False)
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Run a policy through a scenario and report money, energy and service."""
    if show_list:
        _list_policies(as_json)
        return
    if out is not None:
        checked_file("out", out, (".csv",))
    chosen = _policy(policy)
    world = _scenario(scenario, index, data, dt_h)
    result = _evaluate(chosen, world, _end_step(world, days), guarantee)
    if out is not None:
        result.days.to_csv(out, index=False, lineterminator="\n")
    report = run_report(result)
    if as_json:
        print_json(report)
    else:
        _show(report)
        if out is not None:
            console.print(f"A row per day: {out}", soft_wrap=True)


def run_report(result: RunResult) -> dict[str, Any]:
    """Everything that a run booked, in groups: `money` and `split` each add up to the profit."""
    from vpp_gym.evaluation.metrics import profit_parts, totals
    from vpp_gym.markets.ledger import MONEY

    table = totals(result.days)
    whole: dict[str, float] = table.drop(columns=["policy", "scenario"]).iloc[0].to_dict()
    cars = ("arrivals", "turned_away", "departures", "fully_served", "fully_served_share")
    by_type = [name for name in whole if name.startswith("contracts_type_")]

    def group(*names: str) -> dict[str, float]:
        return {name: plain_number(name, whole[name]) for name in names}

    still_there = whole["arrivals"] - whole["turned_away"] - whole["departures"]
    return {
        "policy": result.metadata["policy"],
        "scenario": result.metadata["scenario"],
        "first_day": str(result.days["date"].iloc[0]),
        "last_day": str(result.days["date"].iloc[-1]),
        "days": len(result.days),
        "guarantee": result.metadata["params"]["guarantee"],
        "profit_eur": float(whole["profit_eur"]),
        "money": group(*MONEY),
        "split": {name: float(part) for name, part in profit_parts(table).iloc[0].items()},
        "energy": group(*(name for name in whole if name.endswith("_kwh"))),
        "cars": {**group(*cars, "demand_satisfaction"), "still_connected": int(still_there)},
        "contracts": group("contracts", *by_type, "wear_eur"),
        "time": group("solve_ms_mean", "solve_ms_max"),
        "provenance": dict(result.metadata),
    }


def _policy(name: str | None) -> Policy:
    from vpp_gym.policies.operator import baselines

    known = baselines()
    if name not in known:
        raise InvalidInputError("POLICY", name, f"use one of {', '.join(known)}")
    return known[name]


def _scenario(name: str, index: int, data: Path | None, dt_h: float) -> Scenario:
    from vpp_gym.scenarios.named import NAMES, as_source
    from vpp_gym.scenarios.real import real_source

    if data is None or name not in NAMES:
        return as_source(name, dt_h).scenario(index)
    kind, _, split = name.partition(":")
    if kind != "real":
        raise InvalidInputError("data", str(data), f"{name} reads no files; use real:test")
    return real_source(data, split or "test", dt_h=dt_h).scenario(index)


def _end_step(scenario: Scenario, days: int | None) -> int:
    """One past the last step of so many local days."""
    in_all = int(scenario.day[-1]) + 1
    if days is None:
        return scenario.n_steps
    if not 1 <= days <= in_all:
        raise InvalidInputError("days", days, f"{scenario.name} has 1 to {in_all}")
    return int(scenario.day.searchsorted(days))


def _evaluate(policy: Policy, scenario: Scenario, end_step: int, guarantee: bool) -> RunResult:
    from vpp_gym.evaluation.rollout import evaluate

    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()
    with Progress(
        SpinnerColumn(),
        *columns,
        TimeElapsedColumn(),
        console=progress_console,
        transient=True,
        disable=not progress_console.is_terminal,
    ) as bar:
        task = bar.add_task(f"{policy.name}, days", total=None)
        return evaluate(
            policy,
            scenario,
            {"guarantee": guarantee},
            end_step=end_step,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )


def _show(report: dict[str, Any]) -> None:
    demand = "every target kept within reach" if report["guarantee"] else "targets may be missed"
    console.print(
        f"[bold]{report['policy']}[/bold] in {report['scenario']}, {report['first_day']} to "
        f"{report['last_day']} ({report['days']} days), {demand}",
        soft_wrap=True,
    )
    profit = {"profit_eur": report["profit_eur"]}
    pairs = (
        (
            ("Booked", {**report["money"], **profit}),
            ("Where it comes from", {**report["split"], **profit}),
        ),
        (("Energy", report["energy"]), ("Cars", report["cars"])),
        (("Contracts", report["contracts"]), ("Computing a decision", report["time"])),
    )
    for pair in pairs:
        row = Table.grid(padding=(0, 4, 0, 0))
        row.add_row(*(named_numbers(title, numbers, *profit) for title, numbers in pair))
        console.print("", row)


def _list_policies(as_json: bool) -> None:
    from vpp_gym.policies.operator import baselines

    rows = [_facts(policy) for policy in baselines().values()]
    if as_json:
        print_json(rows)
        return
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False)
    for heading in rows[0]:
        name = heading.capitalize().replace("_", " ")
        table.add_column(name, no_wrap=heading == "policy", overflow="fold")
    for row in rows:
        table.add_row(*("-" if value is None else str(value) for value in row.values()))
    console.print(table)


def _facts(policy: Any) -> dict[str, Any]:
    """What a policy says of itself; the class names where to read on."""
    dispatcher = getattr(policy, "dispatcher", policy)
    forecaster = getattr(dispatcher, "forecaster", None)
    bids_itself = "its own" if hasattr(policy, "bid_bound") else None
    return {
        "policy": policy.name,
        "dispatch": type(dispatcher).__name__,
        "forecast": "the future" if policy.privileged else getattr(forecaster, "name", None),
        "menu_term_h": policy.term_h or None,
        "bids": getattr(getattr(policy, "bidder", None), "name", bids_itself),
    }

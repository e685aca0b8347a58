"""Measures what a year of each planner of a site takes.

    python -m benchmarks.site_year [--out FOLDER]

Each runs through two weeks of four months of the worlds of the suite `site`, with everything that
a site has, after a warm-up. Figures are processor time of `evaluate`, simulator included.
"""

from __future__ import annotations

import sys
from pathlib import Path
from time import process_time
from typing import Annotated, Any

import typer
from rich.console import Console

from benchmarks.differences import RESULTS, write_table
from vpp_gym.boards.sites import DAYS, site_params, site_source
from vpp_gym.errors import InvalidInputError
from vpp_gym.evaluation import evaluate
from vpp_gym.files.trial import check_folder
from vpp_gym.policies.baselines import baseline

MONTHS = (0, 3, 6, 9)
POLICIES = (
    *("charge_on_arrival", "rolling_mpc", "hazard_mpc_tariff", "site_mpc", "site_mpc_tariff"),
    *("site_hazard_mpc", "site_hazard_mpc_tariff", "site_learned_mpc", "site_learned_mpc_price"),
    *("site_mpc_exact", "site_hindsight"),
)
YEAR_DAYS = 365
TITLE = "What a year of a site takes"
NOTES = (
    "Processor time of `evaluate`, simulator included, in the worlds of the suite `site`: 18 "
    "chargers, limits, sun, battery, fees, peak charge and models of the catalogue, by quarter "
    "hours; two weeks of each of four months."
)


def measured(name: str) -> dict[str, Any]:
    """One row of the table."""
    source, params = site_source(), site_params()
    scenarios = [source.scenario(month) for month in MONTHS]
    evaluate(baseline(name), scenarios[0], params)
    begin = process_time()
    runs = [evaluate(baseline(name), scenario, params).days for scenario in scenarios]
    spent_s = process_time() - begin
    days = DAYS * len(MONTHS)
    return {
        "policy": name,
        "sessions_a_day": sum(run["arrivals"].sum() for run in runs) / days,
        "ms_a_step": 1e3 * spent_s / sum(run["steps"].sum() for run in runs),
        "year_s": YEAR_DAYS * spent_s / days,
    }


def main(out: Annotated[Path, typer.Option(help="Folder of the tables.")] = RESULTS) -> None:
    """Measure every planner, and write the table."""
    check_folder(out, "out")
    rows = []
    for name in POLICIES:
        rows.append(measured(name))
        Console().print(f"{name}: {rows[-1]['year_s']:.1f} s a year")
    command = "python -m benchmarks.site_year"
    write_table("site_year", rows, title=TITLE, notes=NOTES, command=command, folder=out)


if __name__ == "__main__":
    try:
        typer.run(main)
    except InvalidInputError as refused:
        sys.exit(str(refused))

"""Measures what a simulated day costs each scheduler, from 25 to 2,500 sessions a day.

    python -m benchmarks.scaling [--days 14] [--out FOLDER]

Figures are processor time of one run after a warm-up; ratios count.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from time import process_time
from typing import Annotated, Any

import typer
from rich.console import Console

from benchmarks.differences import RESULTS, write_table
from vpp_gym.errors import InvalidInputError
from vpp_gym.evaluation import evaluate
from vpp_gym.files.trial import check_folder
from vpp_gym.params import DEFAULT
from vpp_gym.policies.hindsight import Hindsight
from vpp_gym.policies.operator import Operator
from vpp_gym.policies.rules import ChargeOnArrival
from vpp_gym.policies.scheduler import algorithm_1, rolling_mpc
from vpp_gym.policies.stochastic_mpc import StochasticMPC
from vpp_gym.policies.two_stage import TwoStage
from vpp_gym.policy import Policy
from vpp_gym.scenarios.scenario import Scenario
from vpp_gym.scenarios.synthetic import SyntheticSource

SESSIONS_A_DAY = (25, 250, 2_500)
POLICIES: dict[str, Callable[[], Policy]] = {
    "charge_on_arrival": ChargeOnArrival,
    "algorithm_1_3h": lambda: algorithm_1(3),
    "rolling_mpc": lambda: rolling_mpc(0),
    "rolling_mpc_10h": lambda: rolling_mpc(10),
    "stochastic_mpc": lambda: StochasticMPC(0),
    "rolling_mpc+two_stage": lambda: Operator(rolling_mpc(0), TwoStage()),
    "hindsight": lambda: Hindsight(3),
}
TITLE = "What a simulated day costs"
NOTES = (
    "Processor time of `evaluate`, simulator included, per simulated day and per session. One "
    "charger for each session a day; nobody is turned away by more than chance."
)


def world(sessions_a_day: int, days: int) -> Scenario:
    """The first days of a synthetic year with so many arrivals."""
    source = SyntheticSource("validation", 1, sessions_per_day=sessions_a_day, days=days)
    return source.scenario(0)


def measured(name: str, scenario: Scenario, sessions_a_day: int, days: int) -> dict[str, Any]:
    """One row of the table."""
    params = DEFAULT.replace(site={"n_chargers": sessions_a_day})
    begin = process_time()
    evaluate(POLICIES[name](), scenario, params)
    spent_s = process_time() - begin
    sessions = len(scenario.sessions)
    return {
        "policy": name,
        "sessions_a_day": sessions_a_day,
        "ms_a_day": 1e3 * spent_s / days,
        "us_a_session": 1e6 * spent_s / max(sessions, 1),
        "year_s": 365 * spent_s / days,
    }


def main(
    days: Annotated[int, typer.Option(min=2, help="Number of days simulated.")] = 14,
    out: Annotated[Path, typer.Option(help="Folder of the tables.")] = RESULTS,
) -> None:
    """Measure every scheduler at every size, and write the table."""
    check_folder(out, "out")
    small = world(SESSIONS_A_DAY[0], 7)
    for make in POLICIES.values():  # compile
        evaluate(make(), small)
    rows = []
    for size in SESSIONS_A_DAY:
        scenario = world(size, days)
        rows += [measured(name, scenario, size, days) for name in POLICIES]
        Console().print(f"{size} sessions a day: done")
    command = f"python -m benchmarks.scaling --days {days}"
    write_table("scaling", rows, title=TITLE, notes=NOTES, command=command, folder=out)


if __name__ == "__main__":
    try:
        typer.run(main)
    except InvalidInputError as refused:
        sys.exit(str(refused))

"""Time of a year of day-ahead schedules, with and without a risk term, against cvxpy.

    python -m benchmarks.bidding_speed [--json]

All engines solve the same scenarios and must reach the same objective. Loads are those of
25 and of 2,500 sessions a day: the time hardly depends on the fleet. Figures are mean
processor time over days of different scenarios; `year_s` is 365 such days.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from time import process_time
from typing import Annotated, Any

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from vpp_gym.solvers.bid_lp import objective_eur, risk_averse_bids
from vpp_gym.solvers.bid_program import solve_bid_program
from vpp_gym.solvers.newsvendor import BidScenarios, scenarios_of

SAMPLES = 100
CASES = [(25, 24), (25, 96), (2_500, 24), (2_500, 96)]
BETAS = (0.0, 0.3)
ALPHA = 0.05
DAYS = 20
PROGRAM_DAYS = 2


def scenarios(sessions_a_day: int, periods: int, day: int = 0) -> BidScenarios:
    """Dual prices of a day, and the loads of so many sessions of 26 kWh."""
    rng = np.random.default_rng(day)
    shape = (SAMPLES, periods)
    da = np.full(shape, 0.04)
    load = 26.0 / periods * rng.poisson(sessions_a_day, shape)
    return scenarios_of(da, da + rng.gamma(1, 0.02, shape), da - rng.gamma(1, 0.015, shape), load)


def timed(
    solve: Callable[[BidScenarios], Any], days: Sequence[BidScenarios]
) -> tuple[list[Any], float]:
    """The answer of each day, and the mean milliseconds of processor time of a day."""
    solve(days[0])  # What is loaded once is not part of a day.
    begin = process_time()
    answers = [solve(day) for day in days]
    return answers, 1e3 * (process_time() - begin) / len(days)


def measured(sessions_a_day: int, periods: int, beta: float) -> dict[str, Any]:
    """One row: the fast way and the program, and their ratio."""
    days = [scenarios(sessions_a_day, periods, day) for day in range(DAYS)]
    bounds, risk = (11.0 * sessions_a_day,) * 2, {"beta": beta, "alpha": ALPHA}
    schedules, fast_ms = timed(lambda day: risk_averse_bids(day, *bounds, **risk), days)
    checked = days[:PROGRAM_DAYS]
    answers, program_ms = timed(lambda day: solve_bid_program(day, *bounds, **risk), checked)
    for day, schedule, (_, best_eur) in zip(checked, schedules, answers, strict=False):
        reached_eur = objective_eur(schedule.bids_kwh, day, beta, ALPHA)
        np.testing.assert_allclose(reached_eur, best_eur, rtol=1e-6)
    return {
        "sessions_a_day": sessions_a_day,
        "periods": periods,
        "beta": beta,
        "engine": "small LPs" if beta else "sorting",
        "ms": fast_ms,
        "program_ms": program_ms,
        "ratio": program_ms / fast_ms,
        "year_s": 0.365 * fast_ms,
    }


def main(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Print milliseconds per schedule and their ratio to the program's."""
    rows = [measured(*case, beta) for beta in BETAS for case in CASES]
    if as_json:
        print(json.dumps(rows, indent=1))
        return
    table = Table(*rows[0], title=f"{SAMPLES} scenarios a schedule")
    for row in rows:
        table.add_row(*(f"{v:.3g}" if isinstance(v, float) else str(v) for v in row.values()))
    Console().print(table)


if __name__ == "__main__":
    typer.run(main)

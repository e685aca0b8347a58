"""Time of a day-ahead sheet: the exact rule and the LP against the program in cvxpy.

    python -m benchmarks.bidding_speed [--json]

All engines solve the same scenarios and must reach the same objective. Loads are those of
25 and of 2,500 sessions a day: the time does not depend on the fleet. Figures are the
least processor time of a few runs; ratios count, since all are measured side by side.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from time import process_time
from typing import Annotated, Any

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from vpp_gym.solvers.bid_lp import objective_eur, risk_averse_bids_kwh
from vpp_gym.solvers.bid_program import solve_bid_program
from vpp_gym.solvers.newsvendor import BidScenarios, best_bids_kwh, scenarios_of

SAMPLES = 100
CASES = [(25, 24), (25, 96), (2_500, 24), (2_500, 96)]
BETAS = (0.0, 0.3)
ALPHA = 0.05


def scenarios(sessions_a_day: int, lines: int) -> BidScenarios:
    """Dual prices, and the loads of so many sessions of 26 kWh."""
    rng = np.random.default_rng(0)
    shape = (SAMPLES, lines)
    da = np.full(shape, 0.04)
    load = 26.0 / lines * rng.poisson(sessions_a_day, shape)
    return scenarios_of(da, da + rng.gamma(1, 0.02, shape), da - rng.gamma(1, 0.015, shape), load)


def timed(solve: Callable[[], Any], repeats: int) -> tuple[Any, float]:
    """The answer, and the least milliseconds of processor time."""
    times = []
    for _ in range(repeats):
        begin = process_time()
        answer = solve()
        times.append(process_time() - begin)
    return answer, 1e3 * min(times)


def measured(sessions_a_day: int, lines: int, beta: float) -> dict[str, Any]:
    """One row: the fast way and the program, and their ratio."""
    given = scenarios(sessions_a_day, lines)
    bound = 11.0 * sessions_a_day

    def fast() -> np.ndarray:
        if beta:
            return risk_averse_bids_kwh(given, bound, bound, beta=beta, alpha=ALPHA)
        return best_bids_kwh(given, bound, bound)

    bids, fast_ms = timed(fast, 5)
    (_, best_eur), program_ms = timed(
        lambda: solve_bid_program(given, bound, bound, beta=beta, alpha=ALPHA), 2
    )
    np.testing.assert_allclose(objective_eur(bids, given, beta, ALPHA), best_eur, rtol=1e-6)
    return {
        "sessions_a_day": sessions_a_day,
        "lines": lines,
        "beta": beta,
        "engine": "lp" if beta else "exact",
        "ms": fast_ms,
        "program_ms": program_ms,
        "ratio": program_ms / fast_ms,
        "year_s": 0.365 * fast_ms,
    }


def main(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Print milliseconds per sheet and their ratio to the program's."""
    rows = [measured(*case, beta) for beta in BETAS for case in CASES]
    if as_json:
        print(json.dumps(rows, indent=1))
        return
    table = Table(*rows[0], title=f"{SAMPLES} scenarios a sheet")
    for row in rows:
        table.add_row(*(f"{v:.3g}" if isinstance(v, float) else str(v) for v in row.values()))
    Console().print(table)


if __name__ == "__main__":
    typer.run(main)

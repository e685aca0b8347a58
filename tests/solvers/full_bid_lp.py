"""Oracle of the bids with a risk term: the whole program as one LP in HiGHS.

The program of `bid_program` with v = u - x - L put in, which leaves
R_s = sum_l (DA - long) x - long L - (short - long) u, and u only where short > long.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import linprog
from scipy.sparse import csr_array

from vpp_gym.arrays import Floats
from vpp_gym.errors import SolveFailedError
from vpp_gym.solvers.newsvendor import BidScenarios, checked_bounds


def full_lp_bids_kwh(
    scenarios: BidScenarios,
    buy_kwh: ArrayLike,
    sell_kwh: ArrayLike,
    *,
    beta: float,
    alpha: float = 0.05,
) -> Floats:
    """(periods,) kWh sold that maximise (1 - beta) mean + beta CVaR of the day's income."""
    s, periods = scenarios.da.shape
    low, high = checked_bounds(buy_kwh, sell_kwh, periods)
    gap = scenarios.short - scenarios.long
    row, period = np.nonzero(gap > 0)
    slope, fixed = scenarios.da - scenarios.long, (scenarios.long * scenarios.load_kwh).sum(axis=1)
    n_u = len(row)
    mean = (1 - beta) / s
    # Variables: x, u where short > long, eta, w. Costs are minus the gains.
    cost = np.r_[
        -mean * slope.sum(axis=0), mean * gap[row, period], -beta, np.full(s, beta / (alpha * s))
    ]
    bounds = np.c_[np.r_[low, np.zeros(n_u), -np.inf, np.zeros(s)], np.full(len(cost), np.inf)]
    bounds[:periods, 1] = high
    answer = linprog(
        cost,
        A_ub=_rows(slope, gap, row, period),
        b_ub=np.r_[-scenarios.load_kwh[row, period], -fixed],
        bounds=bounds,
        method="highs-ipm",
    )
    if answer.status != 0:
        raise SolveFailedError(f"bids with a risk term: HiGHS: {answer.message}")
    return np.clip(answer.x[:periods], low, high)


def _rows(slope: Floats, gap: Floats, row: np.ndarray, period: np.ndarray) -> csr_array:
    """Rows x - u <= -L for each u; then eta - R - w <= 0 for each scenario."""
    s, periods = slope.shape
    n_u = len(row)
    each, sample = np.arange(n_u), np.arange(s)
    tail = n_u + sample
    at = [
        (each, period, np.ones(n_u)),
        (each, periods + each, -np.ones(n_u)),
        (np.repeat(tail, periods), np.tile(np.arange(periods), s), -slope.ravel()),
        (n_u + row, periods + each, gap[row, period]),
        (tail, np.full(s, periods + n_u), np.ones(s)),
        (tail, periods + n_u + 1 + sample, -np.ones(s)),
    ]
    rows, columns, values = (np.concatenate(parts) for parts in zip(*at, strict=True))
    return csr_array((values, (rows, columns)), shape=(n_u + s, periods + n_u + 1 + s))

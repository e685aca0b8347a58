"""The two-stage day-ahead bid as a cvxpy program, readable, with its risk term.

With bids x, scenarios s of equal weight 1/S and periods l, in the order of the text:

    maximise (1 - beta) mean_s R_s + beta CVaR                                 (1)
    R_s = sum_l DA_sl x_l - short_sl u_sl + long_sl v_sl                       (2)
    u_sl - v_sl = x_l + L_sl,  u, v >= 0                                       (3)
    -buy_l <= x_l <= sell_l                                                    (4)
    CVaR = eta - mean_s w_s / alpha,  w_s >= eta - R_s,  w >= 0                (5)

u is what the party is short and v what it is long: the second stage, known only after
the bid. CVaR is the mean income of the worst share alpha of the scenarios. Without
(5) the program separates by period and `newsvendor` has the answer; with it, `bid_lp`
solves the same program faster.

Source of (5): Rockafellar & Uryasev 2000, Optimization of conditional value-at-risk.
"""

from __future__ import annotations

import cvxpy as cp
import numpy as np
from numpy.typing import ArrayLike

from vpp_gym.arrays import Floats
from vpp_gym.errors import SolveFailedError
from vpp_gym.markets.risk import check_share, check_weight
from vpp_gym.solvers.newsvendor import BidScenarios, checked_bounds


def solve_bid_program(
    scenarios: BidScenarios,
    buy_kwh: ArrayLike,
    sell_kwh: ArrayLike,
    *,
    beta: float = 0.0,
    alpha: float = 0.05,
) -> tuple[Floats, float]:
    """Best bids (periods,) [kWh, + sells] and the objective (1) [EUR].

    Args:
        scenarios: prices and loads, see `vpp_gym.solvers.newsvendor.scenarios_of`.
        buy_kwh: (periods,) or one number, most that may be bought.
        sell_kwh: (periods,) or one number, most that may be sold.
        beta: weight of the risk term, in [0, 1].
        alpha: share of the scenarios that it looks at, in (0, 1].

    Raises:
        InvalidInputError: a bound or weight out of range.
        SolveFailedError: HiGHS did not reach the optimum.
    """
    check_weight(beta)
    check_share(alpha)
    s, periods = scenarios.da.shape
    low, high = checked_bounds(buy_kwh, sell_kwh, periods)
    x = cp.Variable(periods)
    u, v = cp.Variable((s, periods), nonneg=True), cp.Variable((s, periods), nonneg=True)
    eta, w = cp.Variable(), cp.Variable(s, nonneg=True)
    income = scenarios.da @ x + cp.sum(  # (2)
        cp.multiply(scenarios.long, v) - cp.multiply(scenarios.short, u), axis=1
    )
    cvar = eta - cp.sum(w) / (alpha * s)  # (5)
    limits = [
        u - v
        == np.ones((s, 1)) @ cp.reshape(x, (1, periods), order="C") + scenarios.load_kwh,  # (3)
        x >= low,  # (4)
        x <= high,
        w >= eta - income,  # (5)
    ]
    program = cp.Problem(cp.Maximize((1 - beta) * cp.sum(income) / s + beta * cvar), limits)  # (1)
    try:
        program.solve(solver=cp.HIGHS)
    except cp.error.SolverError as error:
        raise SolveFailedError(f"bid program: HiGHS failed: {error}") from error
    if program.status != cp.OPTIMAL:
        raise SolveFailedError(f"bid program: HiGHS ended with status {program.status}")
    return np.clip(x.value, low, high), float(program.value)

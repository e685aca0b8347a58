"""Two-stage bids with a risk term: exact, by small LPs that grow where they have to.

The objective of `bid_program` is the least mean income over all weights of the
scenarios that CVaR allows. For given weights the program separates by period, and
`newsvendor` has the answer. So, round by round:

1. A small LP knows the income of a period at some nodes only, with straight periods in
   between, and only some scenarios may be in its tail. What its bids really earn is a
   lower bound, and the prices of its rows are weights of the scenarios.
2. What the best bids for these weights would earn is an upper bound.
3. While the bounds differ, the breaks around both answers become nodes, and the worst
   scenarios of the LP's bids may be in the tail.

With all nodes and scenarios the LP is the whole program, so the rounds end; they are
two to five, with a tenth of the nodes and a third of the scenarios.

Source: Rockafellar & Uryasev 2000, Optimization of conditional value-at-risk, for the
program; Dantzig & Wolfe 1960, Decomposition principle for linear programs.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import csc_array

from vpp_gym.arrays import Floats
from vpp_gym.errors import SolveFailedError
from vpp_gym.markets.risk import check_share, check_weight, tail_mean
from vpp_gym.solvers.linear_program import LinearProgram, solve_with_prices
from vpp_gym.solvers.newsvendor import BidScenarios, best_bids_kwh, checked_bounds, income_eur

GAP = 1e-9
"""The bounds may differ by this share of the day's largest income: then the bids are best."""

TAILS = 3
"""So many times the scenarios of the tail may be in the next one."""

NOISE = 1e-12
"""Shares of the stake below this are rounding, which HiGHS would refuse as coefficients."""

OPTIONS: dict[str, str | float] = {
    "presolve": "off",
    "dual_feasibility_tolerance": 1e-9,
    "small_matrix_value": NOISE,
}
"""The programs are small already, and their prices are needed to the last digits."""


class RiskAverseBids(NamedTuple):
    """The best bids, and the weights for which they are the best period by period, too.

    Attributes:
        bids_kwh: (periods,) sold.
        weight: (s,) of the scenarios, sum 1: those of the tail weigh more.
    """

    bids_kwh: Floats
    weight: Floats


def risk_averse_bids(
    scenarios: BidScenarios,
    buy_kwh: ArrayLike,
    sell_kwh: ArrayLike,
    *,
    beta: float,
    alpha: float = 0.05,
) -> RiskAverseBids:
    """Bids that maximise (1 - beta) mean + beta CVaR of the day's income.

    Args:
        scenarios: prices and loads, see `vpp_gym.solvers.newsvendor.scenarios_of`.
        buy_kwh: (periods,) or one number, most that may be bought.
        sell_kwh: (periods,) or one number, most that may be sold.
        beta: weight of the risk term, in [0, 1]; at 0 the exact rule is used.
        alpha: share of the scenarios that it looks at, in (0, 1].

    Raises:
        InvalidInputError: a bound or weight out of range.
        SolveFailedError: HiGHS did not reach the optimum.
    """
    check_weight(beta)
    check_share(alpha)
    best = best_bids_kwh(scenarios, buy_kwh, sell_kwh)
    even = np.full(len(scenarios.da), 1 / len(scenarios.da))
    if beta == 0.0:
        return RiskAverseBids(best, even)
    low, high = checked_bounds(buy_kwh, sell_kwh, len(best))
    program = _GrowingProgram(scenarios, low, high, beta, alpha)
    answer = RiskAverseBids(best, even)
    while program.grows(answer.bids_kwh, best):
        answer = program.solved()
        weighted = weighted_scenarios(scenarios, answer.weight)
        best = best_bids_kwh(weighted, buy_kwh, sell_kwh)
        bound_eur = income_eur(best, weighted).sum() / len(even)
        reached_eur = objective_eur(answer.bids_kwh, scenarios, beta, alpha)
        if bound_eur - reached_eur <= GAP * program.stake_eur:
            return answer
    raise SolveFailedError(f"bids with a risk term: {bound_eur - reached_eur} EUR from the best")


def weighted_scenarios(scenarios: BidScenarios, weight: Floats) -> BidScenarios:
    """Scenarios whose plain mean of the income is the weighted mean of the given ones.

    Args:
        scenarios: given.
        weight: (s,) sum 1.
    """
    times = weight[:, None] * len(weight)
    da, short, long, load_kwh = scenarios
    return BidScenarios(times * da, times * short, times * long, load_kwh)


def objective_eur(bids_kwh: Floats, scenarios: BidScenarios, beta: float, alpha: float) -> float:
    """(1 - beta) mean + beta CVaR of the day's income, EUR."""
    income = income_eur(bids_kwh, scenarios).sum(axis=1)
    return float((1 - beta) * income.mean() + beta * tail_mean(income, alpha))


class _GrowingProgram:
    """The program on some nodes of each period and with some scenarios in the tail.

    Between nodes the income is interpolated, which is never above the concave income.
    """

    def __init__(
        self, scenarios: BidScenarios, low: Floats, high: Floats, beta: float, alpha: float
    ) -> None:
        self.scenarios, self.beta, self.alpha, self.low = scenarios, beta, alpha, low
        breaks = np.vstack([low, -scenarios.load_kwh, high])
        self.grid_kwh = np.sort(np.clip(breaks, low, high), axis=0)
        self.is_node = np.zeros(self.grid_kwh.shape, dtype=np.bool_)
        self.is_node[[0, -1]] = True
        self.in_tail = np.zeros(len(scenarios.da), dtype=np.bool_)
        largest_kwh = np.abs(breaks).max(axis=0)
        self.stake_eur = max(float(np.abs(scenarios[:3]).max(axis=(0, 1)) @ largest_kwh), 1e-300)
        self.fixed_eur = income_eur(low, scenarios).sum(axis=1)

    def grows(self, *schedules: Floats) -> bool:
        """Whether nodes near the bids (periods,) or scenarios of the first one's tail are new."""
        size = self.is_node.sum() + self.in_tail.sum()
        for bids_kwh in schedules:
            place = (self.grid_kwh < bids_kwh).sum(axis=0) + np.arange(-2, 2)[:, None]
            rows = np.clip(place, 0, len(self.grid_kwh) - 1)
            self.is_node[rows, np.arange(len(bids_kwh))] = True
        income = income_eur(schedules[0], self.scenarios).sum(axis=1)
        self.in_tail[np.argsort(income)[: TAILS * math.ceil(self.alpha * len(income))]] = True
        return bool(self.is_node.sum() + self.in_tail.sum() > size)

    def solved(self) -> RiskAverseBids:
        """The best bids between nodes, and the weights of the scenarios."""
        period, start = np.nonzero(self.is_node.T)
        node_kwh = self.grid_kwh[start, period]
        parts = BidScenarios(*(part[:, period] for part in self.scenarios))
        piece = np.flatnonzero((np.diff(period) == 0) & (np.diff(node_kwh) > 0))
        rise_eur = np.diff(income_eur(node_kwh, parts), axis=1)[:, piece]
        values, prices = solve_with_prices(self._program(rise_eur), OPTIONS)
        kwh = values[: len(piece)] * np.diff(node_kwh)[piece]
        bids = self.low + np.bincount(period[piece], kwh, minlength=len(self.low))
        bids = np.clip(bids, self.low, self.grid_kwh[-1])
        weight = np.full(len(self.in_tail), (1 - self.beta) / len(self.in_tail))
        tail = np.clip(-prices, 0.0, None)
        weight[self.in_tail] += self.beta * tail / tail.sum()
        return RiskAverseBids(bids, weight)

    def _program(self, rise_eur: Floats) -> LinearProgram:
        """Over the used share of each piece, eta, and w of the tail; money in stakes.

        Args:
            rise_eur: (s, pieces) income that a piece adds in each scenario.
        """
        s, n = rise_eur.shape
        rows, rise = int(self.in_tail.sum()), rise_eur / self.stake_eur
        rise = np.where(np.abs(rise) > NOISE, rise, 0.0)
        columns = np.hstack([-rise[self.in_tail], np.ones((rows, 1)), -np.eye(rows)])
        cost = [-(1 - self.beta) * rise.mean(axis=0), -self.beta]
        return LinearProgram(
            "bids with a risk term",
            cost=np.r_[*cost, np.full(rows, self.beta / (self.alpha * s))],
            low=np.r_[np.zeros(n), -np.inf, np.zeros(rows)],
            high=np.r_[np.ones(n), np.full(1 + rows, np.inf)],
            rows=csc_array(columns),
            row_low=np.full(rows, -np.inf),
            row_high=self.fixed_eur[self.in_tail] / self.stake_eur,
        )

"""What planners work out once of a dataset: its past, and how far they look ahead."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from vpp_gym.arrays import Floats, Ints
from vpp_gym.kernels import njit
from vpp_gym.policies.forecast_net import STEPS_AHEAD
from vpp_gym.simulation.dataset import Dataset

BLOCK = 128
"""Numbers that NumPy adds side by side before it halves a sum."""
LEAVES = (80, 88)
"""Lengths of the parts into which NumPy halves the sum of a whole remembered past."""


class Past(NamedTuple):
    """What of a dataset is worked out once.

    Attributes:
        next_same: (T,) next position of the scenario with the same period; T: there is none.
        half: (T,) short price less the middle of short and long [EUR/kWh].
        half_spread: (T,) its mean in the remembered past, where it was asked for; else NaN.
        leaves: (2, T) sums of so many of `half` as `LEAVES` says from each position on, where they
            were asked for; else NaN. Pasts that end at other steps have them in common.
        level: (T,) of the deviations from the expected profile, where it was asked for; else NaN.
        most: (1,) larger than any deviation from a profile [EUR/kWh].
        longest: steps of the longest stay, and at least those that a forecast covers.
    """

    next_same: Ints
    half: Floats
    half_spread: Floats
    leaves: Floats
    level: Floats
    most: Floats
    longest: int


def past_of(dataset: Dataset) -> Past:
    """What is worked out once of a dataset."""
    n = len(dataset.period)
    short = np.asarray(dataset.steps["short_eur_per_kwh"])
    mid = 0.5 * (short + np.asarray(dataset.steps["long_eur_per_kwh"]))
    largest = float(np.abs(dataset.residual_eur_per_kwh).max(initial=0.0))
    next_same, behind = np.empty(n, np.int64), np.empty(int(dataset.period.max()) + 1, np.int64)
    _link(dataset.first_step, dataset.period, behind, next_same)
    most = np.array([4.0 * largest + 1.0])
    arrival = np.repeat(np.arange(n), np.diff(dataset.first_session))
    stays = np.asarray(dataset.sessions["departure"]) - arrival
    return Past(
        next_same=next_same,
        half=np.ascontiguousarray(short - mid),
        half_spread=np.full(n, np.nan),
        leaves=np.full((len(LEAVES), n), np.nan),
        level=np.full(n, np.nan),
        most=most,
        longest=int(max(STEPS_AHEAD, stays.max(initial=0))),
    )


@njit
def _link(first_step: Ints, period: Ints, behind: Ints, next_same: Ints) -> None:
    """Fill the next position with the same period, scenario by scenario.

    Args:
        first_step: (K + 1,) of the scenarios.
        period: (T,) place in the clock day.
        behind: (L,) working memory.
        next_same: (T,) result.
    """
    for s in range(len(first_step) - 1):
        for p in range(len(behind)):
            behind[p] = len(period)
        for t in range(first_step[s + 1] - 1, first_step[s] - 1, -1):
            next_same[t] = behind[period[t]]
            behind[period[t]] = t


@njit
def pairwise_sum(values: Floats, first: int, n: int) -> float:
    """Sum of n numbers from a place on, rounded as NumPy rounds it."""
    if n < 8:
        result = 0.0
        for i in range(first, first + n):
            result += values[i]
        return result
    if n <= BLOCK:
        s0, s1, s2, s3 = values[first], values[first + 1], values[first + 2], values[first + 3]
        s4, s5, s6, s7 = values[first + 4], values[first + 5], values[first + 6], values[first + 7]
        whole = n - n % 8
        for i in range(first + 8, first + whole, 8):
            s0 += values[i]
            s1 += values[i + 1]
            s2 += values[i + 2]
            s3 += values[i + 3]
            s4 += values[i + 4]
            s5 += values[i + 5]
            s6 += values[i + 6]
            s7 += values[i + 7]
        result = ((s0 + s1) + (s2 + s3)) + ((s4 + s5) + (s6 + s7))
        for i in range(first + whole, first + n):
            result += values[i]
        return result
    half = n // 2
    half -= half % 8
    return pairwise_sum(values, first, half) + pairwise_sum(values, first + half, n - half)


@njit(internal=True)
def _sum_of_half(past: Past, first: int, n: int) -> float:
    """As `pairwise_sum` of `half`, from parts that are known."""
    if n <= BLOCK:
        for k in range(len(LEAVES)):
            if n == LEAVES[k]:
                if np.isnan(past.leaves[k, first]):
                    past.leaves[k, first] = pairwise_sum(past.half, first, n)
                known: float = past.leaves[k, first]
                return known
        return pairwise_sum(past.half, first, n)
    half = n // 2
    half -= half % 8
    return _sum_of_half(past, first, half) + _sum_of_half(past, first + half, n - half)


@njit
def half_spread_at(since: int, t: int, past: Past) -> float:
    """Mean half of short less long price in the remembered past; 0 without one."""
    if t == since:
        return 0.0
    if np.isnan(past.half_spread[t]):
        n = t - since
        past.half_spread[t] = _sum_of_half(past, since, n) / n
    return past.half_spread[t]

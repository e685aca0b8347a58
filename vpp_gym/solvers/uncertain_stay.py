"""Exact dispatch of one EV at known prices, of which nobody knows when it leaves.

As in `vpp_gym.solvers.segments` all is in the battery frame, and the cost to come is convex and
piecewise linear in the stored energy. With the hazard h_k of leaving after k steps and the cost
L_k(e) = miss_eur[k] max(due[k] - e, 0) of leaving then,

    C_i(e) = min over rise, fall of rise_eur[i] rise - fall_eur[i] fall
             + h_k L_k(e') + (1 - h_k) C_k(e'),      k = i + 1, e' = e + rise - fall,

and C is zero after the last step. A cycle within a step must not pay, fall_eur <= rise_eur: then
no step has both.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from vpp_gym.arrays import Floats, Ints
from vpp_gym.kernels import njit


class UncertainStay(NamedTuple):
    """One EV, for S steps.

    Attributes:
        rise_eur: (S,) EUR per kWh stored.
        fall_eur: (S,) EUR earned per kWh taken from the battery, at most rise_eur.
        rise_kwh: (S,) most that can be stored in a step.
        fall_kwh: (S,) most that can be taken in a step.
        lower_kwh: (S + 1,) least stored energy before each step and at the end.
        upper_kwh: (S + 1,) most stored energy before each step and at the end.
        hazard: (S + 1,) probability of leaving after so many steps, if still there.
        due_kwh: (S + 1,) owed to who leaves after so many steps.
        miss_eur: (S + 1,) EUR per kWh missing to it.
        energy_kwh: stored before the first step.
    """

    rise_eur: Floats
    fall_eur: Floats
    rise_kwh: Floats
    fall_kwh: Floats
    lower_kwh: Floats
    upper_kwh: Floats
    hazard: Floats
    due_kwh: Floats
    miss_eur: Floats
    energy_kwh: float


@njit(allocates=True)
def moves_until(stay: UncertainStay, leaves: int) -> tuple[Floats, Floats]:
    """What the EV stores and gives in each step if it leaves after so many.

    Args:
        stay: limits and prices.
        leaves: steps, at most S; what is planned does not depend on it.

    Returns:
        Rises and falls of the stored energy, each (leaves,) kWh.
    """
    slope, length, count, left = _costs_to_come(stay)
    rise, fall = np.zeros(leaves), np.zeros(leaves)
    energy = stay.energy_kwh
    for i in range(leaves):
        k = i + 1
        # What lies to the left of the stored energy is used: first the move not to rise.
        rest = max(energy - left[k] + stay.rise_kwh[i], 0.0)
        not_risen, moved, fallen = 0.0, 0.0, 0.0
        part = 0
        asks_rise, asks_fall = -stay.rise_eur[i], -stay.fall_eur[i]
        for j in range(count[k] + 1):
            here = slope[k, j] if j < count[k] else np.inf
            if part == 0 and asks_rise <= here:
                not_risen = min(rest, stay.rise_kwh[i])
                rest -= not_risen
                part = 1
            if part == 1 and asks_fall < here:
                fallen = min(rest, stay.fall_kwh[i])
                rest -= fallen
                part = 2
            if j < count[k]:
                used = min(rest, length[k, j])
                rest -= used
                moved += used
        rise[i], fall[i] = stay.rise_kwh[i] - not_risen, fallen
        energy = left[k] + moved
    return rise, fall


@njit(allocates=True, internal=True)
def _costs_to_come(stay: UncertainStay) -> tuple[Floats, Floats, Ints, Floats]:
    """Slopes and lengths (S + 1, m) of the cost behind each step, in rising order.

    Returns:
        Slopes, lengths, how many of both each step has (S + 1,), and where they begin (S + 1,).
    """
    steps = len(stay.rise_eur)
    size = 3 * steps + 4
    slope, length = np.zeros((steps + 1, size)), np.zeros((steps + 1, size))
    count, left = np.zeros(steps + 1, np.int64), np.zeros(steps + 1)
    now_slope, now_length = np.zeros(size), np.zeros(size)
    now_length[0] = stay.upper_kwh[steps] - stay.lower_kwh[steps]
    n, begin = 1, stay.lower_kwh[steps]
    for k in range(steps, 0, -1):
        h, due, left[k] = stay.hazard[k], stay.due_kwh[k], begin
        m, at = 0, begin
        for j in range(n):
            end = at + now_length[j]
            below = min(max(due - at, 0.0), now_length[j]) if h > 0.0 else 0.0
            stays = (1.0 - h) * now_slope[j]
            if below > 0.0:
                slope[k, m], length[k, m] = stays - h * stay.miss_eur[k], below
                m += 1
            if now_length[j] > below:
                slope[k, m], length[k, m] = stays, now_length[j] - below
                m += 1
            at = end
        count[k] = m
        i = k - 1
        n = _with_move(stay, i, slope[k], length[k], m, now_slope, now_length)
        begin = left[k] - stay.rise_kwh[i]
        n, begin = _cut(now_slope, now_length, n, begin, stay.lower_kwh[i], stay.upper_kwh[i])
    return slope, length, count, left


@njit(internal=True)
def _with_move(
    stay: UncertainStay,
    i: int,
    slope: Floats,
    length: Floats,
    n: int,
    to_slope: Floats,
    to_length: Floats,
) -> int:
    """Merge the move of a step into a list of segments; the number of segments."""
    m, part = 0, 0
    for j in range(n + 1):
        here = slope[j] if j < n else np.inf
        if part == 0 and -stay.rise_eur[i] <= here:
            if stay.rise_kwh[i] > 0.0:
                to_slope[m], to_length[m] = -stay.rise_eur[i], stay.rise_kwh[i]
                m += 1
            part = 1
        if part == 1 and -stay.fall_eur[i] < here:
            if stay.fall_kwh[i] > 0.0:
                to_slope[m], to_length[m] = -stay.fall_eur[i], stay.fall_kwh[i]
                m += 1
            part = 2
        if j < n:
            to_slope[m], to_length[m] = slope[j], length[j]
            m += 1
    return m


@njit
def _cut(
    slope: Floats, length: Floats, n: int, begin: float, lower: float, upper: float
) -> tuple[int, float]:
    """Cut a list of segments to a window of energy: its number and where it begins."""
    end = begin
    for j in range(n):
        end += length[j]
    over = end - max(upper, begin)
    while over > 0.0 and n > 0:
        cut = min(over, length[n - 1])
        length[n - 1] -= cut
        over -= cut
        if length[n - 1] <= 0.0:
            n -= 1
    first, under = 0, lower - begin
    while under > 0.0 and first < n:
        cut = min(under, length[first])
        length[first] -= cut
        under -= cut
        begin += cut
        if length[first] <= 0.0:
            first += 1
    for j in range(first, n):
        slope[j - first], length[j - first] = slope[j], length[j]
    return n - first, begin

"""Backward recursion of one EV's value function, kept as sorted linear segments.

Everything here is in the battery frame: `rise` and `fall` are changes of the
stored energy, priced per kWh stored, so that no efficiency appears. In that frame
the plan of one EV is

    minimise    sum_i rise_eur[i] rise[i] - fall_eur[i] fall[i] + penalty * shortfall
    subject to  e[i+1] = e[i] + rise[i] - fall[i],  lower[i] <= e[i] <= upper[i],
                0 <= rise[i] <= rise_kwh[i],  0 <= fall[i] <= fall_kwh[i].

The value of the energy stored at step i is convex and piecewise linear, and one
step back is an infimal convolution with the step's own two-segment cost. Sorted
by slope, that is: insert two segments, cut off what leaves the window of energy.
Each segment remembers the step it came from, so the optimal plan is read off at
the end: what lies to the left of the stored energy is used, the rest is not.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]

MARGIN_EUR_PER_KWH = 1e-12
"""A move must earn more than this: ties are broken towards doing nothing."""

NOISE_KWH = 1e-10
"""Energies below this are rounding of the recursion."""

FREE, RISE_ONLY, FALL_ONLY = 0, 1, 2


class Stay(NamedTuple):
    """One EV's problem in the battery frame.

    Attributes:
        rise_eur: (T,) EUR per kWh stored.
        fall_eur: (T,) EUR earned per kWh taken from the battery.
        rise_kwh: (T,) most that can be stored in a step.
        fall_kwh: (T,) most that can be taken in a step.
        lower_kwh: (T + 1,) least stored energy before each step and at the end.
        upper_kwh: (T + 1,) most stored energy before each step and at the end.
        energy_kwh: stored before the first step.
        target_kwh: wanted at the end.
        shortfall_eur: EUR per kWh missing at the end.
        budget_kwh: most that can be taken in all steps together.
    """

    rise_eur: Floats
    fall_eur: Floats
    rise_kwh: Floats
    fall_kwh: Floats
    lower_kwh: Floats
    upper_kwh: Floats
    energy_kwh: float
    target_kwh: float
    shortfall_eur: float
    budget_kwh: float


class Segments(NamedTuple):
    """Room for the list of segments (sorted by slope) and for what is used of each."""

    slope: Floats
    length: Floats
    origin: NDArray[np.int64]
    used: Floats


@njit(cache=True, no_cpython_wrapper=True, no_cfunc_wrapper=True)
def room_for(steps: int) -> Segments:
    """Empty list with room for a stay of that many steps."""
    size = 2 * steps + 2
    return Segments(np.empty(size), np.empty(size), np.empty(size, np.int64), np.empty(size))


@njit(cache=True, no_cpython_wrapper=True, no_cfunc_wrapper=True)
def is_chord(stay: Stay, mode: NDArray[np.int8], i: int, fall_price: float) -> bool:
    """Whether the cost of step i is concave around idle, and undecided.

    Storing then costs less than taking earns (negative prices): the convex hull of
    the step's cost is the chord between full rise and full fall.
    """
    if mode[i] != FREE or stay.rise_kwh[i] <= 0.0 or stay.fall_kwh[i] <= 0.0:
        return False
    return stay.fall_eur[i] - fall_price > stay.rise_eur[i] + MARGIN_EUR_PER_KWH


@njit(cache=True, no_cpython_wrapper=True, no_cfunc_wrapper=True)
def _insert(room: Segments, head: int, tail: int, slope: float, length: float, origin: int) -> int:
    """Insert behind the segments of equal slope, so that the earlier step charges first."""
    if length <= 0.0:
        return tail
    k = tail
    while k > head and room.slope[k - 1] > slope:
        room.slope[k] = room.slope[k - 1]
        room.length[k] = room.length[k - 1]
        room.origin[k] = room.origin[k - 1]
        k -= 1
    room.slope[k], room.length[k], room.origin[k] = slope, length, origin
    return tail + 1


@njit(cache=True, no_cpython_wrapper=True, no_cfunc_wrapper=True)
def _use_up(room: Segments, head: int, tail: int, length: float) -> int:
    """Use that length from the left; returns the new head."""
    while length > 0.0 and head < tail:
        cut = min(length, room.length[head])
        room.used[room.origin[head]] += cut
        length -= cut
        if cut < room.length[head]:
            room.length[head] -= cut
        else:
            head += 1
    return head


@njit(cache=True, no_cpython_wrapper=True, no_cfunc_wrapper=True)
def _cut_off(room: Segments, head: int, tail: int, length: float) -> int:
    """Drop that length from the right; returns the new tail."""
    while length > 0.0 and head < tail:
        cut = min(length, room.length[tail - 1])
        length -= cut
        if cut < room.length[tail - 1]:
            room.length[tail - 1] -= cut
        else:
            tail -= 1
    return tail


@njit(cache=True, no_cpython_wrapper=True, no_cfunc_wrapper=True)
def _end_value(stay: Stay, room: Segments) -> int:
    """Segments of the terminal penalty; returns the tail."""
    steps = len(stay.rise_eur)
    lower, upper = stay.lower_kwh[steps], stay.upper_kwh[steps]
    target = min(max(stay.target_kwh, lower), upper)
    room.used[:] = 0.0
    tail = _insert(room, 0, 0, -stay.shortfall_eur, target - lower, 2 * steps)
    return _insert(room, 0, tail, MARGIN_EUR_PER_KWH, upper - target, 2 * steps + 1)


@njit(cache=True, no_cpython_wrapper=True, no_cfunc_wrapper=True)
def _add_step(
    stay: Stay, mode: NDArray[np.int8], i: int, fall_price: float, room: Segments, head: int, tail: int
) -> tuple[int, float, float]:
    """Insert step i; returns the tail and by how much the window grew down and up."""
    steps = len(stay.rise_eur)
    rise = 0.0 if mode[i] == FALL_ONLY else stay.rise_kwh[i]
    fall = 0.0 if mode[i] == RISE_ONLY else stay.fall_kwh[i]
    earns = stay.fall_eur[i] - fall_price - MARGIN_EUR_PER_KWH
    if is_chord(stay, mode, i, fall_price):
        mean = (stay.rise_eur[i] * rise + earns * fall) / (rise + fall)
        tail = _insert(room, head, tail, -mean, rise + fall, i)
    else:
        tail = _insert(room, head, tail, -stay.rise_eur[i], rise, i)
        tail = _insert(room, head, tail, -earns, fall, steps + i)
    return tail, rise, fall


@njit(cache=True, no_cpython_wrapper=True, no_cfunc_wrapper=True)
def _recurse(stay: Stay, mode: NDArray[np.int8], fall_price: float, room: Segments) -> bool:
    """Run all steps back to the start; False if the start lies outside every window."""
    steps = len(stay.rise_eur)
    lowest, highest = stay.lower_kwh[steps], stay.upper_kwh[steps]
    head, tail = 0, _end_value(stay, room)
    if lowest > highest + NOISE_KWH:
        return False
    for i in range(steps - 1, -1, -1):
        tail, rise, fall = _add_step(stay, mode, i, fall_price, room, head, tail)
        lowest, highest = lowest - rise, highest + fall
        if lowest < stay.lower_kwh[i]:
            head = _use_up(room, head, tail, stay.lower_kwh[i] - lowest)
            lowest = stay.lower_kwh[i]
        if highest > stay.upper_kwh[i]:
            tail = _cut_off(room, head, tail, highest - stay.upper_kwh[i])
            highest = stay.upper_kwh[i]
        if lowest > highest + NOISE_KWH:
            return False
    _use_up(room, head, tail, stay.energy_kwh - lowest)
    return lowest - NOISE_KWH <= stay.energy_kwh <= highest + NOISE_KWH


@njit(cache=True, no_cpython_wrapper=True, no_cfunc_wrapper=True)
def lagrangian_plan(
    stay: Stay, mode: NDArray[np.int8], fall_price: float, room: Segments, move: Floats
) -> tuple[bool, float, float]:
    """Optimal plan when every kWh taken costs `fall_price` on top, exact and in one pass.

    Args:
        stay: the problem; its budget is not looked at.
        mode: (T,) FREE, RISE_ONLY or FALL_ONLY for each step.
        fall_price: EUR per kWh taken, >= 0; inf takes only what the limits force.
        room: list to work in, overwritten.
        move: (T,) out: change of the stored energy in each step.

    Returns:
        Whether there is a plan; its cost in EUR without the fall price, concave
        steps at their convex hull (a lower bound); the kWh taken in that hull.
    """
    steps = len(stay.rise_eur)
    if not _recurse(stay, mode, fall_price, room):
        return False, np.inf, 0.0
    cost, taken, energy = 0.0, 0.0, stay.energy_kwh
    for i in range(steps):
        rise, fall = stay.rise_kwh[i] - room.used[i], room.used[steps + i]
        if mode[i] == FALL_ONLY:
            rise = 0.0
        elif is_chord(stay, mode, i, fall_price):
            share = room.used[i] / (stay.rise_kwh[i] + stay.fall_kwh[i])
            rise, fall = stay.rise_kwh[i] * (1.0 - share), stay.fall_kwh[i] * share
        move[i] = rise - fall
        energy += move[i]
        cost += stay.rise_eur[i] * rise - stay.fall_eur[i] * fall
        taken += fall
    return True, cost + stay.shortfall_eur * shortfall_kwh(stay, energy), taken


@njit(cache=True, no_cpython_wrapper=True, no_cfunc_wrapper=True)
def shortfall_kwh(stay: Stay, energy_kwh: float) -> float:
    """What is missing to the target, zero where it is rounding only."""
    short = stay.target_kwh - energy_kwh
    return short if short > NOISE_KWH else 0.0


@njit(cache=True, no_cpython_wrapper=True, no_cfunc_wrapper=True)
def true_cost(stay: Stay, move: Floats) -> float:
    """Cost of a plan in EUR, every step either rising or falling."""
    cost, energy = 0.0, stay.energy_kwh
    for i in range(len(move)):
        cost += move[i] * (stay.rise_eur[i] if move[i] > 0.0 else stay.fall_eur[i])
        energy += move[i]
    return cost + stay.shortfall_eur * shortfall_kwh(stay, energy)

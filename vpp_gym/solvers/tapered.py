"""One EV's optimal plan where its battery charges more slowly the fuller it is: exact.

In the battery frame of `segments` a step can store at most r(e), which falls with the stored
energy e, and F(e) = e + r(e) is how far full power comes, see `vpp_gym.fleet.charging`. F rises
and is concave, so that the plans of an EV are a convex set and the value V_i(e) of the energy
before step i is convex. The best move of a step follows from two levels of its end,

    charge up to the first energy at which rise_eur + V' > 0,
    discharge down to the first at which fall_eur + V' > 0, in between do nothing,

as far as F(e) and the power of discharging go. V itself is curved where the taper binds, but its
slope is known in closed form: along the move, V_i'(e) is the slope at the end for a step at rest
or at full discharge, minus the step's price where the move stops at a level, and

    V_i'(e) = -rise_eur + F'(e) (rise_eur + V_{i+1}'(F(e))),   F'(e) = p(F(e)) / p(e),

at full charge. So the list of points at which V' jumps goes back step by step, with the slopes on
either side of each; only a level at which V' passes zero without a jump is found by iteration.

Where taking earns more than storing costs (negative prices) a step is not convex; as in
`segments` it is replaced by its chord, here without the taper, until the search decides it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from vpp_gym.arrays import Floats, Ints
from vpp_gym.fleet.charging import gain_before_kwh, gain_kwh, stored_kw
from vpp_gym.kernels import njit
from vpp_gym.solvers.leaving import leaving_cost
from vpp_gym.solvers.segments import (
    FALL_ONLY,
    MARGIN_EUR_PER_KWH,
    NOISE_KWH,
    RISE_ONLY,
    Stay,
    is_chord,
)

MAX_ITERATIONS = 80
"""Of the search for a level between two jumps."""
FLAT_EUR_PER_KWH = 1e-12
"""A slope that is zero: what a level is off by then costs nothing that could be seen."""
BEYOND_KWH = 1e-9
"""Of rounding, by which a plan may charge faster than its taper."""
MOST_EUR_PER_KWH = 1e6
"""A price of taking energy at which nothing is taken but what must be."""


class Levels(NamedTuple):
    """What to do in each of T steps.

    Attributes:
        charge_to: (T,) kWh; of a chord the one level that the step moves to.
        discharge_to: (T,) kWh.
        chord_eur: (T,) slope of a chord; not read elsewhere.
        is_chord: (T,) the step is not convex and not decided.
        rise_kwh: (T,) most that can be stored without the taper; 0 where nothing may be.
        fall_kwh: (T,) most that can be taken.
        fall_eur: (T,) EUR earned per kWh taken, less the price of taking it.
        lowest_kwh: (T + 1,) least energy before a step from which there is a plan.
        highest_kwh: (T + 1,) most.
    """

    charge_to: Floats
    discharge_to: Floats
    chord_eur: Floats
    is_chord: NDArray[np.bool_]
    rise_kwh: Floats
    fall_kwh: Floats
    fall_eur: Floats
    lowest_kwh: Floats
    highest_kwh: Floats


class Slope(NamedTuple):
    """The slope of a convex function: the points at which it may jump, in rising order.

    Attributes:
        at: (size,) kWh.
        below: (size,) EUR/kWh just below the point.
        above: (size,) EUR/kWh just above it.
        n: (1,) how many points there are.
    """

    at: Floats
    below: Floats
    above: Floats
    n: Ints


class TaperMemory(NamedTuple):
    """Working memory for the plan of one EV, of at most H steps.

    Attributes:
        numbers: (14, 6 H + 8) levels of the steps, and two slopes.
        is_chord: (H,) see `Levels`.
        points: (2, 1) how many points the slopes have.
    """

    numbers: Floats
    is_chord: NDArray[np.bool_]
    points: Ints


@njit(internal=True, allocates=True)
def taper_memory(steps: int) -> TaperMemory:
    """Memory for so many steps."""
    numbers, is_chord = np.empty((14, 6 * steps + 8)), np.empty(steps, np.bool_)
    return TaperMemory(numbers, is_chord, np.zeros((2, 1), np.int64))


@njit(internal=True)
def room_kwh(stay: Stay, i: int, energy_kwh: float) -> float:
    """Most that step i can store, from some energy on."""
    if stay.rise_kwh[i] <= 0.0:
        return 0.0
    return gain_kwh(energy_kwh, 1.0, stay.rise_kwh[i], stay.curve)


@njit(internal=True)
def first_beyond_taper(stay: Stay, move: Floats) -> int:
    """First step in which a plan stores more than the taper allows: a chord; -1: there is none."""
    if stay.curve.shape[1] == 0:
        return -1
    energy = stay.energy_kwh
    for i in range(len(move)):
        if move[i] > NOISE_KWH and move[i] > room_kwh(stay, i, energy) + BEYOND_KWH:
            return i
        energy += move[i]
    return -1


@njit(internal=True)
def tapered_plan(
    stay: Stay, mode: NDArray[np.int8], fall_price: float, memory: TaperMemory, move: Floats
) -> tuple[bool, float, float]:
    """Optimal plan when every kWh taken costs `fall_price` on top; see `lagrangian_plan`.

    Args:
        stay: the problem; its budget is not looked at.
        mode: (T,) FREE, RISE_ONLY or FALL_ONLY for each step.
        fall_price: EUR per kWh taken, >= 0; inf takes only what the limits force.
        memory: to work in.
        move: (T,) out: change of the stored energy in each step. A chord may store more than
            the taper allows.

    Returns:
        Whether there is a plan; its cost in EUR without the fall price, a lower bound where a
        step is not convex; the kWh taken.
    """
    levels = _levels(stay, mode, fall_price, memory)
    if not _find_levels(stay, levels, memory):
        return False, np.inf, 0.0
    energy = stay.energy_kwh
    low, high = levels.lowest_kwh[0] - NOISE_KWH, levels.highest_kwh[0] + NOISE_KWH
    if not low <= energy <= high:
        return False, np.inf, 0.0
    cost, taken = 0.0, 0.0
    for i in range(len(move)):
        move[i] = _moved(stay, levels, i, energy) - energy
        rise, fall = max(move[i], 0.0), max(-move[i], 0.0)
        if levels.is_chord[i]:
            share = (levels.rise_kwh[i] - move[i]) / (levels.rise_kwh[i] + levels.fall_kwh[i])
            rise, fall = (1.0 - share) * levels.rise_kwh[i], share * levels.fall_kwh[i]
        energy += move[i]
        cost += stay.rise_eur[i] * rise - stay.fall_eur[i] * fall
        cost += leaving_cost(stay.leave_eur, stay.due_kwh, i, energy)
        taken += fall
    short = stay.target_kwh - energy
    return True, cost + stay.shortfall_eur * (short if short > NOISE_KWH else 0.0), taken


@njit(internal=True)
def _levels(stay: Stay, mode: NDArray[np.int8], fall_price: float, memory: TaperMemory) -> Levels:
    """What each step may do, and room for its levels."""
    steps, numbers = len(mode), memory.numbers
    levels = Levels(
        numbers[0, :steps],
        numbers[1, :steps],
        numbers[2, :steps],
        memory.is_chord[:steps],
        numbers[3, :steps],
        numbers[4, :steps],
        numbers[5, :steps],
        numbers[6, : steps + 1],
        numbers[7, : steps + 1],
    )
    for i in range(steps):
        levels.chord_eur[i], levels.is_chord[i] = 0.0, False
        levels.rise_kwh[i], levels.fall_kwh[i] = stay.rise_kwh[i], stay.fall_kwh[i]
        earns = stay.fall_eur[i] - min(fall_price, MOST_EUR_PER_KWH) - MARGIN_EUR_PER_KWH
        levels.fall_eur[i] = earns
        if mode[i] == FALL_ONLY:
            levels.rise_kwh[i] = 0.0
        if mode[i] == RISE_ONLY:
            levels.fall_kwh[i] = 0.0
        rise, fall = levels.rise_kwh[i], levels.fall_kwh[i]
        gain = levels.fall_eur[i] + MARGIN_EUR_PER_KWH - stay.rise_eur[i]
        if is_chord(mode[i], rise, fall, gain):
            levels.is_chord[i] = True
            paid = stay.rise_eur[i] * rise + levels.fall_eur[i] * fall
            levels.chord_eur[i] = paid / (rise + fall)
    return levels


@njit(internal=True)
def _moved(stay: Stay, levels: Levels, i: int, energy: float) -> float:
    """Energy behind the best move of step i."""
    if levels.is_chord[i]:
        low, high = energy - levels.fall_kwh[i], energy + levels.rise_kwh[i]
        return min(max(levels.charge_to[i], low), high)
    if energy < levels.charge_to[i] and levels.rise_kwh[i] > 0.0:
        return min(energy + room_kwh(stay, i, energy), levels.charge_to[i])
    if energy > levels.discharge_to[i]:
        return max(energy - levels.fall_kwh[i], levels.discharge_to[i])
    return energy


@njit(internal=True)
def _slope_at(stay: Stay, levels: Levels, first: int, energy_kwh: float) -> float:
    """Slope of the value of the energy before step `first`, from the levels of the steps on."""
    energy, factor, total = energy_kwh, 1.0, 0.0
    for i in range(first, len(stay.rise_eur)):
        after = _moved(stay, levels, i, energy)
        if levels.is_chord[i]:
            if after == levels.charge_to[i]:
                return total - factor * levels.chord_eur[i]
        elif after > energy:
            if after == levels.charge_to[i]:
                return total - factor * stay.rise_eur[i]
            full = levels.rise_kwh[i]
            ratio = stored_kw(after, full, stay.curve) / stored_kw(energy, full, stay.curve)
            total += factor * (ratio - 1.0) * stay.rise_eur[i]
            factor *= ratio
        elif after < energy and after == levels.discharge_to[i]:
            return total - factor * levels.fall_eur[i]
        energy = after
        total += factor * _kink_eur(stay, i, energy)
    return total + factor * (
        -stay.shortfall_eur if energy < stay.target_kwh else MARGIN_EUR_PER_KWH
    )


@njit(internal=True)
def _kink_eur(stay: Stay, i: int, energy_kwh: float) -> float:
    """Slope of what it costs if the EV leaves behind step i."""
    if i >= len(stay.leave_eur) - 1 or energy_kwh >= stay.due_kwh[i]:
        return 0.0
    return -stay.leave_eur[i]


@njit(internal=True)
def _add(slope: Slope, at: float, below: float, above: float) -> None:
    """Append a point; at the same place it is one jump with the last."""
    n = slope.n[0]
    if n > 0 and at <= slope.at[n - 1]:
        slope.above[n - 1] = above
        return
    slope.at[n], slope.below[n], slope.above[n] = at, below, above
    slope.n[0] = n + 1


@njit(internal=True)
def _room(first: int, points: Ints, memory: TaperMemory) -> Slope:
    """A slope without any point, in three rows of the memory."""
    points[0] = 0
    numbers = memory.numbers
    return Slope(numbers[first], numbers[first + 1], numbers[first + 2], points)


@njit(internal=True)
def _find_levels(stay: Stay, levels: Levels, memory: TaperMemory) -> bool:
    """Fill the levels of all steps, from the last to the first; False: there is no plan."""
    steps = len(stay.rise_eur)
    now = _room(8, memory.points[0], memory)
    before = _room(11, memory.points[1], memory)
    low, high = stay.lower_kwh[steps], stay.upper_kwh[steps]
    levels.lowest_kwh[steps], levels.highest_kwh[steps] = low, high
    target = min(max(stay.target_kwh, low), high)
    _add(now, low, -stay.shortfall_eur, -stay.shortfall_eur)
    _add(now, target, -stay.shortfall_eur, MARGIN_EUR_PER_KWH)
    _add(now, high, MARGIN_EUR_PER_KWH, MARGIN_EUR_PER_KWH)
    for i in range(steps - 1, -1, -1):
        if i < len(stay.leave_eur) - 1 and stay.leave_eur[i] > 0.0:
            _with_kink(now, stay.due_kwh[i], stay.leave_eur[i], before)
            now, before = before, now
        _step_back(stay, levels, i, now, before)
        low, high = levels.lowest_kwh[i], levels.highest_kwh[i]
        if low > high + NOISE_KWH:
            return False
        _cut(stay, levels, i, before, now)
    return True


@njit(internal=True)
def _with_kink(slope: Slope, due_kwh: float, eur: float, out: Slope) -> None:
    """The slope less a price below some energy."""
    out.n[0] = 0
    n, found = slope.n[0], False
    for j in range(n):
        at = slope.at[j]
        if not found and due_kwh < at:
            found = True
            if j > 0:  # a point of its own, within the segment
                _add(out, due_kwh, slope.above[j - 1] - eur, slope.below[j])
        below = 0.0 if found else eur
        found = found or due_kwh <= at
        _add(out, at, slope.below[j] - below, slope.above[j] - (0.0 if found else eur))


@njit(internal=True)
def _first_above(
    stay: Stay, levels: Levels, i: int, slope: Slope, eur: float
) -> tuple[float, float, float]:
    """First energy behind step i at which a price and the slope are positive together.

    Returns:
        The energy, and the slope below and above it.
    """
    n = slope.n[0]
    for j in range(n):
        if eur + slope.above[j] > 0.0:
            return slope.at[j], slope.below[j], slope.above[j]
        if j + 1 < n and eur + slope.below[j + 1] > 0.0:
            at = _crossing(stay, levels, i, eur, slope.at[j], slope.at[j + 1])
            return at, -eur, -eur
    return slope.at[n - 1], slope.below[n - 1], slope.above[n - 1]


@njit(internal=True)
def _crossing(stay: Stay, levels: Levels, i: int, eur: float, low: float, high: float) -> float:
    """Energy between two jumps at which a price and the slope behind step i cancel.

    By bisection and, where it is faster, the secant of the ends, one end halved in turn
    (Illinois).
    """
    at_low = eur + _slope_at(stay, levels, i + 1, low) + _kink_eur(stay, i, low)
    at_high = eur + _slope_at(stay, levels, i + 1, high) + _kink_eur(stay, i, high)
    side = 0
    for k in range(MAX_ITERATIONS):
        if high - low <= 1e-13 * max(abs(high), 1.0):
            break
        middle = 0.5 * (low + high)
        if k % 3 != 2 and at_low < 0.0 < at_high:
            middle = low - at_low * (high - low) / (at_high - at_low)
        value = eur + _slope_at(stay, levels, i + 1, middle) + _kink_eur(stay, i, middle)
        if abs(value) <= FLAT_EUR_PER_KWH or middle <= low or middle >= high:
            low = high = middle
        elif value > 0.0:
            high, at_high = middle, value
            at_low *= 0.5 if side == 1 else 1.0
            side = 1
        else:
            low, at_low = middle, value
            at_high *= 0.5 if side == -1 else 1.0
            side = -1
    return 0.5 * (low + high)


@njit(internal=True)
def _step_back(stay: Stay, levels: Levels, i: int, slope: Slope, out: Slope) -> None:
    """Levels of step i, and the slope of the value before it from that behind it."""
    out.n[0] = 0
    low, high = slope.at[0], slope.at[slope.n[0] - 1]
    if levels.is_chord[i]:
        _chord_back(stay, levels, i, slope, out)
        low -= levels.rise_kwh[i]
    else:
        _risen_back(stay, levels, i, slope, out)
        _fallen_back(stay, levels, i, slope, out)
        low = out.at[0]
    levels.lowest_kwh[i] = max(stay.lower_kwh[i], low)
    levels.highest_kwh[i] = min(stay.upper_kwh[i], high + levels.fall_kwh[i])


@njit(internal=True)
def _chord_back(stay: Stay, levels: Levels, i: int, slope: Slope, out: Slope) -> None:
    """The same of a chord, which moves to one level, at one price either way."""
    rise, fall, eur = levels.rise_kwh[i], levels.fall_kwh[i], levels.chord_eur[i]
    at, below, above = _first_above(stay, levels, i, slope, eur)
    levels.charge_to[i] = levels.discharge_to[i] = at
    for j in range(slope.n[0]):
        if slope.at[j] < at:
            _add(out, slope.at[j] - rise, slope.below[j], slope.above[j])
    _add(out, at - rise, below, -eur)
    _add(out, at + fall, -eur, above)
    for j in range(slope.n[0]):
        if slope.at[j] > at:
            _add(out, slope.at[j] + fall, slope.below[j], slope.above[j])


@njit(internal=True)
def _risen_back(stay: Stay, levels: Levels, i: int, slope: Slope, out: Slope) -> None:
    """Where the EV charges in step i, up to the level to which it does."""
    up, below, above = slope.at[0], slope.below[0], slope.above[0]
    buy = stay.rise_eur[i]
    if levels.rise_kwh[i] > 0.0:
        up, below, above = _first_above(stay, levels, i, slope, buy)
        for j in range(slope.n[0]):
            if slope.at[j] < up:
                _add_risen(stay, i, slope.at[j], slope.below[j], slope.above[j], out)
        _add_risen(stay, i, up, below, -buy, out)
        out.above[out.n[0] - 1] = -buy
        below = -buy
    levels.charge_to[i] = up
    _add(out, up, below, above)


@njit(internal=True)
def _fallen_back(stay: Stay, levels: Levels, i: int, slope: Slope, out: Slope) -> None:
    """Where it rests, and where it discharges: above the level to which it charges."""
    n, up, fall = slope.n[0], levels.charge_to[i], levels.fall_kwh[i]
    sell = levels.fall_eur[i]
    down, below, above = slope.at[n - 1], slope.below[n - 1], slope.above[n - 1]
    if fall > 0.0:
        down, below, above = _first_above(stay, levels, i, slope, sell)
        down = max(down, up)
    levels.discharge_to[i] = down
    for j in range(n):
        if up < slope.at[j] < down:
            _add(out, slope.at[j], slope.below[j], slope.above[j])
    _add(out, down, below, -sell if fall > 0.0 else above)
    _add(out, down + fall, -sell, above)
    for j in range(n):
        if slope.at[j] > down:
            _add(out, slope.at[j] + fall, slope.below[j], slope.above[j])


@njit(internal=True)
def _add_risen(stay: Stay, i: int, at: float, below: float, above: float, out: Slope) -> None:
    """Append the energy from which full power in step i comes to a point."""
    full, buy = stay.rise_kwh[i], stay.rise_eur[i]
    start = at - gain_before_kwh(at, 1.0, full, stay.curve)
    ratio = stored_kw(at, full, stay.curve) / stored_kw(start, full, stay.curve)
    lost = ratio - 1.0
    _add(out, start, below + lost * (buy + below), above + lost * (buy + above))


@njit(internal=True)
def _cut(stay: Stay, levels: Levels, i: int, slope: Slope, out: Slope) -> None:
    """The slope of the value before step i, within the energies from which there is a plan."""
    out.n[0] = 0
    n, low, high = slope.n[0], levels.lowest_kwh[i], levels.highest_kwh[i]
    high = max(low, high)
    inside = False
    for j in range(n):
        at = slope.at[j]
        if not inside and at > low:
            first = slope.above[j - 1] if j > 0 else slope.below[j]
            if j > 0 and first != slope.below[j]:
                first = min(max(_slope_at(stay, levels, i, low), first), slope.below[j])
            _add(out, low, first, first)
            inside = True
        if at >= high:
            last = slope.below[j]
            if j > 0 and at > high and slope.above[j - 1] != last:
                last = min(max(_slope_at(stay, levels, i, high), slope.above[j - 1]), last)
            _add(out, high, last, last)
            return
        if at > low or (at == low and not inside):
            _add(out, at, slope.below[j], slope.above[j])
            inside = True
    _add(out, high, slope.below[n - 1], slope.above[n - 1])

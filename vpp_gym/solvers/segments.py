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
from numpy.typing import NDArray

from vpp_gym.arrays import Floats
from vpp_gym.kernels import njit

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
        upper_kwh: (T + 1,) most stored energy before each step and at the end;
            it and lower_kwh are constant from the end of the early steps on.
        dearest: (H,) steps from the highest to the lowest price of rising, later
            steps first among equals; entries beyond T are ignored.
        early_steps: behind these nothing can be taken, wherever a contract's window
            ends; the fewer, the faster.
        energy_kwh: stored before the first step.
        target_kwh: wanted at the end.
        shortfall_eur: EUR per kWh missing at the end.
        budget_kwh: most that can be taken in all steps together.
        leave_eur: (T or 0,) EUR per kWh missing to what is due behind a step, for EVs that
            may leave then; see `leaving`. With it all steps are early steps.
        due_kwh: (T or 0,) stored energy that is due then.
        curve: (2, K) how the EV tapers: stored kWh, and the most that a step stores while the
            EV stays there, see `tapered`; K is 0 where it does not.
    """

    rise_eur: Floats
    fall_eur: Floats
    rise_kwh: Floats
    fall_kwh: Floats
    lower_kwh: Floats
    upper_kwh: Floats
    dearest: NDArray[np.int64]
    early_steps: int
    energy_kwh: float
    target_kwh: float
    shortfall_eur: float
    budget_kwh: float
    leave_eur: Floats
    due_kwh: Floats
    curve: Floats


class Segments(NamedTuple):
    """The list of segments between two ends, and what is used of each so far.

    Attributes:
        slope: (3 T + 2,) EUR/kWh, ascending between the ends.
        length: (3 T + 2,) kWh.
        origin: (3 T + 2,) i: the rise of step i; T + i: its fall; then the penalty.
        used: (2 T + 2,) kWh by origin, that lie below the window of energy.
        ends: (2,) place of the first segment and behind the last.
        window: (2,) kWh, least and most energy that the list covers.
    """

    slope: Floats
    length: Floats
    origin: NDArray[np.int64]
    used: Floats
    ends: NDArray[np.int64]
    window: Floats


@njit(internal=True, allocates=True)
def empty_segments(steps: int) -> Segments:
    """Room for the segments of a stay of that many steps, each cut in two once."""
    size = 3 * steps + 2
    return Segments(
        np.empty(size),
        np.empty(size),
        np.empty(size, np.int64),
        np.empty(2 * steps + 2),
        np.empty(2, np.int64),
        np.empty(2),
    )


@njit(internal=True)
def first_of(room: Segments, steps: int) -> Segments:
    """The same room for a stay of fewer steps."""
    used = room.used[: 2 * steps + 2]
    return Segments(room.slope, room.length, room.origin, used, room.ends, room.window)


@njit(internal=True)
def use_up(room: Segments, length: float) -> None:
    """Use that length from the left, whatever the energy."""
    while length > 0.0 and room.ends[0] < room.ends[1]:
        k = room.ends[0]
        cut = min(length, room.length[k])
        room.used[room.origin[k]] += cut
        room.length[k] -= cut
        length -= cut
        if room.length[k] <= 0.0:
            room.ends[0] += 1


@njit(internal=True)
def copy_segments(source: Segments, target: Segments) -> None:
    """Copy the list, as far as it is in use."""
    for k in range(source.ends[0], source.ends[1]):
        target.slope[k] = source.slope[k]
        target.length[k] = source.length[k]
        target.origin[k] = source.origin[k]
    for k in range(len(source.used)):
        target.used[k] = source.used[k]
    for k in range(2):
        target.ends[k], target.window[k] = source.ends[k], source.window[k]


@njit(internal=True)
def lower_slopes(room: Segments, head: int, tail: int, below_kwh: float, by_eur: float) -> int:
    """Lower the slopes over the first kWh of the list; a segment across their end is cut in two.

    Args:
        room: the list.
        head: place of its first segment.
        tail: place behind its last segment.
        below_kwh: over how many kWh.
        by_eur: EUR/kWh.

    Returns:
        The new place behind the last segment.
    """
    slope, length, origin = room.slope, room.length, room.origin
    k = head
    while k < tail and below_kwh > 0.0:
        if length[k] > below_kwh:
            for j in range(tail, k, -1):
                slope[j], length[j], origin[j] = slope[j - 1], length[j - 1], origin[j - 1]
            length[k], length[k + 1] = below_kwh, length[k] - below_kwh
            tail += 1
        slope[k] -= by_eur
        below_kwh -= length[k]
        k += 1
    return tail


@njit(internal=True)
def steps_back(
    stay: Stay, mode: NDArray[np.int8], fall_price: float, last: int, first: int, room: Segments
) -> None:
    """From the value of the energy before step `last` to its value before step `first`.

    One loop on local names: calls and repeated look-ups would double its time.
    """
    slope, length, origin, used = room.slope, room.length, room.origin, room.used
    head, tail = room.ends[0], room.ends[1]
    lowest, highest = room.window[0], room.window[1]
    for i in range(last - 1, first - 1, -1):
        if i < len(stay.leave_eur) - 1 and stay.leave_eur[i] > 0.0:
            tail = lower_slopes(room, head, tail, stay.due_kwh[i] - lowest, stay.leave_eur[i])
        rise = 0.0 if mode[i] == FALL_ONLY else stay.rise_kwh[i]
        fall = 0.0 if mode[i] == RISE_ONLY else stay.fall_kwh[i]
        earns = stay.fall_eur[i] - fall_price - MARGIN_EUR_PER_KWH
        new_slope, new_length, new_origin = -stay.rise_eur[i], rise, i
        next_length = fall
        if is_chord(mode[i], rise, fall, earns - stay.rise_eur[i] + MARGIN_EUR_PER_KWH):
            new_slope = -(stay.rise_eur[i] * rise + earns * fall) / (rise + fall)
            new_length, next_length = rise + fall, 0.0
        for _ in range(2):
            # Behind all of equal slope, so that among equals the earlier step charges.
            if new_length > 0.0:
                k = tail
                while k > head and slope[k - 1] > new_slope:
                    slope[k], length[k], origin[k] = slope[k - 1], length[k - 1], origin[k - 1]
                    k -= 1
                slope[k], length[k], origin[k] = new_slope, new_length, new_origin
                tail += 1
            new_slope, new_length, new_origin = -earns, next_length, len(mode) + i
        lowest, highest = lowest - rise, highest + fall
        excess = stay.lower_kwh[i] - lowest
        while excess > 0.0 and head < tail:  # Used whatever the energy.
            cut = min(excess, length[head])
            used[origin[head]] += cut
            length[head] -= cut
            excess -= cut
            head += length[head] <= 0.0
        excess = highest - stay.upper_kwh[i]
        while excess > 0.0 and head < tail:  # Used for no energy.
            cut = min(excess, length[tail - 1])
            length[tail - 1] -= cut
            excess -= cut
            tail -= length[tail - 1] <= 0.0
        lowest, highest = max(lowest, stay.lower_kwh[i]), min(highest, stay.upper_kwh[i])
        if lowest > highest + NOISE_KWH:
            break
    room.ends[0], room.ends[1] = head, tail
    room.window[0], room.window[1] = lowest, highest


@njit(internal=True)
def late_value(stay: Stay, room: Segments) -> None:
    """The value of the energy behind the early steps, whatever a kWh taken is priced.

    From there on the energy only rises, so that the order in time does not matter:
    the segments are the prices sorted, with the penalty in between.

    Args:
        stay: the problem.
        room: out.
    """
    steps, first = len(stay.rise_eur), stay.early_steps
    lower, upper = stay.lower_kwh[steps], stay.upper_kwh[steps]
    target = min(max(stay.target_kwh, lower), upper)
    k, all_rise, end = 0, 0.0, 0
    for step in stay.dearest:
        if step < first or step >= steps:
            continue
        while end < 2 and _end_slope(stay, end) <= -stay.rise_eur[step]:
            room.slope[k], room.origin[k] = _end_slope(stay, end), 2 * steps + end
            room.length[k] = upper - target if end else target - lower
            k, end = k + 1, end + 1
        room.slope[k], room.origin[k] = -stay.rise_eur[step], step
        room.length[k] = stay.rise_kwh[step]
        k, all_rise = k + 1, all_rise + stay.rise_kwh[step]
    while end < 2:
        room.slope[k], room.origin[k] = _end_slope(stay, end), 2 * steps + end
        room.length[k] = upper - target if end else target - lower
        k, end = k + 1, end + 1
    for place in range(len(room.used)):
        room.used[place] = 0.0
    room.ends[0], room.ends[1] = 0, k
    use_up(room, all_rise)
    room.window[0], room.window[1] = lower, upper


@njit(internal=True)
def _end_slope(stay: Stay, end: int) -> float:
    """Slope of the terminal penalty below (0) and above (1) the target."""
    return MARGIN_EUR_PER_KWH if end else -stay.shortfall_eur


@njit(internal=True)
def is_chord(mode: int, rise_kwh: float, fall_kwh: float, gain_eur: float) -> bool:
    """Whether the cost of a step is concave around idle, and undecided.

    Storing then costs less than taking earns (negative prices): the convex hull of
    the step's cost is the chord between full rise and full fall.

    Args:
        mode: of the step.
        rise_kwh: most that can be stored.
        fall_kwh: most that can be taken.
        gain_eur: EUR per kWh that is stored and taken at once.
    """
    possible = mode == FREE and rise_kwh > 0.0 and fall_kwh > 0.0
    return possible and gain_eur > MARGIN_EUR_PER_KWH

"""The steps in which recorded stays are connected: never more cars at once than recorded.

A car arrives in the step that contains its start and leaves at the beginning of the step that
contains its end: it is connected in a step if it is still there when the step ends. So two
stays that follow one another on a connector never share a step, there are never more cars at
once than were recorded, and a stay differs by less than a step from the recorded one, the mean
stay not at all.

Two stays are made longer than that. One within a single step gets the whole step; if the
charger is taken in it, the car waits until it is free. One whose energy needs the rest of its
last step gets that step, if nobody else is there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vpp_gym.arrays import Bools, Floats, Ints

ROUNDING_S = 18
"""By which an end may be early: durations come in hundredths of an hour."""
TOUCHING_S = 120
"""By which stays of one connector may overlap and still follow one another."""


@dataclass(frozen=True)
class Stays:
    """Steps of each stay, and which were changed beyond rounding.

    Attributes:
        arrival: (n,) step in which the car arrives.
        departure: (n,) first step in which the charger is free again.
        waited: (n,) the charger was taken: the car arrives a step or more after its start.
        lengthened: (n,) it keeps its last step, which its energy needs.
    """

    arrival: Ints
    departure: Ints
    waited: Bools
    lengthened: Bools


def stays_on_steps(
    begin_s: Ints, stay_s: Ints, step_s: int, need_h: Floats, plug: Sequence[str | None]
) -> Stays:
    """Steps of recorded stays.

    Args:
        begin_s: (n,) seconds from the first step to the start, zero or more.
        stay_s: (n,) seconds.
        step_s: seconds per step.
        need_h: (n,) hours of charging that the car needs.
        plug: (n,) connector; None: unknown.

    >>> stays = stays_on_steps(
    ...     np.array([0, 4800]), np.array([4800, 6000]), 3600, np.zeros(2), ["a", "a"]
    ... )
    >>> stays.arrival.tolist(), stays.departure.tolist()
    ([0, 1], [1, 3])
    """
    order = np.argsort(begin_s, kind="stable")
    first, end_s = begin_s // step_s, begin_s + stay_s
    last = (end_s + ROUNDING_S) // step_s
    arrival, departure = first.copy(), np.maximum(last, first + 1)
    limit = most_at_once(begin_s, np.maximum(end_s - TOUCHING_S, begin_s + 1))
    connected = np.zeros(int(departure.max(initial=0)) + len(order) + 2, dtype=np.int64)
    before: dict[str, int] = {}
    behind = np.full(len(order), len(connected))
    for k in order:
        other = before.get(plug[k] or "")
        if other is not None and end_s[other] - TOUCHING_S <= begin_s[k]:
            arrival[k] = max(arrival[k], departure[other])
        arrival[k] = _free_from(connected, arrival[k], last[k], limit)
        departure[k] = max(arrival[k] + 1, last[k])
        connected[arrival[k] : departure[k]] += 1
        if other is not None:
            behind[other] = arrival[k]
        name = plug[k]
        if name and (other is None or end_s[k] >= end_s[other]):
            before[name] = k
    needed = np.ceil(need_h * 3600 / step_s - 1e-9)
    lengthened = np.zeros(len(order), dtype=bool)
    for k in order[(departure - arrival < needed)[order]]:
        at = departure[k]
        if at * step_s < end_s[k] and connected[at] < limit and behind[k] > at:
            departure[k], lengthened[k] = at + 1, True
            connected[at] += 1
    return Stays(arrival, departure, arrival > first, lengthened)


def most_at_once(begin: Ints, end: Ints) -> int:
    """Largest number of stays that overlap; one that ends frees its charger at once.

    >>> most_at_once(np.array([0, 5]), np.array([5, 9]))
    1
    """
    times, change = np.concatenate([end, begin]), np.repeat([-1, 1], len(begin))
    connected = np.cumsum(change[np.argsort(times, kind="stable")])
    return int(connected.max(initial=0))


def _free_from(connected: Ints, arrival: int, last: int, limit: int) -> int:
    """First step from which a charger is free until a stay ends."""
    while True:
        taken = np.flatnonzero(connected[arrival : max(arrival + 1, last)] >= limit)
        if not taken.size:
            return arrival
        arrival += int(taken[-1]) + 1

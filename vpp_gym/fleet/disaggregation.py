"""From one number for the fleet to one for each EV."""

from __future__ import annotations

import numpy as np

from vpp_gym.arrays import Floats
from vpp_gym.kernels import njit

RULES = ("least_laxity", "proportional", "earliest_departure")
LEAST_LAXITY, PROPORTIONAL, EARLIEST_DEPARTURE = range(3)

FEW = 24
"""Up to so many EVs, comparing all pairs is faster than partitioning."""


@njit
def waterline(n: int, key: Floats, room: Floats, amount: float) -> tuple[float, float]:
    """Key up to which room is filled when it is filled in ascending order of key.

    EVs with a key below the line get all their room, those at the line share
    what is left in proportion, those above get none. The order of the EVs does
    not matter.

    Args:
        n: number of EVs; what lies beyond in the arrays is not looked at.
        key: (>= n,) rank of each EV; overwritten.
        room: (>= n,) kWh >= 0 each can take; overwritten.
        amount: kWh to hand out, 0 <= amount <= sum(room).

    Returns:
        (line, share): the key at the line and the fraction of room filled there.
    """
    if n <= FEW:
        return _waterline_of_few(n, key, room, amount)
    return _waterline_of_many(n, key, room, amount)


@njit
def _waterline_of_few(n: int, key: Floats, room: Floats, amount: float) -> tuple[float, float]:
    """By comparing all pairs: quadratic, but without a branch that is hard to predict."""
    line, line_below, line_at = np.inf, 0.0, 0.0
    for i in range(n):
        below, at = 0.0, 0.0
        for j in range(n):
            below += room[j] if key[j] < key[i] else 0.0
            at += room[j] if key[j] == key[i] else 0.0
        if below + at >= amount and key[i] < line:
            line, line_below, line_at = key[i], below, at
    return line, (amount - line_below) / line_at if line_at > 0.0 else 0.0


@njit
def _waterline_of_many(n: int, key: Floats, room: Floats, amount: float) -> tuple[float, float]:
    """By three-way partition, in expected linear time."""
    first, last = 0, n
    while last - first > 0:
        pivot = _median_of_three(key[first], key[(first + last) // 2], key[last - 1])
        below, above = first, last
        i = first
        room_below, room_at = 0.0, 0.0
        while i < above:
            if key[i] < pivot:
                room_below += room[i]
                key[i], key[below] = key[below], key[i]
                room[i], room[below] = room[below], room[i]
                below += 1
                i += 1
            elif key[i] > pivot:
                above -= 1
                key[i], key[above] = key[above], key[i]
                room[i], room[above] = room[above], room[i]
            else:
                room_at += room[i]
                i += 1
        if amount < room_below:
            last = below
        elif amount <= room_below + room_at:
            return pivot, (amount - room_below) / room_at if room_at > 0.0 else 0.0
        else:
            amount -= room_below + room_at
            first = above
    return np.inf, 0.0


@njit
def _median_of_three(a: float, b: float, c: float) -> float:
    return max(min(a, b), min(max(a, b), c))


@njit
def hand_out(
    fleet_kwh: float,
    n: int,
    lo_kwh: Floats,
    hi_kwh: Floats,
    key: Floats,
    proportional: bool,
    net_load_kwh: Floats,
    scratch_key: Floats,
    scratch_room: Floats,
) -> None:
    """Split the fleet's net load over its n connected EVs.

    From idling, charging goes to the lowest keys first and discharging to the
    highest, so that no EV charges what another gives.

    Args:
        fleet_kwh: net load of the fleet, within the sums of lo_kwh and hi_kwh.
        n: number of EVs; what lies beyond in the arrays is not looked at, because
            slices are dear in a hot loop.
        lo_kwh: (>= n,) least net load.
        hi_kwh: (>= n,) largest net load.
        key: (>= n,) urgency; the smallest charges first.
        proportional: share by room instead of by urgency.
        net_load_kwh: (>= n,) result.
        scratch_key: (>= n,) working memory.
        scratch_room: (>= n,) working memory.
    """
    amount = fleet_kwh
    for i in range(n):
        net_load_kwh[i] = min(max(0.0, lo_kwh[i]), hi_kwh[i])
        amount -= net_load_kwh[i]
    sign = 1.0 if amount > 0.0 else -1.0
    total_room = 0.0
    for i in range(n):
        limit = hi_kwh[i] if amount > 0.0 else lo_kwh[i]
        scratch_room[i] = sign * (limit - net_load_kwh[i])
        scratch_key[i] = sign * key[i]
        total_room += scratch_room[i]
    amount = min(sign * amount, total_room)
    if amount <= 0.0:
        return
    line, share = np.inf, amount / total_room
    if not proportional:
        line, share = waterline(n, scratch_key, scratch_room, amount)
    for i in range(n):
        rank = sign * key[i]
        limit = hi_kwh[i] if sign > 0.0 else lo_kwh[i]
        part = share if proportional or rank == line else (1.0 if rank < line else 0.0)
        net_load_kwh[i] += part * (limit - net_load_kwh[i])

"""From one number for the fleet to one for each EV."""

from __future__ import annotations

import numpy as np

from vpp_gym.arrays import Floats
from vpp_gym.kernels import njit

RULES = ("least_laxity", "proportional", "earliest_departure")
LEAST_LAXITY, PROPORTIONAL, EARLIEST_DEPARTURE = range(3)

BUCKETS = 64
"""Most intervals of keys in which room is added up at a time."""


@njit
def waterline(
    n: int, key: Floats, room: Floats, amount: float, bucket: Floats
) -> tuple[float, float]:
    """Key up to which room is filled when it is filled in ascending order of key.

    EVs with a key below the line get all their room, those at the line share
    what is left in proportion, those above get none. The order of the EVs does
    not matter.

    In rounds: the range of keys is cut into equal intervals, and the room in each is added up.
    The interval in which the amount is reached is the range of the next round, until all keys in
    it are the same. Each round leaves a small part of the EVs, so that the time is linear.

    Args:
        n: number of EVs; what lies beyond in the arrays is not looked at.
        key: (>= n,) rank of each EV, finite; overwritten.
        room: (>= n,) kWh >= 0 each can take; overwritten.
        amount: kWh to hand out, 0 <= amount <= sum(room).
        bucket: (>= min(n, `BUCKETS`),) working memory.

    Returns:
        (line, share): the key at the line and the fraction of room filled there.
    """
    least, most = np.inf, -np.inf
    for i in range(n):
        least, most = min(least, key[i]), max(most, key[i])
    return waterline_within(least, most, n, key, room, amount, bucket)


@njit(internal=True)
def waterline_within(
    least: float, most: float, n: int, key: Floats, room: Floats, amount: float, bucket: Floats
) -> tuple[float, float]:
    """`waterline` where the least and the largest key are known."""
    left, below = n, 0.0
    while least < most:
        buckets = min(left, BUCKETS)
        scale = buckets / (most - least)
        for at in range(buckets):
            bucket[at] = 0.0
        for i in range(left):
            bucket[np.uint64(min(int((key[i] - least) * scale), buckets - 1))] += room[i]
        chosen = 0
        while chosen < buckets and below + bucket[chosen] < amount:
            below += bucket[chosen]
            chosen += 1
        if chosen == buckets:  # all of it, but for rounding
            return np.inf, 0.0
        count, first, last = 0, np.inf, -np.inf
        for i in range(left):
            if min(int((key[i] - least) * scale), buckets - 1) == chosen:
                key[count], room[count] = key[i], room[i]
                first, last = min(first, key[i]), max(last, key[i])
                count += 1
        left, least, most = count, first, last
    total = 0.0
    for i in range(left):
        total += room[i]
    return least, min((amount - below) / total, 1.0) if total > 0.0 else 0.0


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
    bucket: Floats,
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
        bucket: (>= min(n, `BUCKETS`),) working memory.
    """
    amount, room_above, room_below = fleet_kwh, 0.0, 0.0
    least, most = np.inf, -np.inf
    for i in range(n):
        idle_kwh = min(max(0.0, lo_kwh[i]), hi_kwh[i])
        net_load_kwh[i] = idle_kwh
        amount -= idle_kwh
        room_above += hi_kwh[i] - idle_kwh
        room_below += idle_kwh - lo_kwh[i]
        least, most = min(least, key[i]), max(most, key[i])
    charges = amount > 0.0
    sign = 1.0 if charges else -1.0
    total_room = room_above if charges else room_below
    amount = min(sign * amount, total_room)
    if amount <= 0.0:
        return
    line, share = np.inf, amount / total_room
    limit_kwh = hi_kwh if charges else lo_kwh
    if not proportional:
        for i in range(n):
            scratch_room[i] = sign * (limit_kwh[i] - net_load_kwh[i])
            scratch_key[i] = sign * key[i]
        least, most = (least, most) if charges else (-most, -least)
        line, share = waterline_within(least, most, n, scratch_key, scratch_room, amount, bucket)
    for i in range(n):
        rank = sign * key[i]
        part = 1.0 if proportional or rank < line else 0.0
        part = share if proportional or rank == line else part
        net_load_kwh[i] += part * (limit_kwh[i] - net_load_kwh[i])

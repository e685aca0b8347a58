"""Sharing one connection: whose charging can wait, and who waits when there is no room."""

from __future__ import annotations

from vpp_gym.arrays import Floats
from vpp_gym.fleet.disaggregation import waterline
from vpp_gym.kernels import njit

HALVINGS = 60
"""Of the interval in which the level lies: as many as a double has digits."""


@njit
def level_out(
    n: int, need_kwh: Floats, steps: Floats, full_kwh: Floats, room_kwh: float, take_kwh: Floats
) -> float:
    """Share the room of a step so that the longest remaining charging times become shorter.

    A car takes what brings its remaining time at full power down to a level that all cars
    share, between nothing and full power. Among cars that all stay from some moment on, each
    with a power of its own, this is the best that can be done for the steps before that moment:
    whatever can still be served after any other sharing can be served after this one. So going
    from the last step to the first it serves as much as can be served at all, and leaves to the
    first as little as possible. Where power changes with what is stored it is a good sharing.

    Args:
        n: number of cars; what lies beyond in the arrays is not looked at.
        need_kwh: (>= n,) still to be charged.
        steps: (>= n,) steps that takes at full power.
        full_kwh: (>= n,) of this step at full power; 0: not there.
        room_kwh: most that all may take, >= 0.
        take_kwh: (>= n,) result.

    Returns:
        The sum of what is taken, at most the room.
    """
    total, level = 0.0, 0.0
    for k in range(n):
        take_kwh[k] = min(need_kwh[k], full_kwh[k])
        total += take_kwh[k]
        if full_kwh[k] > 0.0:
            level = max(level, steps[k])
    if total <= room_kwh:
        return total
    low, high = 0.0, level
    low_kwh, high_kwh = total, 0.0
    for _ in range(HALVINGS):
        middle = (low + high) / 2.0
        taken = 0.0
        for k in range(n):
            taken += _down_to(middle, need_kwh[k], steps[k], full_kwh[k])
        if taken > room_kwh:
            low, low_kwh = middle, taken
        else:
            high, high_kwh = middle, taken
    share = (room_kwh - high_kwh) / (low_kwh - high_kwh) if low_kwh > high_kwh else 0.0
    total = 0.0
    for k in range(n):
        least = _down_to(high, need_kwh[k], steps[k], full_kwh[k])
        most = _down_to(low, need_kwh[k], steps[k], full_kwh[k])
        take_kwh[k] = least + share * (most - least)
        total += take_kwh[k]
    return total


@njit(internal=True)
def _down_to(level: float, need_kwh: float, steps: float, full_kwh: float) -> float:
    """What a car takes to bring its remaining time down to a level [steps]."""
    return min(max((steps - level) * full_kwh, 0.0), min(full_kwh, need_kwh))


@njit
def give_way(
    amount_kwh: float,
    n: int,
    room_kwh: Floats,
    key: Floats,
    move_kwh: Floats,
    sorted_kwh: Floats,
    bucket: Floats,
) -> float:
    """Hand out a cut among cars, the lowest keys first.

    Args:
        amount_kwh: to be cut, > 0.
        n: number of cars; what lies beyond in the arrays is not looked at.
        room_kwh: (>= n,) most that each can be cut by; >= 0.
        key: (>= n,) rank; overwritten.
        move_kwh: (>= n,) result: what each is cut by.
        sorted_kwh: (>= n,) working memory.
        bucket: (>= n,) working memory, too.

    Returns:
        What was cut: the amount, or all room where that is less.
    """
    total = 0.0
    for k in range(n):
        sorted_kwh[k], move_kwh[k] = room_kwh[k], key[k]
        total += room_kwh[k]
    amount = min(amount_kwh, total)
    if amount <= 0.0:
        for k in range(n):
            move_kwh[k] = 0.0
        return 0.0
    line, share = waterline(n, key, sorted_kwh, amount, bucket)
    for k in range(n):
        rank = move_kwh[k]
        move_kwh[k] = room_kwh[k] * (share if rank == line else (1.0 if rank < line else 0.0))
    return amount

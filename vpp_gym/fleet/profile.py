"""Load profiles of the fleet: the bounds of its flexibility over the hours ahead."""

from __future__ import annotations

import math

from vpp_gym.arrays import Floats
from vpp_gym.kernels import njit


@njit
def add_block(start_h: float, end_h: float, power_kw: float, ramps: Floats) -> None:
    """Add constant power over an interval to the ramps of a cumulative load.

    Each end of the block starts a ramp of the energy, so the cost is the same
    for any length. `hourly_load_kwh` turns the ramps into energy per hour.

    Args:
        start_h: hours from now, >= 0.
        end_h: hours from now, >= start_h.
        power_kw: of the block.
        ramps: (H + 2, 2) slope and offset by the hour at which they begin, changed in place;
            the last row is for all that lies beyond H hours.
    """
    beyond = ramps.shape[0] - 1
    first = math.ceil(min(start_h, float(beyond)))
    last = math.ceil(min(end_h, float(beyond)))
    ramps[first, 0] += power_kw
    ramps[first, 1] += power_kw * start_h
    ramps[last, 0] -= power_kw
    ramps[last, 1] -= power_kw * end_h


@njit
def hourly_load_kwh(ramps: Floats, load_kwh: Floats, first: int) -> None:
    """Energy of each hour ahead from the ramps of `add_block`.

    Args:
        ramps: (H + 2, 2) slope and offset by hour.
        load_kwh: result, from place `first` on.
        first: where the first hour goes.
    """
    slope, offset, before = 0.0, 0.0, 0.0
    for hour in range(ramps.shape[0] - 1):
        slope += ramps[hour, 0]
        offset += ramps[hour, 1]
        until = slope * hour - offset
        if hour > 0:
            load_kwh[first + hour - 1] = max(until - before, 0.0)  # rounding may leave -1e-14
        before = until

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
        ramps: (2, H + 1) slopes and offsets by the hour at which they begin,
            changed in place; what lies beyond H hours is left out.
    """
    hours = ramps.shape[1] - 1
    first, last = math.ceil(start_h), math.ceil(end_h)
    if first <= hours:
        ramps[0, first] += power_kw
        ramps[1, first] += power_kw * start_h
    if last <= hours:
        ramps[0, last] -= power_kw
        ramps[1, last] -= power_kw * end_h


@njit
def hourly_load_kwh(ramps: Floats, load_kwh: Floats, first: int) -> None:
    """Energy of each hour ahead from the ramps of `add_block`.

    Args:
        ramps: (2, H + 1) slopes and offsets.
        load_kwh: result, from place `first` on.
        first: where the first hour goes.
    """
    slope, offset, before = 0.0, 0.0, 0.0
    for hour in range(ramps.shape[1]):
        slope += ramps[0, hour]
        offset += ramps[1, hour]
        until = slope * hour - offset
        if hour > 0:
            load_kwh[first + hour - 1] = max(until - before, 0.0)  # rounding may leave -1e-14
        before = until

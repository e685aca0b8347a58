"""Load profiles of the fleet: the bounds of its flexibility over the hours ahead."""

from __future__ import annotations

import numpy as np

from vpp_gym.arrays import Floats
from vpp_gym.kernels import njit

RAMPS = 4
"""Columns of ramps: power at the earliest and at the latest, and what either loses before."""


@njit
def add_charging(full_h: float, left_h: float, power_kw: float, ramps: Floats) -> None:
    """Add a car that charges at constant power: from now on, and as late as it can.

    Each end of a block of power starts a ramp of the energy, so the cost is the same
    for any length. That all cars begin now at the earliest is left to `hourly_loads_kwh`, which
    turns the ramps into energy per hour.

    Args:
        full_h: hours that it charges, >= 0.
        left_h: hours from now until it must have charged, >= full_h.
        power_kw: of the car.
        ramps: (H + 2, `RAMPS`) slopes and offsets of both profiles by the hour at which they
            begin, changed in place; the last row is for all that lies beyond H hours.
    """
    beyond, start_h = float(ramps.shape[0] - 1), left_h - full_h
    # Unsigned: no index counts from the end, which would have to be looked for.
    end = np.uint64(np.int64(np.ceil(min(full_h, beyond))))
    late = np.uint64(np.int64(np.ceil(min(start_h, beyond))))
    latest = np.uint64(np.int64(np.ceil(min(left_h, beyond))))
    ramps[end, 0] -= power_kw
    ramps[end, 2] -= power_kw * full_h
    ramps[late, 1] += power_kw
    ramps[late, 3] += power_kw * start_h
    ramps[latest, 1] -= power_kw
    ramps[latest, 3] -= power_kw * left_h


@njit
def hourly_loads_kwh(
    power_kw: float, ramps: Floats, load_kwh: Floats, earliest: int, latest: int
) -> None:
    """Energy of each hour ahead from the ramps of `add_charging`.

    Both profiles in one pass, whose sums do not wait for each other.

    Args:
        power_kw: of all cars that were added.
        ramps: (H + 2, `RAMPS`) slopes and offsets by hour.
        load_kwh: result: H hours from each of two places on.
        earliest: where the first hour of charging from now on goes.
        latest: where that of charging as late as possible goes.
    """
    slope, late_slope = power_kw + ramps[0, 0], ramps[0, 1]
    offset, late_offset = ramps[0, 2], ramps[0, 3]
    before, late_before, hours = 0.0 - offset, 0.0 - late_offset, 0.0
    for hour in range(ramps.shape[0] - 2):
        hours += 1.0
        slope += ramps[hour + 1, 0]
        late_slope += ramps[hour + 1, 1]
        offset += ramps[hour + 1, 2]
        late_offset += ramps[hour + 1, 3]
        until, late_until = slope * hours - offset, late_slope * hours - late_offset
        load_kwh[earliest + hour] = max(until - before, 0.0)  # rounding may leave -1e-14
        load_kwh[latest + hour] = max(late_until - late_before, 0.0)
        before, late_before = until, late_until

"""Lines below which tapering cars charge, in the compact plan of a site: those that bind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import highspy
import numpy as np

from vpp_gym.arrays import Floats, Ints
from vpp_gym.solvers.site_lp import Cars

BREACH_KWH = 1e-7
"""By which an answer may lie above the lines that were left out."""


class Tapers(NamedTuple):
    """How cars charge more slowly.

    Attributes:
        from_kwh: (n,) stored energy up to which each charges at full power.
        lines: (m, M, 2) lines below which lies what some cars can store, by their rows.
    """

    from_kwh: Floats
    lines: Callable[[Ints], Floats]


def add_broken_lines(
    highs: highspy.Highs,
    values: Floats,
    cars: Cars,
    stays: Any,
    loads: Any,
    tapers: Tapers,
    known: dict[int, Floats],
) -> bool:
    """Add the lines that an answer breaks; whether there were any.

    Args:
        highs: has solved the program.
        values: of its columns.
        cars: that are planned.
        stays: of `vpp_gym.solvers.site_compact`.
        loads: columns of the cars.
        tapers: how they taper.
        known: lines of the cars that were asked for so far, by their rows; some are added.
    """
    change = cars.charge_eff * values[loads.charge]
    change[loads.giving] -= values[loads.discharge] / cars.discharge_eff
    total = np.cumsum(change)
    begin = stays.first[stays.car]
    before = total - change - (total[begin] - change[begin])
    stored = cars.energy_kwh[stays.car] + before  # at the beginning of each block
    later = (stays.block > 0) & (values[loads.charge] > BREACH_KWH)
    later &= stored + change > tapers.from_kwh[stays.car]
    found = np.flatnonzero(later)
    if not found.size:
        return False
    new = sorted({*stays.car[found].tolist()}.difference(known))
    if new:
        known.update(zip(new, tapers.lines(np.array(new)), strict=True))
    offset, slope = np.stack([known[k] for k in stays.car[found].tolist()]).transpose(2, 0, 1)
    # Of a block, so many times what the line says of its first step.
    most = stays.inside[found, None] * (offset + slope * stored[found, None])
    beyond = cars.charge_eff * values[loads.charge[found], None] - most
    worst = np.argmax(beyond, axis=1)
    broken = np.flatnonzero(beyond[np.arange(len(found)), worst] > BREACH_KWH)
    place = np.full(len(stays.car), -1, dtype=np.int64)
    place[loads.giving] = np.arange(len(loads.giving))
    for j in broken.tolist():
        line = float(offset[j, worst[j]]), float(slope[j, worst[j]])
        _add_line(highs, cars, stays, loads, place, int(found[j]), line)
    return broken.size > 0


def _add_line(
    highs: highspy.Highs,
    cars: Cars,
    stays: Any,
    loads: Any,
    place: Ints,
    i: int,
    line: tuple[float, float],
) -> None:
    """One line of one car in one block, over the energy that its loads before add up to."""
    offset, slope = line
    n_steps, begin = int(stays.inside[i]), int(stays.first[stays.car[i]])
    earlier = np.arange(begin, i)
    index = [loads.charge[i : i + 1], loads.charge[earlier]]
    factor = [np.array([cars.charge_eff]), np.full(i - begin, -n_steps * slope * cars.charge_eff)]
    if loads.giving.size and place[begin] >= 0:
        index.append(loads.discharge[place[earlier]])
        factor.append(np.full(i - begin, n_steps * slope / cars.discharge_eff))
    columns = np.concatenate(index).astype(np.int32)
    most = n_steps * (offset + slope * float(cars.energy_kwh[stays.car[i]]))
    highs.addRow(-highspy.kHighsInf, most, len(columns), columns, np.concatenate(factor))

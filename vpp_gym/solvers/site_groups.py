"""Limits of groups of chargers in the compact plan of a site."""

from __future__ import annotations

from typing import Any

import numpy as np

from vpp_gym.arrays import Bools
from vpp_gym.solvers.site_lp import OVER_EUR_PER_KWH, Connection


def add_group_rows(
    site: Connection, in_group: Bools, blocks: Any, stays: Any, loads: Any, program: Any
) -> None:
    """Keep the cars of each group within its limits in every block in which they could bind.

    Beyond a limit there is only what must be charged at once.

    Args:
        site: with the limits of G groups.
        in_group: (n, G) whether each car is in a group.
        blocks: of `vpp_gym.solvers.site_compact`.
        stays: the same.
        loads: columns of the cars.
        program: to which rows are added.
    """
    n = len(blocks.length)
    could_take = program.high[loads.charge]
    for g, limits in enumerate(zip(site.group_import_kwh, site.group_export_kwh, strict=True)):
        within = in_group[stays.car, g]
        most_in, most_out = (limit * blocks.length for limit in limits)
        takes = np.bincount(stays.block[within], could_take[within], minlength=n)
        giving = within[loads.giving]
        gives = np.bincount(stays.block[loads.giving[giving]], minlength=n) > 0
        binding = np.flatnonzero((takes > most_in) | (gives & np.isfinite(most_out)))
        row_of = np.full(n, -1, dtype=np.int64)
        site_s = np.full(len(binding), -1, dtype=np.int64), binding
        row_of[binding] = program.add_rows(
            len(binding), -most_out[binding], most_in[binding], site_s
        )
        taking = np.flatnonzero(within & (row_of[stays.block] >= 0))
        program.put(row_of[stays.block[taking]], loads.charge[taking], 1.0)
        row_of_giving = row_of[stays.block[loads.giving]]
        giving &= row_of_giving >= 0
        program.put(row_of_giving[giving], loads.discharge[giving], -1.0)
        at_once = row_of[:1][row_of[:1] >= 0]
        over = program.add(len(at_once), OVER_EUR_PER_KWH, 0.0, np.inf)
        program.put(at_once, over, -1.0)

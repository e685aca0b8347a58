"""Groups of chargers as the kernels read them."""

from __future__ import annotations

from typing import Any

import numpy as np

from vpp_gym.kernels import records
from vpp_gym.params import VPPParams
from vpp_gym.params.groups import tree_of

GROUP = np.dtype(
    [
        ("import_kwh", np.float64),  # most that the group takes in a step, less standby
        ("export_kwh", np.float64),  # most that it gives; inf: no limit
        ("parent", np.int64),  # row of the group that it is in; -1: none
        ("first", np.int64),  # its chargers are those with a rank from here ..
        ("end", np.int64),  # .. to before here
        ("place", np.int64),  # in the list of parameters
    ],
    align=True,
)
"""One group of chargers. Rows are in such an order that parents come after what is in them."""

GROUP_SUM = np.dtype(
    [("lo_kwh", np.float64), ("idle_kwh", np.float64), ("hi_kwh", np.float64)], align=True
)
"""What the cars of a group can take together in the step to come, within its limits."""

OF, RANK = range(2)
"""Rows of `Rules.charger_group`: the group that a charger is directly in, -1 for none, and its
place in an order in which those of any group follow each other."""


def group_rules(params: VPPParams, dt_h: float) -> dict[str, Any]:
    """`groups` (G,) of GROUP, `charger_group` (2, N), both empty without any, and `has_groups`."""
    tree = tree_of(params.connection.groups)
    groups = records(len(tree), GROUP)
    charger_group = np.full((2, params.site.n_chargers if tree else 0), -1, dtype=np.int64)
    order = sorted(range(len(tree)), key=lambda place: (-tree[place].depth, place))
    row_of = {place: row for row, place in enumerate(order)} | {-1: -1}
    for row, place in enumerate(order):
        group = tree[place]
        limits = dt_h * group.import_kw, dt_h * group.export_kw
        groups[row] = (*limits, row_of[group.parent], 0, 0, place)
        charger_group[OF, list(group.chargers)] = row
    ranked = 0
    for place in (one for one in range(len(tree)) if tree[one].parent < 0):
        ranked = _rank(place, ranked, tree, row_of, groups, charger_group)
    groups["import_kwh"] -= dt_h * params.site.standby_kw * (groups["end"] - groups["first"])
    there = True if tree else None
    return {"groups": groups, "charger_group": charger_group, "has_groups": there}


def _rank(
    place: int, first: int, tree: list[Any], row_of: dict[int, int], groups: Any, rank: Any
) -> int:
    """Give the chargers of a group and all in it the ranks from `first` on; returns the next."""
    own, after = tree[place].chargers, first
    for charger in own:
        rank[RANK, charger], after = after, after + 1
    for inner in (one for one in range(len(tree)) if tree[one].parent == place):
        after = _rank(inner, after, tree, row_of, groups, rank)
    groups["first"][row_of[place]], groups["end"][row_of[place]] = first, after
    return after

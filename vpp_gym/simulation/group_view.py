"""What a snapshot tells of groups of chargers."""

from __future__ import annotations

import numpy as np

from vpp_gym.arrays import Ints, read_only
from vpp_gym.params import VPPParams
from vpp_gym.simulation.group_tree import OF
from vpp_gym.simulation.state import Rules, State
from vpp_gym.views import GroupsView


def groups_view(
    rules: Rules, state: State, run: int, chargers: Ints, params: VPPParams
) -> GroupsView:
    """The groups in the order of the parameters.

    Args:
        rules: parameters.
        state: the batch.
        run: row of the batch.
        chargers: (n,) of the connected cars.
        params: with the names.
    """
    groups, sums = rules.groups, state.group[run]
    place = np.append(groups["place"], -1)  # -1 stays -1
    order = np.argsort(groups["place"])
    room = np.append(groups["import_kwh"] - sums["idle_kwh"], np.inf)
    for row in range(len(groups) - 1, -1, -1):  # outer ones first
        room[row] = min(room[row], room[groups["parent"][row]])
    of_car = rules.charger_group[OF, chargers]
    return GroupsView(
        names=tuple(one.name for one in params.connection.groups),
        parent=read_only(place[groups["parent"][order]]),
        import_kwh=read_only(groups["import_kwh"][order]),
        export_kwh=read_only(groups["export_kwh"][order]),
        lo_kwh=read_only(sums["lo_kwh"][order]),
        idle_kwh=read_only(sums["idle_kwh"][order]),
        hi_kwh=read_only(sums["hi_kwh"][order]),
        group=read_only(place[of_car]),
        room_kwh=read_only(np.maximum(room[of_car], 0.0)),
    )

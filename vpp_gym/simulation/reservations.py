"""Promises to cars in groups that have limits of their own, and what keeps them.

Every car that was promised something has a reservation: what is charged of it in each of the
steps until it leaves, so that all reservations together are within every limit. On arrival a car
is promised what can be reserved for it beside the reservations of others. Before each step they
are gone through in the order in which the cars came, and each is moved as late as there is room.
What is then left for the coming step is the car's least load. Whoever charges more needs less
later, so that a reservation can always be carried out: also by cars that taper, to which a lower
energy before a step only gives more of it.

Reservations are per step of the scenario, in a ring of `Rules.guard_steps` columns.
"""

from __future__ import annotations

from typing import Any

from vpp_gym.kernels import Present, njit
from vpp_gym.simulation.charging import gain_before_kwh, gain_kwh
from vpp_gym.simulation.dataset import Dataset
from vpp_gym.simulation.group_tree import OF
from vpp_gym.simulation.limits_ahead import room_kwh
from vpp_gym.simulation.state import Rules, State

Record = Any
"""One row of a record array: EV, changed in place."""

ROUNDING_KWH = 1e-9
"""A need below this is none."""


@njit(internal=True)
def promise_in_groups(
    b: int, ev: Record, has_groups: Present, dataset: Dataset, rules: Rules, state: State
) -> None:
    """Reserve for the car that arrived last what can be, and promise it that.

    Args:
        b: run of the batch.
        ev: the car, the last one in the run's lot.
        has_groups: of the rules.
        dataset: the scenarios.
        rules: parameters.
        state: of the batch.
    """
    if has_groups is None:
        return
    run = state.run[b]
    n = run.connected
    _move_back(b, n - 1, dataset, rules, state)
    i = state.lot[b, n - 1]
    for at in range(rules.guard_steps):  # of who was there before
        state.reserved[b, i, at] = 0.0
    steps = max(ev.departure - run.position, 1)
    wish_kwh = max(ev.target_kwh - ev.energy_kwh, 0.0) / rules.charge_eff
    reach_kwh = gain_kwh(ev, ev.energy_kwh, steps, dataset, rules) / rules.charge_eff
    reach_kwh = min(wish_kwh, reach_kwh)
    ev.promise_kwh = ev.energy_kwh + rules.charge_eff * reach_kwh
    promised_kwh = reach_kwh - _reserve(b, i, reach_kwh, 0, dataset, rules, state)
    if promised_kwh >= wish_kwh - ROUNDING_KWH:
        ev.promise_kwh = ev.target_kwh
    else:
        ev.promise_kwh = ev.energy_kwh + rules.charge_eff * promised_kwh


@njit(internal=True)
def keep_reservations(
    b: int, has_groups: Present, dataset: Dataset, rules: Rules, state: State
) -> None:
    """Raise the least loads of the coming step to what keeps all promises in groups.

    The limits of each car are there already, as they are without any guarantee.
    """
    if has_groups is None:
        return
    run = state.run[b]
    now = run.position % rules.guard_steps
    _move_back(b, run.connected, dataset, rules, state)
    for k in range(run.connected):
        i = state.lot[b, k]
        ev = state.ev[b, i]
        if state.reserved[b, i, now] > ROUNDING_KWH:
            ev.lo_kwh = min(state.reserved[b, i, now], ev.hi_kwh)
        elif ev.lo_kwh < 0.0:
            spare_kwh = max(ev.energy_kwh - ev.promise_kwh, 0.0)
            again_kwh = -ev.lo_kwh / rules.discharge_eff - spare_kwh
            again_kwh = max(again_kwh, 0.0) / rules.charge_eff
            if again_kwh > 0.0:
                need_kwh = max(ev.promise_kwh - ev.energy_kwh, 0.0) / rules.charge_eff
                _release(b, i, rules, state)
                lacking_kwh = _reserve(b, i, need_kwh + again_kwh, 1, dataset, rules, state)
                spare_kwh += max(again_kwh - lacking_kwh, 0.0) * rules.charge_eff
                ev.lo_kwh = max(ev.lo_kwh, -spare_kwh * rules.discharge_eff)


@njit(internal=True)
def _move_back(b: int, n: int, dataset: Dataset, rules: Rules, state: State) -> None:
    """Reserve for each of the first n cars what it still needs, as late as there is room.

    What was reserved before stays reserved until its car's turn. Without a guarantee, nothing
    was.
    """
    _fill_room(b, dataset, rules, state)
    for k in range(n):
        _trim(b, state.lot[b, k], rules, state)
    for k in range(n):
        i = state.lot[b, k]
        ev = state.ev[b, i]
        need_kwh = max(ev.promise_kwh - ev.energy_kwh, 0.0) / rules.charge_eff
        _release(b, i, rules, state)
        _reserve(b, i, need_kwh, 0, dataset, rules, state)


@njit(internal=True)
def _fill_room(b: int, dataset: Dataset, rules: Rules, state: State) -> None:
    """Room of every group and, in the last row, the connection, as if nothing were reserved."""
    run, steps = state.run[b], 0
    for k in range(run.connected):
        steps = max(steps, _steps_left(b, state.lot[b, k], rules, state))
    for ahead in range(steps):
        at = (run.position + ahead) % rules.guard_steps
        for g in range(len(rules.groups)):
            state.group_room[b, g, at] = rules.groups[g].import_kwh
        room = room_kwh(run.position, ahead, run.last, dataset, rules)
        state.group_room[b, len(rules.groups), at] = room


@njit(internal=True)
def _steps_left(b: int, i: int, rules: Rules, state: State) -> int:
    """Steps in which a car can be charged.

    One less than there are columns: the last one still has what was reserved for the step before.
    """
    return min(max(state.ev[b, i].departure - state.run[b].position, 1), rules.guard_steps - 1)


@njit(internal=True)
def _trim(b: int, i: int, rules: Rules, state: State) -> None:
    """Drop what a car no longer needs of its reservation, of the nearest steps first.

    With a guarantee this is done in every step, so that only one step is over since.
    """
    ev, reserved, horizon = state.ev[b, i], state.reserved[b, i], rules.guard_steps
    position = state.run[b].position
    if not rules.guarantee:
        for at in range(horizon):
            reserved[at] = 0.0
        return
    need_kwh = max(ev.promise_kwh - ev.energy_kwh, 0.0) / rules.charge_eff
    reserved[(position + horizon - 1) % horizon] = 0.0
    for ahead in range(_steps_left(b, i, rules, state) - 1, -1, -1):
        at = (position + ahead) % horizon
        kept_kwh = min(reserved[at], need_kwh)
        reserved[at] = kept_kwh
        need_kwh -= kept_kwh
        if kept_kwh > 0.0:
            _take_room(b, i, at, kept_kwh, rules, state)


@njit(internal=True)
def _release(b: int, i: int, rules: Rules, state: State) -> None:
    """Take back all that is reserved for a car."""
    reserved = state.reserved[b, i]
    for ahead in range(_steps_left(b, i, rules, state)):
        at = (state.run[b].position + ahead) % rules.guard_steps
        if reserved[at] > 0.0:
            _take_room(b, i, at, -reserved[at], rules, state)
            reserved[at] = 0.0


@njit(internal=True)
def _take_room(b: int, i: int, at: int, amount_kwh: float, rules: Rules, state: State) -> None:
    """Take an amount from the room of all groups that a charger is in, and of the connection."""
    g = rules.charger_group[OF, i]
    while g >= 0:
        state.group_room[b, g, at] -= amount_kwh
        g = rules.groups[g].parent
    state.group_room[b, len(rules.groups), at] -= amount_kwh


@njit(internal=True)
def _room_for(b: int, i: int, at: int, rules: Rules, state: State) -> float:
    """Least room of the groups that a charger is in and of the connection."""
    room = state.group_room[b, len(rules.groups), at]
    g = rules.charger_group[OF, i]
    while g >= 0:
        room = min(room, state.group_room[b, g, at])
        g = rules.groups[g].parent
    return max(room, 0.0)


@njit(internal=True)
def _reserve(
    b: int, i: int, need_kwh: float, first: int, dataset: Dataset, rules: Rules, state: State
) -> float:
    """Reserve an amount for a car, ending at its promise, in the latest steps with room.

    Args:
        b: run of the batch.
        i: charger, for which nothing is reserved.
        need_kwh: at the meter.
        first: steps from now before which nothing may be reserved.
        dataset: the scenarios.
        rules: parameters.
        state: of the batch.

    Returns:
        What could not be reserved.
    """
    ev, horizon = state.ev[b, i], rules.guard_steps
    end_kwh, left_kwh = ev.promise_kwh, need_kwh
    for ahead in range(_steps_left(b, i, rules, state) - 1, first - 1, -1):
        if left_kwh <= 0.0:
            break
        at = (state.run[b].position + ahead) % horizon
        full_kwh = gain_before_kwh(ev, end_kwh, 1, dataset, rules) / rules.charge_eff
        take_kwh = min(left_kwh, full_kwh, _room_for(b, i, at, rules, state))
        if take_kwh > 0.0:
            state.reserved[b, i, at] = take_kwh
            _take_room(b, i, at, take_kwh, rules, state)
            left_kwh -= take_kwh
            end_kwh -= rules.charge_eff * take_kwh
    return max(left_kwh, 0.0)

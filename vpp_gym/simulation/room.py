"""What the connection has room for: promises to arriving cars, and what keeps them.

A car is promised on arrival what can be charged until it leaves beside all that was promised
before, whatever the building takes within its rating and with the least limits that are not
announced yet. Neither sun nor the stationary battery is counted on. From then on every car's
least load is what the latest plan that keeps all promises takes in this step; whatever is
decided above that keeps them.

Where groups of chargers have limits, too, it is by `vpp_gym.simulation.reservations`. Else both
rest on `vpp_gym.fleet.shared.level_out`, from the last step ahead to the first. A car that
tapers takes in each step what full power stores up to where the later steps begin.
"""

from __future__ import annotations

from typing import Any

from vpp_gym.fleet.shared import level_out
from vpp_gym.kernels import Present, njit
from vpp_gym.simulation.charging import charging_h, gain_before_kwh, gain_kwh
from vpp_gym.simulation.dataset import Dataset
from vpp_gym.simulation.limits_ahead import is_limited, room_kwh
from vpp_gym.simulation.reservations import ROUNDING_KWH, keep_reservations, promise_in_groups
from vpp_gym.simulation.state import Rules, State

Record = Any
"""One row of a record array: EV, changed in place."""

NEED, TIME, EXTRA, TAKE, FULL, STEPS, BUCKET = range(7)
"""Rows of `State.shared`: need of each car and the steps that takes at full power, what
discharging would have to be charged again, what it takes in a step, its full step where it is
there, the steps to its departure, and working memory of the sharing within groups."""
RANKS, KEY = FULL, STEPS
"""Rows of it in the sharing within groups: place of each car's charger, and rank of the car."""
TRIALS = 30
"""Of a promise to a car that tapers: mostly the first is kept."""


@njit(internal=True)
def make_promise(
    b: int, ev: Record, has_site: Present, dataset: Dataset, rules: Rules, state: State
) -> None:
    """Say to the car that arrived last what it will have stored when it leaves as declared.

    Args:
        b: run of the batch.
        ev: the car, the last one in the run's lot.
        has_site: of the dataset.
        dataset: the scenarios.
        rules: parameters.
        state: of the batch.
    """
    if has_site is None:
        return
    run = state.run[b]
    ev.promise_kwh = ev.target_kwh
    if not is_limited(min(run.position, run.last), has_site, dataset):
        return
    if len(rules.groups) > 0:
        promise_in_groups(b, ev, rules.has_groups, dataset, rules, state)
        return
    steps = max(ev.departure - run.position, 1)
    wish_kwh = max(ev.target_kwh - ev.energy_kwh, 0.0) / rules.charge_eff
    gain = gain_kwh(ev, ev.energy_kwh, steps, dataset, rules)
    reach_kwh = min(wish_kwh, gain / rules.charge_eff)
    before_kwh = _lacking_kwh(b, 0.0, dataset, rules, state)
    promised_kwh = reach_kwh
    for trial in range(TRIALS + 1):
        if trial == TRIALS:
            promised_kwh = 0.0
        lacking_kwh = _lacking_kwh(b, promised_kwh, dataset, rules, state) - before_kwh
        if lacking_kwh <= ROUNDING_KWH or promised_kwh == 0.0:
            break
        promised_kwh = max(promised_kwh - lacking_kwh, 0.0)
    if promised_kwh < wish_kwh:
        ev.promise_kwh = ev.energy_kwh + rules.charge_eff * promised_kwh


@njit(internal=True)
def _lacking_kwh(
    b: int, newcomer_kwh: float, dataset: Dataset, rules: Rules, state: State
) -> float:
    """What cannot be charged in time of all promises and of a need of the last car."""
    n, total = state.run[b].connected, 0.0
    horizon = _fill_needs(b, n, rules, state)
    state.shared[b, NEED, n - 1] = newcomer_kwh
    _serve_backwards(b, n, horizon, 0, dataset, rules, state)
    for k in range(n):
        total += state.shared[b, NEED, k]
    return total


@njit(internal=True)
def _fill_needs(b: int, n: int, rules: Rules, state: State) -> int:
    """What promises still ask of each car, and its time; returns the largest of the times."""
    t, shared, horizon = state.run[b].position, state.shared[b], 0
    for k in range(n):
        ev = state.ev[b, state.lot[b, k]]
        steps = min(max(ev.departure - t, 1), rules.guard_steps)
        shared[NEED, k] = max(ev.promise_kwh - ev.energy_kwh, 0.0) / rules.charge_eff
        shared[EXTRA, k] = 0.0
        shared[STEPS, k] = steps
        horizon = max(horizon, steps)
    return horizon


@njit(internal=True)
def _serve_backwards(
    b: int, n: int, horizon: int, first: int, dataset: Dataset, rules: Rules, state: State
) -> None:
    """Take from needs, then from extras, what the steps ahead can serve, the last step first."""
    run, shared = state.run[b], state.shared[b]
    for ahead in range(horizon - 1, first - 1, -1):
        for k in range(n):
            ev = state.ev[b, state.lot[b, k]]
            there = shared[STEPS, k] > ahead
            shared[FULL, k], shared[TIME, k] = 0.0, 0.0
            if there and shared[NEED, k] + shared[EXTRA, k] > 0.0:
                end_kwh = ev.energy_kwh + rules.charge_eff * shared[NEED, k]
                full_kwh = gain_before_kwh(ev, end_kwh, 1, dataset, rules) / rules.charge_eff
                shared[FULL, k] = full_kwh
                shared[TIME, k] = charging_h(ev, end_kwh, dataset, rules) / rules.dt_h
        room = room_kwh(run.position, ahead, run.last, dataset, rules)
        spare = room - level_out(n, shared[NEED], shared[TIME], shared[FULL], room, shared[TAKE])
        for k in range(n):
            shared[NEED, k] -= shared[TAKE, k]
            more = max(min(shared[EXTRA, k], shared[FULL, k] - shared[TAKE, k], spare), 0.0)
            shared[EXTRA, k] -= more
            spare -= more


@njit(internal=True)
def keep_promises(b: int, dataset: Dataset, rules: Rules, state: State) -> None:
    """Raise the least loads of the coming step to what keeps all promises.

    The limits of each car are there already, as they are without any guarantee.
    """
    if len(rules.groups) > 0:
        keep_reservations(b, rules.has_groups, dataset, rules, state)
        return
    n, shared = state.run[b].connected, state.shared[b]
    horizon = _fill_needs(b, n, rules, state)
    for k in range(n):
        ev = state.ev[b, state.lot[b, k]]
        shared[EXTRA, k] = _charged_again_kwh(ev, -ev.lo_kwh, rules)
    _serve_backwards(b, n, horizon, 1, dataset, rules, state)
    for k in range(n):
        ev = state.ev[b, state.lot[b, k]]
        if shared[NEED, k] > ROUNDING_KWH:
            ev.lo_kwh = min(shared[NEED, k], ev.hi_kwh)
            continue
        all_kwh = _charged_again_kwh(ev, -ev.lo_kwh, rules)
        served_kwh = all_kwh - shared[EXTRA, k]
        spare_kwh = max(ev.energy_kwh - ev.promise_kwh, 0.0) + served_kwh * rules.charge_eff
        ev.lo_kwh = max(ev.lo_kwh, -spare_kwh * rules.discharge_eff)


@njit(internal=True)
def _charged_again_kwh(ev: Record, given_kwh: float, rules: Rules) -> float:
    """What must be charged at the meter to keep the promise after so much is given."""
    spare_kwh = max(ev.energy_kwh - ev.promise_kwh, 0.0)
    return max(given_kwh / rules.discharge_eff - spare_kwh, 0.0) / rules.charge_eff

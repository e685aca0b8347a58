"""The clock: one step of every run, as named stages in the order of the world.

departures - arrivals - (decision) - bids - dispatch - settlement - next step
"""

from __future__ import annotations

import numpy as np

from vpp_gym.arrays import Floats, Ints
from vpp_gym.contracts.choice import pay_eur_per_kwh
from vpp_gym.fleet.battery import stored_after_kwh
from vpp_gym.fleet.envelope import dispatch_limits_kwh
from vpp_gym.fleet.laxity import laxity_h
from vpp_gym.fleet.standby import standby_of_kwh
from vpp_gym.kernels import njit
from vpp_gym.markets.ledger import COLUMN
from vpp_gym.markets.settlement import imbalance_eur
from vpp_gym.simulation.charging import charging_h, gain_before_kwh, step_kwh
from vpp_gym.simulation.contracting import designed
from vpp_gym.simulation.dataset import Dataset
from vpp_gym.simulation.limits_ahead import is_limited
from vpp_gym.simulation.site import book_site, measure_site, open_site, share_connection
from vpp_gym.simulation.state import Rules, State, fetch_ahead
from vpp_gym.simulation.visits import arrive, clear, close, depart, foresee
from vpp_gym.views import LOAD_MEMORY_DAYS

FAR = 2**31
"""A position behind all others."""


@njit
def begin(
    dataset: Dataset,
    rules: Rules,
    state: State,
    runs: Ints,
    scenarios: Ints,
    starts: Ints,
    ends: Ints,
) -> None:
    """Set runs to an empty lot at their start, with the arrivals of that step.

    Args:
        dataset: the scenarios.
        rules: parameters.
        state: changed in place.
        runs: (n,) rows of the batch.
        scenarios: (n,) place of the scenario in the dataset.
        starts: (n,) positions of the first step.
        ends: (n,) positions before which the runs end.
    """
    for k in range(len(runs)):
        b = runs[k]
        run = state.run[b]
        run.start, run.position, run.end = starts[k], starts[k], ends[k]
        run.first = dataset.first_step[scenarios[k]]
        run.last = dataset.first_step[scenarios[k] + 1] - 1
        for j in range(run.connected):  # free chargers are clear
            i = state.lot[b, j]
            state.occupied[b, i] = False
            clear(state.ev[b, i])
        run.connected = 0
        if designed(b, rules, state):
            foresee(b, dataset, rules, state)
        _forget(b, state)
        run.participation = rules.participation
        open_site(b, dataset, rules, state)
        arrive(b, dataset, rules, state, state.pending[b])
        measure(b, dataset, rules, state)


@njit(internal=True)
def _forget(b: int, state: State) -> None:
    """Clear what a run has committed, learnt and counted."""
    for k in range(state.da_sold_kwh.shape[2]):
        state.da_sold_kwh[b, 0, k], state.da_sold_kwh[b, 1, k] = 0.0, 0.0
    for k in range(state.expected_load_kwh.shape[1]):
        state.expected_load_kwh[b, k] = 0.0
        state.expected_take_kwh[b, k], state.expected_give_kwh[b, k] = 0.0, 0.0
        state.load_days[b, k] = 0
    for d in range(state.known.shape[1]):
        known = state.known[b, d]
        known.left_kwh, known.visits, known.stay_steps, known.early_steps = np.nan, 0, 0, 0
    for k in range(state.accepted.shape[1]):
        state.accepted[b, k] = 0
    for k in range(state.pending.shape[1]):
        state.pending[b, k] = 0.0


@njit
def transition(
    dataset: Dataset,
    rules: Rules,
    state: State,
    net_load_kwh: Floats,
    bids_kwh: Floats,
    record: Floats,
) -> None:
    """Advance every run by one step; runs that have ended stand still.

    Args:
        dataset: the scenarios.
        rules: parameters.
        state: changed in place.
        net_load_kwh: (B, N) dispatch at the meter, within the step's limits.
        bids_kwh: (B, S) schedule for tomorrow, + sells; read at the gate.
        record: (B, K) result: what the step booked, by `TERMS`.
    """
    for b in range(len(state.run)):
        step_run(b, dataset, rules, state, net_load_kwh[b], bids_kwh[b], record[b])


@njit(inline="always")
def step_run(
    b: int,
    dataset: Dataset,
    rules: Rules,
    state: State,
    net_load_kwh: Floats,
    bids_kwh: Floats,
    row: Floats,
) -> None:
    """Advance run b by one step; see `transition`, of whose arrays these are the rows."""
    run = state.run[b]
    t = run.position
    for k in range(len(row)):
        row[k] = state.pending[b, k]
        state.pending[b, k] = 0.0
    if t < run.end:
        if dataset.period[t] == rules.gate_period:
            for k in range(len(bids_kwh)):
                state.da_sold_kwh[b, 1, k] = bids_kwh[k]
        share_connection(b, t, dataset.has_site, dataset, rules, state, net_load_kwh)
        load_kwh = _dispatch(b, dataset.da_eur_per_kwh[t], rules, state, net_load_kwh, row)
        load_kwh = book_site(b, t, dataset.has_site, dataset, rules, state, load_kwh, row)
        _settle(b, t, dataset, state, load_kwh, row)
        _learn_load(b, dataset.period[t], state, load_kwh)
        run.position = t + 1
        if run.next_leaves <= run.position:
            depart(b, dataset, rules, state, row)
        if t + 1 < run.end:
            if t + 1 == dataset.steps[t].today_end:
                for k in range(state.da_sold_kwh.shape[2]):
                    state.da_sold_kwh[b, 0, k] = state.da_sold_kwh[b, 1, k]
                    state.da_sold_kwh[b, 1, k] = 0.0
            arrive(b, dataset, rules, state, row)
        else:
            close(b, dataset, rules, state, row)
        measure(b, dataset, rules, state)


@njit(inline="always")
def _dispatch(
    b: int, da: float, rules: Rules, state: State, net_load_kwh: Floats, row: Floats
) -> float:
    charged_kwh, discharged_kwh, standby_kwh, paid_eur = 0.0, 0.0, 0.0, 0.0
    n = state.run[b].connected
    for k in range(n):
        fetch_ahead(b, k, n, state)
        i = state.lot[b, k]
        ev = state.ev[b, i]
        x = min(max(net_load_kwh[i], ev.lo_kwh), ev.hi_kwh)
        ev.energy_kwh = stored_after_kwh(ev.energy_kwh, x, rules.charge_eff, rules.discharge_eff)
        standby_kwh += standby_of_kwh(x, rules.least_kwh, rules.standby_kwh)
        if x >= 0.0:
            charged_kwh += x
        else:
            discharged_kwh -= x
            ev.discharged_kwh -= x
            pay_eur = -x * pay_eur_per_kwh(
                ev.tariff_eur_per_kwh, ev.margin, ev.min_price_eur_per_kwh, da
            )
            ev.earned_eur += pay_eur
            paid_eur += pay_eur
            ev.contract_kwh = max(ev.contract_kwh + x, 0.0)
    row[COLUMN.charge_kwh] = charged_kwh
    row[COLUMN.discharge_kwh] = discharged_kwh
    row[COLUMN.standby_kwh] = standby_kwh
    row[COLUMN.wear_eur] = discharged_kwh * rules.wear_eur_per_kwh
    row[COLUMN.payoff_eur] -= paid_eur
    return charged_kwh - discharged_kwh + standby_kwh


@njit(inline="always")
def _settle(b: int, t: int, dataset: Dataset, state: State, load_kwh: float, row: Floats) -> None:
    step = dataset.steps[t]
    da_sold_kwh = state.da_sold_kwh[b, 0, dataset.slot[t]]
    im_sold_kwh = -da_sold_kwh - load_kwh
    row[COLUMN.da_sold_kwh] = da_sold_kwh
    row[COLUMN.im_sold_kwh] = im_sold_kwh
    row[COLUMN.da_eur] = da_sold_kwh * dataset.da_eur_per_kwh[t]
    row[COLUMN.im_eur] = imbalance_eur(im_sold_kwh, step.short_eur_per_kwh, step.long_eur_per_kwh)
    row[COLUMN.load_value_eur] = -load_kwh * step.reference_eur_per_kwh


@njit(inline="always")
def _learn_load(b: int, period: int, state: State, load_kwh: float) -> None:
    days = min(state.load_days[b, period] + 1, LOAD_MEMORY_DAYS)
    state.load_days[b, period] = days
    state.expected_load_kwh[b, period] += (load_kwh - state.expected_load_kwh[b, period]) / days
    take, give = state.expected_take_kwh, state.expected_give_kwh
    take[b, period] += (state.run[b].take_kwh - take[b, period]) / days
    give[b, period] += (state.run[b].give_kwh - give[b, period]) / days


@njit(inline="always")
def measure(b: int, dataset: Dataset, rules: Rules, state: State) -> None:
    """Limits and laxity of every EV, and the fleet's envelope, for the coming step."""
    # Two copies of one loop: where no car tapers it has no calls, and its sums stay in registers.
    if dataset.curves.shape[2] == 0:
        _measure_cars(b, dataset, rules, state)
    else:
        _measure_cars(b, dataset, rules, state)
    measure_site(b, dataset.has_site, dataset, rules, state)


@njit(inline="always")
def _measure_cars(b: int, dataset: Dataset, rules: Rules, state: State) -> None:
    """`measure` without what lies between the cars and the grid."""
    run = state.run[b]
    t = run.position
    da = dataset.da_eur_per_kwh[min(t, run.last)]
    fleet_lo, fleet_idle, fleet_hi = 0.0, 0.0, 0.0
    take, give, progress = 0.0, 0.0, 0.0
    next_leaves = FAR
    guarded = rules.guarantee and not is_limited(min(t, run.last), dataset.has_site, dataset)
    for k in range(run.connected):
        fetch_ahead(b, k, run.connected, state)
        ev = state.ev[b, state.lot[b, k]]
        # No jumps that depend on the car: guessing them wrong costs more than the numbers.
        running = t < ev.contract_end
        is_open = running & (t >= ev.contract_start)
        active = is_open & (da >= ev.min_price_eur_per_kwh)
        next_leaves = min(next_leaves, ev.leaves)
        steps_left = max(ev.departure - t, 1)  # who is late may leave at any time
        give_kwh = ev.discharge_kw * rules.dt_h
        take += ev.charge_kw * rules.dt_h
        give += give_kwh * is_open
        progress += min(ev.energy_kwh, ev.target_kwh) - min(ev.arrival_kwh, ev.target_kwh)
        needed_kwh = -np.inf
        if guarded:
            later_kwh = gain_before_kwh(ev, ev.target_kwh, steps_left - 1, dataset, rules)
            needed_kwh = ev.target_kwh - later_kwh
        lo, hi = dispatch_limits_kwh(
            ev.energy_kwh,
            needed_kwh,
            max(ev.min_kwh, ev.keep_kwh),
            ev.battery_max_kwh if running else ev.target_kwh,
            step_kwh(ev, dataset, rules),
            give_kwh * active,
            ev.contract_kwh,
            rules.charge_eff,
            rules.discharge_eff,
        )
        ev.lo_kwh, ev.hi_kwh = lo, hi
        left_h = steps_left * rules.dt_h
        ev.laxity_h = laxity_h(left_h, charging_h(ev, ev.target_kwh, dataset, rules))
        fleet_lo += lo
        fleet_idle += min(max(0.0, lo), hi)
        fleet_hi += hi
    run.fleet_lo_kwh, run.fleet_idle_kwh, run.fleet_hi_kwh = fleet_lo, fleet_idle, fleet_hi
    run.take_kwh, run.give_kwh, run.progress_kwh = take, give, progress
    run.next_leaves = next_leaves

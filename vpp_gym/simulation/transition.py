"""The clock: one step of every run, as named stages in the order of the world.

departures - arrivals - (decision) - bids - dispatch - settlement - next step
"""

from __future__ import annotations

from typing import Any

import numpy as np

from vpp_gym.arrays import Floats, Ints
from vpp_gym.contracts.choice import pay_eur_per_kwh
from vpp_gym.fleet.battery import stored_after_kwh
from vpp_gym.fleet.disaggregation import EARLIEST_DEPARTURE, PROPORTIONAL, hand_out
from vpp_gym.fleet.envelope import dispatch_limits_kwh
from vpp_gym.fleet.laxity import laxity_h, on_grid
from vpp_gym.kernels import njit
from vpp_gym.markets.ledger import COLUMN
from vpp_gym.markets.settlement import imbalance_eur
from vpp_gym.simulation.arguments import TOLERANCE_KWH
from vpp_gym.simulation.charging import charging_h, gain_before_kwh, gain_kwh, step_kwh
from vpp_gym.simulation.contracting import due_at_kwh, offer_contract, pay_owner, share_of_window
from vpp_gym.simulation.dataset import Dataset
from vpp_gym.simulation.groups import narrow_limits
from vpp_gym.simulation.limits_ahead import is_limited
from vpp_gym.simulation.room import make_promise
from vpp_gym.simulation.site import (
    book_site,
    close_site,
    measure_site,
    open_site,
    share_connection,
)
from vpp_gym.simulation.state import Rules, Scratch, State
from vpp_gym.views import LOAD_MEMORY_DAYS

Record = Any
"""One row of a record array: EV or SESSION, changed in place."""


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
        run.connected = 0
        for i in range(state.occupied.shape[1]):
            state.occupied[b, i] = False
            _clear(state.ev[b, i])
        _forget(b, state)
        run.participation = rules.participation
        open_site(b, dataset, rules, state)
        _arrive(b, dataset, rules, state, state.pending[b])
        _measure(b, dataset, rules, state)


@njit
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
        if len(dataset.site) > 0:
            share_connection(b, t, dataset, rules, state, net_load_kwh)
        load_kwh = _dispatch(b, dataset.da_eur_per_kwh[t], rules, state, net_load_kwh, row)
        if len(dataset.site) > 0:
            load_kwh = book_site(b, t, dataset, rules, state, load_kwh, row)
        _settle(b, t, dataset, state, load_kwh, row)
        _learn_load(b, dataset.period[t], state, load_kwh)
        run.position = t + 1
        _depart(b, dataset, rules, state, row)
        if t + 1 < run.end:
            if t + 1 == dataset.steps[t].today_end:
                for k in range(state.da_sold_kwh.shape[2]):
                    state.da_sold_kwh[b, 0, k] = state.da_sold_kwh[b, 1, k]
                    state.da_sold_kwh[b, 1, k] = 0.0
            _arrive(b, dataset, rules, state, row)
        else:
            _close(b, dataset, rules, state, row)
        _measure(b, dataset, rules, state)


@njit
def disaggregate(
    rules: Rules, state: State, fleet_kwh: Floats, net_load_kwh: Floats, scratch: Scratch
) -> None:
    """Hand each fleet's net load to its EVs by the disaggregation rule.

    Args:
        rules: parameters.
        state: the batch.
        fleet_kwh: (B,) within the fleet's envelope.
        net_load_kwh: (B, N) result.
        scratch: working memory.
    """
    for b in range(len(fleet_kwh)):
        disaggregate_run(b, rules, state, fleet_kwh[b], net_load_kwh[b], scratch)


@njit(inline="always")
def disaggregate_run(
    b: int, rules: Rules, state: State, fleet_kwh: float, net_load_kwh: Floats, scratch: Scratch
) -> None:
    """Hand the net load of run b to its EVs; see `disaggregate`."""
    earliest = rules.disaggregation == EARLIEST_DEPARTURE
    proportional = rules.disaggregation == PROPORTIONAL
    n = state.run[b].connected
    for k in range(n):
        ev = state.ev[b, state.lot[b, k]]
        scratch.lo_kwh[k], scratch.hi_kwh[k] = ev.lo_kwh, ev.hi_kwh
        scratch.key[k] = float(ev.departure) if earliest else on_grid(ev.laxity_h)
    if len(rules.groups) > 0:
        narrow_limits(b, proportional, rules, state, fleet_kwh, scratch)
    hand_out(
        fleet_kwh,
        n,
        scratch.lo_kwh,
        scratch.hi_kwh,
        scratch.key,
        proportional,
        scratch.load_kwh,
        scratch.sorted_key,
        scratch.room_kwh,
    )
    for i in range(len(net_load_kwh)):
        net_load_kwh[i] = 0.0
    for k in range(n):
        net_load_kwh[state.lot[b, k]] = scratch.load_kwh[k]


@njit
def first_outside_limits(state: State, net_load_kwh: Floats) -> tuple[int, int]:
    """(run, charger) of the first net load outside its limits, or (-1, -1)."""
    for b in range(net_load_kwh.shape[0]):
        for i in range(net_load_kwh.shape[1]):
            x = net_load_kwh[b, i]
            above_lo = x >= state.ev[b, i].lo_kwh - TOLERANCE_KWH
            if not (above_lo and x <= state.ev[b, i].hi_kwh + TOLERANCE_KWH):
                return b, i
    return -1, -1


@njit(inline="always")
def _dispatch(
    b: int, da: float, rules: Rules, state: State, net_load_kwh: Floats, row: Floats
) -> float:
    charged_kwh, discharged_kwh, paid_eur = 0.0, 0.0, 0.0
    for k in range(state.run[b].connected):
        i = state.lot[b, k]
        ev = state.ev[b, i]
        x = min(max(net_load_kwh[i], ev.lo_kwh), ev.hi_kwh)
        ev.energy_kwh = stored_after_kwh(ev.energy_kwh, x, rules.charge_eff, rules.discharge_eff)
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
    row[COLUMN.wear_eur] = discharged_kwh * rules.wear_eur_per_kwh
    row[COLUMN.payoff_eur] -= paid_eur
    return charged_kwh - discharged_kwh


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
def bid_lo_kwh(b: int, period: int, rules: Rules, state: State) -> float:
    """Least bid of a period: minus what may be bought."""
    limit_kwh = rules.bid_limit_kwh + state.site[b].take_rated_kwh
    if not rules.bids_by_cars:
        return -limit_kwh
    return -min(state.expected_take_kwh[b, period], limit_kwh)


@njit(inline="always")
def bid_hi_kwh(b: int, period: int, rules: Rules, state: State) -> float:
    """Largest bid of a period: what may be sold."""
    limit_kwh = rules.bid_limit_kwh + state.site[b].give_rated_kwh
    if not rules.bids_by_cars:
        return limit_kwh
    return min(state.expected_give_kwh[b, period], limit_kwh)


@njit
def bid_limits(rules: Rules, state: State, lo_kwh: Floats, hi_kwh: Floats) -> None:
    """Fill (B, L) least and largest bids of every period, + sells."""
    for b in range(lo_kwh.shape[0]):
        for k in range(lo_kwh.shape[1]):
            lo_kwh[b, k] = bid_lo_kwh(b, k, rules, state)
            hi_kwh[b, k] = bid_hi_kwh(b, k, rules, state)


@njit(inline="always")
def _depart(b: int, dataset: Dataset, rules: Rules, state: State, row: Floats) -> None:
    run = state.run[b]
    shortfall_eur_per_kwh = dataset.steps[min(run.position, run.last)].shortfall_eur_per_kwh
    staying = 0
    for k in range(run.connected):
        i = state.lot[b, k]
        ev = state.ev[b, i]
        if ev.leaves > run.position:
            state.lot[b, staying] = i
            staying += 1
            continue
        due_kwh = due_at_kwh(ev, run.position, dataset, rules)
        share = rules.early_shortfall_share if run.position < ev.departure else 1.0
        penalty = share * shortfall_eur_per_kwh
        _book_service(ev, run.position, due_kwh, ev.energy_kwh, penalty, dataset, rules, row)
        if ev.contract_end > 0:
            row[COLUMN.payoff_eur] -= pay_owner(ev, run, rules)
        state.occupied[b, i] = False
        if state.known.shape[1] > 0:
            _note_visit(b, dataset.sessions[ev.session].driver, ev, run.position, state)
        _clear(ev)
    run.connected = staying


@njit
def _note_visit(b: int, driver: int, ev: Record, t: int, state: State) -> None:
    """Remember a visit that ends at t."""
    if driver < 0:
        return
    known = state.known[b, driver]
    known.left_kwh = ev.energy_kwh
    known.visits += 1
    known.stay_steps += t - ev.arrival
    known.early_steps += ev.departure - t


@njit
def _come_back(b: int, session: Record, rules: Rules, state: State, ev: Record) -> None:
    """A car of a known driver arrives with what it left with, minus the trip.

    Where the visit before is not over, or the car was turned away since, it comes as the
    scenario has it.
    """
    if session.driver < 0:
        return
    known = state.known[b, session.driver]
    left_kwh = known.left_kwh
    known.left_kwh = np.nan
    if rules.returning and not np.isnan(left_kwh):
        least_kwh = min(session.min_kwh, session.arrival_kwh)
        most_kwh = max(session.battery_max_kwh, session.arrival_kwh)
        ev.energy_kwh = min(max(left_kwh - session.trip_kwh, least_kwh), most_kwh)
        ev.arrival_kwh = ev.energy_kwh


@njit(inline="always")
def _book_service(
    ev: Record,
    t: int,
    due_kwh: float,
    stored_kwh: float,
    shortfall_eur_per_kwh: float,
    dataset: Dataset,
    rules: Rules,
    row: Floats,
) -> None:
    """Book what a driver gets and pays who leaves in step t with so much stored."""
    demand_kwh = max(due_kwh - ev.arrival_kwh, 0.0)
    unserved_kwh = max(due_kwh - stored_kwh, 0.0)
    limited_kwh = 0.0
    if len(dataset.site) > 0:
        steps = min(t, ev.departure) - ev.arrival
        reach_kwh = ev.arrival_kwh + gain_kwh(ev, ev.arrival_kwh, steps, dataset, rules)
        limited_kwh = min(unserved_kwh, max(min(due_kwh, reach_kwh) - ev.promise_kwh, 0.0))
    served_kwh = max(demand_kwh - unserved_kwh, 0.0)
    row[COLUMN.departures] += 1.0
    row[COLUMN.fully_served] += 1.0 if unserved_kwh <= TOLERANCE_KWH else 0.0
    row[COLUMN.demand_kwh] += demand_kwh
    row[COLUMN.served_kwh] += served_kwh
    row[COLUMN.unserved_kwh] += unserved_kwh
    row[COLUMN.retail_eur] += served_kwh / rules.charge_eff * rules.retail_eur_per_kwh
    row[COLUMN.limited_kwh] += limited_kwh
    row[COLUMN.shortfall_eur] -= (unserved_kwh - limited_kwh) * shortfall_eur_per_kwh
    row[COLUMN.limited_eur] -= limited_kwh * shortfall_eur_per_kwh


@njit(inline="always")
def _close(b: int, dataset: Dataset, rules: Rules, state: State, row: Floats) -> None:
    """Settle the cars that are connected when a run ends before its scenario does.

    The rest of a stay is taken to be charged until the declared departure, at the mean
    day-ahead price until then, as early or late as the stay was charged so far. Who leaves
    earlier leaves with what is stored by that time. So a run gains nothing from what it has not
    charged yet. What contracts have in the battery beyond the target is worth that price, less
    what the owner gets.
    """
    run = state.run[b]
    t = run.position
    for k in range(run.connected):
        ev = state.ev[b, state.lot[b, k]]
        rest = max(ev.departure - t, 0)
        price = _mean_price(dataset.da_eur_per_kwh, t, rest, run.last)
        missing_kwh = _charged_until(ev, t, rest, dataset, rules)
        due_kwh = due_at_kwh(ev, ev.leaves, dataset, rules)
        stored_kwh = ev.energy_kwh + missing_kwh
        shortfall = dataset.steps[min(t, run.last)].shortfall_eur_per_kwh
        share = rules.early_shortfall_share if ev.leaves < ev.departure else 1.0
        penalty = share * shortfall
        _book_service(ev, ev.leaves, due_kwh, stored_kwh, penalty, dataset, rules, row)
        row[COLUMN.carried_kwh] += missing_kwh / rules.charge_eff
        row[COLUMN.carried_eur] -= missing_kwh / rules.charge_eff * price
        if t < ev.contract_end:
            pay = pay_eur_per_kwh(ev.tariff_eur_per_kwh, ev.margin, ev.min_price_eur_per_kwh, price)
            beyond_kwh = max(ev.energy_kwh - ev.target_kwh, 0.0) * rules.discharge_eff
            row[COLUMN.carried_eur] += beyond_kwh * max(price - pay, 0.0)
        if ev.contract_end > 0:
            row[COLUMN.payoff_eur] -= ev.payoff_eur * share_of_window(ev, t)
    if len(dataset.site) > 0:
        close_site(b, dataset, rules, state, row)


@njit(inline="always")
def _charged_until(ev: Record, t: int, rest: int, dataset: Dataset, rules: Rules) -> float:
    """Energy that a car gets from step t until it leaves, if it goes on as so far [kWh].

    A car that was charged at full power since its arrival goes on at full power; one that has
    got nothing is charged as late as its target allows; between the two in proportion to what
    it has got of what it could have got.
    """
    most_kwh = gain_kwh(ev, ev.energy_kwh, rest, dataset, rules)
    missing_kwh = max(min(ev.target_kwh - ev.energy_kwh, most_kwh), 0.0)
    steps = min(ev.leaves - t, rest)
    earliest_kwh = min(missing_kwh, gain_kwh(ev, ev.energy_kwh, steps, dataset, rules))
    end_kwh = ev.energy_kwh + missing_kwh
    later_kwh = gain_before_kwh(ev, end_kwh, rest - steps, dataset, rules)
    latest_kwh = max(missing_kwh - later_kwh, 0.0)
    since_kwh = gain_kwh(ev, ev.arrival_kwh, t - ev.arrival, dataset, rules)
    could_kwh = min(since_kwh, ev.target_kwh - ev.arrival_kwh)
    share = 0.0
    if could_kwh > 0.0:
        share = min(max((ev.energy_kwh - ev.arrival_kwh) / could_kwh, 0.0), 1.0)
    return latest_kwh + share * (earliest_kwh - latest_kwh)


@njit
def _mean_price(da_eur_per_kwh: Floats, t: int, steps: int, last: int) -> float:
    """Mean day-ahead price of the steps from t on, as far as the scenario goes."""
    until = min(t + max(steps, 1), last + 1)
    if until <= t:
        return da_eur_per_kwh[last]
    price = 0.0
    for i in range(t, until):
        price += da_eur_per_kwh[i]
    return price / (until - t)


@njit(inline="always")
def _arrive(b: int, dataset: Dataset, rules: Rules, state: State, row: Floats) -> None:
    run = state.run[b]
    i, n_chargers = 0, state.occupied.shape[1]
    for s in range(dataset.first_session[run.position], dataset.first_session[run.position + 1]):
        row[COLUMN.arrivals] += 1.0
        while i < n_chargers and state.occupied[b, i]:
            i += 1
        if i == n_chargers:
            row[COLUMN.turned_away] += 1.0
            if state.known.shape[1] > 0 and dataset.sessions[s].driver >= 0:
                state.known[b, dataset.sessions[s].driver].left_kwh = np.nan
            continue
        ev = state.ev[b, i]
        _plug_in(ev, dataset.sessions[s], s, run.position)
        if state.known.shape[1] > 0:
            _come_back(b, dataset.sessions[s], rules, state, ev)
        if len(rules.charger_kw) > 0:
            ev.charge_kw = min(ev.charge_kw, rules.charger_kw[i])
            ev.discharge_kw = min(ev.discharge_kw, rules.charger_kw[i])
        state.occupied[b, i] = True
        state.lot[b, run.connected] = i
        run.connected += 1
        if len(dataset.site) > 0:
            make_promise(b, ev, dataset, rules, state)
        if dataset.sessions[s].interest_draw < run.participation and state.offers.shape[1] > 0:
            offer_contract(b, dataset, rules, state, ev, row)


@njit
def _plug_in(ev: Record, session: Record, s: int, t: int) -> None:
    ev.session = s
    ev.arrival = t
    ev.departure = session.departure
    ev.leaves = session.leaves
    ev.energy_kwh = session.arrival_kwh
    ev.arrival_kwh = session.arrival_kwh
    ev.target_kwh = session.target_kwh
    ev.promise_kwh = session.target_kwh
    ev.min_kwh = session.min_kwh
    ev.battery_max_kwh = session.battery_max_kwh
    ev.charge_kw = session.charge_kw
    ev.discharge_kw = session.discharge_kw


@njit(inline="always")
def _measure(b: int, dataset: Dataset, rules: Rules, state: State) -> None:
    """Limits and laxity of every EV, and the fleet's envelope, for the coming step."""
    run = state.run[b]
    t = run.position
    da = dataset.da_eur_per_kwh[min(t, run.last)]
    fleet_lo, fleet_idle, fleet_hi = 0.0, 0.0, 0.0
    take, give = 0.0, 0.0
    guarded = rules.guarantee
    if len(dataset.site) > 0:
        guarded = guarded and not is_limited(min(t, run.last), dataset)
    for k in range(run.connected):
        ev = state.ev[b, state.lot[b, k]]
        running = t < ev.contract_end
        active = running and t >= ev.contract_start and da >= ev.min_price_eur_per_kwh
        steps_left = max(ev.departure - t, 1)  # who is late may leave at any time
        take += ev.charge_kw * rules.dt_h
        give += ev.discharge_kw * rules.dt_h if running and t >= ev.contract_start else 0.0
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
            ev.discharge_kw * rules.dt_h,
            ev.contract_kwh if active else 0.0,
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
    run.take_kwh, run.give_kwh = take, give
    if len(dataset.site) > 0:
        measure_site(b, dataset, rules, state)


@njit
def _clear(ev: Record) -> None:
    ev.energy_kwh, ev.arrival_kwh, ev.target_kwh = 0.0, 0.0, 0.0
    ev.min_kwh, ev.battery_max_kwh = 0.0, 0.0
    ev.charge_kw, ev.discharge_kw = 0.0, 0.0
    ev.contract_kwh, ev.keep_kwh, ev.min_price_eur_per_kwh = 0.0, 0.0, 0.0
    ev.tariff_eur_per_kwh, ev.margin = 0.0, 0.0
    ev.payoff_eur, ev.earned_eur = 0.0, 0.0
    ev.discharged_kwh, ev.perceived_eur_per_kwh = 0.0, 0.0
    ev.lo_kwh, ev.hi_kwh, ev.laxity_h, ev.promise_kwh = 0.0, 0.0, 0.0, 0.0
    ev.arrival, ev.departure, ev.leaves = 0, 0, 0
    ev.contract_start, ev.contract_end = 0, 0
    ev.offer, ev.session = 0, 0

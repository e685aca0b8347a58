"""Cars come and go: what is noted when one arrives, and booked when one leaves."""

from __future__ import annotations

from typing import Any

import numpy as np

from vpp_gym.arrays import Floats
from vpp_gym.contracts.choice import pay_eur_per_kwh
from vpp_gym.kernels import Present, njit
from vpp_gym.markets.ledger import COLUMN
from vpp_gym.simulation.arguments import TOLERANCE_KWH
from vpp_gym.simulation.charging import gain_before_kwh, gain_kwh
from vpp_gym.simulation.contracting import (
    agree,
    due_at_kwh,
    note_deal,
    offer_contract,
    pay_owner,
    share_of_window,
)
from vpp_gym.simulation.dataset import Dataset
from vpp_gym.simulation.room import make_promise
from vpp_gym.simulation.site import close_site
from vpp_gym.simulation.state import Rules, State, fetch_ahead

Record = Any
"""One row of a record array: EV or SESSION, changed in place."""


@njit(inline="always")
def arrive(b: int, dataset: Dataset, rules: Rules, state: State, row: Floats) -> None:
    """Plug in who arrives in the present step of a run, or turn away; offer contracts."""
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
        plug_in(ev, dataset.sessions[s], s, run.position)
        if state.known.shape[1] > 0:
            _come_back(b, dataset.sessions[s], rules, state, ev)
        if len(rules.charger_kw) > 0:
            ev.charge_kw = min(ev.charge_kw, rules.charger_kw[i])
            ev.discharge_kw = min(ev.discharge_kw, rules.charger_kw[i])
        state.occupied[b, i] = True
        state.lot[b, run.connected] = i
        run.connected += 1
        make_promise(b, ev, dataset.has_site, dataset, rules, state)
        if dataset.sessions[s].interest_draw < run.participation and state.offers.shape[1] > 0:
            offer_contract(b, dataset, rules, state, ev, row)


@njit(internal=True)
def foresee(b: int, dataset: Dataset, rules: Rules, state: State) -> None:
    """Before a run, work out what those who will arrive sign, where that is not known yet.

    The first charger, which is free, is the working memory, and clear again afterwards.
    """
    run, ev = state.run[b], state.ev[b, 0]
    for t in range(run.start, run.end):
        for s in range(dataset.first_session[t], dataset.first_session[t + 1]):
            if dataset.deals[s].known == 0:
                clear(ev)
                plug_in(ev, dataset.sessions[s], s, t)
                note_deal(dataset.deals[s], agree(b, dataset, rules, state, ev), ev)
    clear(ev)


@njit(internal=True)
def plug_in(ev: Record, session: Record, s: int, t: int) -> None:
    """Note what is known of the car of session s, which arrives at t."""
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


@njit(internal=True)
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
def depart(b: int, dataset: Dataset, rules: Rules, state: State, row: Floats) -> None:
    """Unplug who leaves a run by its present step, and book what was theirs."""
    run = state.run[b]
    shortfall_eur_per_kwh = dataset.steps[min(run.position, run.last)].shortfall_eur_per_kwh
    staying = 0
    for k in range(run.connected):
        fetch_ahead(b, k, run.connected, state)
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
        clear(ev)
    run.connected = staying


@njit(internal=True)
def _note_visit(b: int, driver: int, ev: Record, t: int, state: State) -> None:
    """Remember a visit that ends at t."""
    if driver < 0:
        return
    known = state.known[b, driver]
    known.left_kwh = ev.energy_kwh
    known.visits += 1
    known.stay_steps += t - ev.arrival
    known.early_steps += ev.departure - t


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
    limited_kwh = _limited_kwh(ev, t, due_kwh, unserved_kwh, dataset.has_site, dataset, rules)
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


@njit(internal=True)
def _limited_kwh(
    ev: Record,
    t: int,
    due_kwh: float,
    unserved_kwh: float,
    has_site: Present,
    dataset: Dataset,
    rules: Rules,
) -> float:
    """What of a car's lack the connection had no room for."""
    if has_site is None:
        return 0.0
    steps = min(t, ev.departure) - ev.arrival
    reach_kwh = ev.arrival_kwh + gain_kwh(ev, ev.arrival_kwh, steps, dataset, rules)
    return min(unserved_kwh, max(min(due_kwh, reach_kwh) - ev.promise_kwh, 0.0))


@njit(inline="always")
def close(b: int, dataset: Dataset, rules: Rules, state: State, row: Floats) -> None:
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
        full_kwh = max(ev.charge_kw * rules.dt_h, rules.least_kwh)
        standby = rules.standby_kwh / full_kwh  # of each kWh
        row[COLUMN.carried_eur] -= missing_kwh / rules.charge_eff * (price * (1.0 + standby))
        if t < ev.contract_end:
            pay = pay_eur_per_kwh(ev.tariff_eur_per_kwh, ev.margin, ev.min_price_eur_per_kwh, price)
            beyond_kwh = max(ev.energy_kwh - ev.target_kwh, 0.0) * rules.discharge_eff
            row[COLUMN.carried_eur] += beyond_kwh * max(price - pay, 0.0)
        if ev.contract_end > 0:
            row[COLUMN.payoff_eur] -= ev.payoff_eur * share_of_window(ev, t)
    close_site(b, dataset.has_site, dataset, rules, state, row)


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


@njit(internal=True)
def _mean_price(da_eur_per_kwh: Floats, t: int, steps: int, last: int) -> float:
    """Mean day-ahead price of the steps from t on, as far as the scenario goes."""
    until = min(t + max(steps, 1), last + 1)
    if until <= t:
        return da_eur_per_kwh[last]
    price = 0.0
    for i in range(t, until):
        price += da_eur_per_kwh[i]
    return price / (until - t)


@njit
def clear(ev: Record) -> None:
    """Make the record that of a free charger."""
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

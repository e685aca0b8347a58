"""The clock: one step of every run, as named stages in the order of the world.

departures - arrivals - (decision) - bids - dispatch - settlement - next step
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from vpp_gym.contracts.choice import choose_contract, owner_type_index
from vpp_gym.fleet.battery import stored_after_kwh
from vpp_gym.fleet.disaggregation import EARLIEST_DEPARTURE, PROPORTIONAL, hand_out
from vpp_gym.fleet.envelope import dispatch_limits_kwh
from vpp_gym.fleet.laxity import dischargeable_kwh, laxity_h
from vpp_gym.markets.ledger import (
    ARRIVALS,
    CHARGE_KWH,
    CONTRACTS,
    DA_EUR,
    DA_SOLD_KWH,
    DEMAND_KWH,
    DEPARTURES,
    DISCHARGE_KWH,
    FULLY_SERVED,
    IM_EUR,
    IM_SOLD_KWH,
    LOAD_VALUE_EUR,
    PAYOFF_EUR,
    RETAIL_EUR,
    SERVED_KWH,
    SHORTFALL_EUR,
    TURNED_AWAY,
    UNSERVED_KWH,
    WEAR_EUR,
)
from vpp_gym.markets.settlement import imbalance_eur
from vpp_gym.simulation.bank import Bank
from vpp_gym.simulation.state import Rules, State

Floats = NDArray[np.float64]

TOLERANCE_KWH = 1e-6
"""Rounding allowed in a decision, and below which an EV counts as fully served."""

LOAD_MEMORY_DAYS = 20
"""The expected load is a mean over days, exponentially weighted beyond this many."""


@njit(cache=True)
def begin(b: int, bank: Bank, rules: Rules, state: State, start: int, end: int) -> None:
    """Set run b to an empty lot at `start`, with the arrivals of that step."""
    state.start[b], state.position[b], state.end[b] = start, start, end
    for i in range(state.occupied.shape[1]):
        _clear(b, i, state)
    state.da_sold_kwh[b] = 0.0
    state.expected_load_kwh[b] = 0.0
    state.load_days[b] = 0
    state.accepted[b] = 0
    state.pending[b] = 0.0
    if start < end:
        _arrive(b, bank, rules, state, state.pending[b])
    _measure(b, rules, state)


@njit(cache=True)
def transition(
    bank: Bank,
    rules: Rules,
    state: State,
    net_load_kwh: Floats,
    bids_kwh: Floats,
    record: Floats,
) -> None:
    """Advance every run by one step; runs that have ended stand still.

    Args:
        bank: the scenarios.
        rules: parameters.
        state: changed in place.
        net_load_kwh: (B, N) dispatch at the meter, within the step's limits.
        bids_kwh: (B, L) sheet for tomorrow, + sells; read at the gate.
        record: (B, K) result: what the step booked, by `TERMS`.
    """
    for b in range(len(state.position)):
        t = state.position[b]
        record[b] = state.pending[b]
        state.pending[b] = 0.0
        if t >= state.end[b]:
            continue
        if bank.line[t] == rules.gate_line:
            state.da_sold_kwh[b, 1] = bids_kwh[b]
        load_kwh = _dispatch(b, rules, state, net_load_kwh[b], record[b])
        _settle(b, t, bank, state, load_kwh, record[b])
        _learn_load(b, bank.line[t], state, load_kwh)
        state.position[b] = t + 1
        _depart(b, rules, state, record[b])
        if t + 1 < state.end[b]:
            if bank.day[t + 1] != bank.day[t]:
                state.da_sold_kwh[b, 0] = state.da_sold_kwh[b, 1]
                state.da_sold_kwh[b, 1] = 0.0
            _arrive(b, bank, rules, state, record[b])
        _measure(b, rules, state)


@njit(cache=True)
def disaggregate(
    rules: Rules, state: State, fleet_kwh: Floats, net_load_kwh: Floats, key: Floats, room: Floats
) -> None:
    """Hand each fleet's net load to its EVs by the disaggregation rule.

    Args:
        rules: parameters.
        state: the batch.
        fleet_kwh: (B,) within the fleet's envelope.
        net_load_kwh: (B, N) result.
        key: (N,) working memory.
        room: (N,) working memory.
    """
    earliest = rules.disaggregation == EARLIEST_DEPARTURE
    proportional = rules.disaggregation == PROPORTIONAL
    urgency = np.empty(state.occupied.shape[1])
    for b in range(len(fleet_kwh)):
        for i in range(len(urgency)):
            urgency[i] = float(state.departure[b, i]) if earliest else state.laxity_h[b, i]
        hand_out(
            fleet_kwh[b],
            state.occupied[b],
            state.lo_kwh[b],
            state.hi_kwh[b],
            urgency,
            proportional,
            net_load_kwh[b],
            key,
            room,
        )


@njit(cache=True)
def first_outside_limits(state: State, net_load_kwh: Floats) -> tuple[int, int]:
    """(run, charger) of the first net load outside its limits, or (-1, -1)."""
    for b in range(net_load_kwh.shape[0]):
        for i in range(net_load_kwh.shape[1]):
            x = net_load_kwh[b, i]
            above_lo = x >= state.lo_kwh[b, i] - TOLERANCE_KWH
            if not (above_lo and x <= state.hi_kwh[b, i] + TOLERANCE_KWH):
                return b, i
    return -1, -1


@njit(cache=True)
def _dispatch(b: int, rules: Rules, state: State, net_load_kwh: Floats, row: Floats) -> float:
    load_kwh = 0.0
    for i in range(state.occupied.shape[1]):
        if not state.occupied[b, i]:
            continue
        x = min(max(net_load_kwh[i], state.lo_kwh[b, i]), state.hi_kwh[b, i])
        state.stored_kwh[b, i] = stored_after_kwh(
            state.stored_kwh[b, i], x, rules.charge_eff, rules.discharge_eff
        )
        load_kwh += x
        if x >= 0.0:
            row[CHARGE_KWH] += x
        else:
            row[DISCHARGE_KWH] -= x
            row[WEAR_EUR] -= x * rules.wear_eur_per_kwh
            state.contract_kwh[b, i] = max(state.contract_kwh[b, i] + x, 0.0)
    return load_kwh


@njit(cache=True)
def _settle(b: int, t: int, bank: Bank, state: State, load_kwh: float, row: Floats) -> None:
    da_sold_kwh = state.da_sold_kwh[b, 0, bank.line[t]]
    im_sold_kwh = -da_sold_kwh - load_kwh
    row[DA_SOLD_KWH] = da_sold_kwh
    row[IM_SOLD_KWH] = im_sold_kwh
    row[DA_EUR] = da_sold_kwh * bank.da_eur_per_kwh[t]
    row[IM_EUR] = imbalance_eur(im_sold_kwh, bank.short_eur_per_kwh[t], bank.long_eur_per_kwh[t])
    row[LOAD_VALUE_EUR] = -load_kwh * bank.reference_eur_per_kwh[t]


@njit(cache=True)
def _learn_load(b: int, line: int, state: State, load_kwh: float) -> None:
    state.load_days[b, line] = min(state.load_days[b, line] + 1, LOAD_MEMORY_DAYS)
    step = 1.0 / state.load_days[b, line]
    state.expected_load_kwh[b, line] += step * (load_kwh - state.expected_load_kwh[b, line])


@njit(cache=True)
def _depart(b: int, rules: Rules, state: State, row: Floats) -> None:
    t = state.position[b]
    for i in range(state.occupied.shape[1]):
        if not state.occupied[b, i] or state.departure[b, i] > t:
            continue
        demand_kwh = max(state.target_kwh[b, i] - state.arrival_kwh[b, i], 0.0)
        shortfall_kwh = max(state.target_kwh[b, i] - state.stored_kwh[b, i], 0.0)
        served_kwh = max(demand_kwh - shortfall_kwh, 0.0)
        row[DEPARTURES] += 1.0
        row[FULLY_SERVED] += 1.0 if shortfall_kwh <= TOLERANCE_KWH else 0.0
        row[DEMAND_KWH] += demand_kwh
        row[SERVED_KWH] += served_kwh
        row[UNSERVED_KWH] += shortfall_kwh
        row[RETAIL_EUR] += served_kwh / rules.charge_eff * rules.retail_eur_per_kwh
        row[SHORTFALL_EUR] -= shortfall_kwh * rules.shortfall_eur_per_kwh
        row[PAYOFF_EUR] -= state.payoff_eur[b, i]
        _clear(b, i, state)


@njit(cache=True)
def _arrive(b: int, bank: Bank, rules: Rules, state: State, row: Floats) -> None:
    t = state.position[b]
    charger, n_chargers = 0, state.occupied.shape[1]
    for s in range(bank.first_session[t], bank.first_session[t + 1]):
        row[ARRIVALS] += 1.0
        while charger < n_chargers and state.occupied[b, charger]:
            charger += 1
        if charger == n_chargers:
            row[TURNED_AWAY] += 1.0
            continue
        _plug_in(b, charger, s, bank, state)
        _offer(b, charger, bank.owner_draw[s], rules, state, row)


@njit(cache=True)
def _plug_in(b: int, i: int, s: int, bank: Bank, state: State) -> None:
    state.occupied[b, i] = True
    state.session[b, i] = s
    state.departure[b, i] = bank.departure[s]
    state.stored_kwh[b, i] = bank.arrival_kwh[s]
    state.arrival_kwh[b, i] = bank.arrival_kwh[s]
    state.target_kwh[b, i] = bank.target_kwh[s]
    state.min_kwh[b, i] = bank.min_kwh[s]
    state.ceiling_kwh[b, i] = bank.ceiling_kwh[s]
    state.charge_kw[b, i] = bank.charge_kw[s]
    state.discharge_kw[b, i] = bank.discharge_kw[s]


@njit(cache=True)
def _offer(b: int, i: int, owner_draw: float, rules: Rules, state: State, row: Floats) -> None:
    """The menu, as far as it passes the entry checks, and the owner's choice."""
    if state.menu_term[b] == 0:
        return
    t = state.position[b]
    stay_h = (state.departure[b, i] - t) * rules.dt_h
    laxity = laxity_h(
        stay_h, state.stored_kwh[b, i], state.target_kwh[b, i], state.charge_kw[b, i], rules.charge_eff
    )
    chosen = choose_contract(
        owner_type_index(owner_draw, rules.cumulative_prob),
        state.menu_kwh[b],
        state.menu_eur[b],
        rules.owner_types,
        rules.wear_eur_per_kwh,
        stay_h,
        state.menu_term[b] * rules.dt_h,
        state.stored_kwh[b, i],
        dischargeable_kwh(
            laxity,
            state.charge_kw[b, i],
            state.discharge_kw[b, i],
            rules.charge_eff,
            rules.discharge_eff,
        ),
    )
    if chosen >= 0:
        state.contract_kwh[b, i] = state.menu_kwh[b, chosen]
        state.contract_end[b, i] = t + state.menu_term[b]
        state.payoff_eur[b, i] = state.menu_eur[b, chosen]
        state.accepted[b, chosen] += 1
        row[CONTRACTS] += 1.0


@njit(cache=True)
def _measure(b: int, rules: Rules, state: State) -> None:
    """Limits and laxity of every EV, and the fleet's envelope, for the coming step."""
    t = state.position[b]
    fleet_lo, fleet_idle, fleet_hi = 0.0, 0.0, 0.0
    for i in range(state.occupied.shape[1]):
        if not state.occupied[b, i]:
            continue
        running = t < state.contract_end[b, i]
        steps_left = state.departure[b, i] - t
        lo, hi = dispatch_limits_kwh(
            state.stored_kwh[b, i],
            state.target_kwh[b, i],
            state.min_kwh[b, i],
            state.ceiling_kwh[b, i] if running else state.target_kwh[b, i],
            state.charge_kw[b, i] * rules.dt_h,
            state.discharge_kw[b, i] * rules.dt_h,
            state.contract_kwh[b, i] if running else 0.0,
            steps_left,
            rules.charge_eff,
            rules.discharge_eff,
            rules.guarantee,
        )
        state.lo_kwh[b, i], state.hi_kwh[b, i] = lo, hi
        state.laxity_h[b, i] = laxity_h(
            steps_left * rules.dt_h,
            state.stored_kwh[b, i],
            state.target_kwh[b, i],
            state.charge_kw[b, i],
            rules.charge_eff,
        )
        fleet_lo += lo
        fleet_idle += min(max(0.0, lo), hi)
        fleet_hi += hi
    state.envelope_kwh[b, 0] = fleet_lo
    state.envelope_kwh[b, 1] = fleet_idle
    state.envelope_kwh[b, 2] = fleet_hi


@njit(cache=True)
def _clear(b: int, i: int, state: State) -> None:
    state.occupied[b, i] = False
    state.session[b, i] = 0
    state.departure[b, i] = 0
    state.stored_kwh[b, i] = 0.0
    state.arrival_kwh[b, i] = 0.0
    state.target_kwh[b, i] = 0.0
    state.min_kwh[b, i] = 0.0
    state.ceiling_kwh[b, i] = 0.0
    state.charge_kw[b, i] = 0.0
    state.discharge_kw[b, i] = 0.0
    state.contract_kwh[b, i] = 0.0
    state.contract_end[b, i] = 0
    state.payoff_eur[b, i] = 0.0
    state.lo_kwh[b, i] = 0.0
    state.hi_kwh[b, i] = 0.0
    state.laxity_h[b, i] = 0.0

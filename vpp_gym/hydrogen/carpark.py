"""Model 1, the car park: state, and what happens in an hour, for a batch of runs.

In hour t: cars that leave refill; cars that come plug in; what was sold for this
hour is served by plugged-in cars, cheapest contract first; the electrolyser uses
what was bought; everything is settled. At 12:00 the sheet for tomorrow is cleared.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from vpp_gym.hydrogen.calendar import HOURS
from vpp_gym.hydrogen.carpark_views import SheetLines
from vpp_gym.hydrogen.fuel_cell import available_kwh, electrolysed_kg, hydrogen_kg
from vpp_gym.hydrogen.params import CarParkParams
from vpp_gym.hydrogen.price_contracts import driver_margin, pay_eur_per_kwh

Floats = NDArray[np.float64]

MONEY = (
    "v2g_eur",
    "driver_pay_eur",
    "short_eur",
    "power_eur",
    "unused_eur",
    "hydrogen_eur",
    "trailer_eur",
    "stock_eur",
)
"""Money of the aggregator; the sum is its profit and the reward. Costs are negative."""

TERMS = (
    *MONEY,
    "driver_profit_eur",
    "potential_profit_eur",
    "sold_kwh",
    "v2g_kwh",
    "short_kwh",
    "below_min_price_kwh",
    "bought_kwh",
    "unused_kwh",
    "produced_kg",
    "trailer_kg",
    "refilled_kg",
    "driven_kg",
    "used_kg",
    "plugged_in",
)
"""Columns of an hour's record."""

(
    V2G_EUR,
    DRIVER_PAY_EUR,
    SHORT_EUR,
    POWER_EUR,
    UNUSED_EUR,
    HYDROGEN_EUR,
    TRAILER_EUR,
    STOCK_EUR,
    DRIVER_PROFIT_EUR,
    POTENTIAL_PROFIT_EUR,
    SOLD_KWH,
    V2G_KWH,
    SHORT_KWH,
    BELOW_MIN_PRICE_KWH,
    BOUGHT_KWH,
    UNUSED_KWH,
    PRODUCED_KG,
    TRAILER_KG,
    REFILLED_KG,
    DRIVEN_KG,
    USED_KG,
    PLUGGED_IN,
) = range(len(TERMS))

MEANINGS = {
    "v2g_eur": "V2G sold day-ahead times the day-ahead price",
    "driver_pay_eur": "paid to drivers for V2G",
    "short_eur": "what was sold and not delivered, bought back at the price and the penalty",
    "power_eur": "electricity bought for the electrolyser",
    "unused_eur": "what was bought and not used, sold at the price less the penalty",
    "hydrogen_eur": "hydrogen that drivers refill, at its price",
    "trailer_eur": "hydrogen brought in because the store was empty",
    "stock_eur": "change of the store's hydrogen, at its price",
    "driver_profit_eur": "pay less the cost of V2G, of all drivers; not part of the reward",
    "potential_profit_eur": "the same, had every margin been the highest",
    "sold_kwh": "V2G sold day-ahead for the hour",
    "v2g_kwh": "of it, delivered",
    "short_kwh": "of it, not delivered",
    "below_min_price_kwh": "delivered by cars whose minPrice is above the market price",
    "bought_kwh": "electricity bought day-ahead",
    "unused_kwh": "of it, not used because the store was full",
    "produced_kg": "hydrogen made by the electrolyser",
    "trailer_kg": "hydrogen brought in",
    "refilled_kg": "hydrogen refilled by drivers",
    "driven_kg": "hydrogen used by driving",
    "used_kg": "hydrogen used for V2G",
    "plugged_in": "cars plugged in, summed over the hours",
}


class Bank(NamedTuple):
    """What K worlds bring along; the same shapes in all.

    Attributes:
        da: (K, hours) day-ahead price, EUR/kWh.
        parked: (K, n, hours) the car is plugged in.
        trip_kg: (K, n, days) hydrogen used before the stay that begins on this day.
        usual_kg: (K, n) level to which a driver refills.
        min_price: (K, n) EUR/kWh.
    """

    da: Floats
    parked: NDArray[np.bool_]
    trip_kg: Floats
    usual_kg: Floats
    min_price: Floats


class Rules(NamedTuple):
    """Numbers of `CarParkParams` that the hour needs."""

    kwh_per_kg: float
    v2g_kw: float
    cost_eur_per_kwh: float
    tank_kg: float
    reserve_kg: float
    hydrogen_eur_per_kg: float
    hhv_kwh_per_kg: float
    electrolyser_eff: float
    store_kg: float
    penalty_eur_per_kwh: float
    tier_levels: Floats
    tier_margins: Floats


class State(NamedTuple):
    """All that changes, for B runs.

    Attributes:
        world: (B,) which of the bank's worlds.
        hour: (B,) of the world.
        tank_kg: (B, n).
        plugged: (B, n) was plugged in during the last hour.
        plug_in_kg: (B, n) level at the last plug-in; before the first, the usual level.
        margin: (B, n) of the present or last stay.
        stock_kg: (B,) in the store.
        v2g_kwh: (B, 2, 24) sold for even and odd days.
        power_kwh: (B, 2, 24) bought for even and odd days.
        earned_eur: (B, n) each driver's pay less the cost of V2G so far.
        given_kwh: (B, n) each driver's V2G so far.
    """

    world: NDArray[np.int64]
    hour: NDArray[np.int64]
    tank_kg: Floats
    plugged: NDArray[np.bool_]
    plug_in_kg: Floats
    margin: Floats
    stock_kg: Floats
    v2g_kwh: Floats
    power_kwh: Floats
    earned_eur: Floats
    given_kwh: Floats


def rules_of(params: CarParkParams) -> Rules:
    """The numbers of the hour."""
    cell, contract = params.fuel_cell, params.contract
    return Rules(
        kwh_per_kg=cell.kwh_per_kg,
        v2g_kw=cell.v2g_kw,
        cost_eur_per_kwh=cell.v2g_cost_eur_per_kwh,
        tank_kg=cell.tank_kg,
        reserve_kg=contract.reserve_kg,
        hydrogen_eur_per_kg=cell.hydrogen_eur_per_kg,
        hhv_kwh_per_kg=cell.hhv_kwh_per_kg,
        electrolyser_eff=params.electrolyser.efficiency,
        store_kg=params.electrolyser.store_kg,
        penalty_eur_per_kwh=params.market.penalty_eur_per_kwh,
        tier_levels=np.array(contract.tier_levels, dtype=np.float64),
        tier_margins=np.array(contract.tier_margins, dtype=np.float64),
    )


def empty_state(n_runs: int, n_cars: int) -> State:
    """A state to be placed with `place`."""
    cars = (n_runs, n_cars)
    return State(
        world=np.zeros(n_runs, np.int64),
        hour=np.zeros(n_runs, np.int64),
        tank_kg=np.zeros(cars),
        plugged=np.zeros(cars, np.bool_),
        plug_in_kg=np.zeros(cars),
        margin=np.zeros(cars),
        stock_kg=np.zeros(n_runs),
        v2g_kwh=np.zeros((n_runs, 2, HOURS)),
        power_kwh=np.zeros((n_runs, 2, HOURS)),
        earned_eur=np.zeros(cars),
        given_kwh=np.zeros(cars),
    )


def place(state: State, bank: Bank, run: int, world: int, hour: int, stock_kg: float) -> None:
    """Begin a run: tanks at their usual level, nothing sold, cars yet to plug in."""
    for field in ("plugged", "margin", "v2g_kwh", "power_kwh", "earned_eur", "given_kwh"):
        getattr(state, field)[run] = 0
    state.world[run], state.hour[run] = world, hour
    state.tank_kg[run] = state.plug_in_kg[run] = bank.usual_kg[world]
    state.stock_kg[run] = stock_kg


@njit(cache=True)
def refill(k: int, r: int, bank: Bank, rules: Rules, state: State, record: Floats) -> None:
    """Cars that leave refill to their usual level, from the store as far as it lasts."""
    t = state.hour[r]
    for i in range(state.tank_kg.shape[1]):
        if not state.plugged[r, i] or bank.parked[k, i, t]:
            continue
        state.plugged[r, i] = False
        missing_kg = max(bank.usual_kg[k, i] - state.tank_kg[r, i], 0.0)
        state.tank_kg[r, i] += missing_kg
        from_store_kg = min(missing_kg, state.stock_kg[r])
        state.stock_kg[r] -= from_store_kg
        record[REFILLED_KG] += missing_kg
        record[TRAILER_KG] += missing_kg - from_store_kg
    record[HYDROGEN_EUR] = rules.hydrogen_eur_per_kg * record[REFILLED_KG]
    record[TRAILER_EUR] = -rules.hydrogen_eur_per_kg * record[TRAILER_KG]


@njit(cache=True)
def plug_in(k: int, r: int, bank: Bank, rules: Rules, state: State, record: Floats) -> None:
    """Cars that come have driven; the level of their tank sets the margin of the stay."""
    t = state.hour[r]
    for i in range(state.tank_kg.shape[1]):
        if state.plugged[r, i] or not bank.parked[k, i, t]:
            continue
        driven_kg = min(bank.trip_kg[k, i, t // 24], state.tank_kg[r, i])
        state.tank_kg[r, i] -= driven_kg
        state.plugged[r, i] = True
        state.plug_in_kg[r, i] = state.tank_kg[r, i]
        level = state.tank_kg[r, i] / rules.tank_kg
        state.margin[r, i] = driver_margin(level, rules.tier_levels, rules.tier_margins)
        record[DRIVEN_KG] += driven_kg
    record[PLUGGED_IN] = state.plugged[r].sum()


@njit(cache=True)
def merit_order(prices: Floats, tank_kg: Floats, plugged: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Plugged-in cars, lowest minPrice first, among equals the fullest tank."""
    cars = np.flatnonzero(plugged)
    by_tank = cars[np.argsort(-tank_kg[cars], kind="mergesort")]
    return by_tank[np.argsort(prices[by_tank], kind="mergesort")]


@njit(cache=True)
def deliver(k: int, r: int, bank: Bank, rules: Rules, state: State, record: Floats) -> None:
    """Serve what was sold: cars below the market price first, then those above it.

    Source: Park Lee et al. 2018, Sec. 4.2; the order among cars is ours.
    """
    t = state.hour[r]
    market = bank.da[k, t]
    sold_kwh = state.v2g_kwh[r, (t // 24) % 2, t % 24]
    record[SOLD_KWH] = sold_kwh
    left_kwh = sold_kwh
    if sold_kwh > 0.0:
        top_margin = rules.tier_margins[-1]
        for i in merit_order(bank.min_price[k], state.tank_kg[r], state.plugged[r]):
            if left_kwh <= 1e-9:
                break
            could_kwh = available_kwh(
                state.tank_kg[r, i], rules.reserve_kg, rules.kwh_per_kg, rules.v2g_kw
            )
            given_kwh = min(could_kwh, left_kwh)
            left_kwh -= given_kwh
            min_price = bank.min_price[k, i]
            pay = given_kwh * pay_eur_per_kwh(market, min_price, state.margin[r, i])
            best = given_kwh * pay_eur_per_kwh(market, min_price, top_margin)
            cost = given_kwh * rules.cost_eur_per_kwh
            used_kg = hydrogen_kg(given_kwh, rules.kwh_per_kg)
            state.tank_kg[r, i] -= used_kg
            state.earned_eur[r, i] += pay - cost
            state.given_kwh[r, i] += given_kwh
            record[USED_KG] += used_kg
            record[V2G_KWH] += given_kwh
            record[DRIVER_PAY_EUR] -= pay
            record[DRIVER_PROFIT_EUR] += pay - cost
            record[POTENTIAL_PROFIT_EUR] += best - cost
            if min_price > market + 1e-12:
                record[BELOW_MIN_PRICE_KWH] += given_kwh
    record[SHORT_KWH] = sold_kwh - record[V2G_KWH]
    record[V2G_EUR] = market * sold_kwh
    record[SHORT_EUR] = -(market + rules.penalty_eur_per_kwh) * record[SHORT_KWH]


@njit(cache=True)
def electrolyse(k: int, r: int, bank: Bank, rules: Rules, state: State, record: Floats) -> None:
    """Use what was bought, as far as the store has room; the rest is sold at a penalty."""
    t = state.hour[r]
    market = bank.da[k, t]
    bought_kwh = state.power_kwh[r, (t // 24) % 2, t % 24]
    kg_per_kwh = electrolysed_kg(1.0, rules.electrolyser_eff, rules.hhv_kwh_per_kg)
    room_kg = max(rules.store_kg - state.stock_kg[r], 0.0)
    used_kwh = min(bought_kwh, room_kg / kg_per_kwh)
    state.stock_kg[r] += used_kwh * kg_per_kwh
    record[BOUGHT_KWH] = bought_kwh
    record[UNUSED_KWH] = bought_kwh - used_kwh
    record[PRODUCED_KG] = used_kwh * kg_per_kwh
    record[POWER_EUR] = -market * bought_kwh
    record[UNUSED_EUR] = (market - rules.penalty_eur_per_kwh) * record[UNUSED_KWH]


@njit(cache=True)
def advance_hour(r: int, bank: Bank, rules: Rules, state: State, record: Floats) -> None:
    """One hour of one run; writes the (len(TERMS),) record."""
    k = state.world[r]
    record[:] = 0.0
    before_kg = state.stock_kg[r]
    refill(k, r, bank, rules, state, record)
    plug_in(k, r, bank, rules, state, record)
    deliver(k, r, bank, rules, state, record)
    electrolyse(k, r, bank, rules, state, record)
    record[STOCK_EUR] = rules.hydrogen_eur_per_kg * (state.stock_kg[r] - before_kg)
    state.hour[r] += 1


@njit(cache=True)
def advance(
    hours: int,
    moves: NDArray[np.bool_],
    bank: Bank,
    rules: Rules,
    state: State,
    records: Floats,
) -> None:
    """Some hours of every run that moves; writes the (B, hours, len(TERMS)) records."""
    for r in range(len(moves)):
        if not moves[r]:
            continue
        for h in range(hours):
            advance_hour(r, bank, rules, state, records[r, h])


@njit(cache=True)
def clear_sheet(k: int, r: int, bank: Bank, state: State, lines: SheetLines) -> None:
    """Tomorrow's market: offers at or below the price sell, bids at or above it buy."""
    day = state.hour[r] // 24 + 1
    if 24 * day >= bank.da.shape[1]:
        return
    for h in range(24):
        price = bank.da[k, 24 * day + h]
        sells, buys = price >= lines.offer_limit[h], price <= lines.bid_limit[h]
        state.v2g_kwh[r, day % 2, h] = lines.offer_kwh[h] if sells else 0.0
        state.power_kwh[r, day % 2, h] = lines.bid_kwh[h] if buys else 0.0

"""Model 1, the car park: what happens in an hour, for a batch of runs.

In hour t: cars that leave refill; cars that come plug in; what was sold for this
hour is served by plugged-in cars, cheapest contract first; the electrolyser uses
what was bought; everything is settled. At 12:00 the sheet for tomorrow is cleared.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from vpp_gym.hydrogen.carpark_bank import Bank
from vpp_gym.hydrogen.carpark_state import Rules, SheetLines, State
from vpp_gym.hydrogen.carpark_terms import (
    BELOW_MIN_PRICE_KWH,
    BOUGHT_KWH,
    DRIVEN_KG,
    DRIVER_PAY_EUR,
    DRIVER_PROFIT_EUR,
    HYDROGEN_EUR,
    PLUGGED_IN,
    POTENTIAL_PROFIT_EUR,
    POWER_EUR,
    PRODUCED_KG,
    REFILLED_KG,
    SHORT_EUR,
    SHORT_KWH,
    SOLD_KWH,
    STOCK_EUR,
    TRAILER_EUR,
    TRAILER_KG,
    UNUSED_EUR,
    UNUSED_KWH,
    USED_KG,
    V2G_EUR,
    V2G_KWH,
)
from vpp_gym.hydrogen.fuel_cell import hydrogen_kg
from vpp_gym.hydrogen.stays import Cell, Paid, Service, leave, plug_in, serve, serving

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]
Mask = NDArray[np.bool_]


@njit(cache=True)
def advance(runs: Counts, bank: Bank, rules: Rules, state: State, records: Floats) -> None:
    """The next hours of some runs; writes the (R, hours, len(TERMS)) records."""
    for row, r in enumerate(runs):
        use_cars(r, bank, rules, state, records[row])
        use_store(r, bank, rules, state, records[row])
        state.hour[r] += records.shape[1]


@njit(cache=True)
def use_cars(r: int, bank: Bank, rules: Rules, state: State, records: Floats) -> None:
    """In every hour cars that leave refill, cars that come plug in, and V2G is delivered.

    Rows are taken out of the tuples once, as every access counts references, which
    costs more than the hour itself.
    """
    k, begun, first, cell = state.world[r], state.begun[r], state.hour[r], rules.cell
    leave_at, leaver = bank.leaves.first[k], bank.leaves.car
    come_at, comer = bank.comes.first[k], bank.comes.car
    usual_kg, trip_kg, da = bank.usual_kg[k], bank.trip_kg[k], bank.da[k]
    order, tie_end, min_price = bank.order[k], bank.tie_end[k], bank.min_price[k]
    tank_kg, plugged, plug_in_kg = state.tank_kg[r], state.plugged[r], state.plug_in_kg[r]
    margin, earned_eur, given_kwh = state.margin[r], state.earned_eur[r], state.given_kwh[r]
    tiers, n_plugged, v2g_kwh = rules.tiers, state.n_plugged[r], state.v2g_kwh[r]
    for h in range(len(records)):
        t, record = first + h, records[h]
        if t > begun:
            cars = leaver[leave_at[t] : leave_at[t + 1]]
            n_plugged -= len(cars)
            record[REFILLED_KG] = leave(cars, usual_kg, tank_kg, plugged)
            cars = comer[come_at[t] : come_at[t + 1]]
        else:
            cars = np.flatnonzero(bank.parked[k, :, t])
        n_plugged += len(cars)
        record[PLUGGED_IN] = n_plugged
        record[DRIVEN_KG] = plug_in(
            cars, trip_kg[t // 24], cell.tank_kg, tiers, tank_kg, plugged, plug_in_kg, margin
        )
        sold_kwh = v2g_kwh[(t // 24) % 2, t % 24]
        if sold_kwh > 0.0:
            cars = serving(order, tie_end, sold_kwh, cell, tank_kg, plugged)
            paid = Paid(min_price, margin, tiers.margins[-1])
            done = serve(cars, sold_kwh, da[t], cell, paid, tank_kg, earned_eur, given_kwh)
            book_v2g(sold_kwh, da[t], done, rules.penalty_eur_per_kwh, cell, record)
    state.n_plugged[r] = n_plugged


@njit(cache=True)
def book_v2g(
    sold_kwh: float, market: float, done: Service, penalty: float, cell: Cell, record: Floats
) -> None:
    """What was sold at the market price, delivered or bought back, and paid to drivers."""
    cost_eur = done.v2g_kwh * cell.cost_eur_per_kwh
    record[SOLD_KWH] = sold_kwh
    record[V2G_KWH] = done.v2g_kwh
    record[SHORT_KWH] = sold_kwh - done.v2g_kwh
    record[BELOW_MIN_PRICE_KWH] = done.below_min_price_kwh
    record[USED_KG] = hydrogen_kg(done.v2g_kwh, cell.kwh_per_kg)
    record[V2G_EUR] = market * sold_kwh
    record[SHORT_EUR] = -(market + penalty) * record[SHORT_KWH]
    record[DRIVER_PAY_EUR] = -done.pay_eur
    record[DRIVER_PROFIT_EUR] = done.pay_eur - cost_eur
    record[POTENTIAL_PROFIT_EUR] = done.best_pay_eur - cost_eur


@njit(cache=True)
def use_store(r: int, bank: Bank, rules: Rules, state: State, records: Floats) -> None:
    """In every hour the store serves those who refill, and then takes what is made.

    What was bought is used as far as the store has room; the rest is sold at a penalty.
    """
    first, da, bought_kwh = state.hour[r], bank.da[state.world[r]], state.power_kwh[r]
    price, penalty, stock_kg = (
        rules.hydrogen_eur_per_kg,
        rules.penalty_eur_per_kwh,
        state.stock_kg[r],
    )
    for h in range(len(records)):
        t, record, before_kg = first + h, records[h], stock_kg
        from_store_kg = min(record[REFILLED_KG], stock_kg)
        stock_kg -= from_store_kg
        room_kg = max(rules.store_kg - stock_kg, 0.0)
        record[BOUGHT_KWH] = bought_kwh[(t // 24) % 2, t % 24]
        used_kwh = min(record[BOUGHT_KWH], room_kg / rules.kg_per_kwh)
        record[UNUSED_KWH] = record[BOUGHT_KWH] - used_kwh
        record[PRODUCED_KG] = used_kwh * rules.kg_per_kwh
        stock_kg += record[PRODUCED_KG]
        record[TRAILER_KG] = record[REFILLED_KG] - from_store_kg
        record[HYDROGEN_EUR] = price * record[REFILLED_KG]
        record[TRAILER_EUR] = -price * record[TRAILER_KG]
        record[STOCK_EUR] = price * (stock_kg - before_kg)
        record[POWER_EUR] = -da[t] * record[BOUGHT_KWH]
        record[UNUSED_EUR] = (da[t] - penalty) * record[UNUSED_KWH]
    state.stock_kg[r] = stock_kg


@njit(cache=True)
def clear(runs: Counts, sheet: SheetLines, bank: Bank, state: State) -> None:
    """Tomorrow's market: offers at or below the price sell, bids at or above it buy.

    Args:
        runs: (R,) whose sheets are cleared.
        sheet: of those runs.
        bank: the worlds.
        state: of all runs.
    """
    for row, r in enumerate(runs):
        k, day = state.world[r], state.hour[r] // 24 + 1
        if 24 * day >= bank.da.shape[1]:
            continue
        for h in range(24):
            price = bank.da[k, 24 * day + h]
            sells, buys = price >= sheet.offer_limit[row, h], price <= sheet.bid_limit[row, h]
            state.v2g_kwh[r, day % 2, h] = sheet.offer_kwh[row, h] if sells else 0.0
            state.power_kwh[r, day % 2, h] = sheet.bid_kwh[row, h] if buys else 0.0

"""Model 1, the car park: what happens in an hour, for a batch of runs.

In hour t: cars that leave refill; cars that come plug in; what was sold for this
hour is served by plugged-in cars, cheapest contract first; the electrolyser uses
what was bought; everything is settled. At 12:00 the orders for tomorrow are cleared.
"""

from __future__ import annotations

import numpy as np

from vpp_gym.arrays import Floats, Ints
from vpp_gym.fcev.car_park.dataset import Dataset
from vpp_gym.fcev.car_park.ledger import COLUMN
from vpp_gym.fcev.car_park.state import OrderArrays, Rules, State
from vpp_gym.fcev.car_park.stays import Cell, Paid, Service, leave, plug_in, serve, serving
from vpp_gym.fcev.fuel_cell import hydrogen_kg
from vpp_gym.kernels import njit


@njit(allocates=True)
def advance(runs: Ints, dataset: Dataset, rules: Rules, state: State, records: Floats) -> None:
    """The next hours of some runs; writes the (R, hours, len(TERMS)) records."""
    for row, r in enumerate(runs):
        use_cars(r, dataset, rules, state, records[row])
        use_store(r, dataset, rules, state, records[row])
        state.hour[r] += records.shape[1]


@njit(allocates=True, internal=True)
def use_cars(r: int, dataset: Dataset, rules: Rules, state: State, records: Floats) -> None:
    """In every hour cars that leave refill, cars that come plug in, and V2G is delivered.

    Rows are taken out of the tuples once, as every access counts references, which
    costs more than the hour itself.
    """
    k, begun, first, cell = state.scenario[r], state.begun[r], state.hour[r], rules.cell
    leave_at, leaver = dataset.leaves.first[k], dataset.leaves.car
    come_at, comer = dataset.comes.first[k], dataset.comes.car
    usual_kg, trip_kg, da = dataset.usual_kg[k], dataset.trip_kg[k], dataset.da[k]
    order, tie_end, min_price = dataset.order[k], dataset.tie_end[k], dataset.min_price[k]
    tank_kg, plugged, plug_in_kg = state.tank_kg[r], state.plugged[r], state.plug_in_kg[r]
    margin, earned_eur, given_kwh = state.margin[r], state.earned_eur[r], state.given_kwh[r]
    tiers, n_plugged, v2g_kwh = rules.tiers, state.n_plugged[r], state.v2g_kwh[r]
    for h in range(len(records)):
        t, record = first + h, records[h]
        if t > begun:
            cars = leaver[leave_at[t] : leave_at[t + 1]]
            n_plugged -= len(cars)
            record[COLUMN.refilled_kg] = leave(cars, usual_kg, tank_kg, plugged)
            cars = comer[come_at[t] : come_at[t + 1]]
        else:
            cars = np.flatnonzero(dataset.parked[k, :, t])
        n_plugged += len(cars)
        record[COLUMN.plugged_in] = n_plugged
        record[COLUMN.driven_kg] = plug_in(
            cars, trip_kg[t // 24], cell.tank_kg, tiers, tank_kg, plugged, plug_in_kg, margin
        )
        sold_kwh = v2g_kwh[(t // 24) % 2, t % 24]
        if sold_kwh > 0.0:
            cars = serving(order, tie_end, sold_kwh, cell, tank_kg, plugged)
            paid = Paid(min_price, margin, tiers.margins[-1])
            done = serve(cars, sold_kwh, da[t], cell, paid, tank_kg, earned_eur, given_kwh)
            book_v2g(sold_kwh, da[t], done, rules.penalty_eur_per_kwh, cell, record)
    state.n_plugged[r] = n_plugged


@njit(internal=True)
def book_v2g(
    sold_kwh: float, market: float, done: Service, penalty: float, cell: Cell, record: Floats
) -> None:
    """What was sold at the market price, delivered or bought back, and paid to drivers."""
    cost_eur = done.v2g_kwh * cell.cost_eur_per_kwh
    record[COLUMN.sold_kwh] = sold_kwh
    record[COLUMN.v2g_kwh] = done.v2g_kwh
    record[COLUMN.short_kwh] = sold_kwh - done.v2g_kwh
    record[COLUMN.below_min_price_kwh] = done.below_min_price_kwh
    record[COLUMN.used_kg] = hydrogen_kg(done.v2g_kwh, cell.kwh_per_kg)
    record[COLUMN.v2g_eur] = market * sold_kwh
    record[COLUMN.short_eur] = -(market + penalty) * record[COLUMN.short_kwh]
    record[COLUMN.driver_pay_eur] = -done.pay_eur
    record[COLUMN.driver_profit_eur] = done.pay_eur - cost_eur
    record[COLUMN.potential_profit_eur] = done.best_pay_eur - cost_eur


@njit(internal=True)
def use_store(r: int, dataset: Dataset, rules: Rules, state: State, records: Floats) -> None:
    """In every hour the store serves those who refill, and then takes what is made.

    What was bought is used as far as the store has room; the rest is sold at a penalty.
    """
    first, da, bought_kwh = state.hour[r], dataset.da[state.scenario[r]], state.power_kwh[r]
    price, penalty, stock_kg = (
        rules.hydrogen_eur_per_kg,
        rules.penalty_eur_per_kwh,
        state.stock_kg[r],
    )
    for h in range(len(records)):
        t, record, before_kg = first + h, records[h], stock_kg
        from_store_kg = min(record[COLUMN.refilled_kg], stock_kg)
        stock_kg -= from_store_kg
        room_kg = max(rules.store_kg - stock_kg, 0.0)
        record[COLUMN.bought_kwh] = bought_kwh[(t // 24) % 2, t % 24]
        used_kwh = min(record[COLUMN.bought_kwh], room_kg / rules.kg_per_kwh)
        record[COLUMN.unused_kwh] = record[COLUMN.bought_kwh] - used_kwh
        record[COLUMN.produced_kg] = used_kwh * rules.kg_per_kwh
        stock_kg += record[COLUMN.produced_kg]
        record[COLUMN.trailer_kg] = record[COLUMN.refilled_kg] - from_store_kg
        record[COLUMN.hydrogen_eur] = price * record[COLUMN.refilled_kg]
        record[COLUMN.trailer_eur] = -price * record[COLUMN.trailer_kg]
        record[COLUMN.stock_eur] = price * (stock_kg - before_kg)
        record[COLUMN.power_eur] = -da[t] * record[COLUMN.bought_kwh]
        record[COLUMN.unused_eur] = (da[t] - penalty) * record[COLUMN.unused_kwh]
    state.stock_kg[r] = stock_kg


@njit
def clear(runs: Ints, orders: OrderArrays, dataset: Dataset, state: State) -> None:
    """Tomorrow's market: offers at or below the price sell, bids at or above it buy.

    Args:
        runs: (R,) whose orders are cleared.
        orders: of those runs.
        dataset: the scenarios.
        state: of all runs.
    """
    for row, r in enumerate(runs):
        k, day = state.scenario[r], state.hour[r] // 24 + 1
        if 24 * day >= dataset.da.shape[1]:
            continue
        for h in range(24):
            price = dataset.da[k, 24 * day + h]
            sells, buys = price >= orders.offer_limit[row, h], price <= orders.bid_limit[row, h]
            state.v2g_kwh[r, day % 2, h] = orders.offer_kwh[row, h] if sells else 0.0
            state.power_kwh[r, day % 2, h] = orders.bid_kwh[row, h] if buys else 0.0

"""The shape of the orders: a few numbers from which tomorrow's offers and bids follow.

The article's strategy is one shape among others: its values are the defaults.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from vpp_gym.arrays import Floats, Ints
from vpp_gym.fcev.car_park.dataset import Dataset
from vpp_gym.fcev.car_park.forecast import Expectation
from vpp_gym.fcev.car_park.state import OrderArrays, Rules, State
from vpp_gym.kernels import njit, total


class ShapeParameter(NamedTuple):
    """One number of a shape, its range, and its value in the article's strategy."""

    name: str
    unit: str
    low: float
    article: float
    high: float
    meaning: str


SHAPE_PARAMETERS = (
    ShapeParameter("hours", "EUR/kWh", -0.02, 0.0, 0.02,
         "offers are made in hours expected above the mean minPrice plus this"),
    ShapeParameter("cars", "EUR/kWh", -0.02, 0.0, 0.02,
         "a car counts in an hour expected above its minPrice less this"),
    ShapeParameter("share", "1", 0.5, 1.0, 1.5, "share of the cars counted that is offered"),
    ShapeParameter("ask", "EUR/kWh", -0.02, 0.0, 0.02,
         "the least price of an offer is the mean minPrice plus this"),
    ShapeParameter("slope", "1", -1.0, 0.0, 1.0,
         "and plus this share of what the hour is expected above the mean minPrice"),
    ShapeParameter("bid_hours", "EUR/kWh", -0.03, 0.0, 0.03,
         "bids are made in hours expected below break-even plus this"),
    ShapeParameter("bid", "EUR/kWh", -0.03, 0.0, 0.03,
         "the highest price of a bid is break-even plus this"),
    ShapeParameter("due", "1", -2.0, 0.0, 2.0,
         "share of the hydrogen expected to be refilled until an hour that is counted as room"),
)  # fmt: skip
"""All that makes a shape, in order."""

ARTICLE = np.array([parameter.article for parameter in SHAPE_PARAMETERS])
(HOURS_ABOVE, CARS_BELOW, SHARE, ASK, SLOPE, BID_HOURS, BID, DUE) = range(len(SHAPE_PARAMETERS))


class Book(NamedTuple):
    """What the orders of one run are made of; cars with the lowest minPrice first.

    Attributes:
        forecast: (24,) EUR/kWh.
        presence: (24, n) probability that a car is plugged in.
        energy_kwh: (n,) each car's energy for V2G.
        min_price: (n,) EUR/kWh, rising.
        mean_price: of them.
        most_lots: (24,) lots that may be offered.
        room_kg: of the store.
        due_kg: (24,) hydrogen to be refilled before the hour's end.
    """

    forecast: Floats
    presence: Floats
    energy_kwh: Floats
    min_price: Floats
    mean_price: float
    most_lots: Ints
    room_kg: float
    due_kg: Floats


@njit(allocates=True)
def offer_lots(shape: Floats, book: Book, rules: Rules) -> Ints:
    """(24,) lots: hours from the dearest down, each car counted while its tank lasts.

    In each hour the cars with the lowest minPrices are taken to serve; their tanks
    count for less hours then.
    """
    lots, left_kwh, forecast = np.zeros(24, np.int64), book.energy_kwh.copy(), book.forecast
    presence, min_price, most_lots = book.presence, book.min_price, book.most_lots
    threshold, least_kwh = book.mean_price + shape[HOURS_ABOVE], rules.cell.v2g_kw - 1e-9
    for h in np.argsort(-forecast, kind="mergesort"):
        if forecast[h] <= threshold:
            break
        here, price = presence[h], forecast[h] + shape[CARS_BELOW]
        cars = 0.0
        for i in range(np.searchsorted(min_price, price)):
            cars += here[i] if left_kwh[i] >= least_kwh else 0.0
        lots[h] = min(int(cars * shape[SHARE] + 1e-9) // rules.cars_per_lot, most_lots[h])
        take(float(lots[h] * rules.cars_per_lot), rules.cell.v2g_kw, here, left_kwh)
    return lots


@njit
def take(cars: float, v2g_kw: float, presence: Floats, left_kwh: Floats) -> None:
    """Take an hour of so many expected cars off their energy, lowest minPrice first."""
    for i in range(len(left_kwh)):
        if cars <= 0.0:
            return
        if presence[i] > 0.0 and left_kwh[i] >= v2g_kw - 1e-9:
            left_kwh[i] -= v2g_kw
            cars -= presence[i]


@njit(allocates=True)
def bid_lots(shape: Floats, forecast: Floats, room_kg: Floats, rules: Rules) -> Ints:
    """(24,) lots to buy: hours from the cheapest up, while there is room.

    Args:
        shape: see `SHAPE_PARAMETERS`.
        forecast: (24,) EUR/kWh.
        room_kg: (24,) of the store in each hour.
        rules: of the hour.
    """
    lots, room = np.zeros(24, np.int64), np.empty(24, np.int64)
    for h in range(24):
        room[h] = int(max(room_kg[h], 0.0) / (rules.lot_kwh * rules.kg_per_kwh))
    threshold = break_even_eur_per_kwh(rules) + shape[BID_HOURS]
    for h in np.argsort(forecast, kind="mergesort"):
        if forecast[h] >= threshold:
            break
        lots[h] = min(rules.most_bids, room[h:].min())
        room[h:] -= lots[h]
    return lots


@njit
def break_even_eur_per_kwh(rules: Rules) -> float:
    """Price below which making hydrogen is cheaper than buying it."""
    return rules.hydrogen_eur_per_kg * rules.kg_per_kwh


@njit(allocates=True)
def fill_orders(row: int, shape: Floats, book: Book, rules: Rules, orders: OrderArrays) -> None:
    """Write the orders of one shape into a row."""
    mean = book.mean_price
    room_kg = book.room_kg + shape[DUE] * book.due_kg
    orders.offer_kwh[row] = rules.lot_kwh * offer_lots(shape, book, rules)
    orders.offer_limit[row] = mean + shape[ASK] + shape[SLOPE] * (book.forecast - mean)
    orders.bid_kwh[row] = rules.lot_kwh * bid_lots(shape, book.forecast, room_kg, rules)
    orders.bid_limit[row] = break_even_eur_per_kwh(rules) + shape[BID]


@njit(allocates=True)
def fill_all_orders(
    shapes: Floats,
    dataset: Dataset,
    rules: Rules,
    state: State,
    expectation: Expectation,
    orders: OrderArrays,
) -> None:
    """The orders of all runs from their (B, len(SHAPE_PARAMETERS)) shapes."""
    last = dataset.da.shape[1] // 24 - 1
    for r in range(len(shapes)):
        k, tomorrow = state.scenario[r], min(state.hour[r] // 24 + 1, last)
        book = Book(
            expectation.forecast[r],
            dataset.presence[k, dataset.kind[tomorrow]],
            expectation.energy_kwh[r],
            dataset.asked[k],
            total(dataset.asked[k]) / dataset.asked.shape[1],
            expectation.most_lots[r],
            expectation.room_kg[r],
            expectation.due_kg[r],
        )
        fill_orders(r, shapes[r], book, rules, orders)

"""Orders from what one aggregator knows: the article's strategy, and its plan of bids."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vpp_gym.arrays import Floats
from vpp_gym.fcev.calendar import HOURS
from vpp_gym.fcev.car_park.bid_shape import ARTICLE, Book, bid_lots, fill_orders
from vpp_gym.fcev.car_park.snapshot import CarParkOrders, CarParkSnapshot
from vpp_gym.fcev.car_park.state import empty_orders, rules_of


def shaped_orders(snapshot: CarParkSnapshot, shape: Floats) -> CarParkOrders:
    """The orders of a shape.

    Args:
        snapshot: what is known.
        shape: one number for each of `vpp_gym.fcev.car_park.bid_shape.SHAPE_PARAMETERS`.
    """
    rules, orders = rules_of(snapshot.params), empty_orders(1)
    fill_orders(0, np.asarray(shape, dtype=np.float64), _book(snapshot), rules, orders)
    return CarParkOrders(
        offer_lots=np.rint(orders.offer_kwh[0] / rules.lot_kwh).astype(np.int64),
        bid_lots=np.rint(orders.bid_kwh[0] / rules.lot_kwh).astype(np.int64),
        offer_limit_eur_per_kwh=orders.offer_limit[0],
        bid_limit_eur_per_kwh=orders.bid_limit[0],
    )


def article_orders(snapshot: CarParkSnapshot) -> CarParkOrders:
    """Offer where the expected price exceeds the mean minPrice, and capacity suffices.

    Buy for the electrolyser where hydrogen would be cheaper than its price. The
    limit of the offers, the mean minPrice, and the plans of tanks and store are ours.

    Source: Park Lee et al. 2018, Sec. 4.2.
    """
    return shaped_orders(snapshot, ARTICLE)


def planned_bids(snapshot: CarParkSnapshot, forecast: Floats) -> NDArray[np.int64]:
    """(24,) lots to buy as in the article's strategy, with some forecast in EUR/kWh."""
    room_kg = np.full(HOURS, snapshot.room_kg)
    return bid_lots(ARTICLE, np.ascontiguousarray(forecast), room_kg, rules_of(snapshot.params))


def _book(snapshot: CarParkSnapshot) -> Book:
    order = np.argsort(snapshot.min_price_eur_per_kwh, kind="stable")
    return Book(
        forecast=np.ascontiguousarray(snapshot.forecast_eur_per_kwh),
        presence=np.ascontiguousarray(snapshot.presence[order].T),
        energy_kwh=snapshot.energy_kwh[order],
        min_price=snapshot.min_price_eur_per_kwh[order],
        mean_price=snapshot.mean_min_price_eur_per_kwh,
        most_lots=np.ascontiguousarray(snapshot.max_offer_lots),
        room_kg=float(snapshot.room_kg),
        due_kg=np.ascontiguousarray(snapshot.due_kg),
    )

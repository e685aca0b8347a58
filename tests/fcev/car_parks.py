"""Small car parks to test with."""

from __future__ import annotations

from typing import Any

import numpy as np

from vpp_gym.fcev.car_park.params import CarParkParams
from vpp_gym.fcev.car_park.parking import Drivers, draw_drivers
from vpp_gym.fcev.car_park.simulation import CarPark, CarParkScenario
from vpp_gym.fcev.car_park.snapshot import CarParkOrders, CarParkSnapshot


def random_park(seed: int, n_days: int = 4, **changes: Any) -> CarPark:
    """A few days of a small car park with wild prices, a small store and absences."""
    rng = np.random.default_rng(seed)
    params = CarParkParams().changed(
        {
            "n_cars": 60,
            "electrolyser": {"power_kw": 500.0, "store_kg": 40.0},
            "parking": {"absence": 0.3},
            "contract": {"min_price": "random"},
            **changes,
        },
    )
    price = rng.normal(0.06, 0.05, 24 * n_days)
    drivers = draw_drivers(rng, params, n_days)
    return CarPark(
        [CarParkScenario("random", price, price + rng.normal(0, 0.02, len(price)), drivers)], params
    )


def hand_made_park(
    min_prices: list[float], levels: list[float], da_eur_per_kwh: float = 0.1, **changes: Any
) -> CarPark:
    """Cars that stand in the park for two days and have not driven, at one price."""
    n = len(min_prices)
    params = CarParkParams().changed({"n_cars": n, **changes})
    hours = 48
    drivers = Drivers(
        at_work=np.ones(n, np.bool_),
        usual=np.ones((n, 2, 24)),
        parked=np.ones((n, hours), np.bool_),
        trip_kg=np.zeros((n, 2)),
        usual_kg=params.fuel_cell.tank_kg * np.array(levels),
        min_price_eur_per_kwh=np.array(min_prices),
    )
    price = np.full(hours, da_eur_per_kwh)
    park = CarPark([CarParkScenario("hand", price, price, drivers)], params)
    park.reset()
    return park


def random_orders(rng: np.random.Generator, snapshot: CarParkSnapshot) -> CarParkOrders:
    """Any orders that is allowed."""
    return CarParkOrders(
        offer_lots=rng.integers(0, snapshot.max_offer_lots + 1),
        bid_lots=rng.integers(0, snapshot.max_bid_lots + 1, 24),
        offer_limit_eur_per_kwh=rng.normal(0.05, 0.05, 24),
        bid_limit_eur_per_kwh=rng.normal(0.05, 0.05, 24),
    )

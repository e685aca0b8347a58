"""An aggregator of the car park that plans over scenarios of tomorrow's prices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from vpp_gym.arrays import Floats, Ints
from vpp_gym.fcev.calendar import HOURS, NOON
from vpp_gym.fcev.car_park.expected_dispatch import Pool, cars_by_hour, day_eur
from vpp_gym.fcev.car_park.offer_search import Choices, best_offers
from vpp_gym.fcev.car_park.snapshot import CarParkOrders, CarParkSnapshot
from vpp_gym.fcev.car_park.store_plan import best_bids, room_eur, store_value


@dataclass(frozen=True)
class Memory:
    """What the planner remembers from one gate to the next.

    Attributes:
        forecast_eur_per_kwh: (24,) of today, as made yesterday.
        orders: for today.
        errors: (days, 24) EUR/kWh by which prices exceeded their forecasts, last day last.
    """

    forecast_eur_per_kwh: Floats
    orders: CarParkOrders
    errors: Floats


@dataclass
class ScenarioPlanner:
    """The orders that earn most in the mean of scenarios.

    Scenarios are the forecast and, added and taken off, the errors of the past days'
    forecasts. In each, cars serve what is sold by the rules of the hour, tanks that stay
    over midnight lack what is sold for tonight, and what is missing pays the penalty.
    Power is bought by a plan of the store.

    Attributes:
        days: whose errors are remembered.
        shares: of the lots that may be offered, among which the search chooses.
        rises: above the lowest minPrice, EUR/kWh: prices to ask, likewise.
        sweeps: of the search through the hours.
    """

    name: str = "scenario_planner"
    privileged: bool = False
    days: int = 6
    shares: tuple[float, ...] = (1.0, 0.9, 0.75, 0.5, 0.25, 0.0)
    rises: tuple[float, ...] = (0.0, 0.0025, 0.005, 0.01, 0.02)
    sweeps: int = 2

    def predict(
        self,
        observation: CarParkSnapshot,
        state: Memory | None = None,
        episode_start: Any = None,
        deterministic: bool = True,
    ) -> tuple[CarParkOrders, Memory]:
        """The orders, and what to remember of them."""
        errors, today_kwh = np.zeros((1, HOURS)), np.zeros(HOURS)
        if state is not None:
            fresh = observation.today_eur_per_kwh - state.forecast_eur_per_kwh
            errors = np.vstack([state.errors, fresh])[-self.days :]
            today_kwh = _taken_kwh(state.orders, observation)
        orders = self.orders(observation, errors, today_kwh)
        return orders, Memory(observation.forecast_eur_per_kwh, orders, errors)

    def orders(self, snapshot: CarParkSnapshot, errors: Floats, today_kwh: Floats) -> CarParkOrders:
        """The orders of one day.

        Args:
            snapshot: what is known.
            errors: (days, 24) EUR/kWh, see `Memory`.
            today_kwh: (24,) V2G sold for today's hours.
        """
        pool = pool_of(snapshot)
        midnight_kwh = pool.energy_kwh.copy()
        tonight_kwh = np.where(np.arange(HOURS) >= NOON, today_kwh, 0.0)
        day_eur(tonight_kwh, snapshot.today_eur_per_kwh, pool, midnight_kwh)
        forecast = snapshot.forecast_eur_per_kwh
        choices = Choices(
            most_lots=np.ascontiguousarray(snapshot.max_offer_lots),
            shares=np.array(self.shares),
            asked=pool.ask[0] + np.array(self.rises),
        )
        prices = forecast + np.concatenate([errors, -errors])
        offers, least = best_offers(choices, prices, pool, midnight_kwh, self.sweeps)
        bids, highest = self.bids(snapshot)
        return CarParkOrders(offers, bids, least, highest)

    def bids(self, snapshot: CarParkSnapshot) -> tuple[Ints, Floats]:
        """(24,) lots to buy and (24,) EUR/kWh, highest prices."""
        return planned_store(snapshot)


def pool_of(snapshot: CarParkSnapshot) -> Pool:
    """Tomorrow's cars."""
    order = np.argsort(snapshot.min_price_eur_per_kwh, kind="stable")
    params = snapshot.params
    return Pool(
        *cars_by_hour(snapshot.presence[order]),
        energy_kwh=snapshot.energy_kwh[order],
        ask=snapshot.min_price_eur_per_kwh[order],
        margin=snapshot.margin[order],
        v2g_kw=params.fuel_cell.v2g_kw,
        lot_kwh=params.market.lot_kw,
        penalty=params.market.penalty_eur_per_kwh,
    )


def planned_store(
    snapshot: CarParkSnapshot, later_eur_per_kwh: Floats | None = None
) -> tuple[Ints, Floats]:
    """(24,) lots to buy and (24,) EUR/kWh, highest prices, by a plan of the store.

    Args:
        snapshot: what is known.
        later_eur_per_kwh: (24,) prices of the day after tomorrow, if they are known.
    """
    params = snapshot.params
    lot_kwh = params.market.lot_kw
    lot_kg = lot_kwh * params.kg_per_kwh
    cells = int(params.electrolyser.store_kg / lot_kg)
    if cells == 0 or snapshot.max_bid_lots == 0:
        return np.zeros(HOURS, np.int64), np.zeros(HOURS)
    refill = np.diff(snapshot.due_kg, prepend=0.0) / lot_kg
    stock = (snapshot.stock_kg + snapshot.committed_kg) / lot_kg - refill[0]
    refill[0] = 0.0  # due before the day's first hour ends, nearly all of it today
    refill, most = np.maximum(refill, 0.0), snapshot.max_bid_lots
    lot_value_eur = snapshot.break_even_eur_per_kwh * lot_kwh
    room = room_eur(cells, lot_value_eur)
    if later_eur_per_kwh is not None:
        room = -store_value(lot_kwh * later_eur_per_kwh, lot_value_eur, refill, most, room)[0][0]
    price, stock = lot_kwh * snapshot.forecast_eur_per_kwh, float(np.clip(stock, 0.0, cells))
    lots, highest = best_bids(price, lot_value_eur, refill, stock, most, room)
    return lots, highest / lot_kwh


def _taken_kwh(orders: CarParkOrders, snapshot: CarParkSnapshot) -> Floats:
    """(24,) kWh of yesterday's offers that the market took for today."""
    taken = snapshot.today_eur_per_kwh >= orders.offer_limit_eur_per_kwh
    return np.where(taken, orders.offer_lots * snapshot.params.market.lot_kw, 0.0)

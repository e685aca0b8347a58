"""What an aggregator of the car park knows at 12:00, and what it may decide."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vpp_gym.arrays import Floats, Ints
from vpp_gym.errors import InvalidInputError
from vpp_gym.fcev.calendar import HOURS
from vpp_gym.fcev.car_park.params import CarParkParams
from vpp_gym.fcev.car_park.state import OrderArrays


@dataclass(frozen=True)
class CarParkSnapshot:
    """All that is known at gate closure. Hours are those of tomorrow.

    Arrays are read-only copies: nothing that happens later can show in them.

    Attributes:
        day: of the scenario, 0 is its first; today.
        weekend: tomorrow is a Saturday or Sunday.
        winter: 1 at midwinter, -1 at midsummer.
        forecast_eur_per_kwh: (24,) expected day-ahead prices.
        today_eur_per_kwh: (24,) day-ahead prices of today.
        presence: (n, 24) probability that each car is plugged in.
        energy_kwh: (n,) V2G that each car could give above its reserve at its last plug-in.
        min_price_eur_per_kwh: (n,) of the contracts.
        margin: (n,) of the driver in the last stay.
        max_offer_lots: (24,) lots for which enough cars are expected.
        stock_kg: hydrogen in the store.
        sold_kwh: V2G sold for the rest of today.
        committed_kg: hydrogen that what was bought for the rest of today will make.
        due_kg: (24,) hydrogen that drivers are expected to refill before the hour's end.
        params: of the world.
    """

    day: int
    weekend: bool
    winter: float
    forecast_eur_per_kwh: Floats
    today_eur_per_kwh: Floats
    presence: Floats
    energy_kwh: Floats
    min_price_eur_per_kwh: Floats
    margin: Floats
    max_offer_lots: Ints
    stock_kg: float
    sold_kwh: float
    committed_kg: float
    due_kg: Floats
    params: CarParkParams

    @property
    def mean_min_price_eur_per_kwh(self) -> float:
        """Mean minPrice of all drivers."""
        return float(self.min_price_eur_per_kwh.mean())

    @property
    def break_even_eur_per_kwh(self) -> float:
        """Price below which making hydrogen is cheaper than buying it."""
        return self.params.fuel_cell.hydrogen_eur_per_kg * self.params.kg_per_kwh

    @property
    def room_kg(self) -> float:
        """Room in the store when what was bought has been used, should nobody refill."""
        return self.params.electrolyser.store_kg - self.stock_kg - self.committed_kg

    @property
    def max_bid_lots(self) -> int:
        """Lots that the electrolyser can use."""
        return int(self.params.electrolyser.power_kw // self.params.market.lot_kw)


@dataclass(frozen=True)
class CarParkOrders:
    """Tomorrow's offers and bids, in lots of 100 kW.

    Attributes:
        offer_lots: (24,) V2G offered.
        bid_lots: (24,) electricity bid for.
        offer_limit_eur_per_kwh: least price of each offer, one number or (24,).
        bid_limit_eur_per_kwh: highest price of each bid, one number or (24,).
    """

    offer_lots: Ints
    bid_lots: Ints
    offer_limit_eur_per_kwh: float | Floats
    bid_limit_eur_per_kwh: float | Floats

    def arrays(self, snapshot: CarParkSnapshot) -> OrderArrays:
        """The orders by hour, as a batch of one.

        Raises:
            InvalidInputError: lots that are not whole, negative, or more than the cars
                expected (10 per lot) or the electrolyser can serve.
        """
        lot_kwh = snapshot.params.market.lot_kw
        most_bids = np.full(HOURS, snapshot.max_bid_lots)
        return OrderArrays(
            offer_kwh=lot_kwh * _lots("offer_lots", self.offer_lots, snapshot.max_offer_lots),
            offer_limit=_limits("offer_limit_eur_per_kwh", self.offer_limit_eur_per_kwh),
            bid_kwh=lot_kwh * _lots("bid_lots", self.bid_lots, most_bids),
            bid_limit=_limits("bid_limit_eur_per_kwh", self.bid_limit_eur_per_kwh),
        )


def _lots(field: str, lots: Ints, most: Ints) -> Floats:
    array = np.asarray(lots)
    if array.shape != (HOURS,) or not np.issubdtype(array.dtype, np.integer):
        raise InvalidInputError(field, lots, "give 24 whole numbers")
    wrong = (array < 0) | (array > most)
    if wrong.any():
        hour = int(np.flatnonzero(wrong)[0])
        raise InvalidInputError(f"{field}[{hour}]", int(array[hour]), f"give 0 to {most[hour]}")
    return array.astype(np.float64)[None]


def _limits(field: str, limit: float | Floats) -> Floats:
    array = np.asarray(limit, dtype=np.float64)
    if array.shape not in ((), (HOURS,)) or not np.isfinite(array).all():
        raise InvalidInputError(field, limit, "give one price or 24")
    return np.broadcast_to(array, (1, HOURS)).copy()

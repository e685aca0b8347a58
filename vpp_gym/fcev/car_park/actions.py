"""What an action of `FCEVCarPark-v0` means: tomorrow's offers and bids."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np

from vpp_gym.actions import around
from vpp_gym.arrays import Floats
from vpp_gym.errors import InvalidInputError
from vpp_gym.fcev.calendar import HOURS
from vpp_gym.fcev.car_park.bid_shape import ARTICLE, SHAPE_PARAMETERS, fill_all_orders
from vpp_gym.fcev.car_park.forecast import Expectation
from vpp_gym.fcev.car_park.simulation import CarPark
from vpp_gym.fcev.car_park.state import OrderArrays, empty_orders


class Encoding(ABC):
    """Turns actions in [-1, 1] into orders; 0 is the article's.

    Attributes:
        size: numbers in an action.
    """

    size: int

    @abstractmethod
    def orders(self, actions: Floats, park: CarPark, expectation: Expectation) -> OrderArrays:
        """The orders of all runs.

        Args:
            actions: (B, size).
            park: car parks of the runs.
            expectation: what all runs know.
        """


class Shape(Encoding):
    """One number for each of `bid_shape.SHAPE_PARAMETERS`, from low to high."""

    size = len(SHAPE_PARAMETERS)

    def __init__(self) -> None:
        self._low = np.array([parameter.low for parameter in SHAPE_PARAMETERS])
        self._high = np.array([parameter.high for parameter in SHAPE_PARAMETERS])

    def orders(self, actions: Floats, park: CarPark, expectation: Expectation) -> OrderArrays:
        """The orders of these shapes."""
        return shaped(around(actions, self._low, ARTICLE, self._high), park, expectation)


class Hourly(Encoding):
    """Lots of offers and of bids for every hour.

    Args:
        priced: one number more is the price that offers ask.
    """

    def __init__(self, priced: bool) -> None:
        self.size, self._priced = 2 * HOURS + priced, priced

    def orders(self, actions: Floats, park: CarPark, expectation: Expectation) -> OrderArrays:
        """Between nothing, the article's lots and all that can be served."""
        usual = shaped(np.tile(ARTICLE, (len(actions), 1)), park, expectation)
        lot_kwh = park.rules.lot_kwh
        most_kwh = lot_kwh * expectation.most_lots
        offers = around(actions[:, :HOURS], 0.0, usual.offer_kwh, most_kwh)
        bids = around(
            actions[:, HOURS : 2 * HOURS], 0.0, usual.bid_kwh, lot_kwh * park.rules.most_bids
        )
        return usual._replace(
            offer_kwh=lot_kwh * np.rint(offers / lot_kwh),
            bid_kwh=lot_kwh * np.rint(bids / lot_kwh),
            offer_limit=self._asked(actions, park) if self._priced else usual.offer_limit,
        )

    def _asked(self, actions: Floats, park: CarPark) -> Floats:
        price = park.dataset.min_price[park.state.scenario]
        low, mean, high = price.min(axis=1), price.mean(axis=1), price.max(axis=1)
        return np.repeat(around(actions[:, -1], low, mean, high)[:, None], HOURS, axis=1)


def shaped(shapes: Floats, park: CarPark, expectation: Expectation) -> OrderArrays:
    """The orders of (B, len(SHAPE_PARAMETERS)) shapes."""
    orders = empty_orders(len(shapes))
    fill_all_orders(shapes, park.dataset, park.rules, park.state, expectation, orders)
    return orders


def encoding(control: str, offer_price: str) -> Encoding:
    """The encoding of these names.

    Raises:
        InvalidInputError: unknown name, or a shape with an offer price beside it.
    """
    if offer_price not in ("mean_min_price", "action"):
        raise InvalidInputError("offer_price", offer_price, "use mean_min_price or action")
    if control not in ("hourly", "shape"):
        raise InvalidInputError("control", control, "use hourly or shape")
    if control == "hourly":
        return Hourly(priced=offer_price == "action")
    if offer_price == "action":
        raise InvalidInputError("offer_price", offer_price, "a shape has its own: leave it out")
    return Shape()

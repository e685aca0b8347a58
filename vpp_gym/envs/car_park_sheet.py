"""What an action of `FCEVCarPark-v0` means: tomorrow's offers and bids."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from vpp_gym.envs.layout import between
from vpp_gym.errors import InvalidInputError
from vpp_gym.hydrogen.calendar import HOURS
from vpp_gym.hydrogen.carpark_outlook import Outlook
from vpp_gym.hydrogen.carpark_state import SheetLines, empty_sheets
from vpp_gym.hydrogen.carpark_world import CarPark
from vpp_gym.hydrogen.sheet_shape import ARTICLE, DIALS, fill_sheets

Floats = NDArray[np.float64]


class Encoding(ABC):
    """Turns actions in [-1, 1] into sheets; 0 is the article's.

    Attributes:
        size: numbers in an action.
    """

    size: int

    @property
    def space(self) -> spaces.Box:
        """Of the action of one run."""
        return spaces.Box(-1.0, 1.0, (self.size,), np.float32)

    @abstractmethod
    def sheets(self, actions: Floats, world: CarPark, outlook: Outlook) -> SheetLines:
        """The sheets of all runs.

        Args:
            actions: (B, size).
            world: of the runs.
            outlook: what all runs know.
        """


class Shape(Encoding):
    """One number for each of `vpp_gym.hydrogen.sheet_shape.DIALS`, from low to high."""

    size = len(DIALS)

    def __init__(self) -> None:
        self._low = np.array([dial.low for dial in DIALS])
        self._high = np.array([dial.high for dial in DIALS])

    def sheets(self, actions: Floats, world: CarPark, outlook: Outlook) -> SheetLines:
        """The sheets of these shapes."""
        return shaped(between(actions, self._low, ARTICLE, self._high), world, outlook)


class Hourly(Encoding):
    """Lots of offers and of bids for every hour.

    Args:
        priced: one number more is the price that offers ask.
    """

    def __init__(self, priced: bool) -> None:
        self.size, self._priced = 2 * HOURS + priced, priced

    def sheets(self, actions: Floats, world: CarPark, outlook: Outlook) -> SheetLines:
        """Between nothing, the article's lots and all that can be served."""
        usual = shaped(np.tile(ARTICLE, (len(actions), 1)), world, outlook)
        lot_kwh = world.rules.lot_kwh
        most_kwh = lot_kwh * outlook.most_lots
        offers = between(actions[:, :HOURS], 0.0, usual.offer_kwh, most_kwh)
        bids = between(
            actions[:, HOURS : 2 * HOURS], 0.0, usual.bid_kwh, lot_kwh * world.rules.most_bids
        )
        return usual._replace(
            offer_kwh=lot_kwh * np.rint(offers / lot_kwh),
            bid_kwh=lot_kwh * np.rint(bids / lot_kwh),
            offer_limit=self._asked(actions, world) if self._priced else usual.offer_limit,
        )

    def _asked(self, actions: Floats, world: CarPark) -> Floats:
        price = world.bank.min_price[world.state.world]
        low, mean, high = price.min(axis=1), price.mean(axis=1), price.max(axis=1)
        return np.repeat(between(actions[:, -1], low, mean, high)[:, None], HOURS, axis=1)


def shaped(shapes: Floats, world: CarPark, outlook: Outlook) -> SheetLines:
    """The sheets of (B, len(DIALS)) shapes."""
    sheets = empty_sheets(len(shapes))
    fill_sheets(shapes, world.bank, world.rules, world.state, outlook, sheets)
    return sheets


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

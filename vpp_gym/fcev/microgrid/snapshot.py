"""What the operator of the microgrid knows in an hour, and what it may decide."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from vpp_gym.arrays import Floats, read_only
from vpp_gym.fcev.calendar import HOURS
from vpp_gym.fcev.microgrid.params import MicrogridParams


class Past(NamedTuple):
    """Series in kWh that end with this hour and begin up to a week before."""

    deficit_kwh: Floats
    surplus_kwh: Floats
    wind_kwh: Floats


@dataclass(frozen=True)
class MicrogridSnapshot:
    """All that is known in hour t, before it is decided; arrays are read-only copies.

    Attributes:
        hour: of the year.
        weekend: today is a Saturday or Sunday.
        winter: 1 at midwinter, -1 at midsummer.
        deficit_kwh: of the households in this hour.
        surplus_kwh: of the roofs in this hour.
        wind_kwh: in this hour.
        past: series of the past week, this hour last.
        expected_deficit_kwh: (24,) this hour as it is, and 23 ahead as the mean of the same
            hours of the week before.
        expected_surplus_kwh: (24,) of the roofs, likewise.
        expected_wind_kwh: (24,) likewise.
        expected_da_eur_per_kwh: (24,) day-ahead prices: as known, then as in the same hour of
            the day before.
        tank_kg: (n,) levels.
        home: (n,) at home now.
        plugged: (n,) at the operator's disposal now.
        left_kwh: (n,) volume left in the contract of this stay.
        given_kwh: (n,) V2G so far.
        next_kwh: (n,) maxVolume of a stay that begins today.
        schedule: (n, up to 24) within the interval from this hour on, by the usual schedule.
        stock_kg: in the store.
        available_kwh: what the cars can give now.
        room_kwh: what the electrolyser can take now.
        params: of the world.
    """

    hour: int
    weekend: bool
    winter: float
    deficit_kwh: float
    surplus_kwh: float
    wind_kwh: float
    past: Past
    expected_deficit_kwh: Floats
    expected_surplus_kwh: Floats
    expected_wind_kwh: Floats
    expected_da_eur_per_kwh: Floats
    tank_kg: Floats
    home: NDArray[np.bool_]
    plugged: NDArray[np.bool_]
    left_kwh: Floats
    given_kwh: Floats
    next_kwh: Floats
    schedule: NDArray[np.bool_]
    stock_kg: float
    available_kwh: float
    room_kwh: float
    params: MicrogridParams

    @cached_property
    def import_eur_per_kwh(self) -> Floats:
        """(24,) price of imports, now and as expected ahead."""
        return read_only(self.expected_da_eur_per_kwh + self.params.money.import_fee_eur_per_kwh)

    @cached_property
    def export_eur_per_kwh(self) -> Floats:
        """(24,) price of exports, likewise."""
        return read_only(self.expected_da_eur_per_kwh - self.params.money.export_fee_eur_per_kwh)

    @cached_property
    def usual_open(self) -> NDArray[np.bool_]:
        """(n, 24) at disposal: now as it is, then by the usual schedule."""
        ahead = np.zeros((len(self.plugged), HOURS), np.bool_)
        ahead[:, : self.schedule.shape[1]] = self.schedule
        ahead[:, 0] = self.plugged
        return read_only(ahead)

    @property
    def made_kwh(self) -> float:
        """Surplus and wind in this hour."""
        return self.surplus_kwh + self.wind_kwh

    @property
    def served_kwh(self) -> float:
        """What the cars give by the article's order: the deficit, as far as they can."""
        return min(self.deficit_kwh, self.available_kwh)

    @property
    def taken_kwh(self) -> float:
        """What the electrolyser takes by the article's order: surplus and wind."""
        return min(self.made_kwh, self.room_kwh)


@dataclass(frozen=True)
class MicrogridDecision:
    """Decision of one hour.

    Attributes:
        v2g_kwh: from the cars in this hour.
        electrolyser_kwh: to the electrolyser in this hour.
        volume_factor: on maxVolume of the stays that begin in the next hour; control-based
            contracts have none.
        reward_eur_per_h: for parked cars that plug in outside their interval in the next.
    """

    v2g_kwh: float
    electrolyser_kwh: float
    volume_factor: float = 1.0
    reward_eur_per_h: float = 0.0

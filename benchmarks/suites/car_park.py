"""The suite of the car park."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import pandas as pd

from benchmarks.suites.fcev import COMMON, HIGH, LAST, LOW, FCEVSuite, thousandth
from vpp_gym.evaluation.tables import Columns, percent, whole
from vpp_gym.fcev.car_park.baselines import baselines as car_park_baselines
from vpp_gym.fcev.car_park.bound import car_park_bound
from vpp_gym.fcev.car_park.params import CarParkParams
from vpp_gym.fcev.car_park.scenario import CarParkSource
from vpp_gym.fcev.car_park.simulation import CarParkScenario


class CarParkSuite(FCEVSuite):
    """The car park with price-based contracts."""

    name = "car_park"
    env_ids = ("FCEVCarPark-v0",)
    worlds = 8
    description = (
        "a car park of 500 fuel-cell cars with price-based contracts, in synthetic test years"
    )
    differs = "drivers, prices and errors of the price forecast"
    scale_words = (
        f"Score: 0 is `{LOW}`, the strategy of Park Lee et al. 2018, 100 is `{HIGH}`, a bound "
        f"on the profit: every price and stay known, lots split, each car in its own best "
        f"hours. `foresight` knows the prices and obeys the market's rules."
    )
    tracks = {  # noqa: RUF012
        "equal": "every driver's minPrice is the cost of V2G",
        "random": "minPrices differ: the cost of V2G times 1 to 1.5",
    }
    changes: ClassVar = {
        "equal": {"contract": {"min_price": "equal"}},
        "random": {"contract": {"min_price": "random"}},
    }
    known = ("article", "no_v2g")
    columns: ClassVar[Columns] = {
        **COMMON,
        "V2G MWh": thousandth("v2g_kwh"),
        "Sold V2G delivered %": lambda row: percent(row.get("delivered_share")),
        "Drivers' profit EUR": lambda row: whole(row.get("driver_profit_eur")),
        **LAST,
    }
    brief = (*COMMON, "V2G MWh", "Sold V2G delivered %")

    def baselines(self) -> Mapping[str, Any]:
        """The policies, and the bound on the profit of all."""
        return {**car_park_baselines(), HIGH: None}

    def params(self, track: str) -> CarParkParams:
        """Rules of a track."""
        return CarParkParams().changed(self.changes[track])

    def scenario(self, track: str, world: int, data: Path | None) -> CarParkScenario:
        """A scenario of a track."""
        return CarParkSource(self.params(track), self.years()).scenario(world)

    def bound(
        self, scenario: CarParkScenario, params: CarParkParams, days: int | None
    ) -> pd.DataFrame:
        """Day rows that no policy exceeds in sum."""
        return car_park_bound(scenario, params).head(days or scenario.n_days)

"""The suite of the car park."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import pandas as pd

from benchmarks.hydrogen_suites import COMMON, HIGH, LAST, LOW, FCEVSuite, thousandth
from vpp_gym.evaluation.rollout import evaluate
from vpp_gym.evaluation.tables import Columns, percent, whole
from vpp_gym.fcev.calendar import HOURS
from vpp_gym.fcev.car_park.bound import car_park_bound
from vpp_gym.fcev.car_park.params import CarParkParams
from vpp_gym.fcev.car_park.policies import car_park_baselines
from vpp_gym.fcev.car_park.scenario import CarParkSource


class CarParkSuite(FCEVSuite):
    """The car park with price-based contracts."""

    name = "car_park"
    env_id = "FCEVCarPark-v0"
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
    tracks: ClassVar[Mapping[str, str]] = {
        "equal": "every driver's minPrice is the cost of V2G",
        "random": "minPrices differ: the cost of V2G times 1 to 1.5",
    }
    changes: ClassVar = {
        "equal": {"contract": {"min_price": "equal"}},
        "random": {"contract": {"min_price": "random"}},
    }
    baselines = staticmethod(car_park_baselines)
    known = ("article", "no_v2g")
    columns: ClassVar[Columns] = {
        **COMMON,
        "V2G MWh": thousandth("v2g_kwh"),
        "Sold V2G delivered %": lambda row: percent(row.get("delivered_share")),
        "Drivers' profit EUR": lambda row: whole(row.get("driver_profit_eur")),
        **LAST,
    }
    brief = (*COMMON, "V2G MWh", "Sold V2G delivered %")

    def params(self, track: str) -> CarParkParams:
        """Rules of a track."""
        return CarParkParams().changed(self.changes[track])

    def scenario(self, track: str, world: int) -> Any:
        """A world of a track."""
        return CarParkSource(self.params(track), self.years()).scenario(world)

    def rows(
        self, policy: Any, scenario: Any, params: Any, days: int | None, seed: int
    ) -> pd.DataFrame:
        """Days of a policy; without one those of the bound, which is hindsight here."""
        if policy is None:
            return car_park_bound(scenario, params).head(days or scenario.n_days)
        end_step = None if days is None else HOURS * days
        return evaluate(policy, scenario, params, end_step=end_step, seed=seed).days

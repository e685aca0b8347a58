"""Years of the microgrid: seeded weather, households and cars, and day-ahead prices."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vpp_gym.fcev.calendar import HOURS
from vpp_gym.fcev.microgrid.contracts import draw_cars
from vpp_gym.fcev.microgrid.households import draw_households
from vpp_gym.fcev.microgrid.params import MicrogridParams
from vpp_gym.fcev.microgrid.simulation import MicrogridScenario
from vpp_gym.fcev.microgrid.weather import draw_wind_kwh
from vpp_gym.scenarios.named import as_source
from vpp_gym.scenarios.source import ScenarioSource

BASE_YEAR = "synthetic:test"
_HOUSEHOLDS, _WIND, _CARS = range(3)


@dataclass(frozen=True)
class MicrogridSource:
    """Microgrids numbered by seed.

    Weather, households and schedules of a seed are the same for every family of
    contracts.

    Attributes:
        params: of every world.
        base: the years, or their name, of day-ahead prices; seed k takes year k modulo their
            number.
    """

    params: MicrogridParams
    base: ScenarioSource | str = BASE_YEAR

    def scenario(self, seed: int) -> MicrogridScenario:
        """World `seed`: the same whenever asked for."""
        years = as_source(self.base, 1.0)
        year = years.scenario(seed % years.n_scenarios)
        days = len(year.da_eur_per_kwh) // HOURS
        return MicrogridScenario(
            name=f"microgrid:{year.name}:{seed}",
            households=draw_households(_rng(seed, _HOUSEHOLDS), self.params.household, days),
            wind_kwh=draw_wind_kwh(_rng(seed, _WIND), self.params.wind, days),
            da_eur_per_kwh=year.da_eur_per_kwh,
            cars=draw_cars(_rng(seed, _CARS), self.params, days),
        )


def _rng(seed: int, stream: int) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence(2018, spawn_key=(seed, 10 + stream)))

"""Small microgrids to test with."""

from __future__ import annotations

from typing import Any

import numpy as np

from vpp_gym.fcev.microgrid.contracts import Cars, draw_cars
from vpp_gym.fcev.microgrid.households import Households, draw_households
from vpp_gym.fcev.microgrid.params import MicrogridParams
from vpp_gym.fcev.microgrid.simulation import Microgrid, MicrogridScenario
from vpp_gym.fcev.microgrid.snapshot import MicrogridDecision, MicrogridSnapshot
from vpp_gym.fcev.microgrid.weather import draw_wind_kwh


def random_grid(seed: int, n_days: int = 4, **changes: Any) -> Microgrid:
    """A few days of a small microgrid with a small store and days that differ."""
    rng = np.random.default_rng(seed)
    params = MicrogridParams().changed(
        {
            "n_cars": 7,
            "household": {"n_houses": 20},
            "wind": {"power_kw": 60.0},
            "electrolyser": {"power_kw": 80.0, "store_kg": 12.0},
            "schedule": {"day_spread_h": 1.0},
            **changes,
        },
    )
    scenario = MicrogridScenario(
        name="random",
        households=draw_households(rng, params.household, n_days),
        wind_kwh=draw_wind_kwh(rng, params.wind, n_days),
        da_eur_per_kwh=rng.normal(0.05, 0.05, 24 * n_days),
        cars=draw_cars(rng, params, n_days),
    )
    return Microgrid([scenario], params)


def hand_made_grid(
    deficit_kwh: list[float],
    volume_kwh: list[float],
    da_eur_per_kwh: list[float] | None = None,
    wind_kwh: float = 0.0,
    **changes: Any,
) -> Microgrid:
    """A day of given deficits in its first hours, cars at home and open all day."""
    n, hours = len(volume_kwh), 24
    params = MicrogridParams().changed({"n_cars": n, **changes})
    load, price = np.zeros(hours), np.full(hours, 0.05)
    load[: len(deficit_kwh)] = deficit_kwh
    if da_eur_per_kwh is not None:
        price[: len(da_eur_per_kwh)] = da_eur_per_kwh
    everywhere = np.ones((n, hours), np.bool_)
    cars = Cars(
        parked=everywhere,
        open=everywhere,
        usual_open=everywhere,
        open_h=np.full((n, 2), 24),
        volume_kwh=np.tile(np.array(volume_kwh)[:, None], 2),
        joins=np.full((n, hours), 0.5),
    )
    scenario = MicrogridScenario(
        name="hand",
        households=Households(load, np.zeros(hours), np.zeros(hours)),
        wind_kwh=np.full(hours, wind_kwh),
        da_eur_per_kwh=price,
        cars=cars,
    )
    grid = Microgrid([scenario], params)
    grid.reset()
    return grid


def random_decision(rng: np.random.Generator, snapshot: MicrogridSnapshot) -> MicrogridDecision:
    """Any decision that is allowed."""
    return MicrogridDecision(
        v2g_kwh=rng.random() * snapshot.available_kwh,
        electrolyser_kwh=rng.random() * snapshot.room_kwh,
        volume_factor=rng.uniform(0.25, 1.5),
        reward_eur_per_h=rng.uniform(0.0, 0.5),
    )


def article_decision(snapshot: MicrogridSnapshot) -> MicrogridDecision:
    """Cars serve the deficit; surplus and wind go to the electrolyser."""
    return MicrogridDecision(snapshot.served_kwh, snapshot.taken_kwh)

"""Years of the car park: prices stretched from a base year, and seeded drivers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vpp_gym.arrays import Floats
from vpp_gym.fcev.calendar import HOURS
from vpp_gym.fcev.car_park.params import CarParkParams, PriceYearParams
from vpp_gym.fcev.car_park.parking import draw_drivers
from vpp_gym.fcev.car_park.simulation import CarParkScenario
from vpp_gym.scenarios.named import as_source
from vpp_gym.scenarios.source import ScenarioSource

BASE_YEAR = "synthetic:test"
_DRIVERS, _FORECAST = range(2)


@dataclass(frozen=True)
class CarParkSource:
    """Car parks numbered by seed.

    Attributes:
        params: of every world.
        base: the years, or their name, whose day-ahead prices are stretched; seed k takes
            year k modulo their number.
    """

    params: CarParkParams
    base: ScenarioSource | str = BASE_YEAR

    def scenario(self, seed: int) -> CarParkScenario:
        """World `seed`: the same whenever asked for."""
        years = as_source(self.base, 1.0)
        year = years.scenario(seed % years.n_scenarios)
        price = stretched(year.da_eur_per_kwh, self.params.price_year)
        days = len(price) // HOURS
        return CarParkScenario(
            name=f"car_park:{year.name}:{seed}",
            da_eur_per_kwh=price,
            forecast_eur_per_kwh=forecast(price, self.params.price_year, _rng(seed, _FORECAST)),
            drivers=draw_drivers(_rng(seed, _DRIVERS), self.params, days),
            start=year.start.astype("datetime64[D]"),
        )


def stretched(base_eur_per_kwh: Floats, year: PriceYearParams) -> Floats:
    """(hours,) EUR/kWh: deviations from the mean times the spread, around another mean.

    >>> stretched(np.array([0.03, 0.05]), PriceYearParams(mean_eur_per_kwh=0.04)).round(3).tolist()
    [0.02, 0.06]
    """
    return year.mean_eur_per_kwh + year.spread * (base_eur_per_kwh - base_eur_per_kwh.mean())


def forecast(price: Floats, year: PriceYearParams, rng: np.random.Generator) -> Floats:
    """(hours,) EUR/kWh: each hour's price as expected at 12:00 of the day before."""
    return from_history(price) if year.forecast == "history" else from_outside(price, year, rng)


def from_outside(price: Floats, year: PriceYearParams, rng: np.random.Generator) -> Floats:
    """(hours,) EUR/kWh: the price with an autocorrelated error."""
    noise = rng.standard_normal(len(price))
    error = np.empty(len(price))
    error[0] = noise[0]
    fresh = np.sqrt(1 - year.forecast_memory**2)
    for hour in range(1, len(price)):
        error[hour] = year.forecast_memory * error[hour - 1] + fresh * noise[hour]
    return price + year.forecast_sd_eur_per_kwh * error


def from_history(price: Floats, days: int = 28, persistence: float = 0.7) -> Floats:
    """(hours,) EUR/kWh: mean of the same hour over past days, and a part of today's deviation.

    Only prices up to the day before enter. The first day gets its own prices' mean.
    """
    by_day = price.reshape(-1, HOURS)
    expected = np.full_like(by_day, by_day[0].mean())
    for day in range(1, len(by_day)):
        habit = by_day[max(day - days, 0) : day].mean(axis=0)
        deviation = (by_day[day - 1] - habit).mean()
        expected[day] = habit + persistence * deviation
    return expected.ravel()


def _rng(seed: int, stream: int) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence(2018, spawn_key=(seed, stream)))

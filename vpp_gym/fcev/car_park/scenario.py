"""Years of the car park: prices stretched from a base year, and seeded drivers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vpp_gym.arrays import Floats
from vpp_gym.fcev.calendar import HOURS
from vpp_gym.fcev.car_park.params import CarParkParams, PriceYearParams
from vpp_gym.fcev.car_park.parking import draw_drivers
from vpp_gym.fcev.car_park.simulation import CarParkScenario
from vpp_gym.fcev.source import NumberedYears, YearSource, stream, year_source
from vpp_gym.scenarios.scenario import Scenario
from vpp_gym.scenarios.source import ScenarioSource

WORLD = "car_park"
_DRIVERS, _FORECAST = range(2)

CarParkScenarios = CarParkScenario | Sequence[CarParkScenario] | YearSource[CarParkScenario] | str
"""What names scenarios of the car park."""


class CarParkSource(NumberedYears[CarParkScenario]):
    """Years of a car park: stretched prices, and drivers seeded by the number.

    Args:
        params: of every year.
        prices: years whose day-ahead prices are stretched, or their name; number k takes
            year k modulo their number.
        n_scenarios: how many episodes are drawn from.
        first_scenario: number of the first of them.
    """

    def __init__(
        self,
        params: CarParkParams,
        prices: ScenarioSource | str = "synthetic:test",
        *,
        n_scenarios: int = 4,
        first_scenario: int = 0,
    ) -> None:
        super().__init__(WORLD, prices, n_scenarios, first_scenario)
        self.params = params

    def _of(self, number: int, year: Scenario) -> CarParkScenario:
        price = stretched(year.da_eur_per_kwh, self.params.price_year)
        days = len(price) // HOURS
        expected = forecast(price, self.params.price_year, stream(number, _FORECAST))
        return CarParkScenario(
            name=f"{WORLD}:{year.name}:{number}",
            da_eur_per_kwh=price,
            forecast_eur_per_kwh=expected,
            drivers=draw_drivers(stream(number, _DRIVERS), self.params, days),
            start=year.start.astype("datetime64[D]"),
        )


def car_park_source(
    value: CarParkScenarios | None,
    params: CarParkParams,
    n_scenarios: int = 4,
    first_scenario: int = 0,
) -> YearSource[CarParkScenario]:
    """A source of years of the car park from whatever names one.

    Args:
        value: a `CarParkScenario`, several, or a source; or years of prices by name, such as
            "synthetic:test" or "car_park:synthetic:test"; None for "synthetic".
        params: of the years of a name.
        n_scenarios: of a name: how many episodes are drawn from.
        first_scenario: of a name: number of the first of them.

    Raises:
        InvalidInputError: something else, or a name that there is not.
    """

    def named(prices: str) -> CarParkSource:
        return CarParkSource(params, prices, n_scenarios=n_scenarios, first_scenario=first_scenario)

    return year_source(value, CarParkScenario, WORLD, named)


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

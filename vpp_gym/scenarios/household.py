"""Electricity that a household uses, step by step: a smooth shape with stated parameters.

Two bumps a day, a season and a weekend factor over a base load. Every number is an
assumption, none is fitted: for a neighbourhood, whose mean is smooth, not for one meter.
"""

from __future__ import annotations

from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field
from scipy.special import ndtr

from vpp_gym.arrays import Floats
from vpp_gym.errors import InvalidInputError

DAYS_PER_YEAR = 365.25
MIDWINTER_DAY = 15
"""Day of the year of the largest load, in the middle of January."""

Positive = Annotated[float, Field(gt=0)]
Amplitude = Annotated[float, Field(ge=0, lt=1)]
HourOfDay = Annotated[float, Field(ge=0, lt=24)]


class HouseholdLoad(BaseModel):
    """Shape of a household's load.

    Attributes:
        kwh_per_day: mean over the year.
        base_share: of the energy that is used evenly over the day.
        evening_share: of the rest that belongs to the evening bump.
        morning_h, evening_h: clock time at which the bumps are highest.
        morning_width_h, evening_width_h: standard deviation of the bumps.
        winter: amplitude of the season, largest in the middle of January.
        weekend: factor of a Saturday's or Sunday's energy.
        weekend_delay_h: by which the morning comes later then.
        noise: relative standard deviation of a step around its shape.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kwh_per_day: Positive = 9.6
    base_share: Annotated[float, Field(ge=0, le=1)] = 0.45
    evening_share: Annotated[float, Field(ge=0, le=1)] = 0.65
    morning_h: HourOfDay = 7.5
    evening_h: HourOfDay = 18.5
    morning_width_h: Positive = 1.5
    evening_width_h: Positive = 2.2
    winter: Amplitude = 0.15
    weekend: Positive = 1.08
    weekend_delay_h: Annotated[float, Field(ge=0, le=6)] = 2.0
    noise: Amplitude = 0.0


def household_kwh(
    clock: NDArray[np.datetime64],
    dt_h: float,
    load: HouseholdLoad | None = None,
    rng: np.random.Generator | None = None,
) -> Floats:
    """(T,) kWh that a household uses in every step.

    Args:
        clock: (T,) local clock time at which each step begins.
        dt_h: hours per step.
        load: shape; the default one if None.
        rng: of the noise; needed where the shape has any.

    Raises:
        InvalidInputError: noise without generator.

    >>> day = np.datetime64("2019-06-05") + np.arange(24) * np.timedelta64(1, "h")
    >>> used_kwh = household_kwh(day, 1.0)
    >>> int(used_kwh.argmax())
    18
    """
    load = load or HouseholdLoad()
    minutes = clock.astype("datetime64[m]")
    day = minutes.astype("datetime64[D]")
    begin_h = (minutes - day).astype(np.int64) / 60
    weekend = _is_weekend(day)
    share = _share_of_day(begin_h, dt_h, load, weekend)
    kwh = load.kwh_per_day * share * _season(day, load) * _weekday_factor(weekend, load)
    if load.noise == 0:
        return kwh
    if rng is None:
        raise InvalidInputError("rng", None, "give a generator: the load has noise")
    sigma = np.sqrt(np.log1p(load.noise**2))
    return kwh * rng.lognormal(-(sigma**2) / 2, sigma, len(kwh))


def _share_of_day(
    begin_h: Floats, dt_h: float, load: HouseholdLoad, weekend: NDArray[np.bool_]
) -> Floats:
    """Part of the day's energy that is used in each step."""
    morning_h = load.morning_h + load.weekend_delay_h * weekend
    morning = _share_of_bump(begin_h - morning_h, dt_h, load.morning_width_h)
    evening = _share_of_bump(begin_h - load.evening_h, dt_h, load.evening_width_h)
    bumps = (1 - load.evening_share) * morning + load.evening_share * evening
    return load.base_share * dt_h / 24 + (1 - load.base_share) * bumps


def _share_of_bump(offset_h: Floats, dt_h: float, width_h: float) -> Floats:
    """Part of a bell around 0, on a day that closes on itself, in each step."""
    turns = 24 * np.arange(-2, 3)[:, None]
    end, begin = (ndtr((offset_h + late_h + turns) / width_h) for late_h in (dt_h, 0.0))
    return np.asarray((end - begin).sum(axis=0))


def _season(day: NDArray[np.datetime64], load: HouseholdLoad) -> Floats:
    of_year = (day - day.astype("datetime64[Y]")).astype(np.int64)
    return 1 + load.winter * np.cos(2 * np.pi * (of_year - MIDWINTER_DAY) / DAYS_PER_YEAR)


def _is_weekend(day: NDArray[np.datetime64]) -> NDArray[np.bool_]:
    return (day.astype("datetime64[D]").astype(np.int64) + 3) % 7 >= 5  # day 0 was a Thursday


def _weekday_factor(weekend: NDArray[np.bool_], load: HouseholdLoad) -> Floats:
    """Factor with mean 1 over a week."""
    return np.where(weekend, load.weekend, 1.0) * 7 / (5 + 2 * load.weekend)

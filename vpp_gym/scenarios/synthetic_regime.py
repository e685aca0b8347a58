"""Synthetic prices in another regime: level, volatility, weather, spikes, dual pricing.

`in_regime` changes the calibrated parameters only, so that the same draws serve every regime.
What more sun, wind and scarcity add to the prices is drawn apart, and assumed.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
from scipy.special import ndtr

from vpp_gym.arrays import Dates, Floats
from vpp_gym.scenarios.calibration import Calibration, HourlyImbalance, Imbalance
from vpp_gym.scenarios.synthetic_params import PriceParams, RenewableParams, SyntheticParams
from vpp_gym.scenarios.synthetic_prices import DAYS_PER_YEAR, scores_with_memory

REGIMES_KEPT = 16
SLOW_DECAY = 0.98
"""Per hour: what keeps longer is weather, fuel and season rather than the hour."""

LATITUDE = np.deg2rad(52.1)
SOLAR_NOON_H = 13.2
"""On the Dutch clock, between winter (12:40) and summer time (13:40)."""
TILT = np.deg2rad(23.44)
DULLEST = 0.2
CLOUDS = np.array([[1.0, 0.5, 0.0]])
WIND = np.array([[1.0, 0.97, 0.0]])
WINTER_WIND = 0.3
PEAK_HOURS = np.array([8, 18, 19, 20])
SPIKE_SHAPE = (0.5, 1.0, 0.5)


@lru_cache(maxsize=REGIMES_KEPT)
def in_regime(fitted: Calibration, params: SyntheticParams) -> Calibration:
    """The calibrated parameters changed to those of a regime.

    Classes of prices keep their share of the hours: their edges move with the prices.
    """
    changed = replace(
        fitted,
        dual_share=params.dual_pricing.share,
        dual_spread_eur_per_kwh=params.dual_pricing.spread_eur_per_kwh,
    )
    if params.renewables.weather_factor == 1 and params.price == PriceParams():
        return changed
    if params.renewables.weather_factor != 1:
        changed = _with_weather(changed, params.renewables.weather_factor)
    changed = _with_prices(changed, params.price)
    da, im = (sd(changed) / sd(fitted) for sd in (_da_sd, _im_sd))
    centre, level = fitted.shape_eur_per_kwh.mean(), params.price.level_factor
    before, after = fitted.imbalance, changed.imbalance
    moved = {"da_edges_eur_per_kwh": level * centre + da * (before.da_edges_eur_per_kwh - centre)}
    if isinstance(before, HourlyImbalance):
        edges = before.scatter_edges_eur_per_kwh - centre
        moved["scatter_edges_eur_per_kwh"] = level * centre + im * edges
    return replace(changed, imbalance=replace(after, **moved))


def _with_weather(fitted: Calibration, factor: float) -> Calibration:
    """Slow deviations of the day-ahead price scaled; the others as they are."""
    weight, decay, period = fitted.da_memory.T
    slow = (decay >= SLOW_DECAY) & (period == 0)
    weight = weight * np.where(slow, factor**2, 1.0)
    return replace(
        fitted,
        da_memory=np.column_stack([weight / weight.sum(), decay, period]),
        da_scale_eur_per_kwh=fitted.da_scale_eur_per_kwh * np.sqrt(weight.sum()),
    )


def _with_prices(fitted: Calibration, price: PriceParams) -> Calibration:
    level = price.level_factor
    im = level * price.im_volatility_factor
    return replace(
        fitted,
        season_eur_per_kwh=level * fitted.season_eur_per_kwh,
        shape_eur_per_kwh=level * fitted.shape_eur_per_kwh,
        da_scale_eur_per_kwh=level * price.da_volatility_factor * fitted.da_scale_eur_per_kwh,
        imbalance=_wider(fitted.imbalance, im),
    )


def _wider(law: Imbalance, factor: float) -> Imbalance:
    """IM - DA times a factor, with the differences between quarters."""
    names = ["im_shape", "im_season", "im_scale"]
    names += ["scatter"] if isinstance(law, HourlyImbalance) else []
    fields = (f"{name}_eur_per_kwh" for name in names)
    return replace(law, **{name: factor * getattr(law, name) for name in fields})


def _da_sd(fitted: Calibration) -> float:
    """Standard deviation of the day-ahead price over a year, EUR/kWh."""
    season = (fitted.season_eur_per_kwh**2).sum(axis=0).mean() / 2
    deviation = (fitted.da_scale_eur_per_kwh**2).mean()
    return float(np.sqrt(fitted.shape_eur_per_kwh.var() + deviation + season))


def _im_sd(fitted: Calibration) -> float:
    """Standard deviation of the imbalance price over a year, EUR/kWh."""
    return float(
        np.hypot(_da_sd(fitted), np.sqrt((fitted.imbalance.im_scale_eur_per_kwh**2).mean()))
    )


def renewable_dips(rng: np.random.Generator, params: RenewableParams, dates: Dates) -> Floats:
    """(hours,) EUR/kWh >= 0 by which sun and wind lower the day-ahead price."""
    angle = _angle(dates)
    clear = DULLEST + (1 - DULLEST) * ndtr(scores_with_memory(rng, CLOUDS, len(dates)))
    sun = params.solar_dip_eur_per_kwh * clear[:, None] * sun_height(dates)
    gale = 2 * ndtr(scores_with_memory(rng, WIND, 24 * len(dates)))
    season = np.repeat(1 + WINTER_WIND * np.cos(angle), 24)
    return np.asarray(sun.ravel() + params.wind_dip_eur_per_kwh * gale * season)


def sun_height(dates: Dates) -> Floats:
    """(days, 24) sine of the sun's elevation in mid-hour, 1 at noon of midsummer, 0 by night.

    Source: declination of the sun as a cosine of the year, Dutch latitude.
    """
    declination = -TILT * np.cos(_angle(dates) + 2 * np.pi * 10 / DAYS_PER_YEAR)[:, None]
    hour_angle = 2 * np.pi * (np.arange(24) + 0.5 - SOLAR_NOON_H) / 24
    sine = np.sin(LATITUDE) * np.sin(declination)
    sine = sine + np.cos(LATITUDE) * np.cos(declination) * np.cos(hour_angle)
    return np.asarray(np.clip(sine / np.cos(LATITUDE - TILT), 0, 1))


def day_ahead_spikes(rng: np.random.Generator, params: PriceParams, dates: Dates) -> Floats:
    """(hours,) EUR/kWh >= 0 added to the day-ahead price."""
    n = rng.poisson(params.da_spikes_per_year * len(dates) / DAYS_PER_YEAR)
    hour = 24 * rng.integers(len(dates), size=n) + rng.choice(PEAK_HOURS, size=n)
    height = rng.exponential(params.da_spike_eur_per_kwh, size=n)
    added = np.zeros(24 * len(dates))
    for offset, share in zip((-1, 0, 1), SPIKE_SHAPE, strict=True):
        np.add.at(added, hour + offset, share * height)
    return added


def imbalance_spikes(rng: np.random.Generator, params: PriceParams, dates: Dates) -> Floats:
    """(hours,) EUR/kWh >= 0 added to both imbalance prices, beside what the day-ahead adds."""
    n = rng.poisson(params.im_spikes_per_year * len(dates) / DAYS_PER_YEAR)
    added = np.zeros(24 * len(dates))
    hour = rng.integers(len(added), size=n)
    np.add.at(added, hour, rng.exponential(params.im_spike_eur_per_kwh, size=n))
    return added


def _angle(dates: Dates) -> Floats:
    """(days,) 0 on 1 January, 2 pi a year later."""
    year = dates.astype("datetime64[Y]").astype("datetime64[D]")
    return np.asarray(2 * np.pi * (dates - year).astype(np.float64) / DAYS_PER_YEAR)

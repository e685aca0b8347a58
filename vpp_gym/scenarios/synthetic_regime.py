"""The calibrated prices in another regime: level, volatility, weather, dual pricing.

A regime changes parameters only, so that the same draws serve every one.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np

from vpp_gym.scenarios.calibration import Calibration
from vpp_gym.scenarios.synthetic_params import PriceParams, SyntheticParams

REGIMES_KEPT = 16
SLOW_DECAY = 0.98
"""Per hour: what keeps longer is weather, fuel and season rather than the hour."""


@lru_cache(maxsize=REGIMES_KEPT)
def in_regime(fitted: Calibration, params: SyntheticParams) -> Calibration:
    """The parameters from which a world with `params` is drawn.

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
    return replace(
        changed,
        da_edges_eur_per_kwh=level * centre + da * (fitted.da_edges_eur_per_kwh - centre),
        scatter_edges_eur_per_kwh=level * centre + im * (fitted.scatter_edges_eur_per_kwh - centre),
    )


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
        im_shape_eur_per_kwh=im * fitted.im_shape_eur_per_kwh,
        im_season_eur_per_kwh=im * fitted.im_season_eur_per_kwh,
        im_scale_eur_per_kwh=im * fitted.im_scale_eur_per_kwh,
        scatter_eur_per_kwh=im * fitted.scatter_eur_per_kwh,
    )


def _da_sd(fitted: Calibration) -> float:
    """Standard deviation of the day-ahead price over a year, EUR/kWh."""
    season = (fitted.season_eur_per_kwh**2).sum(axis=0).mean() / 2
    deviation = (fitted.da_scale_eur_per_kwh**2).mean()
    return float(np.sqrt(fitted.shape_eur_per_kwh.var() + deviation + season))


def _im_sd(fitted: Calibration) -> float:
    """Standard deviation of the imbalance price over a year, EUR/kWh."""
    return float(np.hypot(_da_sd(fitted), np.sqrt((fitted.im_scale_eur_per_kwh**2).mean())))

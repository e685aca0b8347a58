"""Day-ahead and imbalance prices of synthetic years, fitted to two recorded years.

What the calendar tells of a price is a mean; what it leaves is a deviation with the
quantiles and the memory that give the price those it was recorded with.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.optimize import nnls
from scipy.stats import norm

from vpp_gym.arrays import Dates, Floats
from vpp_gym.scenarios.calibration import DAY_TYPES
from vpp_gym.scenarios.real import Prices
from vpp_gym.scenarios.synthetic_prices import YEAR_H, variance_of_mean, waves
from vpp_gym.scenarios.synthetic_sessions import day_type

Years = Sequence[tuple[Prices, Dates]]

SCORES = np.arange(-40, 41, 2) / 10
FINE_SCORES = np.linspace(SCORES[0], SCORES[-1], 121)
LAGS_H = np.array([1, 2, 3, 4, 6, 8, 12, 18, 24, 36, 48, 72, 96, 120, 144, 168, 240, 336, 504, 672])
DA_CLASSES = (0.05, 0.2, 0.4, 0.6, 0.8, 0.95)
ROUNDS = 10


def fit_prices(before: Prices, year: Prices) -> dict[str, Any]:
    """Day-ahead and imbalance prices of `year`; how they move with the season, of both."""
    dates = year.start.astype("datetime64[D]") + np.arange(365)
    kind = day_type(dates)
    both = [(one, _days_of(one)) for one in (before, year)]
    season = fit_season(both)
    da, im = (prices.reshape(-1, 24) for prices in (year.da_eur_per_kwh, year.im_eur_per_kwh))
    level = da - waves(dates) @ season
    shape = np.array([level[kind == k].mean(axis=0) for k in range(DAY_TYPES)])
    expected = waves(dates) @ season + shape[kind]
    da_scale = (da - expected).std(axis=0)
    scaled = ((da - expected) / da_scale).ravel()
    im_shape, im_season = fit_spread_season(both)
    spread = im - da - im_shape - waves(dates) @ im_season
    im_scale = spread.std(axis=0)
    im_scaled = (spread / im_scale).ravel()
    da_quantiles = fit_deviation(year.da_eur_per_kwh, expected, da_scale, scaled)
    edges = np.quantile(year.da_eur_per_kwh, DA_CLASSES)
    da_class = np.searchsorted(edges, year.da_eur_per_kwh)
    return {
        "season_eur_per_kwh": season,
        "shape_eur_per_kwh": shape,
        "da_scale_eur_per_kwh": da_scale,
        "scores": SCORES,
        "da_quantiles": da_quantiles,
        "da_memory": fit_memory(
            autocorrelation_beyond(year.da_eur_per_kwh, expected.ravel()), da_quantiles
        ),
        "im_shape_eur_per_kwh": im_shape,
        "im_season_eur_per_kwh": im_season,
        "im_scale_eur_per_kwh": im_scale,
        "da_edges_eur_per_kwh": edges,
        "im_quantiles": np.array(
            [np.quantile(im_scaled[da_class == c], norm.cdf(SCORES)) for c in range(len(edges) + 1)]
        ),
        "im_memory": fit_memory(
            autocorrelation_beyond(im_scaled, 0 * im_scaled),
            np.quantile(im_scaled, norm.cdf(SCORES)),
        ),
    }


def _days_of(prices: Prices) -> Dates:
    return prices.start.astype("datetime64[D]") + np.arange(len(prices.da_eur_per_kwh) // 24)


def fit_season(both: Years) -> Floats:
    """(4, 24) waves of the day-ahead price: of its level by year, of its shape by half-year, too.

    The half-year in the level of two years is weather.
    """
    basis = np.vstack([waves(dates) for _, dates in both])
    days = [one.da_eur_per_kwh.reshape(-1, 24) for one, _ in both]
    level = np.concatenate([one.mean(axis=1) - one.mean() for one in days])
    shape = np.vstack(
        [_without_day_type(one, dates) for one, (_, dates) in zip(days, both, strict=True)]
    )
    season = np.linalg.lstsq(basis, shape, rcond=None)[0].astype(np.float64)
    season[:2] += np.linalg.lstsq(basis[:, :2], level, rcond=None)[0][:, None]
    return season


def _without_day_type(days: Floats, dates: Dates) -> Floats:
    """(days, 24) deviations from the day's mean, less their mean by day type."""
    within, kind = days - days.mean(axis=1, keepdims=True), day_type(dates)
    return within - np.array([within[kind == k].mean(axis=0) for k in range(DAY_TYPES)])[kind]


def fit_spread_season(both: Years) -> tuple[Floats, Floats]:
    """(24,) mean of IM - DA by hour, and (4, 24) its waves, as far as two years agree.

    Their level is left out: which of the two prices is dearer on average changes.
    """
    shapes, seasons = [], []
    for one, dates in both:
        spread = (one.im_eur_per_kwh - one.da_eur_per_kwh).reshape(-1, 24)
        shapes.append(spread.mean(axis=0) - spread.mean())
        within = spread - spread.mean(axis=1, keepdims=True)
        seasons.append(np.linalg.lstsq(waves(dates), within - within.mean(axis=0), rcond=None)[0])
    return agreed(*shapes), agreed(*seasons)


def agreed(one: Floats, other: Floats) -> Floats:
    """Mean of two estimates around zero, shrunk by how far chance alone makes it differ from zero.

    Chance in the one has nothing to do with that in the other: what they share is no chance.
    """
    mean, shared = (one + other) / 2, float((one * other).mean())
    return mean * (shared / (mean**2).mean()) if shared > 0 else np.zeros_like(mean)


def fit_deviation(price: Floats, expected: Floats, scale: Floats, scaled: Floats) -> Floats:
    """Quantiles of the scaled deviation with which the price has its recorded distribution.

    Deviations are drawn as if they had nothing to do with what is expected, and recorded
    ones have: quantiles of them alone would give the price another distribution. Each
    round moves them by what the prices lack, as seen from the deviation.
    """
    quantiles = np.quantile(scaled, norm.cdf(SCORES))
    for _ in range(ROUNDS):
        lack = _lack_by_score(price, expected, scale, np.interp(FINE_SCORES, SCORES, quantiles))
        quantiles = np.maximum.accumulate(quantiles + np.interp(SCORES, FINE_SCORES, lack))
    return quantiles


def _lack_by_score(price: Floats, expected: Floats, scale: Floats, deviation: Floats) -> Floats:
    """(k,) what prices of k deviations lack of the recorded ones of their rank, in scales.

    Every hour has every deviation, as often as its score occurs.
    """
    weight = norm.pdf(FINE_SCORES) / norm.pdf(FINE_SCORES).sum()
    share = np.tile(weight, expected.size) / expected.size
    drawn = (expected[:, :, None] + scale[:, None] * deviation).ravel()
    order = drawn.argsort()
    level = np.empty(drawn.size)
    level[order] = np.cumsum(share[order]) - share[order] / 2
    lack = (np.quantile(price, level) - drawn).reshape(expected.size, -1)
    return np.asarray((lack / np.tile(scale, len(expected))[:, None]).mean(axis=0))


def autocorrelation_beyond(price: Floats, expected: Floats) -> Floats:
    """Autocorrelations at `LAGS_H` of deviations that leave the price those it was recorded with.

    Those of the recorded deviations would not: see `fit_deviation`.
    """
    left = _autocovariances(price) - _autocovariances(expected)
    return left[1:] / left[0]


def _autocovariances(values: Floats) -> Floats:
    """Variance, then the covariances at `LAGS_H`."""
    pairs = ((values[lag:], values[: len(values) - lag]) for lag in (0, *LAGS_H))
    return np.array([np.cov(*pair)[0, 1] for pair in pairs])


def fit_memory(seen: Floats, quantiles: Floats) -> Floats:
    """(c, 3) weight, decay and period of processes with the autocorrelations seen.

    The processes add up to normal scores. A table of quantiles takes some of their
    correlation away, as does the mean of a year, and what is fitted makes up for both.

    Args:
        seen: autocorrelations at `LAGS_H`.
        quantiles: the table through which the scores will be pushed.
    """
    wanted = np.interp(seen, *correlation_after_table(quantiles))
    memory, of_mean = _memory_with(wanted), 0.0
    for _ in range(ROUNDS):
        of_mean = (of_mean + variance_of_mean(memory, YEAR_H)) / 2
        memory = _memory_with(of_mean + (1 - of_mean) * wanted)
    return memory


def _memory_with(wanted: Floats) -> Floats:
    """(c, 3) processes with the autocorrelations wanted at `LAGS_H`."""
    plain = [(decay, 0) for decay in (0, 0.3, 0.5, 0.7, 0.85, 0.95, 0.98, 0.99, 0.996, 0.999)]
    daily = [(decay, 24) for decay in (0.9, 0.97, 0.99, 0.997, 0.999)]
    shapes = np.array([*plain, *daily, (0.999, 168)], dtype=np.float64)
    angle = np.divide(2 * np.pi, shapes[:, 1], out=np.zeros(len(shapes)), where=shapes[:, 1] > 0)
    lags = np.concatenate([[0], LAGS_H])[:, None]
    curves = shapes[:, 0] ** lags * np.cos(angle * lags)
    trust = np.concatenate([[100, 6, 4], np.where(LAGS_H[2:] == 24, 6, 1)])
    weight, _ = nnls(curves * trust[:, None], np.concatenate([[1], wanted]) * trust)
    weight /= weight.sum()
    used = weight > 1e-3
    return np.column_stack([weight[used] / weight[used].sum(), shapes[used]])


def correlation_after_table(quantiles: Floats) -> tuple[Floats, Floats]:
    """Correlation of two tabled values, and that of the normal scores behind them."""
    point, weight = np.polynomial.hermite_e.hermegauss(101)
    weight = np.outer(weight, weight) / weight.sum() ** 2
    first = np.interp(point, SCORES, quantiles)[:, None]
    of_scores, of_values = np.linspace(-0.3, 1, 53), []
    for rho in of_scores:
        other = rho * point[:, None] + np.sqrt(1 - rho**2) * point
        second = np.interp(other, SCORES, quantiles)
        mean = (weight * second).sum()
        of_values.append((weight * first * second).sum() - mean**2)
    return np.array(of_values) / of_values[-1], of_scores

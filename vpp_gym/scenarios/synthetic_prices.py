"""Synthetic prices: day-ahead as season, weekly shape and weather; imbalance around it.

A deviation from the mean is a normal score with memory, pushed through a table of
quantiles: the table gives it the tails of real prices, the score their
autocorrelation.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import permutations

import numpy as np
from numpy.typing import NDArray

from vpp_gym.arrays import Dates, Floats
from vpp_gym.kernels import njit
from vpp_gym.scenarios.calibration import Calibration, HourlyImbalance
from vpp_gym.scenarios.quantiles import class_of, from_quantiles, from_scores
from vpp_gym.scenarios.synthetic_sessions import day_type

YEAR_H = 365 * 24
DAYS_PER_YEAR = 365.0
HARMONICS = 2
"""Waves of the year, on which seasons are fitted: of a year and of half a year."""
CLIMATES_KEPT = 16


def draw_hourly_prices(
    rng: np.random.Generator, fitted: Calibration, dates: NDArray[np.datetime64]
) -> tuple[Floats, Floats, Floats]:
    """Hourly prices of the given days.

    Args:
        rng: source of all draws.
        fitted: parameters.
        dates: (days,) consecutive dates.

    Returns:
        (hours,) EUR/kWh each: day-ahead; imbalance, as the mean of the short and
        the long price; and the spread short - long, positive in hours of
        regulation state 2 only.
    """
    hours, law = 24 * len(dates), hours_of(fitted)
    da = draw_day_ahead(rng, fitted, dates)
    score = scores_with_memory(rng, law.im_memory, hours)
    da_class = class_of(law.da_edges_eur_per_kwh, da)
    deviation = from_scores(fitted.scores, law.im_quantiles, da_class, score)
    im = da + _expected_hours(fitted, dates[0], len(dates))[1]
    im += _by_hour(law.im_scale_eur_per_kwh, deviation)
    return da, im, draw_two_prices(rng, fitted, hours)


def hours_of(fitted: Calibration) -> HourlyImbalance:
    """The law by hours of a calibration that has one."""
    if not isinstance(fitted.imbalance, HourlyImbalance):
        raise TypeError("this calibration draws imbalance prices by quarters")
    return fitted.imbalance


def draw_day_ahead(rng: np.random.Generator, fitted: Calibration, dates: Dates) -> Floats:
    """(hours,) EUR/kWh, day-ahead prices of consecutive dates."""
    hours = 24 * len(dates)
    mean = _expected_hours(fitted, dates[0], len(dates))[0]
    score, one_class = level_scores(rng, fitted.da_memory, hours), np.zeros(hours, np.int64)
    deviation = from_scores(fitted.scores, fitted.da_quantiles[None], one_class, score)
    return mean + _by_hour(fitted.da_scale_eur_per_kwh, deviation)


def draw_two_prices(rng: np.random.Generator, fitted: Calibration, hours: int) -> Floats:
    """(hours,) EUR/kWh by which the short price exceeds the long one; 0 in most hours."""
    is_dual = rng.random(hours) < fitted.dual_share
    return is_dual * rng.exponential(fitted.dual_spread_eur_per_kwh, hours)


def draw_quarter_scatter(rng: np.random.Generator, fitted: Calibration, im: Floats) -> Floats:
    """Imbalance prices of the four quarters of each hour, less their mean.

    Each hour draws how far its quarters lie apart, the profile of the four from
    low to high (one spike up, one down, two of each, ...), and their order, which
    follows the ramps of the day.

    Args:
        rng: source of all draws.
        fitted: parameters.
        im: (hours,) EUR/kWh from a midnight on; the classes are those of this price.

    Returns:
        (4 * hours,) EUR/kWh that sum to zero in each hour.
    """
    hours, law = len(im), hours_of(fitted)
    of_class = class_of(law.scatter_edges_eur_per_kwh, im)
    rank = rng.random(hours)
    size = from_quantiles(fitted.levels, law.scatter_eur_per_kwh, of_class, rank)
    part = np.searchsorted(law.size_parts, rank)
    profile = law.scatter_profile[_choose(rng, law.scatter_profile_share[of_class, part])]
    order = quarter_orders()[_choose(rng, law.scatter_order_share[np.arange(hours) % 24])]
    scatter = np.empty((hours, 4))
    np.put_along_axis(scatter, order, size[:, None] * profile, axis=1)
    return (scatter - scatter.mean(axis=1, keepdims=True)).ravel()


def quarter_orders() -> NDArray[np.int64]:
    """(24, 4) all orders of four quarters, the cheapest first."""
    return np.array(list(permutations(range(4))))


def scores_with_memory(rng: np.random.Generator, memory: Floats, n: int) -> Floats:
    """(n,) standard normal scores, the sum of stationary autoregressions.

    Args:
        rng: source of all draws.
        memory: (c, 3) weight, decay per step and period in steps (0: none); the
            autocorrelation at lag k is the sum of weight * decay**k * cos(2 pi k / period).
        n: steps.
    """
    weight, decay, period = memory.T
    angle = np.divide(2 * np.pi, period, out=np.zeros(len(period)), where=period > 0)
    processes = np.column_stack([np.sqrt(weight), decay, np.cos(angle), np.sin(angle)])
    return _sum_of_rotating_ar1(rng, processes, n)


def _choose(rng: np.random.Generator, share: Floats) -> NDArray[np.int64]:
    """(n,) a column for each of n rows, with the probabilities in the row."""
    below = np.cumsum(share, axis=1) < rng.random((len(share), 1))
    return np.minimum(below.sum(axis=1), share.shape[1] - 1)


def level_scores(rng: np.random.Generator, memory: Floats, hours: int) -> Floats:
    """(hours,) scores with memory whose mean over the whole year is zero.

    What lasts for weeks would otherwise move the level of whole years. The variance that
    this takes away is given back, on average over years. Shorter scenarios are the beginning
    of a year.
    """
    n = max(hours, YEAR_H)
    score = scores_with_memory(rng, memory, n)
    return ((score - score.mean()) / np.sqrt(1 - variance_of_mean(memory, n)))[:hours]


def variance_of_mean(memory: Floats, n: int) -> float:
    """Variance of the mean of n scores with memory, whose own variance is one."""
    weight, decay, period = memory.T
    angle = np.divide(2 * np.pi, period, out=np.zeros(len(period)), where=period > 0)
    turn = decay * np.exp(1j * angle)
    lags = turn / (1 - turn) - turn * (1 - turn**n) / (n * (1 - turn) ** 2)
    return float(weight @ (1 + 2 * lags.real) / n)


@lru_cache(maxsize=CLIMATES_KEPT)
def _expected_hours(fitted: Calibration, first: np.datetime64, days: int) -> tuple[Floats, Floats]:
    """(hours,) EUR/kWh each: mean day-ahead price, and mean of imbalance less day-ahead price."""
    dates = first + np.arange(days)
    return expected_da(fitted, dates).ravel(), expected_spread(fitted, dates).ravel()


def expected_da(fitted: Calibration, dates: NDArray[np.datetime64]) -> Floats:
    """(days, 24) EUR/kWh: mean day-ahead price by day type, season and hour."""
    season = waves(dates) @ fitted.season_eur_per_kwh
    return np.asarray(fitted.shape_eur_per_kwh[day_type(dates)] + season)


def expected_spread(fitted: Calibration, dates: NDArray[np.datetime64]) -> Floats:
    """(days, 24) EUR/kWh: mean of imbalance less day-ahead price by season and hour."""
    law = fitted.imbalance
    return np.asarray(law.im_shape_eur_per_kwh + waves(dates) @ law.im_season_eur_per_kwh)


def waves(dates: NDArray[np.datetime64]) -> Floats:
    """(days, 4) sine and cosine of the year, then of the half-year.

    >>> waves(np.array(["2019-01-01"], dtype="datetime64[D]"))
    array([[0., 1., 0., 1.]])
    """
    year = dates.astype("datetime64[Y]").astype("datetime64[D]")
    angle = 2 * np.pi * (dates - year).astype(np.float64) / DAYS_PER_YEAR
    turns = np.multiply.outer(angle, np.arange(1, HARMONICS + 1))
    return np.stack([np.sin(turns), np.cos(turns)], axis=2).reshape(len(dates), -1)


def _by_hour(scale: Floats, deviation: Floats) -> Floats:
    """(hours,) deviations from a midnight on, times the scale of their hour of the day."""
    return (deviation.reshape(-1, 24) * scale).ravel()


@njit(allocates=True)
def _sum_of_rotating_ar1(rng: np.random.Generator, processes: Floats, n: int) -> Floats:
    """(n,) sum of the first coordinates of AR(1)s of unit variance in planes that turn.

    Each process draws n normals for its first coordinate, then n for the second. In a
    kernel they are those of `rng.standard_normal`, bit for bit, at half the cost.

    Args:
        rng: source of all draws.
        processes: (c, 4) scale, decay per step, cosine and sine of the turn per step.
        n: steps.
    """
    total, noise = np.zeros(n), np.empty(n)
    for row in processes:
        scale, decay, cos, sin = row[0], row[1], row[2], row[3]
        for t in range(n):
            noise[t] = rng.standard_normal()
        fresh = np.sqrt(1 - decay * decay)
        x, y = noise[0], rng.standard_normal()
        total[0] += scale * x
        for t in range(1, n):
            turned = cos * x - sin * y
            y = decay * (sin * x + cos * y) + fresh * rng.standard_normal()
            x = decay * turned + fresh * noise[t]
            total[t] += scale * x
    return total

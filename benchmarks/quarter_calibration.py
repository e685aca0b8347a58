"""Imbalance prices by quarters of an hour, fitted to a year of hours and some months of quarters.

Hours of the whole year give the seasons, the daily profile, the spread by class of day-ahead
price and the memory over hours and days; the quarters that are known give the ramps within the
hour, the tails and the memory over quarters.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any

import cvxpy as cp
import numpy as np
from scipy.stats import norm

from benchmarks.price_calibration import DA_CLASSES, LAGS_H, agreed
from vpp_gym.arrays import Dates, Floats, Ints
from vpp_gym.scenarios.quantiles import from_scores
from vpp_gym.scenarios.real import Prices
from vpp_gym.scenarios.synthetic_prices import waves
from vpp_gym.scenarios.synthetic_quarters import PER_DAY, PER_HOUR, draw_scores, season_level

IM_SCORES = np.array(
    [-6, -5, -4.4, -4, -3.6, -3.2, *(np.arange(-14, 15) / 5), 3.2, 3.6, 4, 4.4, 5, 6]
)
LEAST_RISE = 1e-3
"""Of a table for each unit of the score, in scales: every score can be read from its price."""
LEAST_QUARTERS = 500
"""Of a class with a table of its own; smaller ones borrow from their neighbours."""
LAGS = np.array([*range(1, 13), 16, 20, 24, 32, 48, 96])
DECAYS = (0.0, 0.5, 0.75, 0.88, 0.94, 0.97, 0.985, 0.993, 0.997, 0.9985, 0.9995)
DAILY = (0.99, 0.997, 0.999, 0.9997)
LEAST_WEIGHT = 4e-3
"""Part of the variance below which a process is left out."""
YEARS, SEED, ROUNDS = 30, 2018, 12
MEMORY_ROUNDS = 3
"""A table takes some of the memory of scores away; what hours then lack is asked for on top."""


def fit_quarters(hours: Prices, quarters: Prices, season: Floats) -> dict[str, Any]:
    """Parameters of `vpp_gym.scenarios.calibration.QuarterImbalance`.

    Args:
        hours: of a whole year.
        quarters: of whole days of that year.
        season: (4, 24) waves of the day-ahead price.
    """
    dates, days = _days_of(hours, 24), _days_of(quarters, PER_DAY)
    shape, waves_of_im = fit_spread_season(hours, dates)
    hourly = _left(hours.im_eur_per_kwh - hours.da_eur_per_kwh, shape, waves_of_im, dates)
    mine = _left(quarters.im_eur_per_kwh - quarters.da_eur_per_kwh, shape, waves_of_im, days)
    scale = fit_scale(hourly, hourly[np.isin(dates, days)], mine)
    scaled_hours = (hourly / scale).ravel()
    scaled = (mine / scale[:, None]).ravel()
    da = hours.da_eur_per_kwh - season_level(season, dates)
    edges = np.quantile(da, DA_CLASSES)
    class_of_hour = np.searchsorted(edges, da)
    class_of_quarter = np.repeat(class_of_hour.reshape(-1, 24)[np.isin(dates, days)], PER_HOUR)
    score = normal_scores(scaled)
    ramp = fit_ramp(score.reshape(-1, 24, PER_HOUR))
    days_of_year, ramps = np.arange(YEARS * len(dates)) % len(dates), ramp.ravel()
    base = [_table_around(scaled, class_of_quarter, c) for c in range(len(edges) + 1)]
    left = normal_scores(score - np.tile(ramps, len(days)))
    of_hours = autocorrelations(normal_scores(scaled_hours))
    for _ in range(MEMORY_ROUNDS):
        processes = fit_processes(left, of_hours)
        processes[:, 2:] *= np.sqrt(1 - ramp.var())
        drawn = draw_scores(np.random.default_rng(SEED), processes, PER_DAY * len(days_of_year))
        drawn += np.tile(ramps, len(days_of_year))
        tables = np.array(
            [fit_table(one, scaled_hours[class_of_hour == c], drawn) for c, one in enumerate(base)]
        )
        row = np.repeat(class_of_hour.reshape(-1, 24)[days_of_year].ravel(), PER_HOUR)
        deviation = from_scores(IM_SCORES, tables, row, drawn).reshape(-1, 24, PER_HOUR)
        found = autocorrelations((scale * deviation.mean(axis=2)).ravel())
        of_hours += np.where(LAGS_H <= 24, autocorrelations(hourly.ravel()) - found, 0)
    return {
        "im_shape_eur_per_kwh": shape,
        "im_season_eur_per_kwh": waves_of_im,
        "im_ramp": ramp,
        "im_scale_eur_per_kwh": scale,
        "da_edges_eur_per_kwh": edges,
        "im_scores": IM_SCORES,
        "im_quantiles": tables,
        "im_processes": processes,
    }


def _days_of(prices: Prices, per_day: int) -> Dates:
    n = len(prices.da_eur_per_kwh) // per_day
    return prices.start.astype("datetime64[D]") + np.arange(n)


def fit_spread_season(hours: Prices, dates: Dates) -> tuple[Floats, Floats]:
    """(24,) mean of IM - DA by hour, and (4, 24) its waves, as far as two halves agree.

    The halves are the odd and the even weeks. The level is left out.
    """
    spread = (hours.im_eur_per_kwh - hours.da_eur_per_kwh).reshape(-1, 24)
    week = np.arange(len(dates)) // 7
    shapes, seasons = [], []
    for half in (0, 1):
        some, when = spread[week % 2 == half], dates[week % 2 == half]
        shapes.append(some.mean(axis=0) - some.mean())
        within = some - some.mean(axis=1, keepdims=True)
        seasons.append(np.linalg.lstsq(waves(when), within - within.mean(axis=0), rcond=None)[0])
    return agreed(*shapes), agreed(*seasons)


def fit_ramp(score: Floats) -> Floats:
    """(24, 4) mean score of quarters less that of their hour, as far as odd and even days agree.

    Args:
        score: (days, 24, 4) normal scores.
    """
    within = score - score.mean(axis=2, keepdims=True)
    return agreed(within[::2].mean(axis=0), within[1::2].mean(axis=0))


def _left(spread: Floats, shape: Floats, season: Floats, dates: Dates) -> Floats:
    """(days, 24) or (days, 24, 4) IM - DA less what the hour and the season tell."""
    expected = shape + waves(dates) @ season
    if len(spread) == expected.size:
        return spread.reshape(expected.shape) - expected
    return spread.reshape(*expected.shape, PER_HOUR) - expected[:, :, None]


def fit_scale(hourly: Floats, same_days: Floats, quarters: Floats) -> Floats:
    """(24,) size of the deviations of quarters by hour of the day: root of their spread.

    The root is half-way between one size for all hours and their own standard deviations:
    those multiply with the tails of scarce hours, and give prices higher than any recorded.
    The spread is that of the hours of the year, times how much more the quarters of known
    days spread than their hours; over three hours, since tails make either uncertain. Its
    unit does not matter, the tables make up for it.
    """
    more = _over_three(quarters.std(axis=(0, 2))) / _over_three(same_days.std(axis=0))
    return np.asarray(np.sqrt(_over_three(hourly.std(axis=0)) * more / 1000))


def _over_three(of_hour: Floats) -> Floats:
    square = of_hour**2
    return np.asarray(np.sqrt((np.roll(square, 1) + 2 * square + np.roll(square, -1)) / 4))


def normal_scores(values: Floats) -> Floats:
    """(n,) standard normal scores of the ranks."""
    rank = values.argsort(kind="stable").argsort(kind="stable")
    return np.asarray(norm.ppf((rank + 0.5) / len(values)))


def correlations_by_quarter(score: Floats) -> Floats:
    """(4, lags) correlation of the scores of quarter k of an hour with those `LAGS` later."""
    found = np.empty((PER_HOUR, len(LAGS)))
    for k in range(PER_HOUR):
        for i, lag in enumerate(LAGS):
            first = score[k : len(score) - lag : PER_HOUR]
            found[k, i] = np.corrcoef(first, score[k + lag :: PER_HOUR][: len(first)])[0, 1]
    return found


def autocorrelations(hours: Floats) -> Floats:
    """(lags,) autocorrelations of hourly values at `LAGS_H`."""
    return np.array([np.corrcoef(hours[lag:], hours[:-lag])[0, 1] for lag in LAGS_H])


def fit_processes(quarters: Floats, of_hours: Floats) -> Floats:
    """(c, 6) processes with the memory of scores of quarters and of hours.

    Covariances within and between the quarters of an hour are a sum over decays of positive
    semidefinite 4 x 4 matrices; the nearest ones in least squares are a semidefinite program,
    and their eigenvectors the weights of processes.

    Args:
        quarters: (n,) scores.
        of_hours: (lags,) autocorrelations of the hourly mean of scores at `LAGS_H`.
    """
    shapes = [*((decay, 0) for decay in DECAYS), *((decay, PER_DAY) for decay in DAILY)]
    rows, wanted = _conditions(shapes, quarters, of_hours)
    matrices = [cp.Variable((PER_HOUR, PER_HOUR), PSD=True) for _ in shapes]
    unknown = cp.hstack([cp.vec(one, order="C") for one in matrices])
    variances = cp.sum([cp.diag(one) for one in matrices])
    all_alike = [
        one == cp.sum(one) / PER_HOUR**2
        for (_, period), one in zip(shapes, matrices, strict=True)
        if period
    ]
    least = cp.Minimize(cp.sum_squares(rows @ unknown - wanted))
    cp.Problem(least, [variances == 1, *all_alike]).solve(solver="CLARABEL")
    found = []
    for shape, one in zip(shapes, matrices, strict=True):
        size, vectors = np.linalg.eigh(one.value)
        for weight, vector in zip(size[::-1], vectors.T[::-1], strict=True):
            if weight > PER_HOUR * LEAST_WEIGHT:
                upright = vector * np.sign(vector[np.abs(vector).argmax()])
                found.append((*shape, *(np.sqrt(weight) * upright)))
    processes = np.array(found)
    processes[:, 2:] /= np.sqrt((processes[:, 2:] ** 2).sum(axis=0))
    return processes


def _conditions(
    shapes: Sequence[tuple[float, float]], quarters: Floats, of_hours: Floats
) -> tuple[Floats, Floats]:
    """Rows, and what they should give, for all matrices of `fit_processes` in one vector."""

    def covariance(first: int, lag: int) -> Floats:
        row = np.zeros((len(shapes), PER_HOUR, PER_HOUR))
        for i, (decay, period) in enumerate(shapes):
            turn = 2 * np.pi * lag / period if period else 0.0
            row[i, first, (first + lag) % PER_HOUR] = decay**lag * np.cos(turn)
        return row.ravel()

    pairs = list(product(range(PER_HOUR), repeat=2))
    within = np.sum([covariance(min(k, j), abs(j - k)) for k, j in pairs], axis=0)
    rows, wanted = [], []
    for (k, i), found in np.ndenumerate(correlations_by_quarter(quarters)):
        trust = np.sqrt(3.0 if LAGS[i] <= 4 else 1.0 if LAGS[i] <= 8 else 0.3)
        rows.append(trust * covariance(k, int(LAGS[i])))
        wanted.append(trust * found)
    for lag_h, found in zip(LAGS_H, of_hours, strict=True):
        between = np.sum([covariance(k, PER_HOUR * int(lag_h) + j - k) for k, j in pairs], axis=0)
        trust = np.sqrt(3.0 if lag_h <= 4 or lag_h == 24 else 1.0)
        rows.append(trust * (between - found * within) / 8)
        wanted.append(0.0)
    return np.array(rows), np.array(wanted)


def _table_around(scaled: Floats, class_of: Ints, c: int) -> Floats:
    """(m,) quantiles of scaled deviations in a class, and in those about it if they are few."""
    reach = 0
    while (some := np.abs(class_of - c) <= reach).sum() < LEAST_QUARTERS:
        reach += 1
    return np.asarray(np.quantile(scaled[some], norm.cdf(IM_SCORES)) + LEAST_RISE * IM_SCORES)


def fit_table(table: Floats, hours: Floats, score: Floats) -> Floats:
    """(m,) the table moved and stretched on either side until means of hours are as recorded.

    Args:
        table: (m,) quantiles of quarters.
        hours: (n,) recorded scaled deviations of hours in the class.
        score: (4 * k,) scores of quarters.
    """
    wanted, table = _sides(hours), table.copy()
    for _ in range(ROUNDS):
        found = _sides(np.interp(score, IM_SCORES, table).reshape(-1, PER_HOUR).mean(axis=1))
        middle = np.interp(0.0, IM_SCORES, table)
        stretch = np.where(table < middle, wanted[0] / found[0], wanted[2] / found[2])
        table = middle + wanted[1] - found[1] + stretch * (table - middle)
    return np.asarray(table)


def _sides(values: Floats) -> tuple[float, float, float]:
    """Mean distance below the median, the median, mean distance above it."""
    middle = float(np.median(values))
    below, above = values[values < middle], values[values > middle]
    return middle - float(below.mean()), middle, float(above.mean()) - middle

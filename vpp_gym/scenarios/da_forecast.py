"""Forecast of day-ahead prices before the auction, from the prices of earlier days."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from vpp_gym.arrays import Floats, Ints
from vpp_gym.errors import InvalidInputError
from vpp_gym.kernels import njit

YESTERDAY_WEIGHT = 0.3
PAST_WEEK_WEIGHT = 0.2
SAME_WEEKDAY_WEIGHT = 0.5
WEEKDAY_LAGS = (7, 14, 21, 28)
TERMS = (
    (YESTERDAY_WEIGHT, np.array([1])),
    (PAST_WEEK_WEIGHT, np.arange(1, 8)),
    (SAME_WEEKDAY_WEIGHT, np.array(WEEKDAY_LAGS)),
)
"""Weight of each mean, and how many days before its prices lie."""


def day_ahead_forecast(da_eur_per_kwh: ArrayLike, day: ArrayLike, period: ArrayLike) -> Floats:
    """Day-ahead price of each step as expected at the gate on the day before.

    The forecast of a step reads the prices of earlier days only: 0.3 times the same
    period of yesterday, 0.2 times its mean over the last seven days, 0.5 times its
    mean over the same weekday of the last four weeks. What the past does not reach
    yet is left out and the rest weighs more; on the first day, which has no past,
    the forecast is 0. Mean absolute error on the Dutch hours of 2018, from day 28 on,
    in EUR/MWh: 6.6, against 8.1 for yesterday, 8.9 for a week ago and 7.5 for the
    mean of seven days (2019, not used for the choice: 4.6, 5.7, 5.9, 5.1).

    Args:
        da_eur_per_kwh: (T,) prices; those of a day and after never reach its forecast.
        day: (T,) number of the local day, as `Scenario.day`; never falls.
        period: (T,) place in the local day, as `Scenario.period`.

    Returns:
        (T,) EUR/kWh.

    Raises:
        InvalidInputError: unequal lengths, or days that go back.

    >>> day_ahead_forecast([0.04, 0.02, 0.5, 0.5], [0, 0, 1, 1], [0, 1, 0, 1])
    array([0.  , 0.  , 0.04, 0.02])
    """
    price = np.asarray(da_eur_per_kwh, dtype=np.float64)
    days, periods = (np.asarray(values, dtype=np.int64) for values in (day, period))
    _check(price, days, periods)
    if price.size == 0:
        return price.copy()
    row = days - days[0]
    table = _by_day(price, row, periods)
    total, weights = np.zeros_like(table), np.zeros((len(table), 1))
    for weight, lags in TERMS:
        _add_mean_of_lags(table, lags, weight, total, weights)
    forecast = np.divide(total, weights, out=np.zeros_like(total), where=weights > 0)
    return forecast[row, periods]


def _check(price: Floats, day: Ints, period: Ints) -> None:
    for name, values in (("day", day), ("period", period)):
        if values.shape != price.shape or price.ndim != 1:
            raise InvalidInputError(
                name, values.shape, f"give one for each of {price.shape} prices"
            )
    if (back := np.flatnonzero(np.diff(day) < 0)).size:
        at = int(back[0]) + 1
        raise InvalidInputError(f"day[{at}]", int(day[at]), "days never fall")
    if (wrong := np.flatnonzero(period < 0)).size:
        raise InvalidInputError(f"period[{wrong[0]}]", int(period[wrong[0]]), "periods begin at 0")


def _by_day(price: Floats, row: Ints, period: Ints) -> Floats:
    """(days, periods) prices; a repeated period is averaged, a missing one filled.

    What is missing, on the day that summer time begins, is the mean of the day.
    """
    shape = (int(row[-1]) + 1, int(period.max()) + 1)
    cell = row * shape[1] + period
    if np.array_equal(cell, np.arange(shape[0] * shape[1])):
        return price.reshape(shape)
    count = np.bincount(cell, minlength=shape[0] * shape[1]).reshape(shape)
    total = np.bincount(cell, price, minlength=count.size).reshape(shape)
    of_day = total.sum(axis=1) / np.maximum(count.sum(axis=1), 1)
    table = np.repeat(of_day[:, None], shape[1], axis=1)
    np.divide(total, count, out=table, where=count > 0)
    return table


@njit(allocates=True)
def _add_mean_of_lags(
    table: Floats, lags: Ints, weight: float, total: Floats, weights: Floats
) -> None:
    """Add the mean of the table that many days before to the total of the days that have any."""
    for day in range(len(table)):
        past, count = np.zeros(table.shape[1]), 0
        for lag in lags:
            if lag <= day:
                past += table[day - lag]
                count += 1
        if count > 0:
            total[day] += weight * (past / count)
            weights[day, 0] += weight

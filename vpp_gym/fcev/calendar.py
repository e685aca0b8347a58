"""The calendar of fuel-cell cars: whole hours, days of 24, weekdays counted from Monday."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

HOURS = 24
NOON = 12
WEEKDAY, WEEKEND = 0, 1
START = np.datetime64("2019-01-01")
"""First day of the built-in years."""


def day_types(n_days: int, start: np.datetime64 = START) -> NDArray[np.int64]:
    """(n_days,) 0 on weekdays and 1 at weekends.

    >>> day_types(6).tolist()  # Tuesday to Sunday
    [0, 0, 0, 0, 1, 1]
    """
    return (weekdays(n_days, start) >= 5).astype(np.int64)


def weekdays(n_days: int, start: np.datetime64 = START) -> NDArray[np.int64]:
    """(n_days,) 0 on Mondays to 6 on Sundays."""
    days = start.astype("datetime64[D]").astype(np.int64) + np.arange(n_days)
    return (days + 3) % 7  # day 0 of the epoch is a Thursday


def winter(n_days: int, start: np.datetime64 = START) -> NDArray[np.float64]:
    """(n_days,) 1 in the middle of January, -1 in the middle of July."""
    dates = start.astype("datetime64[D]") + np.arange(n_days)
    of_year = (dates - dates.astype("datetime64[Y]").astype("datetime64[D]")).astype(np.float64)
    return np.cos(2 * np.pi * (of_year - 14.0) / 365.0)

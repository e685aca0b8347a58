"""Forecasts of the hours ahead: energy from past days, prices from the day-ahead auction."""

from __future__ import annotations

import numpy as np

from vpp_gym.arrays import Floats
from vpp_gym.kernels import njit

PAST_DAYS = 7
"""Days whose same hours make the expectation of an hour ahead."""
GATE_H = 12
"""Hour of the day from which on, itself included, tomorrow's prices are known."""
DAY_H = 24


@njit
def expected_kwh(series: Floats, t: int, ahead: int) -> float:
    """Energy of hour t itself, or of hour t + ahead as the mean of that hour on past days.

    Args:
        series: (hours,) kWh; only what ends with hour t is used.
        t: hour of the year.
        ahead: 0 to 23. Without a whole day before t, the value of hour t is the forecast.
    """
    days = min(t // DAY_H, PAST_DAYS)
    if ahead == 0 or days == 0:
        return series[t]
    total = 0.0
    for day in range(days, 0, -1):
        total += series[t + ahead - DAY_H * day]
    return total / days


@njit(internal=True)
def expected_price(da: Floats, t: int, ahead: int) -> float:
    """Day-ahead price of hour t + ahead as far as it is known, else that of the day before.

    Until the hour that ends at 12:00, prices are known to the end of today; from the hour that
    begins at 12:00 on, to the end of tomorrow.
    """
    end = DAY_H * (t // DAY_H + (2 if t % DAY_H >= GATE_H else 1))
    hour = t + ahead
    return da[hour] if hour < min(end, len(da)) else da[hour - DAY_H]


@njit(allocates=True)
def energy_ahead(series: Floats, t: int) -> Floats:
    """(24,) kWh of this hour, and as forecast of the 23 hours ahead."""
    out = np.empty(DAY_H)
    for ahead in range(DAY_H):
        out[ahead] = expected_kwh(series, t, ahead)
    return out


@njit(allocates=True)
def prices_ahead(da: Floats, t: int) -> Floats:
    """(24,) EUR/kWh of this hour and of the 23 hours ahead, known or forecast."""
    out = np.empty(DAY_H)
    for ahead in range(DAY_H):
        out[ahead] = expected_price(da, t, ahead)
    return out

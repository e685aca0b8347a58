"""What is known in an hour of the hours ahead: energy from past days, prices from the auction."""

from __future__ import annotations

import numpy as np

from vpp_gym.arrays import Floats
from vpp_gym.kernels import njit

PAST_DAYS = 7
"""Days whose same hours make the expectation of an hour ahead."""
GATE_H = 12
"""Hour of the day after which tomorrow's prices are known."""
DAY_H = 24


@njit
def expected_kwh(series: Floats, t: int, ahead: int) -> float:
    """Hour t as it is, and hour t + ahead as the mean of the same hours before.

    Args:
        series: (hours,) kWh; only what ends with hour t is used.
        t: hour of the year.
        ahead: 0 to 23. Without a whole day before t, the present value stands in.
    """
    days = min(t // DAY_H, PAST_DAYS)
    if ahead == 0 or days == 0:
        return series[t]
    total = 0.0
    for day in range(days, 0, -1):
        total += series[t + ahead - DAY_H * day]
    return total / days


@njit
def expected_price(da: Floats, t: int, ahead: int) -> float:
    """Day-ahead price of hour t + ahead as far as it is known, else that of the day before.

    Prices are known to the end of today, after 12:00 of tomorrow.
    """
    end = DAY_H * (t // DAY_H + (2 if t % DAY_H >= GATE_H else 1))
    hour = t + ahead
    return da[hour] if hour < min(end, len(da)) else da[hour - DAY_H]


@njit(allocates=True)
def energy_ahead(series: Floats, t: int) -> Floats:
    """(24,) kWh of this hour and as expected of the 23 ahead."""
    out = np.empty(DAY_H)
    for ahead in range(DAY_H):
        out[ahead] = expected_kwh(series, t, ahead)
    return out


@njit(allocates=True)
def prices_ahead(da: Floats, t: int) -> Floats:
    """(24,) EUR/kWh of this hour and as far as known, or expected, of the 23 ahead."""
    out = np.empty(DAY_H)
    for ahead in range(DAY_H):
        out[ahead] = expected_price(da, t, ahead)
    return out

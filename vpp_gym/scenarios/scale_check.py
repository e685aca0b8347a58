"""Whether the prices of two markets can be of one unit."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from vpp_gym.errors import InvalidInputError
from vpp_gym.scenarios.files.schema import DAY_AHEAD, IMBALANCE
from vpp_gym.scenarios.files.unit_check import LEAST_MEDIAN

LARGEST_RATIO = 8.0
"""Of typical prices on the two markets: 0.6 to 1.1 in every week of 2018 and 2019."""
WEEK_H, DAY_H = 168, 24
CHEAP_EUR_PER_KWH = LEAST_MEDIAN / 1000


def check_scale(
    prices: Mapping[str, NDArray[np.float64]],
    first_day: np.datetime64,
    dt_h: float,
    *,
    cheap_market: bool = False,
) -> None:
    """Refuse markets whose typical prices cannot be of the same unit, in all or in any week.

    Args:
        prices: (T,) EUR/kWh by column.
        first_day: on which they begin.
        dt_h: hours per step.
        cheap_market: leave out weeks in which day-ahead prices are near zero.

    Raises:
        InvalidInputError: naming how far apart they are, and since when.
    """
    n, per_day, per_week = len(prices[DAY_AHEAD[0]]), round(DAY_H / dt_h), round(WEEK_H / dt_h)
    weeks = (slice(at, at + per_week) for at in range(0, n - per_week + 1, per_day))
    for part in (slice(0, n), *weeks):
        of_part = {name: values[part] for name, values in prices.items()}
        whole = part.stop - part.start == n
        if cheap_market and not whole and _is_cheap(of_part):
            continue
        ratio = price_ratio(of_part)
        if not 1 / LARGEST_RATIO <= ratio <= LARGEST_RATIO:
            day = first_day.astype("datetime64[D]") + np.timedelta64(int(part.start * dt_h // 24))
            value = f"imbalance is typically {ratio:.3g} times day-ahead from {day}"
            remedy = "has one of the two another unit? trust the unit if it is right"
            raise InvalidInputError("prices", value, remedy)


def price_ratio(prices: Mapping[str, NDArray[np.float64]]) -> float:
    """Typical imbalance price over the typical day-ahead price.

    The typical price is the median of the absolute ones; where that is low on the
    day-ahead market, which may have been at zero for half of the time, it is the mean: a
    wrong unit changes both alike.
    """
    ratio = _ratio(prices, np.median)
    return _ratio(prices, np.mean) if ratio > LARGEST_RATIO and _is_cheap(prices) else ratio


def _ratio(
    prices: Mapping[str, NDArray[np.float64]],
    typical: Callable[[NDArray[np.float64]], np.floating],
) -> float:
    day_ahead, *imbalance = (
        float(typical(np.abs(prices[name]))) for name in (*DAY_AHEAD, *IMBALANCE)
    )
    return float(np.mean(imbalance)) / day_ahead if day_ahead else np.inf


def _is_cheap(prices: Mapping[str, NDArray[np.float64]]) -> bool:
    return float(np.median(np.abs(prices[DAY_AHEAD[0]]))) < CHEAP_EUR_PER_KWH

"""Whether the prices of two markets can be of one unit."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from vpp_gym.errors import InvalidInputError
from vpp_gym.scenarios.files.schema import DAY_AHEAD, IMBALANCE
from vpp_gym.scenarios.files.unit_check import LEAST_MEDIAN

LARGEST_RATIO = 8.0
"""Of typical prices on the two markets: 0.6 to 1.1 in every week of 2018 and 2019."""
WEEK_H, DAY_H = 168, 24
CHEAP_DAYS = 3
"""Of whose means the ratio is taken where the day-ahead market is cheap."""
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
        ratio = price_ratio(of_part, n if whole else CHEAP_DAYS * per_day, per_day)
        if not 1 / LARGEST_RATIO <= ratio <= LARGEST_RATIO:
            later = np.timedelta64(part.start // per_day, "D")
            day = first_day.astype("datetime64[D]") + later
            value = f"imbalance is typically {ratio:.3g} times day-ahead from {day}"
            remedy = "has one of the two another unit? trust the unit if it is right"
            raise InvalidInputError("prices", value, remedy)


def price_ratio(prices: Mapping[str, NDArray[np.float64]], per_mean: int, per_day: int) -> float:
    """Typical imbalance price over the typical day-ahead price.

    The typical price is the median of the absolute ones. A cheap day-ahead market may be
    near zero for half of the time and dear in the evening; there it is the mean of some
    days, the largest ratio counting: a wrong unit of these days changes mean and median alike.

    Args:
        prices: (T,) EUR/kWh by column.
        per_mean: steps of such days.
        per_day: steps between their beginnings.
    """
    day_ahead, imbalance = np.abs(prices[DAY_AHEAD[0]]), _imbalance(prices)
    ratio = _ratio(float(np.median(imbalance)), float(np.median(day_ahead)))
    if ratio <= LARGEST_RATIO or not _is_cheap(prices):
        return ratio
    first = range(0, len(day_ahead) - per_mean + 1, per_day)
    parts = [slice(at, at + per_mean) for at in first]
    return max(_ratio(float(imbalance[p].mean()), float(day_ahead[p].mean())) for p in parts)


def _imbalance(prices: Mapping[str, NDArray[np.float64]]) -> NDArray[np.float64]:
    """(T,) EUR/kWh size of the imbalance price, the mean of both sides."""
    return np.asarray(np.mean([np.abs(prices[name]) for name in IMBALANCE], axis=0))


def _ratio(imbalance: float, day_ahead: float) -> float:
    return imbalance / day_ahead if day_ahead else np.inf


def _is_cheap(prices: Mapping[str, NDArray[np.float64]]) -> bool:
    return float(np.median(np.abs(prices[DAY_AHEAD[0]]))) < CHEAP_EUR_PER_KWH

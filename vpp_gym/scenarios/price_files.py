"""Dutch day-ahead and imbalance prices of whole days, from the prepared CSV files.

Both files carry one imbalance price: short and long parties pay and get the same.
Their clock is local, without time zone, and every day has 24 hours: the hour that
spring skips is filled, the one that autumn repeats is averaged.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from vpp_gym.scenarios.files.prepared_prices import read_prepared_hours, read_prepared_quarters
from vpp_gym.scenarios.files.price_rows import PriceRows
from vpp_gym.scenarios.files.schema import DAY_AHEAD, IMBALANCE
from vpp_gym.scenarios.grid import Span, on_grid

MAX_FILL_H = 2.0
"""The longest gap of the quarters of 2019 has 1.25 hours: where spring skips one."""


@dataclass(frozen=True)
class Prices:
    """Prices of consecutive steps.

    Attributes:
        start: local clock time of the first step, a midnight.
        dt_h: hours per step.
        da_eur_per_kwh: (T,) day-ahead.
        im_eur_per_kwh: (T,) imbalance.
        notes: what was dropped and repaired.
    """

    start: np.datetime64
    dt_h: float
    da_eur_per_kwh: NDArray[np.float64]
    im_eur_per_kwh: NDArray[np.float64]
    notes: dict[str, Any] = field(default_factory=dict)


def read_hourly(path: str | os.PathLike[str], *, first_day: str, last_day: str) -> Prices:
    """Hourly prices of whole days, from columns Date, Hour, price_da, price_imbalance.

    Args:
        path: CSV file in EUR/kWh with dates such as 2019-01-31.
        first_day: ISO date of the first day wanted.
        last_day: ISO date of the last day wanted, included.

    Raises:
        InvalidInputError: missing file or column, another unit, days not covered.
    """
    return _on_days(read_prepared_hours(path), first_day, last_day, dt_h=1.0)


def read_quarters(path: str | os.PathLike[str], *, first_day: str, last_day: str) -> Prices:
    """Quarter-hourly prices of whole days, from columns date, price_da, price_imbalance.

    Args:
        path: CSV file in EUR/MWh with local times such as 2019-01-31 23:45:00.
        first_day: ISO date of the first day wanted.
        last_day: ISO date of the last day wanted, included.

    Raises:
        InvalidInputError: missing file or column, another unit, days not covered.
    """
    return _on_days(read_prepared_quarters(path), first_day, last_day, dt_h=0.25)


def _on_days(file: PriceRows, first_day: str, last_day: str, *, dt_h: float) -> Prices:
    span = Span(pd.Timestamp(first_day), pd.Timestamp(last_day), None)
    grid = on_grid(file, span, dt_h=dt_h, max_fill_h=MAX_FILL_H)
    counts = {name: count for name, count in grid.counts.items() if count}
    return Prices(
        start=np.datetime64(span.first_day, "m"),
        dt_h=dt_h,
        da_eur_per_kwh=grid.prices[DAY_AHEAD[0]],
        im_eur_per_kwh=grid.prices[IMBALANCE[0]],
        notes={**file.report.dropped, **counts},
    )

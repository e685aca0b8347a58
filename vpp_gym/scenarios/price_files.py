"""Dutch day-ahead and imbalance prices from prepared CSV files.

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

from vpp_gym.errors import InvalidInputError
from vpp_gym.scenarios.csv_columns import number_column, read_columns, time_column

_PRICES = ("price_da", "price_imbalance")


@dataclass(frozen=True)
class Prices:
    """Prices of consecutive steps.

    Attributes:
        start: local clock time of the first step, a midnight.
        dt_h: hours per step.
        da_eur_per_kwh: (T,) day-ahead.
        im_eur_per_kwh: (T,) imbalance.
        notes: what was repaired, and how.
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
    table = read_columns(path, ("Date", "Hour", *_PRICES))
    remedy = "dates must read 2019-01-31"
    day = time_column(table, "Date", form="%Y-%m-%d", remedy=remedy)
    hour = number_column(table, "Hour", unit="h")
    if (wrong := ~hour.isin(range(24))).any():
        row = wrong.idxmax()
        raise InvalidInputError(f"Hour[{row}]", table["Hour"][row], "use 0 to 23")
    prices = _numbers(table, unit="EUR/kWh")
    prices.index = pd.DatetimeIndex(day + pd.to_timedelta(hour, unit="h"))
    return _on_grid(prices, first_day, last_day, dt_h=1.0)


def read_quarters(path: str | os.PathLike[str], *, first_day: str, last_day: str) -> Prices:
    """Quarter-hourly prices of whole days, from columns date, price_da, price_imbalance.

    Args:
        path: CSV file in EUR/MWh with local times such as 2019-01-31 23:45:00.
        first_day: ISO date of the first day wanted.
        last_day: ISO date of the last day wanted, included.

    Raises:
        InvalidInputError: missing file or column, another unit, days not covered.
    """
    table = read_columns(path, ("date", *_PRICES))
    remedy = "times must read 2019-01-31 23:45:00"
    time = time_column(table, "date", form="%Y-%m-%d %H:%M:%S", remedy=remedy)
    prices = _numbers(table, unit="EUR/MWh") / 1000
    prices.index = pd.DatetimeIndex(time)
    return _on_grid(prices, first_day, last_day, dt_h=0.25)


def _numbers(table: pd.DataFrame, *, unit: str) -> pd.DataFrame:
    prices = pd.DataFrame({name: number_column(table, name, unit=unit) for name in _PRICES})
    for name in _PRICES:
        median = prices[name].abs().median()
        if not (median <= 5 if unit == "EUR/kWh" else median >= 1):
            raise InvalidInputError(name, f"median {median:g}", f"this file must be in {unit}")
    return prices


def _on_grid(prices: pd.DataFrame, first_day: str, last_day: str, *, dt_h: float) -> Prices:
    """Exactly one row a step: duplicates averaged, gaps filled from the step before."""
    grid = pd.date_range(first_day, pd.Timestamp(last_day) + pd.Timedelta(days=1), freq=_freq(dt_h))
    grid = grid[:-1]
    inside = prices[(prices.index >= grid[0]) & (prices.index <= grid[-1])]
    off_grid = ~inside.index.isin(grid)
    empty = inside.isna().any(axis=1).to_numpy()
    usable = inside[~off_grid & ~empty]
    single = usable.groupby(level=0).mean()
    missing = len(grid) - len(single)
    if missing > len(grid) / 100:
        raise InvalidInputError(
            "prices", f"{missing} of {len(grid)} steps missing", f"cover {first_day} to {last_day}"
        )
    filled = single.reindex(grid).ffill().bfill()
    notes = {
        "duplicate_price_rows_averaged": len(usable) - len(single),
        "missing_price_steps_filled": missing,
        "price_rows_off_the_grid_dropped": int(off_grid.sum()),
        "empty_price_rows_dropped": int((empty & ~off_grid).sum()),
    }
    da, im = (filled[name].to_numpy() for name in _PRICES)
    return Prices(np.datetime64(grid[0], "m"), dt_h, da, im, notes)


def _freq(dt_h: float) -> str:
    return f"{round(dt_h * 60)}min"

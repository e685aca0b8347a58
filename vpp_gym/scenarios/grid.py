"""Prices on the steps of a scenario: one price for every step of whole local days."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from vpp_gym.errors import InvalidInputError
from vpp_gym.scenarios.files.joined import common_zone
from vpp_gym.scenarios.files.options import MissingDays
from vpp_gym.scenarios.files.price_rows import PriceRows
from vpp_gym.scenarios.files.schema import DAY_AHEAD
from vpp_gym.scenarios.files.times import as_timedelta
from vpp_gym.scenarios.missing_days import (
    ROUNDING,
    long_gaps,
    longest_stretch,
    missing_quarters,
    without_gaps,
)
from vpp_gym.time_steps import step_minutes

QUARTER_MIN, FINEST_MIN = 15, 5
"""Prices are put on quarters of an hour, and where some are of 5 minutes on these."""


@dataclass(frozen=True)
class Span:
    """Whole local days.

    Attributes:
        first_day: naive midnight.
        last_day: naive midnight of the last day, which is included.
        zone: of the days; None: 24 hours on every day.
    """

    first_day: pd.Timestamp
    last_day: pd.Timestamp
    zone: str | None

    @property
    def begin(self) -> pd.Timestamp:
        """First moment, on the clock of the rows: UTC, or naive without zone."""
        return _moment(self.first_day, self.zone)

    @property
    def end(self) -> pd.Timestamp:
        """First moment after the last day."""
        return _moment(self.last_day + pd.Timedelta(days=1), self.zone)

    def n_periods(self, minutes: int) -> int:
        """Periods of so many minutes in all."""
        return round((self.end - self.begin) / pd.Timedelta(minutes=minutes))

    @property
    def n_days(self) -> int:
        """Local days."""
        return (self.last_day - self.first_day).days + 1

    def clock(self, minutes: int) -> pd.DatetimeIndex:
        """Local time at which each period of so many minutes begins."""
        length = pd.Timedelta(minutes=minutes)
        periods = pd.date_range(self.begin, periods=self.n_periods(minutes), freq=length)
        return periods if self.zone is None else periods.tz_convert(self.zone).tz_localize(None)


@dataclass(frozen=True)
class GridPrices:
    """Prices of every step, by column, and what was filled or converted.

    Attributes:
        prices: column: (T,) EUR/kWh.
        counts: of what was done, by what it was.
    """

    prices: dict[str, NDArray[np.float64]]
    counts: dict[str, int] = field(default_factory=dict)


def covered_days(files: Sequence[PriceRows]) -> Span:
    """Days that every one of the given files covers from end to end.

    Files of one market are to be joined first: see `vpp_gym.scenarios.files.joined`.

    Raises:
        InvalidInputError: there is no such day.
    """
    zone = common_zone(files)
    begin = max(one.rows["start"].min() for one in files)
    end = min((one.rows["start"] + _length(one.rows)).max() for one in files)
    first, last = (_local(moment, zone) for moment in (begin, end))
    span = Span(first.ceil("D"), last.floor("D") - pd.Timedelta(days=1), zone)
    if span.last_day < span.first_day:
        raise InvalidInputError(
            "span", f"{first} to {last}", "give files that share at least one whole day"
        )
    return span


def on_grid(
    market: PriceRows,
    span: Span,
    *,
    dt_h: float,
    max_fill_h: float,
    resolution_h: float | None = None,
    missing_days: MissingDays = "refuse",
) -> GridPrices:
    """Prices of one market on every step of the span.

    A quarter takes the price of the hour around it, as the day-ahead market has
    it; an hour takes the mean of its quarters. A gap is filled with the price
    before it, and a longer one, on request, with prices of the day or week before.

    Args:
        market: its rows.
        span: whole days.
        dt_h: hours per step.
        max_fill_h: hours of the longest gap that is filled.
        resolution_h: of the rows to use where rows of several lengths overlap.
        missing_days: what becomes of longer gaps: "day-before" and "week-before" fill
            them, others refuse; "leave-out" is for the caller, see `kept_days`.

    Raises:
        InvalidInputError: a longer gap, overlapping rows, times off the quarters,
            or imbalance prices by the hour where quarters are asked for.
    """
    rows = _rows_within(market, span)
    counts: dict[str, int] = {}
    if resolution_h is not None:
        counts["rows of another resolution left aside"] = int((rows["dt_h"] != resolution_h).sum())
        rows = rows[rows["dt_h"] == resolution_h]
    columns = list(market.columns)
    minutes = _period_min([market], dt_h)
    if (coarse := int((rows["dt_h"] > dt_h + ROUNDING).sum())) and columns != list(DAY_AHEAD):
        longest = f"{rows['dt_h'].max():g}"
        remedy = (
            f"imbalance differs within {longest} h: use dt_h={longest}"
            f"{', or state repeat: allowed in a map of columns' if minutes == QUARTER_MIN else ''}"
        )
        raise InvalidInputError("dt_h", dt_h, remedy)
    counts["market hours repeated in their quarters"] = coarse
    periods, filled = without_gaps(
        _on_periods(rows, columns, span, minutes),
        span.clock(minutes),
        max_fill_h,
        missing_days,
        60 // minutes,
    )
    counts |= filled
    per_step = step_minutes(dt_h) // minutes
    steps = periods.reshape(-1, per_step, len(columns)).mean(axis=1)
    if per_step > 1:
        fine = int((rows["dt_h"] < dt_h - ROUNDING).sum())
        counts["market quarters averaged to steps"] = fine
    return GridPrices(dict(zip(columns, steps.T.copy(), strict=True)), counts)


def kept_days(
    markets: Sequence[PriceRows],
    span: Span,
    *,
    max_fill_h: float,
    resolution_h: float | None = None,
) -> Span:
    """The longest stretch of days on which no market has a gap longer than the one filled.

    Args:
        markets: their rows; so is the rest as of `on_grid`.
        span: whole days.
        max_fill_h: see there.
        resolution_h: see there.

    Raises:
        InvalidInputError: there is no such day.
    """
    minutes = _period_min(markets)
    gaps = np.zeros(span.n_periods(minutes), dtype=bool)
    for market in markets:
        rows = _rows_within(market, span)
        if resolution_h in set(rows["dt_h"]):
            rows = rows[rows["dt_h"] == resolution_h]
        prices = _on_periods(rows, list(market.columns), span, minutes)
        gaps |= long_gaps(missing_quarters(prices), max_fill_h, 60 // minutes)
    return Span(*longest_stretch(gaps, span.clock(minutes)), span.zone)


def _period_min(markets: Sequence[PriceRows], dt_h: float = 1.0) -> int:
    """Minutes of the periods that prices are put on: 15, or 5 where any of them are of 5."""
    shortest_h = min(dt_h, *(one.rows["dt_h"].min() for one in markets))
    return QUARTER_MIN if step_minutes(shortest_h) >= QUARTER_MIN else FINEST_MIN


def _rows_within(market: PriceRows, span: Span) -> pd.DataFrame:
    end = market.rows["start"] + _length(market.rows)
    return market.rows[(end > span.begin) & (market.rows["start"] < span.end)]


def _on_periods(
    rows: pd.DataFrame, columns: list[str], span: Span, minutes: int
) -> NDArray[np.float64]:
    """(periods, columns) prices; NaN where no row covers the period."""
    offset = (rows["start"] - span.begin) / pd.Timedelta(minutes=minutes)
    if (off := offset != offset.round()).any():
        when = str(rows["start"][off.idxmax()])
        raise InvalidInputError("start", when, f"prices begin every {minutes} minutes of an hour")
    repeats = (60 * rows["dt_h"] / minutes).round().astype(np.int64).to_numpy()
    first = np.repeat(offset.astype(np.int64).to_numpy(), repeats)
    within = np.arange(len(first)) - np.repeat(np.cumsum(repeats) - repeats, repeats)
    at = first + within
    inside = (at >= 0) & (at < span.n_periods(minutes))
    numbers, counted = np.unique(at[inside], return_counts=True)
    if (twice := np.flatnonzero(counted > 1)).size:
        begins = span.begin + numbers[twice[0]] * pd.Timedelta(minutes=minutes)
        when = _local(begins, span.zone)
        lengths = ", ".join(f"PT{round(60 * h)}M" for h in sorted(rows["dt_h"].unique()))
        remedy = "rows overlap: choose one resolution"
        raise InvalidInputError("resolution", f"{lengths} at {when}", remedy)
    periods = np.full((span.n_periods(minutes), len(columns)), np.nan)
    values = np.repeat(rows[columns].to_numpy(), repeats, axis=0)
    periods[at[inside]] = values[inside]
    return periods


def _length(rows: pd.DataFrame) -> pd.Series:
    return as_timedelta(rows["dt_h"])


def _moment(day: pd.Timestamp, zone: str | None) -> pd.Timestamp:
    return day if zone is None else day.tz_localize(zone).tz_convert("UTC")


def _local(moment: pd.Timestamp, zone: str | None) -> pd.Timestamp:
    return moment if zone is None else moment.tz_convert(zone).tz_localize(None)

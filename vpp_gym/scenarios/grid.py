"""Prices on the steps of a scenario: one price for every step of whole local days."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from vpp_gym.errors import InvalidInputError
from vpp_gym.scenarios.files.joined import common_zone
from vpp_gym.scenarios.files.price_rows import PriceRows
from vpp_gym.scenarios.files.schema import DAY_AHEAD

QUARTER_H = 0.25
QUARTER = pd.Timedelta(minutes=15)
MOST_FILLED_SHARE = 0.1
"""Prices with more gaps, however short, are of another resolution, or damaged."""


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

    @property
    def n_quarters(self) -> int:
        """Quarters of an hour in all."""
        return round((self.end - self.begin) / QUARTER)


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
) -> GridPrices:
    """Prices of one market on every step of the span.

    A quarter takes the price of the hour around it, as the day-ahead market has
    it; an hour takes the mean of its quarters. A gap is filled with the price
    before it.

    Args:
        market: its rows.
        span: whole days.
        dt_h: hours per step, 1.0 or 0.25.
        max_fill_h: hours of the longest gap that is filled.
        resolution_h: of the rows to use where rows of several lengths overlap.

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
    if (coarse := int((rows["dt_h"] > dt_h).sum())) and columns != list(DAY_AHEAD):
        remedy = "imbalance differs between the quarters of an hour: use dt_h=1"
        raise InvalidInputError("dt_h", dt_h, remedy)
    counts["market hours repeated in their quarters"] = coarse
    quarters = _quarters(rows, columns, span)
    gaps = np.any(np.isnan(quarters), axis=1, keepdims=True)[:, 0]
    _check_gaps(gaps, span, max_fill_h)
    counts["missing quarters filled from before"] = int(gaps.sum())
    quarters = pd.DataFrame(quarters).mask(pd.Series(gaps)).ffill().to_numpy()
    per_step = round(dt_h / QUARTER_H)
    steps = quarters.reshape(-1, per_step, len(columns)).mean(axis=1)
    if per_step > 1:
        fine = int((rows["dt_h"] < dt_h).sum())
        counts["market quarters averaged to steps"] = fine
    return GridPrices(dict(zip(columns, steps.T.copy(), strict=True)), counts)


def _rows_within(market: PriceRows, span: Span) -> pd.DataFrame:
    end = market.rows["start"] + _length(market.rows)
    return market.rows[(end > span.begin) & (market.rows["start"] < span.end)]


def _quarters(rows: pd.DataFrame, columns: list[str], span: Span) -> NDArray[np.float64]:
    """(quarters, columns) prices; NaN where no row covers the quarter."""
    offset = (rows["start"] - span.begin) / QUARTER
    if (off := offset != offset.round()).any():
        when = str(rows["start"][off.idxmax()])
        raise InvalidInputError("start", when, "prices begin on the quarters of an hour")
    repeats = (rows["dt_h"] / QUARTER_H).round().astype(np.int64).to_numpy()
    first = np.repeat(offset.astype(np.int64).to_numpy(), repeats)
    within = np.arange(len(first)) - np.repeat(np.cumsum(repeats) - repeats, repeats)
    at = first + within
    inside = (at >= 0) & (at < span.n_quarters)
    numbers, counted = np.unique(at[inside], return_counts=True)
    if (twice := np.flatnonzero(counted > 1)).size:
        when = _local(span.begin + numbers[twice[0]] * QUARTER, span.zone)
        lengths = ", ".join(f"PT{round(60 * h)}M" for h in sorted(rows["dt_h"].unique()))
        remedy = "rows overlap: choose one resolution"
        raise InvalidInputError("resolution", f"{lengths} at {when}", remedy)
    quarters = np.full((span.n_quarters, len(columns)), np.nan)
    values = np.repeat(rows[columns].to_numpy(), repeats, axis=0)
    quarters[at[inside]] = values[inside]
    return quarters


def longest_gap(missing: NDArray[np.bool_]) -> tuple[int, int]:
    """Where the longest run of missing quarters begins, and how many there are.

    >>> longest_gap(np.array([True, False, True, True]))
    (2, 2)
    """
    edges = np.flatnonzero(np.diff(np.concatenate(([False], missing, [False])).astype(np.int8)))
    begins, lengths = edges[::2], edges[1::2] - edges[::2]
    if not lengths.size:
        return 0, 0
    worst = int(np.argmax(lengths))
    return int(begins[worst]), int(lengths[worst])


def _check_gaps(missing: NDArray[np.bool_], span: Span, max_fill_h: float) -> None:
    begin, length = longest_gap(missing)
    gap_h = length * QUARTER_H
    if gap_h > max_fill_h:
        when = _local(span.begin + begin * QUARTER, span.zone)
        remedy = f"filled are gaps up to {max_fill_h:g} h: add files, or choose other days"
        raise InvalidInputError("gap", f"{gap_h:g} h from {when}", remedy)
    if missing.mean() > MOST_FILLED_SHARE:
        value = f"{missing.mean():.0%} of all quarters without price"
        raise InvalidInputError("gap", value, "give the prices in their own resolution")
    if missing[0]:
        raise InvalidInputError("gap", "at the first step", "begin on another day")


def _length(rows: pd.DataFrame) -> pd.Series:
    return pd.to_timedelta(rows["dt_h"], unit="h")


def _moment(day: pd.Timestamp, zone: str | None) -> pd.Timestamp:
    return day if zone is None else day.tz_localize(zone).tz_convert("UTC")


def _local(moment: pd.Timestamp, zone: str | None) -> pd.Timestamp:
    return moment if zone is None else moment.tz_convert(zone).tz_localize(None)

"""Moments from text cells, and local clock times as moments."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from vpp_gym.errors import InvalidInputError
from vpp_gym.scenarios.files.options import DateOrder

DUTCH = "Europe/Amsterdam"

FORMS: dict[str, tuple[str, ...]] = {
    "day-first": ("%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y"),
    "month-first": ("%m/%d/%Y", "%m-%d-%Y"),
    "year-first": ("%Y-%m-%d", "%Y/%m/%d"),
}
CLOCKS = (" %H:%M", " %H:%M:%S", "T%H:%M", "T%H:%M:%S", "T%H:%M:%S.%f", " %H:%M:%S.%f")


def same_clock(one: str | None, other: str | None, at: pd.Series) -> bool:
    """Whether two zones show the same time at all moments given; None is no zone.

    >>> june = pd.Series(pd.to_datetime(["2024-06-03 10:00"], utc=True))
    >>> same_clock("Europe/Amsterdam", "Europe/Berlin", june)
    True
    """
    if one == other or one is None or other is None:
        return one == other
    here, there = (at.dt.tz_convert(zone).dt.tz_localize(None) for zone in (one, other))
    return bool((here == there).all())


def time_cells(
    cells: pd.Series, *, file: str, order: DateOrder, date_only: bool = False
) -> pd.Series:
    """Naive times of text cells that are all written in the same way.

    Args:
        cells: text, indexed by line number; the name is the column's.
        file: name, for the error.
        order: of day, month and year; never guessed.
        date_only: dates without a time of day, or with one that is dropped.

    Raises:
        InvalidInputError: unknown order, or a cell that is written otherwise.
    """
    if order not in FORMS:
        raise InvalidInputError("date order", order, f"use one of {', '.join(FORMS)}")
    clocks = ("", *CLOCKS) if date_only else CLOCKS
    forms = [date + clock for date in FORMS[order] for clock in clocks]
    first = cells.iloc[:1]
    form = next((form for form in forms if _parsed(first, form).notna().all()), forms[0])
    times = _parsed(cells, form)
    if times.isna().any():
        line = times.isna().idxmax()
        remedy = f"dates must be {order}, and all be written alike ({form})"
        raise InvalidInputError(f"{file} line {line}, {cells.name}", cells[line], remedy)
    return times.dt.normalize() if date_only else times


def _parsed(cells: pd.Series, form: str) -> pd.Series:
    return pd.to_datetime(cells, format=form, errors="coerce").astype("datetime64[s]")


@dataclass(frozen=True)
class Moments:
    """Local clock times as moments.

    Attributes:
        utc: in UTC; NaT where the clock never shows that time.
        skipped: the clock jumps over this time in spring.
        repeated: the clock shows this time twice in autumn.
    """

    utc: pd.Series
    skipped: pd.Series
    repeated: pd.Series


def moments(local: pd.Series, zone: str) -> Moments:
    """Moments of local clock times; the first of two where the clock shows one twice."""
    early = _utc(local, zone, summer=True)
    late = _utc(local, zone, summer=False)
    return Moments(early, early.isna() & local.notna(), early.notna() & (early != late))


def moments_in_order(local: pd.Series, zone: str) -> Moments:
    """Moments of times that come in order: the second of a repeated hour is winter time.

    A time of the repeated hour that does not come exactly twice is NaT: which
    of the two it is cannot be known.
    """
    first = moments(local, zone)
    seen = local.groupby(local).cumcount()
    count = local.groupby(local).transform("size")
    late = _utc(local, zone, summer=False)
    utc = first.utc.where(~first.repeated | (seen == 0), late)
    return Moments(utc.mask(first.repeated & (count != 2)), first.skipped, first.repeated)


def on_clock_change_day(local: pd.Series, zone: str) -> pd.Series:
    """Whether the local day of each time has 23 or 25 hours."""
    day = local.dt.normalize()
    begin = day.dt.tz_localize(zone)
    end = (day + pd.Timedelta(days=1)).dt.tz_localize(zone)
    return (end - begin) != pd.Timedelta(hours=24)


def _utc(local: pd.Series, zone: str, *, summer: bool) -> pd.Series:
    which = np.full(len(local), summer)
    zoned = local.dt.tz_localize(zone, ambiguous=which, nonexistent="NaT")
    return zoned.dt.tz_convert("UTC").astype("datetime64[s, UTC]")


def as_timedelta(hours: pd.Series) -> pd.Series:
    """Hours as whole minutes: those of 5 minutes are no exact number.

    >>> as_timedelta(pd.Series([1 / 12])).iloc[0]
    Timedelta('0 days 00:05:00')
    """
    return pd.to_timedelta((60 * hours).round(), unit="min")

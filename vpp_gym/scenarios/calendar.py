"""The local clock of a scenario: which period of which day each step is.

Scenarios with the same clock share its arrays, which are read-only: a thousand synthetic years
have one calendar.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from vpp_gym.arrays import Dates, Ints

CALENDARS_KEPT = 64
THURSDAY = 3
"""Weekday of 1970-01-01, from which dates are counted."""


class Calendar(NamedTuple):
    """The local clock in each of T steps.

    Attributes:
        clock: (T,) local clock time at which each step begins.
        period: (T,) its place in the local clock day; a repeated hour has that of the first time.
        slot: (T,) its place in a bid schedule: the period, and behind the last one where the
            clock shows a time again.
        day: (T,) number of the local day, 0 for the first.
        weekday: (T,) 0 Monday .. 6 Sunday.
        today_end: (T,) step with which the next local day begins, or the scenario ends.
        tomorrow_end: (T,) the same of the day after.
    """

    clock: Dates
    period: Ints
    slot: Ints
    day: Ints
    weekday: Ints
    today_end: Ints
    tomorrow_end: Ints


@lru_cache(maxsize=CALENDARS_KEPT)
def calendar_of(start: np.datetime64, n_steps: int, dt_h: float, timezone: str | None) -> Calendar:
    """Calendar of a scenario.

    With a time zone, a clock hour is skipped in spring and repeated in autumn.

    Args:
        start: local midnight at which it begins.
        n_steps: number of steps T.
        dt_h: hours per step.
        timezone: IANA name; None means a clock without summer time.
    """
    step_min = round(dt_h * 60)
    clock = _clock(start.astype("datetime64[m]"), n_steps, step_min, timezone)
    date = clock.astype("datetime64[D]")
    period = (clock - date).astype("timedelta64[m]").astype(np.int64) // step_min
    day = (date - date[:1]).astype(np.int64)
    end = np.searchsorted(day, np.arange(day[-1] + 1), side="right")
    weekday = (date.astype(np.int64) + THURSDAY) % 7
    slot = period if timezone is None else _slots(period, day, 24 * 60 // step_min)
    tomorrow_end = end[np.minimum(day + 1, day[-1])]
    calendar = Calendar(clock, period, slot, day, weekday, end[day], tomorrow_end)
    for part in calendar:
        part.setflags(write=False)
    return calendar


def _slots(period: Ints, day: Ints, periods: int) -> Ints:
    """(T,) the period; what a day shows again has a place of its own behind them, in order."""
    again = np.ones(len(period), dtype=np.bool_)
    again[np.unique(day * periods + period, return_index=True)[1]] = False
    if not again.any():
        return period
    slot, at = period.copy(), np.flatnonzero(again)
    first = np.searchsorted(day[at], day[at])  # place of the day's first in the list
    slot[at] = periods + np.arange(len(at)) - first
    return slot


@lru_cache(maxsize=CALENDARS_KEPT)
def repeated_minutes(timezone: str | None) -> int:
    """Minutes that the clock of a zone shows twice on a day, at most.

    Looked up for 2000 to 2037, so that scenarios of one zone agree, whatever days they have.

    >>> repeated_minutes("Europe/Amsterdam"), repeated_minutes("Asia/Tokyo"), repeated_minutes(None)
    (60, 0, 0)
    """
    if timezone is None:
        return 0
    days = np.arange(np.datetime64("2000-01-01"), np.datetime64("2038-01-01"))
    offset = _offset_min(days.astype("datetime64[m]"), ZoneInfo(timezone)).astype(np.int64)
    return max(0, -int(np.diff(offset).min()))


def _clock(start: np.datetime64, n_steps: int, step_min: int, timezone: str | None) -> Dates:
    """(T,) local clock time at which each step begins."""
    minutes = (np.arange(n_steps) * step_min).astype("timedelta64[m]")
    if timezone is None:
        return start + minutes
    zone = ZoneInfo(timezone)
    utc = np.datetime64(
        start.astype(object).replace(tzinfo=zone).astimezone(ZoneInfo("UTC")).replace(tzinfo=None),
        "m",
    )
    return _local(utc + minutes, zone)


def _local(utc: Dates, zone: ZoneInfo) -> Dates:
    """Local clock of UTC minutes.

    The offset is looked up once a day; on days at whose ends it differs, at every step.
    """
    days, of_day = np.unique(utc.astype("datetime64[D]"), return_inverse=True)
    next_days = (days.astype(np.int64) + 1).astype("datetime64[D]")
    begin, end = _offset_min(days, zone), _offset_min(next_days, zone)
    offset = begin[of_day]
    changing = (begin != end)[of_day]
    offset[changing] = _offset_min(utc[changing], zone)
    return utc + offset


def _offset_min(utc: Dates, zone: ZoneInfo) -> NDArray[np.timedelta64]:
    """Offsets of the local clock from UTC, in minutes."""
    utc_zone = ZoneInfo("UTC")
    moments = (
        one.replace(tzinfo=utc_zone).astimezone(zone)
        for one in utc.astype("datetime64[s]").tolist()
    )
    minutes = [int(one.utcoffset().total_seconds() // 60) for one in moments]
    return np.array(minutes, dtype="timedelta64[m]")

"""Which days and quarters the prices of a file cover."""

from __future__ import annotations

from typing import TypedDict

import numpy as np
import pandas as pd

from vpp_gym.scenarios.files.price_rows import PriceRows
from vpp_gym.scenarios.files.times import as_timedelta


class Coverage(TypedDict):
    """Local days and gaps.

    Attributes:
        first_day: local day of the first row.
        last_day: local day of the last row.
        days: from the first to the last.
        clock_change_days: days of 23 or 25 hours among them, with their hours.
        missing_h: hours without price between the first and the last row.
        longest_gap_h: hours of the longest gap.
        longest_gap_from: local time of it; empty where there is none.
    """

    first_day: str
    last_day: str
    days: int
    clock_change_days: str
    missing_h: float
    longest_gap_h: float
    longest_gap_from: str


def coverage(prices: PriceRows) -> Coverage:
    """Days and gaps of one file; where rows overlap, the longest reach counts."""
    rows = prices.rows
    end = (rows["start"] + as_timedelta(rows["dt_h"])).cummax()
    gap_h = (rows["start"] - end.shift()) / pd.Timedelta(hours=1)
    gap_h = gap_h.where(gap_h > 0, 0.0)
    worst = gap_h.idxmax()
    local = rows["start"]
    if prices.zone is not None:
        local = local.dt.tz_convert(prices.zone).dt.tz_localize(None)
    first, last = local.iloc[0].normalize(), local.iloc[-1].normalize()
    longest_h = float(gap_h[worst])
    return {
        "first_day": str(first.date()),
        "last_day": str(last.date()),
        "days": (last - first).days + 1,
        "clock_change_days": _clock_changes(first, last, prices.zone),
        "missing_h": float(gap_h.sum()),
        "longest_gap_h": longest_h,
        "longest_gap_from": str(local[worst] - _hours(longest_h)) if longest_h else "",
    }


def _clock_changes(first: pd.Timestamp, last: pd.Timestamp, zone: str | None) -> str:
    if zone is None:
        return ""
    midnights = pd.date_range(first, last + pd.Timedelta(days=1), freq="D").tz_localize(zone)
    hours = np.diff(midnights.tz_convert("UTC")) / np.timedelta64(1, "h")
    odd = np.flatnonzero(hours != 24)
    return ", ".join(f"{midnights[i].date()} ({hours[i]:.0f} h)" for i in odd)


def _hours(hours: float) -> pd.Timedelta:
    return pd.Timedelta(hours=hours)

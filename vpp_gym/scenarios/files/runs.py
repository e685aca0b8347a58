"""Runs of equal prices: stretches that were filled, or are not yet published.

Prices are compared at their own resolution: an hourly price that is written four
times, once a quarter, counts as one.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from vpp_gym.errors import InvalidInputError
from vpp_gym.scenarios.files.report import Fact
from vpp_gym.scenarios.files.schema import DAY_AHEAD, IMBALANCE
from vpp_gym.scenarios.files.times import as_timedelta

MARKETS = {"day-ahead": DAY_AHEAD, "imbalance": IMBALANCE}
LEAST = 4
"""Prices in a row. Of 26,000 hours of the Dutch day-ahead market, in 2018 and 2019, the longest
run was 3; the one of 8 hours there, on 28 June 2018, was filled in both markets."""
LEAST_QUARTERS = 9
"""Quarters of imbalance in a row; the longest run of 15 months there was 8."""
ZERO_END_H = 23.0
"""Zeros to the end of the file, for a local day of the shortest kind: not yet published."""
REPEATED_SHARE = 0.9
"""Of the hours of a day that have one price in all quarters: its prices are hourly."""


def run_facts(rows: pd.DataFrame, zone: str | None) -> dict[str, Fact]:
    """How many runs of equal prices, and of zeros, each market has, and the longest.

    Args:
        rows: start, dt_h and prices, in order of time.
        zone: of the clock on which times are told.
    """
    facts: dict[str, Fact] = {}
    for market, columns in MARKETS.items():
        if not set(columns) <= set(rows):
            continue
        runs = equal_runs(rows, columns)
        fine = (runs["dt_h"] < 0.5) & (market == "imbalance") & ~runs["zero"]
        runs = runs[runs["rows"] >= np.where(fine, LEAST_QUARTERS, LEAST)]
        facts[f"runs of equal {market} prices"] = len(runs)
        for what, some in (("equal", runs), ("zero", runs[runs["zero"]])):
            if len(some):
                facts[f"longest run of {what} {market} prices"] = _text(some, zone)
        facts[f"runs of zero {market} prices"] = int(runs["zero"].sum())
    return facts


def check_zero_end(rows: pd.DataFrame, zone: str | None, file: str, *, accepted: bool) -> None:
    """Refuse prices that end with zeros for a day or more.

    Raises:
        InvalidInputError: telling since when.
    """
    for market, columns in MARKETS.items():
        if accepted or not set(columns) <= set(rows):
            continue
        runs = equal_runs(rows, columns)
        last = runs[runs["end"] == runs["end"].max()]
        late = last[last["zero"] & (last["hours"] >= ZERO_END_H)]
        if len(late):
            remedy = (
                "zeros to the end are mostly prices not yet published: end the file before, get it "
                "again, or accept them with the option accept_zeros"
            )
            raise InvalidInputError(f"{file} {market} prices", _text(late, zone), remedy)


def equal_runs(rows: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """Runs of rows that follow one another at one price.

    Args:
        rows: start, dt_h and prices.
        columns: prices that are all to be equal.

    Returns:
        start, end, dt_h, rows, hours, price (of the first column), and whether it is zero.
    """
    names = list(columns)
    parts = [_native(part, names) for _, part in rows.groupby("dt_h", sort=True)]
    runs = []
    for part in parts:
        table = part.sort_values("start", kind="stable", ignore_index=True)
        end = table["start"] + as_timedelta(table["dt_h"])
        same = (table[names] == table[names].shift()).all(axis=1) & (table["start"] == end.shift())
        number = (~same).cumsum()
        grouped = table.assign(end=end).groupby(number)
        found = grouped.agg(
            start=("start", "first"),
            end=("end", "last"),
            dt_h=("dt_h", "min"),
            rows=("dt_h", "size"),
            hours=("dt_h", "sum"),
            price=(names[0], "first"),
        )
        runs.append(found.assign(zero=(table[names] == 0).all(axis=1).groupby(number).first()))
    return pd.concat(runs, ignore_index=True)


def _native(rows: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    """Rows shorter than an hour as hours on the days on which their prices are hourly."""
    dt_h = float(rows["dt_h"].iloc[0])
    if dt_h == 1.0:
        return rows
    hour, day = rows["start"].dt.floor("h"), rows["start"].dt.normalize()
    by_hour = rows.groupby(hour)[columns]
    whole = by_hour.transform("size") == round(1 / dt_h)
    equal = ((by_hour.transform("min") == by_hour.transform("max")).all(axis=1)) & whole
    hourly = equal & (equal.groupby(day).transform("mean") >= REPEATED_SHARE)
    first = rows[hourly & (rows["start"] == hour)].assign(dt_h=1.0)
    return pd.concat([rows[~hourly], first])


def _text(runs: pd.DataFrame, zone: str | None) -> str:
    longest = runs.loc[runs["hours"].idxmax()]
    start = longest["start"]
    if zone is not None:
        start = start.tz_convert(zone).tz_localize(None)
    return f"{longest['hours']:g} h of {1000 * longest['price'] + 0.0:g} EUR/MWh from {start}"

"""Days whose prices are missing: refused, left out, or filled from the day or week before.

A scenario has no hole in its time. Leaving a day out therefore means that the world is
the longest stretch of days between missing ones; joining the two sides of a hole would
give every later day a wrong date and weekday.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from vpp_gym.errors import InvalidInputError
from vpp_gym.scenarios.files.options import MissingDays

DAYS_BACK = {"day-before": 1, "week-before": 7}
PER_HOUR = 4
PERIODS = {4: "quarters", 12: "5-minute periods"}
"""What prices are put on: their name, by how many there are in an hour."""
ROUNDING = 1e-9
MOST_FILLED_SHARE = 0.1
"""Prices with more gaps, however short, are of another resolution, or damaged."""
MOST_COPIED_SHARE = 0.25
"""Of all quarters: with more from other days, prices are no longer those of the days."""


def runs_of(mask: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Where runs of True begin and end, the end excluded.

    >>> runs_of(np.array([True, False, True, True]))
    [(0, 1), (2, 4)]
    """
    edges = np.flatnonzero(np.diff(np.concatenate(([False], mask, [False])).astype(np.int8)))
    return [(int(begin), int(end)) for begin, end in zip(edges[::2], edges[1::2], strict=True)]


def long_gaps(
    missing: NDArray[np.bool_], max_fill_h: float, per_hour: int = PER_HOUR
) -> NDArray[np.bool_]:
    """Missing quarters that are part of a gap longer than the one that is filled.

    >>> long_gaps(np.array([True, False, True, True]), 0.25)
    array([False, False,  True,  True])
    """
    found = np.zeros(len(missing), dtype=bool)
    for begin, end in runs_of(missing):
        found[begin:end] = end - begin > max_fill_h * per_hour + ROUNDING
    return found


def missing_quarters(quarters: NDArray[np.float64]) -> NDArray[np.bool_]:
    """(n,) which quarters lack a price of any column."""
    return np.asarray(np.isnan(quarters).any(axis=1), dtype=np.bool_)


def without_gaps(
    quarters: NDArray[np.float64],
    clock: pd.DatetimeIndex,
    max_fill_h: float,
    rule: MissingDays,
    per_hour: int = PER_HOUR,
) -> tuple[NDArray[np.float64], dict[str, int]]:
    """Prices without gaps, and how many quarters were filled.

    Args:
        quarters: (n, columns) prices; NaN where there is none.
        clock: (n,) local time of each quarter.
        max_fill_h: hours of the longest gap that takes the price before it.
        rule: what becomes of longer ones.
        per_hour: 4; or 12, where prices are of 5 minutes.

    Raises:
        InvalidInputError: a longer gap that is not to be filled, too many gaps, or one at
            the first step.
    """
    gaps = missing_quarters(quarters)
    long = long_gaps(gaps, max_fill_h, per_hour) if rule in DAYS_BACK else np.zeros_like(gaps)
    short = gaps & ~long
    _check_gaps(short, clock, max_fill_h, per_hour)
    before = pd.DataFrame(quarters).mask(pd.Series(gaps)).ffill().to_numpy()
    quarters = np.where(gaps[:, None], np.nan, quarters)
    quarters = np.where(short[:, None], before, quarters)
    counts = {f"missing {PERIODS[per_hour]} filled from before": int(short.sum())}
    if not long.any():
        return quarters, counts
    quarters, copied = copied_from_before(quarters, long, clock, rule, PERIODS[per_hour])
    return quarters, counts | copied


def longest_gap(missing: NDArray[np.bool_]) -> tuple[int, int]:
    """Where the longest run of missing quarters begins, and how many there are.

    >>> longest_gap(np.array([True, False, True, True]))
    (2, 2)
    """
    begin, end = max(runs_of(missing), key=lambda run: run[1] - run[0], default=(0, 0))
    return begin, end - begin


def _check_gaps(
    missing: NDArray[np.bool_], clock: pd.DatetimeIndex, max_fill_h: float, per_hour: int
) -> None:
    begin, length = longest_gap(missing)
    gap_h = length / per_hour
    if gap_h > max_fill_h + ROUNDING:
        remedy = (
            f"filled are gaps up to {max_fill_h:g} h: add files, choose other days, or say with "
            "the option missing_days what becomes of longer ones"
        )
        raise InvalidInputError("gap", f"{gap_h:g} h from {clock[begin]}", remedy)
    if missing.mean() > MOST_FILLED_SHARE:
        value = f"{missing.mean():.0%} of all {PERIODS[per_hour]} without price"
        raise InvalidInputError("gap", value, "give the prices in their own resolution")
    if missing[0]:
        raise InvalidInputError("gap", "at the first step", "begin on another day")


def copied_from_before(
    quarters: NDArray[np.float64],
    gaps: NDArray[np.bool_],
    clock: pd.DatetimeIndex,
    rule: MissingDays,
    name: str = PERIODS[PER_HOUR],
) -> tuple[NDArray[np.float64], dict[str, int]]:
    """Prices with those of the same clock time one day or one week before in the gaps.

    Of an hour that the clock showed twice then, the first is taken; of one that it
    skipped, the quarter before it. Days that were filled serve those after them.

    Args:
        quarters: (n, columns) prices; NaN in the gaps.
        gaps: (n,) which quarters to fill.
        clock: (n,) local time of each quarter.
        rule: "day-before" or "week-before".
        name: of the quarters, in counts.

    Returns:
        The prices, and how many quarters of each day were filled.

    Raises:
        InvalidInputError: there is no such day, or too many would be filled.
    """
    filled, days = quarters.copy(), DAYS_BACK[rule]
    dates = clock.normalize()
    if gaps.mean() > MOST_COPIED_SHARE:
        value = f"{gaps.mean():.0%} of all {name} missing"
        raise InvalidInputError("missing_days", value, "add files: so many days cannot be filled")
    place = pd.Series(np.arange(len(clock)), index=clock)
    place = place[~place.index.duplicated()]
    counts: dict[str, int] = {}
    for date in dates[gaps].unique():
        at = np.flatnonzero(gaps & (dates == date))
        source = place.reindex(clock[at] - pd.Timedelta(days=days), method="pad")
        if source.isna().any() or np.isnan(filled[source.astype(int)]).any():
            remedy = "prices of that day are missing, too: add files, or choose leave-out"
            value = f"{rule} of {date.date()}"
            raise InvalidInputError("missing_days", value, remedy)
        filled[at] = filled[source.astype(int)]
        counts[f"{name} of {date.date()} from the {rule.replace('-', ' ')}"] = len(at)
    return filled, counts


def longest_stretch(
    gaps: NDArray[np.bool_], clock: pd.DatetimeIndex
) -> tuple[pd.Timestamp, pd.Timestamp]:
    """First and last day of the longest stretch of days without a gap, the first of equal ones.

    Args:
        gaps: (n,) which quarters are missing on any market.
        clock: (n,) local time of each quarter.

    Raises:
        InvalidInputError: every day has a gap.
    """
    whole = ~pd.Series(gaps).groupby(clock.normalize()).any()
    runs = runs_of(whole.to_numpy())
    if not runs:
        raise InvalidInputError("missing_days", "a gap on every day", "add files")
    begin, end = max(runs, key=lambda run: run[1] - run[0])
    return whole.index[begin], whole.index[end - 1]

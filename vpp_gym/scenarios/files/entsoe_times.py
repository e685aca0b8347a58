"""Market time units of ENTSO-E's web pages: local start, end and mark, and the moments they are."""

from __future__ import annotations

import pandas as pd

from vpp_gym.errors import InvalidInputError
from vpp_gym.scenarios.files.tally import Tally
from vpp_gym.scenarios.files.times import moments_in_order, on_clock_change_day, time_cells

SPAN = r"^(?P<start>\S+ [\d:]+)(?: \((?P<marker>CES?T)\))? - (?P<end>\S+ [\d:]+)(?: \(CES?T\))?$"
OFFSET_H = {"CET": 1, "CEST": 2}


def market_units(cells: pd.Series, file: str, zone: str) -> pd.DataFrame:
    """Local start, marker and length of market time units such as 01/01/2024 00:00:00 - ..."""
    parts = cells.str.extract(SPAN)
    if parts["start"].isna().any():
        line = parts["start"].isna().idxmax()
        remedy = "times must read 01/01/2024 00:00:00 - 01/01/2024 01:00:00"
        raise InvalidInputError(f"{file} line {line}, {cells.name}", cells[line], remedy)
    start, end = (
        time_cells(parts[name].rename(str(cells.name)), file=file, order="day-first")
        for name in ("start", "end")
    )
    dt_h = _lengths(start, end, file, zone)
    return pd.DataFrame({"start": start, "marker": parts["marker"], "dt_h": dt_h})


def on_the_clock(rows: pd.DataFrame, tally: Tally, zone: str, price: str) -> pd.DataFrame:
    """Rows of one auction with their start in UTC; those that cannot be placed are left out.

    Args:
        rows: start (local), marker and prices, in the order of the file.
        tally: of what is left out.
        zone: of the clock.
        price: name of the column of prices.

    Raises:
        InvalidInputError: a time or a mark that the clock never shows.
    """
    unmarked = rows["marker"].isna()
    found = moments_in_order(rows["start"].where(unmarked), zone)
    offset_h = pd.to_timedelta(rows["marker"].map(OFFSET_H).astype("float64"), unit="h")
    marked = (rows["start"] - offset_h).dt.tz_localize("UTC")
    _check_markers(rows, marked, zone, tally.file)
    rows = rows.assign(start=found.utc.where(unmarked, marked)).drop(columns="marker")
    without_price = found.skipped & rows[price].isna()
    rows = tally.without(rows, "clock_skips_this_hour", without_price)
    if (wrong := found.skipped[rows.index]).any():
        line = wrong.idxmax()
        remedy = f"the clock of {zone} skips this time: are these times in another zone?"
        raise InvalidInputError(f"{tally.file} line {line}", "a time in the skipped hour", remedy)
    return tally.without(rows, "which_of_two_hours_unknown", rows["start"].isna())


def _check_markers(rows: pd.DataFrame, marked: pd.Series, zone: str, file: str) -> None:
    """Refuse a mark that the clock does not carry at that time, as winter time in June."""
    wrong = rows["marker"].notna() & (
        marked.dt.tz_convert(zone).dt.tz_localize(None) != rows["start"]
    )
    if wrong.any():
        line = wrong.idxmax()
        value = f"{rows['start'][line]} ({rows['marker'][line]})"
        remedy = f"the clock of {zone} has no such time: are these times of another zone?"
        raise InvalidInputError(f"{file} line {line}", value, remedy)


def _lengths(start: pd.Series, end: pd.Series, file: str, zone: str) -> pd.Series:
    """Hours of each market unit.

    Where the clock changes, start and end are on different clocks: such a unit is
    as long as the one before it.
    """
    dt_h = (end - start) / pd.Timedelta(hours=1)
    odd = ~dt_h.isin([0.25, 0.5, 1.0])
    if (wrong := odd & ~on_clock_change_day(start, zone)).any():
        line = wrong.idxmax()
        value = f"a time of {dt_h[line]:g} h"
        raise InvalidInputError(f"{file} line {line}", value, "give times of 15, 30 or 60 min")
    return dt_h.mask(odd).ffill().bfill()

"""Day-ahead prices from CSV files of the ENTSO-E transparency platform's web pages.

Both forms are read: the new one with Area, Sequence and intraday columns, and the
old one with two columns. Times are market time units, "01/01/2024 00:00:00 -
01/01/2024 01:00:00", on the clock that the column's name states.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence

import pandas as pd

from vpp_gym.errors import InvalidInputError
from vpp_gym.scenarios.files.price_rows import CONVERTED, PriceRows, price_cells, price_rows
from vpp_gym.scenarios.files.raw import RawFile, csv_cells, header_cells
from vpp_gym.scenarios.files.report import FileReport
from vpp_gym.scenarios.files.schema import DAY_AHEAD
from vpp_gym.scenarios.files.tally import Tally
from vpp_gym.scenarios.files.times import (
    DUTCH,
    moments_in_order,
    on_clock_change_day,
    time_cells,
)

KIND = "entsoe day-ahead csv"

CLOCKS = {"CET/CEST": DUTCH, "CET": DUTCH, "UTC": "UTC"}
"""What the platform calls CET has summer time, too."""

PRICE = re.compile(r"Day-ahead Price [\[(](?P<unit>.+)[\])]")
MARKET_UNIT = re.compile(r"MTU \((?P<clock>.+)\)")
SPAN = r"^(?P<start>\S+ [\d:]+)(?: \((?P<marker>CES?T)\))? - (?P<end>\S+ [\d:]+)(?: \(CES?T\))?$"
OFFSET_H = {"CET": 1, "CEST": 2}


def recognises(header: Sequence[str]) -> bool:
    """Whether the first line of a CSV file names the columns of this kind."""
    return all(any(form.fullmatch(cell) for cell in header) for form in (PRICE, MARKET_UNIT))


def read_entsoe_csv(
    path: str | os.PathLike[str],
    *,
    area: str | None = None,
    sequence: str | None = None,
    trust_unit: bool = False,
) -> PriceRows:
    """Day-ahead prices of one bidding zone.

    Args:
        path: a CSV file with columns MTU (...) and Day-ahead Price (EUR/MWh).
        area: which, where the file has several, e.g. "BZN|NL".
        sequence: which, where the file has several, e.g. "Sequence 1".
        trust_unit: take the numbers as EUR/MWh whatever they look like.

    Raises:
        InvalidInputError: another format, currency or unit, or times that the
            stated clock never shows.
    """
    raw = RawFile.open(path)
    clock, price = _columns(raw)
    table = csv_cells(raw, [f"MTU ({clock})", price])
    lines, options = len(table), {}
    for column, wanted in (("Area", area), ("Sequence", sequence)):
        if column in table:
            options[column] = chosen_value(table[column], wanted, raw.name)
            table = table[table[column] == options[column]]
    rows = _market_units(table[f"MTU ({clock})"], raw.name, CLOCKS[clock])
    tally = Tally(raw.name, len(rows))
    rows[DAY_AHEAD[0]] = price_cells(
        table[price], rows["dt_h"], file=raw.name, trust_unit=trust_unit
    )
    rows = _on_the_clock(rows, tally, CLOCKS[clock])
    report = FileReport.of(
        raw,
        KIND,
        options=options,
        changed={CONVERTED: len(rows)},
        facts={
            "unit": "EUR/MWh",
            "clock": clock,
            "rows of other areas or sequences": lines - tally.rows,
            "byte order mark": raw.has_byte_order_mark,
        },
    )
    return price_rows(rows, tally, report, zone=DUTCH)


def _columns(raw: RawFile) -> tuple[str, str]:
    """Clock of the market time unit, and name of the price column, as the first line says."""
    header = header_cells(raw)
    found = [[form.fullmatch(cell) for cell in header] for form in (MARKET_UNIT, PRICE)]
    clock, price = (next((one for one in matches if one), None) for matches in found)
    if clock is None or price is None:
        remedy = "the first line must name MTU (CET/CEST) and Day-ahead Price (EUR/MWh)"
        raise InvalidInputError(f"{raw.name} columns", list(header), remedy)
    if clock["clock"] not in CLOCKS:
        raise InvalidInputError(clock[0], clock["clock"], f"use one of {', '.join(CLOCKS)}")
    if price["unit"] != "EUR/MWh":
        raise InvalidInputError(price[0], price["unit"], "give prices in EUR/MWh")
    return clock["clock"], price[0]


def chosen_value(column: pd.Series, chosen: str | None, file: str) -> str:
    """The value asked for, or the only one there is.

    Raises:
        InvalidInputError: it is not there, or there are several to choose from.
    """
    values = sorted(column.unique())
    if chosen is None and len(values) > 1:
        remedy = f"choose one with the option {str(column.name).lower()}"
        raise InvalidInputError(f"{file} {column.name}", values, remedy)
    if chosen is not None and chosen not in values:
        raise InvalidInputError(f"{column.name}", chosen, f"{file} has {', '.join(values)}")
    return values[0] if chosen is None else chosen


def _market_units(cells: pd.Series, file: str, zone: str) -> pd.DataFrame:
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


def _on_the_clock(rows: pd.DataFrame, tally: Tally, zone: str) -> pd.DataFrame:
    """Rows with their start in UTC; those that cannot be placed are left out."""
    unmarked = rows["marker"].isna()
    found = moments_in_order(rows["start"].where(unmarked), zone)
    offset_h = pd.to_timedelta(rows["marker"].map(OFFSET_H).astype("float64"), unit="h")
    marked = (rows["start"] - offset_h).dt.tz_localize("UTC")
    _check_markers(rows, marked, zone, tally.file)
    rows = rows.assign(start=found.utc.where(unmarked, marked)).drop(columns="marker")
    without_price = found.skipped & rows[DAY_AHEAD[0]].isna()
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

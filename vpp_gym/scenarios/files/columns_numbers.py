"""Numbers and durations from text cells, in the form and unit that a map of columns states."""

from __future__ import annotations

import re

import pandas as pd

from vpp_gym.errors import InvalidInputError
from vpp_gym.scenarios.files.columns_map import Table
from vpp_gym.scenarios.files.columns_units import HOURS
from vpp_gym.scenarios.files.numbers import number_cells

CLOCK_LENGTH = r"(\d{1,5}):([0-5]\d):([0-5]\d)"


def stated_numbers(cells: pd.Series, table: Table, *, file: str, unit: str) -> pd.Series:
    """Floats of text cells; NaN where there is no value.

    Raises:
        InvalidInputError: a cell that is no number in the stated form.
    """
    text = cells.mask(cells.isin(list(table.missing)), "")
    if table.thousands is not None:
        text = _without_thousands(text, table, file)
    return number_cells(text, file=file, unit=unit, decimal=table.decimal)


def _without_thousands(cells: pd.Series, table: Table, file: str) -> pd.Series:
    """Text without marks between groups of three digits; other places for them are refused."""
    mark, decimal = re.escape(str(table.thousands)), re.escape(table.decimal)
    grouped = cells.str.fullmatch(rf"[+-]?\d{{1,3}}(?:{mark}\d{{3}})+(?:{decimal}\d*)?")
    wrong = cells.str.contains(mark, regex=True) & ~grouped
    if wrong.any():
        line = wrong.idxmax()
        remedy = f"{table.thousands!r} stands between groups of three digits"
        raise InvalidInputError(f"{file} line {line}, {cells.name}", cells[line], remedy)
    return cells.where(~grouped, cells.str.replace(str(table.thousands), "", regex=False))


def stated_hours(cells: pd.Series, table: Table, *, file: str, unit: str) -> pd.Series:
    """Hours of durations; NaN where there is no value.

    Raises:
        InvalidInputError: a cell that is no duration in the stated unit.
    """
    if unit in HOURS:
        return stated_numbers(cells, table, file=file, unit=unit) * HOURS[unit]
    text = cells.mask(cells.isin(list(table.missing)), "")
    parts = text.str.extract(rf"^{CLOCK_LENGTH}$").astype("float64")
    wrong = parts[0].isna() & (text != "")
    if wrong.any():
        line = wrong.idxmax()
        remedy = "durations read hours:minutes:seconds, as 7:05:10"
        raise InvalidInputError(f"{file} line {line}, {cells.name}", cells[line], remedy)
    return parts[0] + parts[1] / 60 + parts[2] / 3600

"""Numbers from text cells: nothing is taken for a number that only resembles one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from vpp_gym.errors import InvalidInputError
from vpp_gym.scenarios.files.options import Decimal

MISSING = ("", "-", "n/e", "N/A", "n/a", "NaN", "nan", "null")
"""What the sources write where there is no value."""

LARGEST, LARGEST_H = 1e12, 1e6
"""No quantity in these files is larger, and no time longer than a century."""
PLAIN = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"

COMMA = r"[+-]?[0-9]*,[0-9]+"
THOUSANDS = r"[+-]?[1-9][0-9]{0,2},[0-9]{3}"
"""How a number with a decimal comma looks, and when the comma may separate thousands."""


def decimal_mark(columns: Sequence[pd.Series], *, file: str) -> Decimal:
    """The mark between whole and fraction that the numbers of a file show.

    It is a comma where numbers have one, none has a point, and at least one cannot be a
    whole number of thousands.

    Args:
        columns: text cells of numbers.
        file: name, for the error.

    Raises:
        InvalidInputError: every number with a comma could be one of thousands.

    >>> decimal_mark([pd.Series(["4,08", "7,252"])], file="a.csv")
    ','
    >>> decimal_mark([pd.Series(["4.08", "7"])], file="a.csv")
    '.'
    """
    cells = pd.concat(list(columns))
    with_comma = cells[cells.str.fullmatch(COMMA)]
    if with_comma.empty or cells.str.contains(".", regex=False).any():
        return "."
    doubtful = with_comma.str.fullmatch(THOUSANDS)
    if doubtful.all():
        remedy = "a comma may separate thousands here: state the decimal mark with the option"
        raise InvalidInputError(f"{file} decimal", with_comma.iloc[0], f"{remedy} decimal")
    return ","


def number_cells(
    cells: pd.Series, *, file: str, unit: str, decimal: Decimal = ".", missing: bool = True
) -> pd.Series:
    """Floats of text cells; NaN where the source says that there is no value.

    Args:
        cells: text, indexed by line number; the name is the column's.
        file: name, for the error.
        unit: for the error.
        decimal: mark between whole and fraction; see `decimal_mark`.
        missing: whether a cell may be without value.

    Raises:
        InvalidInputError: a cell that is no plain number, e.g. 1.234,5 or inf, or one that no
            quantity is as large as, e.g. 1e400.
    """
    absent = cells.isin(MISSING)
    text = cells.where(~absent, "0")
    if decimal == ",":
        text = text.str.replace(".", "x", regex=False).str.replace(",", ".", regex=False)
    wrong = ~text.str.fullmatch(PLAIN)
    if not missing:
        wrong |= absent
    if wrong.any():
        line = wrong.idxmax()
        comma = "," in cells[line] and decimal == "."
        hint = "; or say that the decimal mark is a comma" if comma else ""
        remedy = f"give numbers in {unit} such as 1234{decimal}5{hint}"
        raise InvalidInputError(f"{file} line {line}, {cells.name}", cells[line], remedy)
    numbers = text.astype(np.float64).mask(absent)
    largest = LARGEST_H if unit == "h" else LARGEST
    if (numbers.abs() > largest).any():
        line = (numbers.abs() > largest).idxmax()
        remedy = f"give numbers in {unit}, of {largest:g} at most"
        raise InvalidInputError(f"{file} line {line}, {cells.name}", cells[line], remedy)
    return numbers


def whole_cells(cells: pd.Series, *, file: str, least: int, most: int) -> pd.Series:
    """Whole numbers of text cells within bounds.

    Raises:
        InvalidInputError: anything else.
    """
    numbers = number_cells(cells, file=file, unit="whole numbers", missing=False)
    wrong = (numbers != numbers.round()) | (numbers < least) | (numbers > most)
    if wrong.any():
        line = wrong.idxmax()
        raise InvalidInputError(
            f"{file} line {line}, {cells.name}", cells[line], f"use {least} to {most}"
        )
    return numbers.astype(np.int64)

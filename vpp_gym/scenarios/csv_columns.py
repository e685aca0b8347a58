"""Columns of a CSV file, refused when the file, a column or a number is not what it should be."""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd

from vpp_gym.errors import InvalidInputError


def read_columns(
    path: str | os.PathLike[str], columns: tuple[str, ...], *, separator: str = ","
) -> pd.DataFrame:
    """The named columns of a CSV file; other columns are ignored.

    Raises:
        InvalidInputError: no such file, no rows, or a column is missing.
    """
    file = Path(path)
    if not file.is_file():
        raise InvalidInputError("file", str(file), "give the path of an existing CSV file")
    try:
        table = pd.read_csv(file, sep=separator)
    except (ValueError, UnicodeDecodeError) as error:
        raise InvalidInputError("file", str(file), f"give a readable CSV file ({error})") from error
    for name in columns:
        if name not in table.columns:
            remedy = f"the file must have the column {name}"
            if len(table.columns) == 1:
                remedy += f"; only one column was found with separator={separator!r}"
            raise InvalidInputError(f"{file.name} columns", list(table.columns), remedy)
    if table.empty:
        raise InvalidInputError(file.name, "0 rows", "give a file with rows")
    return table[list(columns)]


def number_column(table: pd.DataFrame, name: str, *, unit: str) -> pd.Series:
    """The column as floats; empty cells stay NaN, text is refused."""
    numbers = pd.to_numeric(table[name], errors="coerce")
    text = numbers.isna() & table[name].notna()
    if text.any():
        row = text.idxmax()
        raise InvalidInputError(
            f"{name}[{row}]", table[name][row], f"give numbers in {unit}, with a decimal point"
        )
    return numbers.astype("float64")

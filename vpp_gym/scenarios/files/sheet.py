"""Text cells of a table in a CSV or an Excel file."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import datetime
from importlib.util import find_spec
from typing import Any

import pandas as pd

from vpp_gym.errors import InvalidInputError
from vpp_gym.scenarios.files.raw import RawFile, csv_cells

ZIP = b"PK\x03\x04"


def is_excel(raw: RawFile) -> bool:
    """Whether the content is a workbook in the form of Excel 2007 and later."""
    return raw.content.startswith(ZIP)


def sheet_cells(raw: RawFile, columns: Sequence[str]) -> pd.DataFrame:
    """Text cells of a CSV file, or of the first sheet of a workbook.

    Times of a workbook become 2019-08-27 14:52:00; text stays as it is.

    Raises:
        InvalidInputError: unreadable, or a column is missing.
    """
    if not is_excel(raw):
        return csv_cells(raw, columns)
    if find_spec("openpyxl") is None:
        raise InvalidInputError(raw.name, "a workbook", "pip install openpyxl, or save it as CSV")
    try:
        sheet = pd.read_excel(io.BytesIO(raw.content), engine="openpyxl", dtype=object)
    except (ValueError, KeyError, OSError) as error:
        raise InvalidInputError(raw.name, str(error), "give a readable workbook") from error
    for name in columns:
        if name not in sheet.columns:
            remedy = f"the first row must name the column {name}"
            raise InvalidInputError(f"{raw.name} columns", list(sheet.columns), remedy)
    sheet = sheet.dropna(how="all")
    if sheet.empty:
        raise InvalidInputError(raw.name, "0 rows", "give a sheet with rows")
    sheet.index = pd.Index(sheet.index + 2, name="line")
    return sheet.map(_text).astype(str)


def _text(cell: Any) -> str:
    if isinstance(cell, datetime) and not pd.isna(cell):
        # Excel keeps times as fractions of a day, a hair beside the second.
        return pd.Timestamp(cell).round("s").strftime("%Y-%m-%d %H:%M:%S")
    return "" if pd.isna(cell) else str(cell).strip()

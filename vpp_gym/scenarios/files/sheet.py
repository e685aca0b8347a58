"""Text cells of a table in a CSV or an Excel file."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from datetime import datetime
from importlib.util import find_spec
from typing import Any

import pandas as pd

from vpp_gym.errors import InvalidInputError
from vpp_gym.scenarios.files.raw import RawFile, check_header, csv_cells

ZIP = b"PK\x03\x04"
SHEETS = b"xl/wor"
"""How the names of a workbook's parts begin, and of no other archive's."""


def is_excel(raw: RawFile) -> bool:
    """Whether the content is a workbook in the form of Excel 2007 and later."""
    return raw.content.startswith(ZIP) and SHEETS in raw.content


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
        book = io.BytesIO(raw.content)
        sheet = pd.read_excel(book, engine="openpyxl", dtype=object, header=None)
    except (ValueError, KeyError, OSError, SyntaxError, zipfile.BadZipFile) as error:
        raise InvalidInputError(raw.name, str(error), "give a readable workbook") from error
    header = [_text(cell) for cell in sheet.iloc[0]] if len(sheet) else []
    check_header(header, columns, raw.name)
    sheet = sheet.iloc[1:].dropna(how="all")
    if sheet.empty:
        raise InvalidInputError(raw.name, "0 rows", "give a sheet with rows")
    cells = sheet.map(_text).astype(str).set_axis(header, axis=1)
    return cells.set_axis(pd.Index(sheet.index + 1, name="line"))


def _text(cell: Any) -> str:
    if isinstance(cell, datetime) and not pd.isna(cell):
        # Excel keeps times as fractions of a day, a hair beside the second.
        return pd.Timestamp(cell).round("s").strftime("%Y-%m-%d %H:%M:%S")
    return "" if pd.isna(cell) else str(cell).strip()

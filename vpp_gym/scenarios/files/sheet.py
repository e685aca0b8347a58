"""Text cells of a table in a CSV or an Excel file."""

from __future__ import annotations

import io
import warnings
import zipfile
from collections.abc import Iterator, Sequence
from datetime import datetime
from importlib.util import find_spec
from itertools import islice
from typing import Any

import pandas as pd

from vpp_gym.errors import InvalidInputError
from vpp_gym.scenarios.files.limits import (
    LARGEST_UNPACKED_BYTES,
    MOST_COLUMNS,
    MOST_PARTS,
    MOST_ROWS,
    MOST_WORKBOOK_XML,
)
from vpp_gym.scenarios.files.raw import RawFile, check_header, csv_cells

SHEETS = b"xl/wor"
"""How the names of a workbook's parts begin, and of no other archive's."""
CHUNK = 1 << 20
SMALLER = "save it as CSV"
ERRORS = ("#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A")
"""What a workbook shows where a formula has no value."""
LARGEST_WHOLE = 1e15
"""Floats below are whole numbers to the last digit."""


def is_excel(raw: RawFile) -> bool:
    """Whether the content is a workbook in the form of Excel 2007 and later, maybe damaged."""
    return SHEETS in raw.content and b"PK\x03\x04" in raw.content


def sheet_cells(raw: RawFile, columns: Sequence[str]) -> pd.DataFrame:
    """Text cells of a CSV file, or of the first sheet of a workbook.

    Times of a workbook become 2019-08-27 14:52:00; text stays as it is.

    Raises:
        InvalidInputError: unreadable, too large, or a column is missing.
    """
    if not is_excel(raw):
        return csv_cells(raw, columns)
    rows = _rows(raw, None)
    header = rows[0] if rows else []
    check_header(header, columns, raw.name)
    full = [(line, row) for line, row in enumerate(rows[1:], start=2) if any(row)]
    if not full:
        raise InvalidInputError(raw.name, "0 rows", "give a sheet with rows")
    width = len(header)
    for line, row in full:
        if any(row[width:]):
            value = f"{len(row)} cells"
            raise InvalidInputError(f"{raw.name} line {line}", value, f"the first has {width}")
    cells = [(row + [""] * width)[:width] for _, row in full]
    index = pd.Index([line for line, _ in full], name="line")
    return pd.DataFrame(cells, columns=header, index=index, dtype=str)


def sheet_rows(raw: RawFile, n_rows: int | None = None) -> list[list[str]]:
    """Text cells of the first rows of a workbook's first sheet; None: of all.

    Raises:
        InvalidInputError: unreadable or too large.
    """
    return _rows(raw, n_rows)


def check_size(raw: RawFile) -> None:
    """Refuse a workbook of which not all rows can be read.

    Raises:
        InvalidInputError: unreadable or too large.
    """
    _rows(raw, None)


def _rows(raw: RawFile, n_rows: int | None) -> list[list[str]]:
    """Text cells of the first rows of a workbook's first sheet; None: of all."""
    if find_spec("openpyxl") is None:
        raise InvalidInputError(raw.name, "a workbook", f"pip install openpyxl, or {SMALLER}")
    try:
        with zipfile.ZipFile(io.BytesIO(raw.content)) as archive:
            _check_parts(archive, raw.name)
        return list(islice(_first_sheet(raw), n_rows))
    except InvalidInputError:
        raise
    except Exception as error:  # a damaged workbook may raise anything
        what = f"{type(error).__name__}: {str(error).strip() or 'no more is known'}"
        raise InvalidInputError(raw.name, what, "give a readable workbook") from error


def _first_sheet(raw: RawFile) -> Iterator[list[str]]:
    """Text cells of each row, without empty ones at its end."""
    from openpyxl import load_workbook

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what openpyxl does not keep, such as pictures
        book = load_workbook(io.BytesIO(raw.content), read_only=True, data_only=True)
        sheet = book.worksheets[0]
        sheet.reset_dimensions()  # what the file says about its size may be false
        for number, row in enumerate(sheet.iter_rows(values_only=True), start=1):
            if number > MOST_ROWS or len(row) > MOST_COLUMNS:
                value = f"more than {MOST_ROWS:,} rows or {MOST_COLUMNS} columns"
                raise InvalidInputError(raw.name, value, SMALLER)
            cells = [_text(cell) for cell in row]
            while cells and not cells[-1]:
                cells.pop()
            yield cells


def _check_parts(archive: zipfile.ZipFile, file: str) -> None:
    """Refuse a workbook that is too large once unpacked, or declares entities.

    What the directory states is checked before anything is unpacked.

    Raises:
        InvalidInputError: naming what is beyond which limit.
    """
    parts = archive.infolist()
    unpacked = sum(part.file_size for part in parts)
    if len(parts) > MOST_PARTS or unpacked > LARGEST_UNPACKED_BYTES:
        value = f"{len(parts):,} parts of {unpacked / 1e6:,.0f} MB unpacked"
        remedy = f"read are up to {MOST_PARTS:,} of {LARGEST_UNPACKED_BYTES // 10**6} MB: {SMALLER}"
        raise InvalidInputError(file, value, remedy)
    marks = dict.fromkeys(MOST_WORKBOOK_XML, 0)
    for part in parts:
        if part.filename.lower().endswith((".xml", ".rels")):
            _count_marks(archive, part, marks, file)


def _count_marks(
    archive: zipfile.ZipFile, part: zipfile.ZipInfo, marks: dict[str, int], file: str
) -> None:
    """Add the marks of one part to those counted so far."""
    end = b""
    with archive.open(part) as content:
        while chunk := content.read(CHUNK):
            plain = end + chunk.replace(b"\0", b"")  # zeros: of text in UTF-16
            if b"<!DOCTYPE" in plain or b"<!ENTITY" in plain:
                raise InvalidInputError(file, "a document type", "give a plain workbook")
            end = plain[-len(b"<!DOCTYPE") :]
            for mark, limit in MOST_WORKBOOK_XML.items():
                marks[mark] += chunk.count(mark.encode())
                if marks[mark] > limit:
                    value = f"more than {limit:,} times {mark} in its XML"
                    raise InvalidInputError(file, value, SMALLER)


def _text(cell: Any) -> str:
    if cell is None or cell in ERRORS:
        return ""
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < LARGEST_WHOLE:
        return str(int(cell))
    if isinstance(cell, datetime):
        # Excel keeps times as fractions of a day, a hair beside the second.
        return f"{pd.Timestamp(cell).round('s'):%Y-%m-%d %H:%M:%S}"
    return str(cell).strip()

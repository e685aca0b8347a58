"""Text cells of a table in the form that a map of columns states: CSV, workbook or JSON."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import numpy as np
import pandas as pd

from vpp_gym.errors import InvalidInputError, suggestion
from vpp_gym.scenarios.files.columns_map import Table
from vpp_gym.scenarios.files.json_document import json_document
from vpp_gym.scenarios.files.limits import check_marks
from vpp_gym.scenarios.files.raw import BYTE_ORDER_MARK, RawFile
from vpp_gym.scenarios.files.sheet import is_excel, sheet_rows

Row = tuple[int, list[str]]
"""Number of a line, from 1, and its cells."""
MOST_LINES = 1_000_000
"""Of a CSV file; a year of quarter hours at two nodes, with all parts of the price, has 350,000."""


def table_cells(raw: RawFile, table: Table, columns: Sequence[str]) -> pd.DataFrame:
    """Text cells of some columns, indexed by line or record.

    Raises:
        InvalidInputError: another form than the map states, or a column that is missing
            or named twice.
    """
    if table.form == "json":
        return _record_cells(raw, table, columns)
    rows = _sheet_rows(raw) if table.form == "sheet" else _csv_rows(raw, table)
    header, body = _split(rows, table, raw.name)
    places = [_place(header, name, raw.name) for name in dict.fromkeys(columns)]
    lines, cells = [], []
    for line, row in body:
        _check_width(row, len(header), f"{raw.name} line {line}")
        lines.append(line)
        cells.append([row[place].strip() for place in places])
    return _frame(cells, list(dict.fromkeys(columns)), lines, raw.name)


def _csv_rows(raw: RawFile, table: Table) -> Iterator[Row]:
    """Every line with content, under the stated separator."""
    text = _text(raw, table)
    check_marks(text, {"\n": MOST_LINES}, raw.name, "split the file")
    reader = csv.reader(io.StringIO(text), delimiter=table.separator, strict=True)
    try:
        yield from ((reader.line_num, row) for row in reader if any(row))
    except csv.Error as error:
        where = f"{raw.name} line {reader.line_num}"
        raise InvalidInputError(where, str(error), "give a complete CSV file") from error


def _text(raw: RawFile, table: Table) -> str:
    """The text under the stated encoding, without byte order mark; lines end as on Unix."""
    if is_excel(raw):
        raise InvalidInputError(raw.name, "a workbook", "state form: sheet in the map")
    if table.encoding == "utf-8":
        return raw.text
    try:
        text = raw.content.decode(table.encoding)
    except UnicodeError as error:
        raise InvalidInputError(raw.name, str(error), "state another encoding") from error
    if "\0" in text:
        raise InvalidInputError(raw.name, "zero bytes", "state another encoding, as utf-16")
    return text.replace("\r\n", "\n").replace("\r", "\n").lstrip(BYTE_ORDER_MARK)


def _sheet_rows(raw: RawFile) -> Iterator[Row]:
    """Every row with content of a workbook's first sheet, all of one width."""
    if not is_excel(raw):
        raise InvalidInputError(raw.name, "no workbook", "state form: csv in the map")
    rows = sheet_rows(raw, None)
    width = max(map(len, rows), default=0)
    filled = ((line, row + [""] * (width - len(row))) for line, row in enumerate(rows, start=1))
    yield from ((line, row) for line, row in filled if any(row))


def _split(rows: Iterator[Row], table: Table, file: str) -> tuple[list[str], list[Row]]:
    """Names of the columns, and the rows below them."""
    if table.header_line == 0:
        header, body = list(table.names), list(rows)
    else:
        named = next((row for line, row in rows if line >= table.header_line), None)
        if named is None:
            value = f"no line {table.header_line}"
            raise InvalidInputError(file, value, "state the header_line in the map")
        header = [cell.strip() for cell in named]
        while header and not header[-1]:
            header.pop()
        body = list(islice(rows, table.skip_after_header, None))
    return header, body[: len(body) - table.skip_last]


def _place(header: Sequence[str], name: str, file: str) -> int:
    """Number of a column."""
    if header.count(name) != 1:
        twice = f"{name} stands {header.count(name)} times in the first line"
        remedy = f"{suggestion(name, header)}columns are {', '.join(filter(None, header))}"
        value = name if name not in header else twice
        raise InvalidInputError(f"{file} column", value, remedy)
    return header.index(name)


def _check_width(row: Sequence[str], width: int, where: str) -> None:
    """Refuse a line that is cut off, or has cells beyond the last name."""
    if len(row) < width or any(row[width:]):
        remedy = f"every line has {width}: is the separator, or the header_line, another?"
        raise InvalidInputError(where, f"{len(row)} cells", remedy)


def _record_cells(raw: RawFile, table: Table, columns: Sequence[str]) -> pd.DataFrame:
    """Text of the records in JSON; numbers stay as they are written, null is no value."""
    document = json_document(raw, numbers_as_text=True)
    for key in table.records.split(".") if table.records else ():
        if not isinstance(document, dict) or key not in document:
            value = list(document)[:20] if isinstance(document, dict) else type(document).__name__
            raise InvalidInputError(f"{raw.name} records", value, f"there is no key {key}")
        document = document[key]
    if not isinstance(document, list) or not all(isinstance(one, dict) for one in document):
        remedy = "state records: the key under which the list of records stands"
        raise InvalidInputError(raw.name, type(document).__name__, remedy)
    names = list(dict.fromkeys(columns))
    known = sorted({key for record in document[:1000] for key in record})
    for name in names:
        if name not in known:
            remedy = f"{suggestion(name, known)}keys are {', '.join(known)}"
            raise InvalidInputError(f"{raw.name} column", name, remedy)
    cells = [
        [_cell(record, name, raw.name, i) for name in names] for i, record in enumerate(document)
    ]
    return _frame(cells, names, list(range(len(cells))), raw.name)


def _cell(record: Mapping[str, Any], name: str, file: str, number: int) -> str:
    value = record.get(name)
    if isinstance(value, (dict, list)):
        raise InvalidInputError(f"{file}[{number}].{name}", value, "give a number or a text")
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value).strip()


def _frame(cells: list[list[str]], names: list[str], lines: list[int], file: str) -> pd.DataFrame:
    if not cells:
        raise InvalidInputError(file, "0 rows", "give a file with rows")
    return pd.DataFrame(cells, columns=names, index=pd.Index(lines, name="line"), dtype=str)


def kept_cells(cells: pd.DataFrame, keep: Mapping[str, Sequence[str]], file: str) -> pd.DataFrame:
    """The rows whose columns have one of the given values.

    Raises:
        InvalidInputError: no row has such a value.
    """
    chosen = np.ones(len(cells), dtype=bool)
    for column, values in keep.items():
        known = cells[column].unique()
        for value in values:
            if value not in known:
                some = ", ".join(sorted(map(str, known))[:20])
                remedy = f"{suggestion(value, map(str, known))}the file has {some}"
                raise InvalidInputError(f"{file} {column}", value, remedy)
        chosen &= cells[column].isin(list(values)).to_numpy()
    if not chosen.any():
        raise InvalidInputError(file, "no row", f"no row has all of {dict(keep)}")
    return cells[chosen]

"""The content of a file: its bytes, its text, and its table of text cells."""

from __future__ import annotations

import csv
import hashlib
import io
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pandas as pd

from vpp_gym.errors import InvalidInputError

SEPARATORS = (",", ";", "\t")
BYTE_ORDER_MARK = "\ufeff"


@dataclass(frozen=True)
class RawFile:
    """A file as it was found.

    Attributes:
        name: without folder.
        content: all bytes.
    """

    name: str
    content: bytes

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> RawFile:
        """Read a file in full.

        Raises:
            InvalidInputError: no such file, or an empty one.
        """
        file = Path(path)
        if not file.is_file():
            raise InvalidInputError("file", str(file), "give the path of an existing file")
        content = file.read_bytes()
        if not content.strip():
            raise InvalidInputError(file.name, "an empty file", "give a file with rows")
        return cls(file.name, content)

    @cached_property
    def sha256(self) -> str:
        """Digest of the content."""
        return hashlib.sha256(self.content).hexdigest()

    @cached_property
    def text(self) -> str:
        """The content as UTF-8, without a byte order mark.

        Raises:
            InvalidInputError: other bytes than text in UTF-8.
        """
        try:
            text = self.content.decode("utf-8")
        except UnicodeDecodeError as error:
            byte = self.content[error.start]
            raise InvalidInputError(
                self.name, f"byte 0x{byte:02x} at {error.start}", "save the file as UTF-8"
            ) from error
        if "\0" in text:
            raise InvalidInputError(self.name, "zero bytes", "give a text file in UTF-8")
        return text.removeprefix(BYTE_ORDER_MARK)

    @property
    def has_byte_order_mark(self) -> bool:
        """Whether the text began with a byte order mark."""
        return self.content.startswith(BYTE_ORDER_MARK.encode())


def header_cells(raw: RawFile) -> tuple[str, ...]:
    """Cells of the first line under the separator that makes most of them."""
    line = raw.text.split("\n", 1)[0].strip("\r")
    rows = (next(csv.reader([line], delimiter=one), []) for one in SEPARATORS)
    return tuple(cell.strip() for cell in max(rows, key=len))


def csv_cells(raw: RawFile, columns: Sequence[str]) -> pd.DataFrame:
    """Text cells of a CSV file; the first line holds the names of the columns.

    The separator is the one of comma, semicolon and tab under which the first
    line holds every column; a cell may be quoted.

    Args:
        raw: the file.
        columns: that it must have, in any order and among others.

    Returns:
        All columns as text without outer blanks, indexed by line number of the file.

    Raises:
        InvalidInputError: a column is missing or named twice, a line is cut off
            or has too many cells, or there is no line but the first.
    """
    header = header_cells(raw)
    for name in columns:
        if name not in header:
            remedy = f"the first line must name the column {name}"
            raise InvalidInputError(f"{raw.name} columns", list(header), remedy)
    if twice := {name for name in header if name and header.count(name) > 1}:
        raise InvalidInputError(f"{raw.name} columns", sorted(twice), "name each column once")
    first = raw.text.split("\n", 1)[0].strip("\r")
    separator = max(SEPARATORS, key=lambda one: len(next(csv.reader([first], delimiter=one))))
    lines, rows = _rows(raw, separator, len(header))
    if not rows:
        raise InvalidInputError(raw.name, "0 rows", "give a file with rows")
    table = pd.DataFrame(rows, columns=list(header), index=pd.Index(lines, name="line"), dtype=str)
    return table.apply(lambda column: column.str.strip())


def _rows(raw: RawFile, separator: str, width: int) -> tuple[list[int], list[list[str]]]:
    """Line numbers and cells of all lines with content but the first."""
    reader = csv.reader(io.StringIO(raw.text), delimiter=separator, strict=True)
    lines, rows = [], []
    try:
        next(reader)
        for cells in reader:
            if not any(cells):
                continue
            if len(cells) != width:
                raise InvalidInputError(
                    f"{raw.name} line {reader.line_num}",
                    f"{len(cells)} cells",
                    f"every line has {width}: was it cut off, or is {separator!r} in a cell?",
                )
            lines.append(reader.line_num)
            rows.append(cells)
    except csv.Error as error:
        raise InvalidInputError(
            f"{raw.name} line {reader.line_num}", str(error), "give a complete CSV file"
        ) from error
    return lines, rows

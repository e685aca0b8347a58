"""The content of a file: its bytes, its text, and its table of text cells."""

from __future__ import annotations

import csv
import hashlib
import os
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pandas as pd

from vpp_gym.errors import InvalidInputError
from vpp_gym.files.reader import opened, read_bytes
from vpp_gym.scenarios.files.dressing import undressed
from vpp_gym.scenarios.files.limits import (
    LARGEST_BYTES,
    LONGEST_LINE,
    MOST_CELLS,
    MOST_COLUMNS,
    check_marks,
)

SEPARATORS = (",", ";", "\t")
BYTE_ORDER_MARK = "\ufeff"
BEGINNING_BYTES = 4 * LONGEST_LINE
PACKED = {
    b"PK\x03\x04": ("a ZIP archive", "unpack it, or save the workbook as CSV"),
    b"\x1f\x8b": ("a gzip archive", "unpack it"),
    b"BZh9": ("a bzip2 archive", "unpack it"),
    b"\xfd7zXZ": ("an xz archive", "unpack it"),
    b"(\xb5/\xfd": ("a zstd archive", "unpack it"),
    b"7z\xbc\xaf": ("a 7z archive", "unpack it"),
    b"Rar!": ("a rar archive", "unpack it"),
    b"\xd0\xcf\x11\xe0": ("a workbook of before 2007, or with a password", "save it as CSV"),
}
"""How files begin that may hold a table, but not as text; what they are, and the remedy."""


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
            InvalidInputError: no such file, an empty or too large one, or one that may not be
                read.
        """
        content, name = read_bytes(path, max_bytes=LARGEST_BYTES), Path(path).name
        if not content.strip():
            raise InvalidInputError(name, "an empty file", "give a file with rows")
        return cls(name, content)

    @cached_property
    def sha256(self) -> str:
        """Digest of the content."""
        return hashlib.sha256(self.content).hexdigest()

    @property
    def text(self) -> str:
        """The content as UTF-8, without what is around a table; lines end as on Unix.

        Raises:
            InvalidInputError: other bytes than text in UTF-8.
        """
        return self._undressed[0]

    @property
    def lines_above(self) -> int:
        """Lines of the file above that text."""
        return self._undressed[1]

    @cached_property
    def _undressed(self) -> tuple[str, int]:
        return undressed(self._decoded)

    @cached_property
    def _decoded(self) -> str:
        """The content as UTF-8, without byte order marks.

        Raises:
            InvalidInputError: other bytes than text in UTF-8.
        """
        for begin, (what, remedy) in PACKED.items():
            if self.content.startswith(begin):
                raise InvalidInputError(self.name, what, remedy)
        try:
            text = self.content.decode("utf-8")
        except UnicodeDecodeError as error:
            byte = self.content[error.start]
            raise InvalidInputError(
                self.name,
                f"byte 0x{byte:02x} at {error.start}",
                "save the file as UTF-8, or take it out of the folder",
            ) from error
        if "\0" in text:
            raise InvalidInputError(self.name, "zero bytes", "give a text file in UTF-8")
        return text.replace("\r\n", "\n").replace("\r", "\n").lstrip(BYTE_ORDER_MARK)

    @property
    def has_byte_order_mark(self) -> bool:
        """Whether the text began with a byte order mark."""
        return self.content.startswith(BYTE_ORDER_MARK.encode())


def beginning(path: Path) -> bytes:
    """The first bytes of a file, by which its kind is told.

    Raises:
        InvalidInputError: no such file, an empty one, or one that may not be read.
    """
    with opened(path, max_bytes=sys.maxsize) as file:
        content = file.read(BEGINNING_BYTES)
    if not content.strip():
        raise InvalidInputError(path.name, "an empty file", "give a file with rows")
    return content


def header_cells(raw: RawFile) -> tuple[str, ...]:
    """Cells of the first line under the separator that makes most of them.

    Raises:
        InvalidInputError: a first line that is too long, or broken off within quotes.
    """
    return tuple(cell.strip() for cell in max(_first_rows(raw).values(), key=len))


def _first_rows(raw: RawFile) -> dict[str, list[str]]:
    """Cells of the first line under each separator."""
    line = raw.text[: LONGEST_LINE + 1].split("\n", 1)[0]
    if len(line) > LONGEST_LINE:
        remedy = "a table has shorter lines: were line ends lost? Otherwise take the file away"
        raise InvalidInputError(
            f"{raw.name} line 1", f"more than {LONGEST_LINE:,} characters", remedy
        )
    try:
        return {one: next(csv.reader([line], delimiter=one), []) for one in SEPARATORS}
    except csv.Error as error:
        raise InvalidInputError(
            f"{raw.name} line 1", str(error), "give a complete CSV file"
        ) from error


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
    check_header(header, columns, raw.name)
    first = _first_rows(raw)
    separator = max(first, key=lambda one: len(first[one]))
    check_marks(raw.text, {separator: MOST_CELLS}, raw.name, "split the file")
    lines, rows = _rows(raw, separator, len(header))
    if not rows:
        raise InvalidInputError(raw.name, "0 rows", "give a file with rows")
    table = pd.DataFrame(rows, columns=list(header), index=pd.Index(lines, name="line"), dtype=str)
    return table.apply(lambda column: column.str.strip())


def check_header(header: Sequence[str], columns: Sequence[str], file: str) -> None:
    """Refuse a first line that does not name each of the columns once.

    Raises:
        InvalidInputError: a column is missing, or any is named twice, or there are too many.
    """
    if len(header) > MOST_COLUMNS:
        remedy = f"tables have up to {MOST_COLUMNS}: keep those that are read"
        raise InvalidInputError(f"{file} columns", f"{len(header):,}", remedy)
    for name in columns:
        if name not in header:
            remedy = f"the first line must name the column {name}"
            raise InvalidInputError(f"{file} columns", list(header), remedy)
    if twice := {name for name in header if name and header.count(name) > 1}:
        raise InvalidInputError(f"{file} columns", sorted(twice), "name each column once")


def _rows(raw: RawFile, separator: str, width: int) -> tuple[list[int], list[list[str]]]:
    """Line numbers and cells of all lines with content but the first."""
    reader = csv.reader(_lines(raw.text), delimiter=separator, strict=True)
    lines, rows = [], []
    try:
        next(reader)
        for cells in reader:
            if not any(cells):
                continue
            if len(cells) != width:
                raise InvalidInputError(
                    f"{raw.name} line {reader.line_num + raw.lines_above}",
                    f"{len(cells)} cells",
                    f"every line has {width}: was it cut off, or is {separator!r} in a cell?",
                )
            lines.append(reader.line_num + raw.lines_above)
            rows.append(cells)
    except csv.Error as error:
        raise InvalidInputError(
            f"{raw.name} line {reader.line_num + raw.lines_above}",
            str(error),
            "give a complete CSV file",
        ) from error
    return lines, rows


def _lines(text: str) -> Iterator[str]:
    """Lines with their ends, one at a time: a list of all would take several times the text."""
    return (match.group() for match in re.finditer(r"[^\n]*\n|[^\n]+", text))

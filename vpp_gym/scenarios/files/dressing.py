"""What spreadsheets put around a table: a line with the separator, quotes, and titles above."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Sequence
from itertools import islice

from vpp_gym.errors import InvalidInputError

SEPARATOR_LINE = re.compile(r'"?sep=.?"?[,;\t]*', re.IGNORECASE)
SEPARATORS = (",", ";", "\t")
MOST_TITLES = 20
"""Rows below which no names of columns are looked for."""


def undressed(text: str) -> tuple[str, int]:
    r"""The table in a text, and how many lines stand above it.

    A first line such as `sep=;` is taken off, and quotes around each whole line.

    >>> undressed('sep=;\na;b\n1;2\n')
    ('a;b\n1;2\n', 1)
    >>> undressed('"a,b"\n"1,2"\n')
    ('a,b\n1,2\n', 0)
    """
    first, _, rest = text.partition("\n")
    if SEPARATOR_LINE.fullmatch(first.strip()):
        return _unquoted(rest), 1
    return _unquoted(text), 0


def _unquoted(text: str) -> str:
    """Text without quotes around its lines, where the first is one quoted cell with separators.

    Such a cell names no column. A line that is not quoted as a whole stays as it is.
    """
    if not _is_one_cell(text.partition("\n")[0].strip()):
        return text
    lines = (line.strip() for line in text.split("\n"))
    return "\n".join(_inner(line) if _is_one_cell(line) else line for line in lines)


def _inner(line: str) -> str:
    return line[1:-1].replace('""', '"')


def _is_one_cell(line: str) -> bool:
    """Whether a line is one quoted cell that holds separators.

    >>> _is_one_cell('"a,b"'), _is_one_cell('"a","b"'), _is_one_cell('"ab"')
    (True, False, False)
    """
    inner = line[1:-1]
    return (
        len(line) > 2
        and line[0] == line[-1] == '"'
        and '"' not in inner.replace('""', "")
        and any(one in inner for one in SEPARATORS)
    )


def text_rows(text: str, lines_above: int = 0) -> Iterable[tuple[int, tuple[str, ...]]]:
    """Number and cells of each of the first lines, under the separator that makes most of them."""
    lines = text.split("\n", MOST_TITLES + 1)[:MOST_TITLES]
    for number, line in enumerate(lines, start=1 + lines_above):
        try:
            every = [next(csv.reader([line], delimiter=one), []) for one in SEPARATORS]
        except csv.Error:
            return
        yield number, tuple(cell.strip() for cell in max(every, key=len))


def check_titles(
    rows: Iterable[tuple[int, Sequence[str]]],
    kind_of: Callable[[Sequence[str]], str | None],
    *,
    file: str,
) -> None:
    """Refuse a table whose columns are named below its first row.

    Args:
        rows: number and cells of the first rows.
        kind_of: name of the kind whose columns a row names, if any.
        file: name, for the error.

    Raises:
        InvalidInputError: saying in which row they are.
    """
    for number, cells in islice(rows, MOST_TITLES):
        if (kind := kind_of(cells)) is not None:
            above = "the row" if number == 2 else f"the {number - 1} rows"
            raise InvalidInputError(
                file,
                f"the columns of {kind} named in row {number}",
                f"the first row must name them: delete {above} above",
            )

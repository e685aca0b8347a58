"""Files that are nearly of a known kind: a damaged first line must not leave them aside."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

from vpp_gym.errors import InvalidInputError

CELL_ENDS = re.compile(r"[,;\t|]")
LONGEST_NAME = 60
"""Characters; longer cells are text and no name of a column."""


def check_near_miss(
    header: Sequence[str], kinds: Mapping[str, Sequence[str]], *, file: str
) -> None:
    """Refuse a first line that has most of a kind's columns, whatever their case and separator.

    A name in which one letter is another one counts.

    Args:
        header: cells of the first line of a file that is of none of the kinds.
        kinds: columns by kind.
        file: name, for the error.

    Raises:
        InvalidInputError: naming the columns that are missing or written otherwise.

    >>> check_near_miss(("Date", "Temperature"), {"prices": ("Date", "Hour", "Price")}, file="a")
    """
    found = {
        cell.strip(' "').casefold()
        for text in header
        for cell in CELL_ENDS.split(text)
        if 0 < len(cell) <= LONGEST_NAME
    }
    for kind, columns in kinds.items():
        missing = [name for name in columns if not _has(found, name)]
        if 2 * len(missing) < len(columns):
            unlike = [name for name in columns if name not in header]
            remedy = (
                f"this resembles {kind}: its first line must name them like that, "
                "between commas, semicolons or tabs"
            )
            raise InvalidInputError(f"{file} columns", f"no {', '.join(unlike)}", remedy)


def _has(found: Collection[str], name: str) -> bool:
    """Whether one of the cells is this name, or has one other letter in it."""
    plain = name.casefold()
    return plain in found or any(
        len(cell) == len(plain) and sum(a != b for a, b in zip(cell, plain, strict=True)) == 1
        for cell in found
    )

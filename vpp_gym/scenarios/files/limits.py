"""How much of a file is read: no file may take more than about a gigabyte of memory.

A file of a few kilobytes can hold a table that fills the machine. What a structure costs
once read is bounded by its marks, which are counted in the text before it is parsed.
"""

from __future__ import annotations

from vpp_gym.errors import InvalidInputError
from vpp_gym.files.reader import MB

LARGEST_BYTES = 100 * MB
"""Of a file; a year of quarter hours of imbalance takes 20 MB as XML, 4 MB as CSV."""
MOST_CELLS = 6_000_000
"""Of a CSV file: its separators."""
MOST_COLUMNS = 500
LONGEST_LINE = 131_072
"""Characters of a first line; also what Python's reader of CSV takes as a cell."""
MOST_XML = {"<": 3_000_000, "=": 500_000}
"""Marks in an XML document: of elements, and of attributes."""
DEEPEST_XML = 100
"""Elements inside one another; documents of prices have seven."""
MOST_JSON = {"[": 1_000_000, "{": 1_000_000, ",": 6_000_000}
LARGEST_UNPACKED_BYTES = 150_000_000
"""Of all parts of a workbook together."""
MOST_PARTS = 5_000
MOST_WORKBOOK_XML = {"<": 1_500_000, "=": 1_500_000}
"""Marks in all parts of a workbook: about 40,000 rows of ten cells."""
MOST_ROWS = 200_000
"""Of a sheet, empty ones included."""


def check_marks(text: str, most: dict[str, int], file: str, remedy: str) -> None:
    """Refuse a text with more marks of its structure than can be read.

    Raises:
        InvalidInputError: naming the mark, its number and the limit.

    >>> check_marks("<a><b/></a>", {"<": 3}, "small.xml", "give a smaller file")
    """
    for mark, limit in most.items():
        if (count := text.count(mark)) > limit:
            value = f"{count:,} times {mark}"
            raise InvalidInputError(file, value, f"read are up to {limit:,}: {remedy}")

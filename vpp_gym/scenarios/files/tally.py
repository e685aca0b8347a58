"""Rows that a reader leaves out, counted by reason."""

from __future__ import annotations

import pandas as pd

from vpp_gym.errors import InvalidInputError

MOST_DROPPED_SHARE = 0.1
"""A file that loses more of its rows is not what its reader takes it for."""


class Tally:
    """Counts the rows of a file that are left out, by reason.

    Args:
        file: name, for the error.
        rows: how many were read.

    >>> tally = Tally("a.csv", 20)
    >>> tally.without(pd.DataFrame({"kwh": [1, -1]}), "negative", pd.Series([False, True]))
       kwh
    0    1
    >>> tally.dropped
    {'negative': 1}
    """

    def __init__(self, file: str, rows: int) -> None:
        self.file, self.rows = file, rows
        self.dropped: dict[str, int] = {}

    def without(self, table: pd.DataFrame, reason: str, leave_out: pd.Series) -> pd.DataFrame:
        """The table without the rows of a mask."""
        if count := int(leave_out.sum()):
            self.dropped[reason] = self.dropped.get(reason, 0) + count
        return table[~leave_out]

    def check(self) -> None:
        """Refuse a file that lost too many rows, or all of them.

        Raises:
            InvalidInputError: with the counts.
        """
        lost = sum(self.dropped.values())
        if lost > MOST_DROPPED_SHARE * self.rows or lost == self.rows:
            remedy = "so many unusable rows mean another format, or a damaged file"
            raise InvalidInputError(
                self.file, f"{lost} of {self.rows} rows unusable {self.dropped}", remedy
            )

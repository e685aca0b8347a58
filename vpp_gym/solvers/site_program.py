"""A linear program that grows by columns, rows and entries, and goes to HiGHS without a detour."""

from __future__ import annotations

import highspy
import numpy as np

from vpp_gym.arrays import Floats, Ints
from vpp_gym.errors import SolveFailedError

Of = tuple[Ints, Ints]
"""Car and block of each column or row."""
FIRST_SIZE = 1024
"""Entries for which there is room before a program has to grow."""


class Program:
    """A program that grows, no two of its entries at one place."""

    def __init__(self) -> None:
        self.n_columns = self.n_rows = self.n_entries = 0
        self._columns = np.empty((3, FIRST_SIZE))  # cost, low, high
        self._rows = np.empty((2, FIRST_SIZE))  # low, high
        self._at = np.empty((2, FIRST_SIZE), dtype=np.int64)  # row, column
        self._values = np.empty(FIRST_SIZE)
        self._led: list[tuple[Ints, Ints]] = []
        self.of_columns: list[tuple[int, Of | None]] = []
        self.of_rows: list[tuple[int, Of | None]] = []

    @property
    def low(self) -> Floats:
        """(n,) lower bounds of the columns."""
        bounds: Floats = self._columns[1, : self.n_columns]
        return bounds

    @property
    def high(self) -> Floats:
        """(n,) upper bounds of the columns."""
        bounds: Floats = self._columns[2, : self.n_columns]
        return bounds

    def add(
        self,
        n: int,
        cost: Floats | float,
        low: Floats | float,
        high: Floats | float,
        of: Of | None = None,
    ) -> Ints:
        """Numbers of n new columns; `of` is whose they are, by default the site's in each block."""
        begin, end = self.n_columns, self.n_columns + n
        self._columns = _with_room(self._columns, end)
        self._columns[0, begin:end] = cost
        self._columns[1, begin:end] = low
        self._columns[2, begin:end] = high
        self.n_columns = end
        self.of_columns.append((n, of))
        return np.arange(begin, end)

    def add_rows(
        self, n: int, low: Floats | float, high: Floats | float, of: Of | None = None
    ) -> Ints:
        """Numbers of n new rows; `of` as in `add`."""
        begin, end = self.n_rows, self.n_rows + n
        self._rows = _with_room(self._rows, end)
        self._rows[0, begin:end] = low
        self._rows[1, begin:end] = high
        self.n_rows = end
        self.of_rows.append((n, of))
        return np.arange(begin, end)

    def put(self, rows: Ints, columns: Ints, values: Floats | float) -> None:
        """Entries of some rows."""
        begin, end = self.n_entries, self.n_entries + len(rows)
        self._at = _with_room(self._at, end)
        self._values = _with_room(self._values, end)
        self._at[0, begin:end] = rows
        self._at[1, begin:end] = columns
        self._values[begin:end] = values
        self.n_entries = end

    def lead(self, rows: Ints, columns: Ints) -> None:
        """Columns that take up what is left in each of some rows where the solver begins.

        A row that is an equation has to find such a column anyhow: each that is named spares the
        solver a step. The answer is as good with any of them.
        """
        self._led.append((rows, columns))

    def begins(self) -> highspy.HighsBasis:
        """The basis of the columns that lead, and of all rows without one."""
        status = highspy.HighsBasisStatus
        columns, rows = [status.kLower] * self.n_columns, [status.kBasic] * self.n_rows
        for led, leading in self._led:
            for row, column in zip(led.tolist(), leading.tolist(), strict=True):
                rows[row], columns[column] = status.kLower, status.kBasic
        basis = highspy.HighsBasis()
        basis.col_status, basis.row_status, basis.valid = columns, rows, True
        return basis

    def hand_to(self, highs: highspy.Highs) -> None:
        """Make it the model of a solver.

        Raises:
            SolveFailedError: not accepted.
        """
        rows, columns = self._at[:, : self.n_entries]
        order = np.argsort(columns, kind="stable")
        start = np.zeros(self.n_columns + 1, dtype=np.int32)
        np.cumsum(np.bincount(columns, minlength=self.n_columns), out=start[1:])
        status = highs.passModel(  # type: ignore[call-overload]
            self.n_columns,
            self.n_rows,
            self.n_entries,
            int(highspy.MatrixFormat.kColwise),
            int(highspy.ObjSense.kMinimize),
            0.0,
            *(column[: self.n_columns] for column in self._columns),
            *(row[: self.n_rows] for row in self._rows),
            start,
            rows[order].astype(np.int32),
            self._values[: self.n_entries][order],
            np.zeros(self.n_columns, dtype=np.int32),
        )
        if status != highspy.HighsStatus.kOk:
            raise SolveFailedError("plan of the site: HiGHS did not accept the model")


def _with_room(array: np.ndarray, size: int) -> np.ndarray:
    """The array, or a longer one with the same beginning."""
    if size <= array.shape[-1]:
        return array
    longer = np.empty((*array.shape[:-1], 2 * size), dtype=array.dtype)
    longer[..., : array.shape[-1]] = array
    return longer

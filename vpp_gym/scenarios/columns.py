"""Checks of single columns and numbers: what is refused, and with which remedy."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from vpp_gym.arrays import Floats, Ints
from vpp_gym.errors import InvalidInputError

LARGEST_PRICE, LARGEST_MEDIAN_PRICE = 20.0, 2.0
"""EUR/kWh; a series beyond either has another unit."""

NUMBERS = "iuf"
"""Kinds of NumPy types that are taken as numbers."""


def price_series(name: str, values: ArrayLike, length: int | None = None) -> Floats:
    """(T,) EUR/kWh, or an InvalidInputError."""
    series = float_column(name, values, length)
    if series.size == 0:
        raise InvalidInputError(name, [], "give at least one step")
    remedy = "prices are EUR/kWh: divide EUR/MWh by 1000 and ct/kWh by 100"
    size = np.abs(series)
    if size.max() <= LARGEST_MEDIAN_PRICE:
        return series
    if (wild := np.flatnonzero(size > LARGEST_PRICE)).size:
        raise InvalidInputError(f"{name}[{wild[0]}]", float(series[wild[0]]), remedy)
    if (median := float(np.median(size))) > LARGEST_MEDIAN_PRICE:
        raise InvalidInputError(name, f"median {median:g}", remedy)
    return series


def float_column(
    name: str, values: ArrayLike, length: int | None = None, inf: bool = False
) -> Floats:
    """A read-only copy as floats, or an InvalidInputError.

    Args:
        name: of the field, for the error.
        values: one-dimensional numbers; no text, times, booleans or masks.
        length: that it must have.
        inf: infinity is allowed.
    """
    if np.ma.is_masked(values):
        raise InvalidInputError(name, "masked values", "fill or drop them first")
    try:
        given = np.asarray(values)
        kind = given.dtype.kind
        if kind == "O":  # e.g. a column of a DataFrame with Python numbers
            given, kind = given.astype(np.float64), "f"
    except (TypeError, ValueError) as error:
        raise InvalidInputError(name, values, "give an array of numbers") from error
    if kind not in NUMBERS:
        remedy = "give steps or numbers, not times" if kind in "mM" else "give an array of numbers"
        raise InvalidInputError(name, f"values of type {given.dtype}", remedy)
    column = np.array(given, dtype=np.float64)
    if column.ndim != 1:
        raise InvalidInputError(name, column.shape, "give a one-dimensional array")
    if length is not None and len(column) != length:
        raise InvalidInputError(name, f"{len(column)} values", f"give {length}")
    bad = np.isnan(column) if inf else ~np.isfinite(column)
    if bad.any():
        row = int(np.flatnonzero(bad)[0])
        raise InvalidInputError(f"{name}[{row}]", float(column[row]), "fill or drop it first")
    column.setflags(write=False)
    return column


def step_column(name: str, values: ArrayLike, length: int) -> Ints:
    """(n,) whole steps, or an InvalidInputError."""
    column = float_column(name, values, length)
    odd = np.flatnonzero((column != np.floor(column)) | (np.abs(column) > 1e15))
    if odd.size:
        raise InvalidInputError(
            f"{name}[{odd[0]}]", float(column[odd[0]]), "steps are whole numbers"
        )
    return column.astype(np.int64)


def whole(field: str, value: Any, *, least: int) -> int:
    """A whole number of at least `least`, or a refusal."""
    try:
        number = int(value)
        fits = not isinstance(value, bool) and number == value and number >= least
    except (TypeError, ValueError, OverflowError):
        fits = False
    if not fits:
        raise InvalidInputError(field, value, f"give a whole number of at least {least}")
    return number

"""Arrays from the outside, checked and in the one form that the kernels are compiled for."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from vpp_gym.arrays import Floats, Ints
from vpp_gym.errors import InvalidInputError

TOLERANCE_KWH = 1e-6
"""Rounding allowed in a decision, and below which an EV counts as fully served."""


def shaped(name: str, values: ArrayLike, shape: tuple[int, ...]) -> Floats:
    """The values as floats, refused in any other shape.

    An array that is read-only is copied: to the kernel compiler it is another
    type, for which everything would be compiled once more.
    """
    try:
        array = np.ascontiguousarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InvalidInputError(name, values, f"give numbers of shape {shape}") from error
    if np.shape(values) != shape:
        raise InvalidInputError(name, f"shape {np.shape(values)}", f"give shape {shape}")
    return array if array.flags.writeable else array.copy()


def number_within(name: str, value: Any, lo: float, hi: float) -> float:
    """A number within limits, up to a rounding, or a refusal."""
    remedy = f"stay within [{lo:.6g}, {hi:.6g}]"
    try:
        number = float(value)
    except (TypeError, ValueError) as error:
        raise InvalidInputError(name, value, remedy) from error
    if not lo - TOLERANCE_KWH <= number <= hi + TOLERANCE_KWH:
        raise InvalidInputError(name, number, remedy)
    return number


def whole_numbers(name: str, values: ArrayLike, shape: tuple[int, ...]) -> Ints:
    """New array of whole numbers, one for each or the same for all."""
    given = np.asarray(values)
    whole = given.dtype.kind in "iu" or (
        given.dtype.kind == "f" and bool((np.isfinite(given) & (np.floor(given) == given)).all())
    )
    if not whole or given.shape not in ((), shape):
        raise InvalidInputError(name, values, f"give one whole number, or shape {shape}")
    numbers = np.empty(shape, dtype=np.int64)
    numbers[...] = given
    return numbers


def distinct_rows(runs: ArrayLike | None, n_envs: int) -> Ints:
    """Rows of a batch, each at most once; None: all of them."""
    if runs is None:
        return np.arange(n_envs)
    if type(runs) is np.ndarray and runs.dtype == np.int64 and runs.ndim == 1 and runs.size > 0:
        ascending = runs.size == 1 or bool((runs[1:] > runs[:-1]).all())
        if ascending and runs[0] >= 0 and runs[-1] < n_envs:
            return runs.copy()
    rows = np.atleast_1d(whole_numbers("runs", runs, np.shape(runs)))
    inside = ((rows >= 0) & (rows < n_envs)).all()
    if not inside or rows.ndim != 1 or len(np.unique(rows)) < len(rows):
        raise InvalidInputError("runs", rows.tolist(), f"give each once, of 0 to {n_envs - 1}")
    return rows

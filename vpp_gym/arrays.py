"""The array types of the package, for type hints, and arrays that nobody can write to."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Records = NDArray[np.void]
"""Structured arrays: one record for each EV, step, session or offer."""
Observations = NDArray[np.float32]
Dates = NDArray[np.datetime64]
A = TypeVar("A", bound=NDArray[Any])
V = TypeVar("V")


def read_only(array: A) -> A:
    """The array, closed for writing; what is cut from it cannot be opened again."""
    array.setflags(write=False)
    return array


def closed_whole(value: V) -> V:
    """What is given; an array is closed for writing, with all that it is cut from."""
    part: Any = value
    while isinstance(part, np.ndarray):
        read_only(part)
        part = part.base
    return value


def closed_copy(array: A) -> A:
    """A read-only copy, laid out in memory as the array is."""
    return read_only(array.copy(order="K"))


def close_arrays(record: Any) -> None:
    """Have a frozen dataclass hold read-only arrays: copies of those that can be written to."""
    for name, value in vars(record).items():
        if isinstance(value, np.ndarray) and not is_closed(value):
            object.__setattr__(record, name, closed_copy(value))


def is_closed(array: NDArray[Any]) -> bool:
    """Whether nobody can write to an array, nor to the one that it is cut from."""
    part: Any = array
    while isinstance(part, np.ndarray):
        if part.flags.writeable:
            return False
        part = part.base
    return part is None

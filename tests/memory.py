"""The arrays that a world is made of: to compare their memory, and to write to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np


def arrays_in(value: Any, name: str = "") -> Iterator[tuple[str, np.ndarray]]:
    """Every array that a value holds, in parts of parts too, by its name."""
    if isinstance(value, np.ndarray):
        yield name, value
    elif isinstance(value, tuple) and hasattr(value, "_asdict"):
        yield from arrays_in(value._asdict(), name)
    elif isinstance(value, Mapping):
        for key, part in value.items():
            yield from arrays_in(part, f"{name}.{key}")
    elif isinstance(value, list | tuple):
        for place, part in enumerate(value):
            yield from arrays_in(part, f"{name}[{place}]")
    elif hasattr(value, "__dict__") and type(value).__module__.startswith("vpp_gym."):
        yield from arrays_in(vars(value), name)


def assert_shown_alike(one: Any, other: Any) -> None:
    """Two snapshots hold the same numbers."""
    arrays, others = dict(arrays_in(one)), dict(arrays_in(other))
    assert arrays.keys() == others.keys()
    for name, array in arrays.items():
        np.testing.assert_array_equal(array, others[name], err_msg=name)
    for name, value in vars(one).items():
        if isinstance(value, int | float):
            assert value == getattr(other, name), name


def owner(array: np.ndarray) -> np.ndarray:
    """The array that an array is cut from."""
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array


@contextmanager
def rewriting(world: Any) -> Iterator[None]:
    """What a world brings along may be written to; before and after it is read-only."""
    arrays = [array for part in (world.dataset, world.scenarios) for _, array in arrays_in(part)]
    for array in arrays:
        owner(array).setflags(write=True)
        array.setflags(write=True)
    yield
    for array in arrays:
        array.setflags(write=False)
        owner(array).setflags(write=False)

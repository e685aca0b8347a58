"""Observations and actions of the hydrogen environments as named parts of one vector."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from vpp_gym.arrays import Floats
from vpp_gym.envs.fields import Field
from vpp_gym.errors import InvalidInputError


class Layout:
    """Flat observation of named parts: each value divided by its part's scale, and bounded.

    Args:
        fields: in the order of the columns; their scales are numbers.
    """

    def __init__(self, fields: Sequence[Field]) -> None:
        self.fields = tuple(fields)
        self.sizes = [field.size for field in fields]
        ends = np.cumsum(self.sizes).tolist()
        self.slices = {
            field.name: slice(end - field.size, end)
            for field, end in zip(self.fields, ends, strict=True)
        }
        self.scale = np.repeat([float(field.scale) for field in fields], self.sizes)
        self.low = np.repeat([field.low for field in fields], self.sizes).astype(np.float32)
        self.high = np.repeat([field.high for field in fields], self.sizes).astype(np.float32)
        self.space = spaces.Box(self.low, self.high, dtype=np.float32)

    def flat(self, parts: Mapping[str, Any]) -> NDArray[np.float32]:
        """(size,) from the parts in their units; what lies outside the range is cut off."""
        row = np.empty(len(self.scale))
        for name, part in self.slices.items():
            row[part] = parts[name]
        scaled = (row / self.scale).astype(np.float32)
        return np.minimum(np.maximum(scaled, self.low), self.high)

    def rows(self, parts: Mapping[str, Any], n_rows: int) -> NDArray[np.float32]:
        """(n_rows, size) from parts of as many rows; a part of one column may be (n_rows,)."""
        table = np.empty((n_rows, len(self.scale)))
        for name, part in self.slices.items():
            table[:, part] = np.reshape(parts[name], (n_rows, -1))
        scaled = (table / self.scale).astype(np.float32)
        return np.minimum(np.maximum(scaled, self.low), self.high)


def checked_action(action: Any, shape: tuple[int, ...]) -> Floats:
    """The action as numbers in [-1, 1].

    Raises:
        InvalidInputError: another shape, or an entry out of range.
    """
    try:
        array = np.array(action, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InvalidInputError("action", action, f"give numbers of shape {shape}") from error
    if array.shape != shape:
        raise InvalidInputError("action", f"shape {array.shape}", f"give shape {shape}")
    if not (np.abs(array) <= 1).all():
        raise InvalidInputError("action", action, "every entry lies in [-1, 1]")
    return array


def between(position: Any, low: Any, middle: Any, high: Any) -> Any:
    """Value at a position in [-1, 1]: -1 is low, 0 the middle, 1 high, straight between them.

    >>> [float(between(x, low=0.0, middle=2.0, high=10.0)) for x in (-1, -0.5, 0, 0.5, 1)]
    [0.0, 1.0, 2.0, 6.0, 10.0]
    """
    up, down = np.maximum(position, 0.0), np.maximum(-np.asarray(position), 0.0)
    return middle + up * (np.asarray(high) - middle) - down * (middle - np.asarray(low))

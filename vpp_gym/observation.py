"""What an observation consists of: named fields, and their layout in one array."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from gymnasium import spaces

from vpp_gym.arrays import Floats, Ints, Observations
from vpp_gym.errors import InvalidInputError, suggestion


@dataclass(frozen=True)
class Field:
    """One named part of the observation.

    Attributes:
        name: key in the `Dict` form.
        size: number of values; 0 or less stands for a count that the layout knows.
        unit: of the `Dict` form.
        scale: the flat form is value / scale: a number, or the name of one that the layout
            knows.
        low: least value of the flat form.
        high: largest value of the flat form.
        meaning: for the docs.
    """

    name: str
    size: int
    unit: str
    scale: str | float
    low: float
    high: float
    meaning: str


class ObservationLayout:
    """Layout of observations: which columns each field has, and both forms of the values.

    The flat form holds each field's values divided by its scale; the `Dict` form has the fields
    by name and in their units.

    Args:
        fields: in the order of the columns.
        counts: number of values where a field's size stands for a count.
        scales: what the scales with a name stand for.

    Attributes:
        fields: as given.
        slices: columns of each field, by name.
        scale: (size,) of each column.
        per_scale: (size,) one over it.
        low: (size,) least values of the flat form.
        high: (size,) largest values of the flat form.
        size: number of columns.
    """

    def __init__(
        self,
        fields: Sequence[Field],
        counts: Mapping[int, int] | None = None,
        scales: Mapping[str, float] | None = None,
    ) -> None:
        self.fields = tuple(fields)
        sizes = [(counts or {}).get(field.size, field.size) for field in fields]
        named = scales or {}
        self.scale = np.repeat(
            [named[f.scale] if isinstance(f.scale, str) else float(f.scale) for f in fields], sizes
        )
        self.per_scale = 1.0 / self.scale
        self.low = np.repeat([field.low for field in fields], sizes).astype(np.float32)
        self.high = np.repeat([field.high for field in fields], sizes).astype(np.float32)
        ends = np.cumsum(sizes).tolist()
        self.slices = {
            field.name: slice(end - size, end)
            for field, end, size in zip(self.fields, ends, sizes, strict=True)
        }
        self.size = int(ends[-1])

    @cached_property
    def flat_space(self) -> spaces.Box:
        """Box of all fields, scaled."""
        return spaces.Box(self.low, self.high, dtype=np.float32)

    @cached_property
    def dict_space(self) -> spaces.Dict:
        """One Box per field, in its unit."""
        unit = self.scale.astype(np.float32)
        return spaces.Dict(
            {
                name: spaces.Box(self.low[part] * unit[part], self.high[part] * unit[part])
                for name, part in self.slices.items()
            }
        )

    def named(self, flat: Observations) -> dict[str, Observations]:
        """Fields by name and in their units, from (..., size) flat observations."""
        values = flat * self.scale.astype(np.float32)
        return {name: values[..., part] for name, part in self.slices.items()}

    def columns(self, names: Iterable[str]) -> Ints:
        """Columns of some fields, one after the other.

        Raises:
            InvalidInputError: there is no such field.
        """
        chosen = list(names)
        for name in chosen:
            if name not in self.slices:
                hint = suggestion(name, self.slices)
                raise InvalidInputError("field", name, f"{hint}use one of {', '.join(self.slices)}")
        return np.concatenate([np.r_[self.slices[name]] for name in chosen]).astype(np.int64)

    def rows(self, parts: Mapping[str, Any], n_rows: int) -> Floats:
        """(n_rows, size) in their units, from parts of as many rows.

        Args:
            parts: (n_rows, size) of each field; of one column also (n_rows,) or a number.
            n_rows: how many.
        """
        table = np.empty((n_rows, self.size))
        for name, part in self.slices.items():
            values = np.asarray(parts[name])
            table[:, part] = values.reshape(n_rows, -1) if values.ndim else values
        return table

    def scaled(self, rows: Floats) -> Observations:
        """(..., size) flat form of values in their units, cut off at the ends of its range."""
        return np.clip((rows / self.scale).astype(np.float32), self.low, self.high)

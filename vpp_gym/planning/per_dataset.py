"""What is worked out once for each dataset, and found again at the next reset to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

from vpp_gym.simulation.dataset import Dataset

T = TypeVar("T")


class PerDataset(Generic[T]):
    """What is worked out once for each dataset; copies begin without any.

    Args:
        make: works it out. Copies are pickled with it, so it is a function of a module.
    """

    def __init__(self, make: Callable[[Dataset], T]) -> None:
        self._make = make
        self._made: dict[int, tuple[Dataset, T]] = {}

    def of(self, dataset: Dataset) -> T:
        """What was worked out for a dataset."""
        found = self._made.get(id(dataset))
        if found is None or found[0] is not dataset:
            found = self._made[id(dataset)] = dataset, self._make(dataset)
        return found[1]

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self._make,)

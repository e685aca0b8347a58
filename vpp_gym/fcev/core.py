"""What the cores of the hydrogen worlds share: episodes drawn run by run, and their options."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from vpp_gym.arrays import Bools, Floats, Ints
from vpp_gym.errors import InvalidInputError
from vpp_gym.scenarios.columns import whole

World_co = TypeVar("World_co", covariant=True)


class FCEVCore(ABC):
    """A batch of hydrogen worlds, as `vpp_gym.env.Batch` wants it.

    Attributes:
        n_runs: size of the batch.
        action_space: of one run.
        observation_space: of one run.
        terms: names of the columns of a record.
        n_money: how many of them, from the first on, add up to the reward.
    """

    n_runs: int
    action_space: Any
    observation_space: Any
    terms: tuple[str, ...]
    n_money: int

    def place(
        self,
        runs: Ints,
        generators: Sequence[np.random.Generator],
        options: Mapping[str, Any] | None,
    ) -> None:
        """Begin an episode in some runs, each drawn by its own generator."""
        for run, rng in zip(runs.tolist(), generators, strict=True):
            self.begin(run, rng, options or {})

    def step(self, actions: Any) -> tuple[Floats, NDArray[np.float32]]:
        """Advance the runs that are not over, and look."""
        records = self.advance(actions, ~self.over)
        return records, self.observe()

    @abstractmethod
    def begin(self, run: int, rng: np.random.Generator, options: Mapping[str, Any]) -> None:
        """Begin an episode in one run."""

    @abstractmethod
    def advance(self, actions: Any, moving: Bools) -> Floats:
        """Decode (B, A) actions and move some runs; (B, len(terms)) records, else zero.

        Raises:
            InvalidInputError: an action out of shape or range; nothing has moved.
        """

    @abstractmethod
    def observe(self) -> NDArray[np.float32]:
        """(B, size) observations."""

    @property
    @abstractmethod
    def over(self) -> Bools:
        """(B,) the episode has ended."""


class Numbered(Protocol[World_co]):
    """Worlds numbered from 0, each the same whenever asked for."""

    def scenario(self, seed: int) -> World_co:
        """The world of a number."""
        ...


def worlds_of(source: Numbered[World_co], first: int, count: int) -> list[World_co]:
    """So many worlds of a source, from the first on.

    Raises:
        InvalidInputError: not whole numbers, or none asked for.
    """
    first = whole("first_world", first, least=0)
    return [source.scenario(first + k) for k in range(whole("n_worlds", count, least=1))]


def checked_days(days: int | None, most: int) -> int:
    """Length of an episode; None: as long as there can be.

    Raises:
        InvalidInputError: not a whole number from 1 on, or too long.
    """
    number = most if days is None else whole("episode_days", days, least=1)
    if number > most:
        raise InvalidInputError("episode_days", days, f"use 1 to {most}, or None")
    return number


def chosen_option(
    options: Mapping[str, Any], rng: np.random.Generator, counts: Mapping[str, int]
) -> list[int]:
    """For each name a number of 0 to its count - 1: the option, or else one drawn.

    Raises:
        InvalidInputError: an unknown option, or a number out of range.
    """
    for name in options:
        if name not in counts:
            raise InvalidInputError("options", name, f"use {' or '.join(counts)}")
    numbers = []
    for name, count in counts.items():
        drawn = int(rng.integers(count))
        number = whole(f"options.{name}", options.get(name, drawn), least=0)
        if number >= count:
            raise InvalidInputError(f"options.{name}", number, f"give 0 to {count - 1}")
        numbers.append(number)
    return numbers

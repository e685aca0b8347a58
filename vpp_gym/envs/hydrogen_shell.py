"""Gymnasium shells around a hydrogen core: one environment, or a batch of them.

A core owns a batch of worlds and knows what an action means; both shells hold such
a core, the scalar one with a batch of one.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.utils import seeding
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from vpp_gym.errors import InvalidInputError
from vpp_gym.scenarios.columns import whole

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


class Core(ABC):
    """What the shells ask of a batch of worlds.

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

    @abstractmethod
    def place(self, run: int, rng: np.random.Generator, options: Mapping[str, Any]) -> None:
        """Begin an episode."""

    @abstractmethod
    def step(self, actions: Any, moves: Mask | None = None) -> Floats:
        """Advance the runs that move, by default all; (B, len(terms)) records."""

    @abstractmethod
    def observe(self) -> NDArray[np.float32]:
        """(B, size) observations."""

    @property
    @abstractmethod
    def over(self) -> Mask:
        """(B,) the episode has ended."""


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


class HydrogenEnv(gym.Env[NDArray[np.float32], NDArray[np.float32]]):
    """One run of a core."""

    metadata: dict[str, Any] = {"render_modes": []}

    def __init__(self, core: Core) -> None:
        self.core = core
        self.action_space, self.observation_space = core.action_space, core.observation_space
        self._placed = False

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[np.float32], dict[str, Any]]:
        """Begin a new episode; see the class docstring for the options."""
        super().reset(seed=seed)
        self.core.place(0, self.np_random, _mapping(options))
        self._placed = True
        return self.core.observe()[0], {}

    def step(self, action: Any) -> tuple[NDArray[np.float32], float, bool, bool, dict[str, Any]]:
        """Decide, and go on to the next decision."""
        if not self._placed or self.core.over[0]:
            raise gym.error.ResetNeeded("the episode has not begun or is over: call reset()")
        record = self.core.step(np.asarray(action)[None])[0]
        info = dict(zip(self.core.terms, record.tolist(), strict=True))
        reward = float(record[: self.core.n_money].sum())
        return self.core.observe()[0], reward, False, bool(self.core.over[0]), info


class HydrogenVectorEnv(VectorEnv[Any, Any, Any]):
    """A batch of runs; run i, seeded with seed + i, equals the scalar environment bit for bit."""

    metadata: dict[str, Any] = {"render_modes": []}

    def __init__(
        self,
        core: Core,
        autoreset_mode: AutoresetMode | str = AutoresetMode.NEXT_STEP,
    ) -> None:
        self.core, self.num_envs = core, core.n_runs
        self.autoreset_mode = _mode(autoreset_mode)
        self.metadata = {**type(self).metadata, "autoreset_mode": self.autoreset_mode}
        self.single_action_space = core.action_space
        self.single_observation_space = core.observation_space
        self.action_space = batch_space(self.single_action_space, self.num_envs)
        self.observation_space = batch_space(self.single_observation_space, self.num_envs)
        self._generators = [seeding.np_random()[0] for _ in range(self.num_envs)]
        self._placed = np.zeros(self.num_envs, dtype=np.bool_)
        self._ended = np.zeros(self.num_envs, dtype=np.bool_)

    def reset(
        self,
        *,
        seed: int | Sequence[int | None] | None = None,
        options: dict[str, Any] | None = None,
    ) -> tuple[Any, dict[str, Any]]:
        """Begin new episodes: all, or those of `options["reset_mask"]`."""
        chosen = dict(_mapping(options))
        mask = self._mask(chosen.pop("reset_mask", None))
        for run, one in enumerate(self._seeds(seed)):
            if one is not None and mask[run]:
                self._generators[run] = seeding.np_random(one)[0]
        self._place(mask, chosen)
        return self.core.observe(), {}

    def step(self, actions: Any) -> tuple[Any, Floats, Mask, Mask, dict[str, Any]]:
        """Advance every environment; ended ones are reset as `autoreset_mode` says."""
        if not self._placed.all():
            raise gym.error.ResetNeeded("some episodes have not begun: call reset()")
        before = self._ended.copy()
        if before.any():
            if self.autoreset_mode is AutoresetMode.DISABLED:
                raise gym.error.ResetNeeded("reset what is over: options={'reset_mask': mask}")
            self._place(before, {})
        records = self.core.step(actions, ~before)
        over = self.core.over & ~before
        self._ended = over.copy()
        observations, info = self.core.observe(), self._info(records, ~before)
        if self.autoreset_mode is AutoresetMode.SAME_STEP and over.any():
            info |= _final(observations, over, self._info(records, over))
            self._place(over, {})
            observations = self.core.observe()
        rewards = records[:, : self.core.n_money].sum(axis=1)
        return observations, rewards, np.zeros_like(over), over, info

    def _place(self, mask: Mask, options: Mapping[str, Any]) -> None:
        for run in np.flatnonzero(mask):
            self.core.place(int(run), self._generators[run], options)
        self._placed |= mask
        self._ended &= ~mask

    def _info(self, records: Floats, moved: Mask) -> dict[str, Any]:
        info: dict[str, Any] = {}
        for column, name in enumerate(self.core.terms):
            info[name], info[f"_{name}"] = np.where(moved, records[:, column], 0.0), moved
        return info

    def _mask(self, mask: Any) -> Mask:
        if mask is None:
            return np.ones(self.num_envs, dtype=np.bool_)
        array = np.asarray(mask)
        if array.dtype != np.bool_ or array.shape != (self.num_envs,) or not array.any():
            raise InvalidInputError(
                "options.reset_mask", mask, f"give {self.num_envs} booleans, one of them True"
            )
        return array

    def _seeds(self, seed: int | Sequence[int | None] | None) -> list[int | None]:
        if seed is None:
            return [None] * self.num_envs
        if not isinstance(seed, Sequence | np.ndarray):
            first = whole("seed", seed, least=0)
            return [first + run for run in range(self.num_envs)]
        if len(seed) != self.num_envs:
            raise InvalidInputError("seed", seed, f"give one number or {self.num_envs}")
        return [None if one is None else whole("seed", one, least=0) for one in seed]


def _final(observations: Any, over: Mask, info: dict[str, Any]) -> dict[str, Any]:
    last = np.full(len(over), None, dtype=object)
    for run in np.flatnonzero(over):
        last[run] = observations[run]
    return {"final_obs": last, "_final_obs": over, "final_info": info, "_final_info": over}


def _mapping(options: Any) -> Mapping[str, Any]:
    if not isinstance(options, Mapping | None):
        raise InvalidInputError("options", options, "give a mapping, or None")
    return options or {}


def _mode(mode: AutoresetMode | str) -> AutoresetMode:
    try:
        return AutoresetMode(mode)
    except ValueError as error:
        names = [known.value for known in AutoresetMode]
        raise InvalidInputError("autoreset_mode", mode, f"use one of {names}") from error

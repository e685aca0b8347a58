"""The Gymnasium shells of every world: one environment, or a batch of them, over one core.

A core owns a batch of episodes of one decision problem and knows what an action means;
both shells hold such a core, the scalar one with a batch of one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import gymnasium as gym
import numpy as np
from gymnasium.utils import seeding
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space

from vpp_gym.arrays import Bools, Floats, Ints
from vpp_gym.errors import InvalidInputError
from vpp_gym.scenarios.columns import whole

FIRST = np.zeros(1, dtype=np.int64)


class Batch(Protocol):
    """What the shells ask of a core."""

    @property
    def terms(self) -> tuple[str, ...]:
        """Names of the columns of a record."""
        ...

    @property
    def n_money(self) -> int:
        """How many of them, from the first on, add up to the reward [EUR]."""
        ...

    @property
    def n_runs(self) -> int:
        """Size of the batch."""
        ...

    @property
    def action_space(self) -> Any:
        """Of one run."""
        ...

    @property
    def observation_space(self) -> Any:
        """Of one run."""
        ...

    @property
    def over(self) -> Bools:
        """(B,) the episode has ended."""
        ...

    def place(
        self,
        runs: Ints,
        generators: Sequence[np.random.Generator],
        options: Mapping[str, Any] | None,
    ) -> None:
        """Begin an episode in some runs, each drawn by its own generator."""
        ...

    def step(self, actions: Any) -> tuple[Floats, Any]:
        """Advance the runs that are not over by (B, ...) actions.

        Returns:
            (B, len(terms)) records, zero for runs that are over, and what `observe` shows.
        """
        ...

    def observe(self) -> Any:
        """(B, size) observations, or the named parts of them."""
        ...


class ScalarShell(gym.Env[Any, Any]):
    """One environment: a core of one run."""

    metadata: dict[str, Any] = {"render_modes": []}

    def __init__(self, core: Batch) -> None:
        self.core: Any = core
        self.action_space = core.action_space
        self.observation_space = core.observation_space
        self._placed = False

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Begin a new episode; see the class docstring for the options."""
        super().reset(seed=seed)
        self.core.place(FIRST, [self.np_random], mapped(options))
        self._placed = True
        return one(self.core.observe(), 0), {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """Decide, settle and go on to the next decision."""
        if not self._placed or self.core.over[0]:
            raise gym.error.ResetNeeded("the episode has not begun or is over: call reset()")
        records, observations = self.core.step(self._alone(action))
        record = records[0]
        info = dict(zip(self.core.terms, record.tolist(), strict=True))
        reward = float(record[: self.core.n_money].sum())
        return one(observations, 0), reward, False, bool(self.core.over[0]), info

    def _alone(self, action: Any) -> Any:
        """The action as that of a batch of one."""
        shape = self.action_space.shape
        try:
            array = np.asarray(action)
        except ValueError as error:
            raise InvalidInputError("action", action, f"give numbers of shape {shape}") from error
        if array.shape != shape:
            raise InvalidInputError("action", f"shape {array.shape}", f"give shape {shape}")
        return array[None]


class VectorShell(VectorEnv[Any, Any, Any]):
    """A batch of environments over one core.

    Run i, seeded with seed + i, equals the scalar environment with that seed, bit for bit.

    Args:
        core: of the batch.
        autoreset_mode: any of Gymnasium's three, by value or member.
    """

    metadata: dict[str, Any] = {"render_modes": []}

    def __init__(
        self, core: Batch, autoreset_mode: AutoresetMode | str = AutoresetMode.NEXT_STEP
    ) -> None:
        self.core: Any = core
        self.num_envs = core.n_runs
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
        chosen = dict(mapped(options))
        mask = self._mask(chosen.pop("reset_mask", None))
        for run, number in enumerate(self._seeds(seed)):
            if number is not None and mask[run]:
                self._generators[run] = seeding.np_random(number)[0]
        self._place(mask, chosen)
        return self.core.observe(), {}

    def step(self, actions: Any) -> tuple[Any, Floats, Bools, Bools, dict[str, Any]]:
        """Advance every environment; ended ones are reset as `autoreset_mode` says.

        The terms in the info are those of the step also where it ended an episode,
        and then again in `final_info`.
        """
        if not self._placed.all():
            raise gym.error.ResetNeeded("some episodes have not begun: call reset()")
        ended_before = self._ended
        if self.autoreset_mode is AutoresetMode.DISABLED and ended_before.any():
            raise gym.error.ResetNeeded(
                "an episode is over: call reset(options={'reset_mask': mask})"
            )
        records, observations = self.core.step(actions)
        truncated = self.core.over & ~ended_before
        info = self._info(records, ~ended_before)
        again = ended_before
        if self.autoreset_mode is AutoresetMode.SAME_STEP and truncated.any():
            info |= self._final(observations, truncated, records)
            again = truncated
        self._ended = truncated.copy()
        if again.any():
            self._place(again, {})
            observations = self.core.observe()
        rewards = records[:, : self.core.n_money].sum(axis=1)
        return observations, rewards, np.zeros_like(truncated), truncated, info

    def _place(self, mask: Bools, options: Mapping[str, Any]) -> None:
        runs = np.flatnonzero(mask)
        self.core.place(runs, [self._generators[run] for run in runs], options)
        self._placed |= mask
        self._ended = self._ended & ~mask

    def _info(self, records: Floats, moved: Bools) -> dict[str, Any]:
        info: dict[str, Any] = {}
        for column, name in enumerate(self.core.terms):
            info[name] = records[:, column]
            info[f"_{name}"] = moved
        return info

    def _final(self, last: Any, truncated: Bools, records: Floats) -> dict[str, Any]:
        final_obs = np.full(self.num_envs, None, dtype=object)
        for run in np.flatnonzero(truncated).tolist():
            final_obs[run] = one(last, run)
        final_info = self._info(np.where(truncated[:, None], records, 0.0), truncated)
        return {
            "final_obs": final_obs,
            "_final_obs": truncated,
            "final_info": final_info,
            "_final_info": truncated,
        }

    def _mask(self, mask: Any) -> Bools:
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
        return [None if number is None else whole("seed", number, least=0) for number in seed]


def one(observations: Any, run: int) -> Any:
    """The observation of one run of a batch."""
    if isinstance(observations, dict):
        return {name: part[run] for name, part in observations.items()}
    return observations[run]


def mapped(options: Any) -> Mapping[str, Any]:
    """Options of a reset.

    Raises:
        InvalidInputError: neither a mapping nor None.
    """
    if not isinstance(options, Mapping | None):
        raise InvalidInputError("options", options, "give a mapping, or None")
    return options or {}


def _mode(mode: AutoresetMode | str) -> AutoresetMode:
    try:
        return AutoresetMode(mode)
    except ValueError as error:
        names = [known.value for known in AutoresetMode]
        raise InvalidInputError("autoreset_mode", mode, f"use one of {names}") from error

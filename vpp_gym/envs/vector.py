"""The vector shell: any core as a `gymnasium.vector.VectorEnv`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import gymnasium as gym
import numpy as np
from gymnasium.utils import seeding
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from vpp_gym.envs.assembly import assemble
from vpp_gym.envs.core import Core
from vpp_gym.envs.scalar import N_MONEY
from vpp_gym.errors import InvalidInputError
from vpp_gym.markets.ledger import TERMS
from vpp_gym.params import VPPParams
from vpp_gym.scenarios.columns import whole


class BatchEnv(VectorEnv[Any, Any, Any]):
    """A batch of one environment, over one core.

    Run i, seeded with seed + i, equals the scalar environment with that seed,
    bit for bit. Arguments are those of the scalar environment, and:

    Args:
        num_envs: number of environments.
        autoreset_mode: any of Gymnasium's three, by value or member.
    """

    metadata: dict[str, Any] = {"render_modes": []}
    core_kind: ClassVar[type[Core]]

    def __init__(
        self,
        num_envs: int = 1,
        scenario: Any = None,
        params: VPPParams | Mapping[str, Any] | str | None = None,
        *,
        dt_h: float | None = None,
        guarantee: bool | None = None,
        autoreset_mode: AutoresetMode | str = AutoresetMode.NEXT_STEP,
        render_mode: str | None = None,
        **settings: Any,
    ) -> None:
        if render_mode is not None:
            raise InvalidInputError(
                "render_mode", render_mode, "a batch draws nothing: render one scalar environment"
            )
        num_envs = whole("num_envs", num_envs, least=1)
        self.core = assemble(
            self.core_kind,
            scenario,
            params,
            dt_h=dt_h,
            guarantee=guarantee,
            n_envs=num_envs,
            settings=settings,
        )
        self.num_envs = num_envs
        self.autoreset_mode = _autoreset_mode(autoreset_mode)
        self.metadata = {**type(self).metadata, "autoreset_mode": self.autoreset_mode}
        self.single_action_space = self.core.action_space
        self.single_observation_space = self.core.observation_space
        self.action_space = batch_space(self.single_action_space, num_envs)
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self._generators = [seeding.np_random()[0] for _ in range(num_envs)]
        self._ended = np.zeros(num_envs, dtype=np.bool_)
        self._everyone = np.ones(num_envs, dtype=np.bool_)
        self._placed = np.zeros(num_envs, dtype=np.bool_)

    def reset(
        self,
        *,
        seed: int | Sequence[int | None] | None = None,
        options: dict[str, Any] | None = None,
    ) -> tuple[Any, dict[str, Any]]:
        """Begin new episodes: all, or those of `options["reset_mask"]`."""
        if not isinstance(options, dict | None):
            raise InvalidInputError("options", options, "give a dict, or None")
        chosen = dict(options or {})
        mask = self._mask(chosen.pop("reset_mask", None))
        for run, one in enumerate(self._seeds(seed)):
            if one is not None and mask[run]:
                self._generators[run] = seeding.np_random(one)[0]
        self._place(np.flatnonzero(mask), chosen)
        self._placed |= mask
        return self.core.observe(), {}

    def step(
        self, actions: Any
    ) -> tuple[Any, NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_], dict[str, Any]]:
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
        record, observations = self.core.step(actions)
        placed = bool(ended_before.any())
        if placed:
            self._place(np.flatnonzero(ended_before), {})
        truncated = self.core.simulation.done & ~ended_before
        self._ended = truncated.copy()
        info = self._info(record, ~ended_before)
        if self.autoreset_mode is AutoresetMode.SAME_STEP and truncated.any():
            info.update(self._final(observations, truncated, record))
            self._place(np.flatnonzero(truncated), {})
            placed = True
        if placed:
            observations = self.core.observe()
        rewards = record[:, :N_MONEY].sum(axis=1)
        return observations, rewards, np.zeros_like(truncated), truncated, info

    def _place(self, runs: NDArray[np.int64], options: dict[str, Any]) -> None:
        self.core.place(runs, [self._generators[run] for run in runs], options)
        self._ended = self._ended.copy()
        self._ended[runs] = False

    def _info(self, record: NDArray[np.float64], moved: NDArray[np.bool_]) -> dict[str, Any]:
        info: dict[str, Any] = {}
        for column, name in enumerate(TERMS):
            info[name] = record[:, column]
            info[f"_{name}"] = moved
        return info

    def _final(
        self, last: Any, truncated: NDArray[np.bool_], record: NDArray[np.float64]
    ) -> dict[str, Any]:
        final_obs = np.full(self.num_envs, None, dtype=object)
        for run in np.flatnonzero(truncated):
            final_obs[run] = (
                {name: part[run] for name, part in last.items()}
                if isinstance(last, dict)
                else last[run]
            )
        final_info = self._info(np.where(truncated[:, None], record, 0.0), truncated)
        return {
            "final_obs": final_obs,
            "_final_obs": truncated,
            "final_info": final_info,
            "_final_info": truncated,
        }

    def _mask(self, mask: Any) -> NDArray[np.bool_]:
        if mask is None:
            return self._everyone
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


def _autoreset_mode(mode: AutoresetMode | str) -> AutoresetMode:
    try:
        return AutoresetMode(mode)
    except ValueError as error:
        names = [known.value for known in AutoresetMode]
        raise InvalidInputError("autoreset_mode", mode, f"use one of {names}") from error

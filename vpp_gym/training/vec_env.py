"""A Stable-Baselines3 `VecEnv` over the native batch of any environment."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from gymnasium import Wrapper
from gymnasium.vector import AutoresetMode
from numpy.typing import NDArray
from stable_baselines3.common.monitor import Monitor
from stable_baselines3.common.vec_env.base_vec_env import VecEnv, VecEnvStepReturn

from vpp_gym.errors import InvalidInputError
from vpp_gym.training.environments import make_batch


class BatchVecEnv(VecEnv):
    """All environments of a batch at once, with the semantics that SB3 expects.

    An environment that ends is reset in the same step; its info then holds
    `terminal_observation`, `TimeLimit.truncated`, the terms of its last step, and
    `episode` with return, length and seconds since the start, as `Monitor` would
    write it. The other environments share one empty info: `terms` has what the
    step booked, as arrays.

    Args:
        env_id: one of `vpp_gym.training.environments.TRAITS`.
        n_envs: number of environments.
        arguments: keyword arguments of the environment.

    Attributes:
        batch: the Gymnasium vector environment.
        terms: (B,) of every term of the last step, by name.
        stepping_s: seconds spent in the simulator so far.
    """

    def __init__(self, env_id: str, n_envs: int, **arguments: Any) -> None:
        self.batch = make_batch(env_id, n_envs, autoreset_mode=AutoresetMode.SAME_STEP, **arguments)
        self.terms: dict[str, Any] = {}
        self.stepping_s = 0.0
        self._begun, self._placed = time.perf_counter(), False
        self._actions: NDArray[Any] = np.zeros(self.batch.action_space.shape or ())
        self._returns_eur = np.zeros(n_envs)
        self._lengths = np.zeros(n_envs, dtype=np.int64)
        super().__init__(
            n_envs, self.batch.single_observation_space, self.batch.single_action_space
        )

    def reset(self) -> Any:
        """Begin new episodes with the seeds and options set before."""
        if any(self._options):
            observations = self._reset_one_by_one()
        else:
            observations, _ = self.batch.reset(seed=self._seeds)
        self._placed = True
        self._reset_seeds()
        self._reset_options()
        self.reset_infos = [{} for _ in range(self.num_envs)]
        self._returns_eur[:] = 0.0
        self._lengths[:] = 0
        return observations

    def step_async(self, actions: NDArray[Any]) -> None:
        """Keep the actions for `step_wait`."""
        self._actions = actions

    def step_wait(self) -> VecEnvStepReturn:
        """Observations, float32 rewards [EUR], whether each ended, and infos."""
        begun = time.perf_counter()
        observations, rewards, terminated, truncated, self.terms = self.batch.step(self._actions)
        self.stepping_s += time.perf_counter() - begun
        self._returns_eur += rewards
        self._lengths += 1
        infos: list[dict[str, Any]] = [{}] * self.num_envs
        over = terminated | truncated
        if over.any():
            final = self.terms["final_obs"]
            for run in np.flatnonzero(over).tolist():
                infos[run] = self._last_info(run, final[run], bool(truncated[run]))
            self._returns_eur[over] = 0.0
            self._lengths[over] = 0
        return observations, rewards.astype(np.float32), over, infos

    def close(self) -> None:
        """Nothing is held open but the batch."""
        self.batch.close()

    def get_attr(self, attr_name: str, indices: Any = None) -> list[Any]:
        """The batch's attribute, once for each environment asked for."""
        return [getattr(self.batch, attr_name) for _ in self._get_indices(indices)]

    def set_attr(self, attr_name: str, value: Any, indices: Any = None) -> None:
        """Set the batch's attribute, which all environments share."""
        self._all_or_refuse("set_attr", indices)
        setattr(self.batch, attr_name, value)

    def env_method(
        self, method_name: str, *method_args: Any, indices: Any = None, **method_kwargs: Any
    ) -> list[Any]:
        """Call the batch's method once; every environment gets the result."""
        self._all_or_refuse("env_method", indices)
        result = getattr(self.batch, method_name)(*method_args, **method_kwargs)
        return [result] * self.num_envs

    def env_is_wrapped(self, wrapper_class: type[Wrapper], indices: Any = None) -> list[bool]:
        """Only `Monitor`, whose episode statistics are in the infos."""
        return [issubclass(Monitor, wrapper_class) for _ in self._get_indices(indices)]

    def _reset_one_by_one(self) -> Any:
        observations: Any = None
        if not self._placed:  # a batch shows none before all are placed
            self.batch.reset(seed=self._seeds)
        for run, options in enumerate(self._options):
            mask = np.arange(self.num_envs) == run
            seeds = [seed if mask[i] else None for i, seed in enumerate(self._seeds)]
            observations, _ = self.batch.reset(seed=seeds, options={**options, "reset_mask": mask})
        return observations

    def _last_info(self, run: int, observation: Any, cut_off: bool) -> dict[str, Any]:
        final = self.terms["final_info"]
        return {
            **{name: float(v[run]) for name, v in final.items() if not name.startswith("_")},
            "terminal_observation": observation,
            "TimeLimit.truncated": cut_off,
            "episode": {
                "r": float(self._returns_eur[run]),
                "l": int(self._lengths[run]),
                "t": round(time.perf_counter() - self._begun, 6),
            },
        }

    def _all_or_refuse(self, what: str, indices: Any) -> None:
        if sorted(self._get_indices(indices)) != list(range(self.num_envs)):
            raise InvalidInputError(
                "indices", indices, f"the environments are one batch: {what} goes to all of them"
            )

"""Which entries of an action count in the step to come."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium import spaces

from vpp_gym.arrays import Bools, Ints
from vpp_gym.env import Core
from vpp_gym.envs.core import N_PRICES, HourlyCore
from vpp_gym.errors import InvalidInputError
from vpp_gym.wrappers.costs import core_of

MASK = "action_mask"


def live_entries(core: Core) -> Bools:
    """(B, A) whether an entry of an action may change anything in the step to come.

    False is exact: whatever the entry, the step and all after it are the same. That is so of a
    charger without a car, or with one that has no choice; of the whole fleet without any; of a
    bid schedule but at gate closure; and of a battery that can do nothing. True is no promise.

    Args:
        core: of an environment; where it decides once a day, or is of fuel-cell cars, every
            entry counts.
    """
    live: Bools = np.ones((core.n_runs, *core.action_shape), dtype=np.bool_)
    if not isinstance(core, HourlyCore):
        return live
    state, how = core.simulation.state, core._action
    n_cars = how.n_dispatch - how.storage
    if how.per_charger:
        live[:, :n_cars] = state.occupied & (state.ev["lo_kwh"] < state.ev["hi_kwh"])
    elif n_cars == N_PRICES:
        live[:, :n_cars] = state.occupied.any(axis=1, keepdims=True)
    else:
        live[:, 0] = state.run["fleet_lo_kwh"] < state.run["fleet_hi_kwh"]
    if how.storage:
        site = state.site
        live[:, n_cars] = site["storage_lo_kwh"] < site["storage_hi_kwh"]
    if live.shape[1] - how.n_dispatch > 1:  # a whole schedule, read at the gate
        live[:, how.n_dispatch :] = np.reshape(core.simulation.is_gate, (-1, 1))
    return live


class ActionMask(gym.Wrapper[Any, Any, Any, Any]):
    """Adds `info["action_mask"]`: (A,) int8, 1 for entries that may count in the next step.

    Numbers cannot be forbidden as choices can. A mask of a `Box` is of use to leave entries out
    of the log-probability and the entropy, whose gradients they only add noise to.

    Args:
        env: of this package, wrapped or not, with its own actions.

    Raises:
        InvalidInputError: no environment of this package.
    """

    def __init__(self, env: gym.Env[Any, Any]) -> None:
        super().__init__(env)
        core_of(env)

    def action_masks(self) -> np.ndarray[Any, np.dtype[np.int8]]:
        """(A,) of the step to come."""
        return live_entries(core_of(self))[0].astype(np.int8)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """As the environment, and the mask of the first step."""
        observation, info = self.env.reset(seed=seed, options=options)
        return observation, {**info, MASK: self.action_masks()}

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        """As the environment, and the mask of the next step."""
        *seen, info = self.env.step(action)
        return (*seen, {**info, MASK: self.action_masks()})


class VectorActionMask(gym.vector.VectorWrapper):
    """The same for a batch: `info["action_mask"]` is (B, A).

    Args:
        env: of `gym.make_vec`.

    Raises:
        InvalidInputError: no batch of this package.
    """

    def __init__(self, env: Any) -> None:
        super().__init__(env)
        core_of(env)

    def action_masks(self) -> np.ndarray[Any, np.dtype[np.int8]]:
        """(B, A) of the step to come."""
        return live_entries(core_of(self)).astype(np.int8)

    def reset(self, **given: Any) -> tuple[Any, dict[str, Any]]:
        """As the batch, and the masks of the first step."""
        observations, infos = self.env.reset(**given)
        return observations, self._with_masks(infos)

    def step(self, actions: Any) -> tuple[Any, Any, Any, Any, dict[str, Any]]:
        """As the batch, and the masks of the next step."""
        *seen, infos = self.env.step(actions)
        return (*seen, self._with_masks(infos))

    def _with_masks(self, infos: dict[str, Any]) -> dict[str, Any]:
        every = np.ones(core_of(self).n_runs, dtype=np.bool_)
        return {**infos, MASK: self.action_masks(), f"_{MASK}": every}


class DiscreteActions(gym.ActionWrapper[Any, Any, Any]):
    """Levels from -1 to 1 instead of numbers: `MultiDiscrete`, with masks for `MaskablePPO`.

    The level in the middle is 0, the environment's default. `action_masks` allows that level
    alone where an entry changes nothing, and every level elsewhere. The mask therefore changes no
    run, only what is learnt from it: a model is judged without it.

    Args:
        env: of this package, wrapped or not.
        levels: of each entry, odd and at least 3.

    Raises:
        InvalidInputError: an even number of levels, or too few.
    """

    def __init__(self, env: gym.Env[Any, Any], levels: int = 5) -> None:
        super().__init__(env)
        if not isinstance(levels, int) or levels < 3 or levels % 2 == 0:
            raise InvalidInputError("levels", levels, "give an odd number from 3 up: 0 is one")
        self.levels = np.linspace(-1.0, 1.0, levels)
        self.action_space = spaces.MultiDiscrete([levels] * core_of(env).action_shape[0])

    def action(self, action: Ints) -> Any:
        """(A,) numbers of (A,) levels."""
        return self.levels[np.asarray(action, dtype=np.int64)].astype(np.float32)

    def action_masks(self) -> Bools:
        """(A * levels,) which levels are allowed, entry after entry."""
        n = len(self.levels)
        middle = np.arange(n) == n // 2
        return np.where(live_entries(core_of(self))[0][:, None], True, middle).reshape(-1)

"""Rewards that make learning easier and move no optimum, as wrappers of Gymnasium."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import gymnasium as gym
import numpy as np

from vpp_gym.errors import InvalidInputError
from vpp_gym.markets.ledger import LEDGER, POSITION
from vpp_gym.wrappers.costs import core_of

SEEDS = 2**31
"""Seeds of episodes are drawn below it."""


class LoadReward(gym.Wrapper[Any, Any, Any, Any]):
    """The environment's reward without what the bids come to.

    What is left pays the net load at the reference price, which is all that the dispatch
    changes: the noise of the committed energy, times the difference of two prices, is gone. For
    agents that do not bid.

    Args:
        env: of EVs, wrapped or not.

    Raises:
        InvalidInputError: of another world.
    """

    def __init__(self, env: gym.Env[Any, Any]) -> None:
        super().__init__(env)
        if core_of(env).terms != LEDGER.names:
            remedy = "only electric vehicles are bid for: use the environment's own reward"
            raise InvalidInputError("env", type(env.unwrapped).__name__, remedy)

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        """As the environment, with another reward."""
        observation, reward, terminated, truncated, info = self.env.step(action)
        reward -= float(LEDGER.part_eur(POSITION.name, info))  # type: ignore[operator]
        return observation, reward, terminated, truncated, info


class GainReward(gym.Wrapper[Any, Any, Any, Any]):
    """The reward above that of a reference action in a copy of the environment.

    The learner has no influence on the copy, so subtracting its reward moves no optimum; but
    weather, loads and prices, which no action can change, cancel out. A step costs twice as much.

    Both play the same episode because both are reset with one seed. Without a seed from outside,
    seeds are drawn by a generator that the last one began.

    Args:
        env: of this package, wrapped or not; its episodes all have one length.
        reference: (A,) action of the copy; None: 0, the environment's default.
    """

    def __init__(self, env: gym.Env[Any, Any], reference: Any = None) -> None:
        super().__init__(env)
        self._twin = deepcopy(env.unwrapped)
        shape = core_of(env).action_shape
        given = np.zeros(shape) if reference is None else np.asarray(reference, dtype=np.float64)
        if given.shape != shape:
            raise InvalidInputError("reference", f"shape {given.shape}", f"give shape {shape}")
        self._reference = given
        self._seeds = np.random.default_rng()

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Begin the same episode twice."""
        if seed is not None:
            self._seeds = np.random.default_rng(seed)
        drawn = int(self._seeds.integers(SEEDS)) if seed is None else seed
        self._twin.reset(seed=drawn, options=options)
        return self.env.reset(seed=drawn, options=options)

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        """As the environment, with another reward."""
        observation, reward, terminated, truncated, info = self.env.step(action)
        reference = self._twin.step(self._reference)[1]
        return observation, reward - reference, terminated, truncated, info  # type: ignore[operator]

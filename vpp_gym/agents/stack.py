"""An agent's run behind the wrappers of its environment, in any world.

The wrappers are those of training, copied; at their bottom the environment is exchanged for the
run that is judged. They are stepped as in training, so that those with a memory, such as stacked
frames, work too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy
from typing import Any

import gymnasium as gym
import numpy as np

from vpp_gym.arrays import Floats, Ints
from vpp_gym.errors import InvalidInputError
from vpp_gym.evaluation.worlds import Runner

OF_EPISODES = {
    "TimeAwareObservation": "it shows how much of an episode has passed, and a year is judged",
    "Autoreset": "it begins new episodes, and one run is judged",
}
"""Wrappers that mean nothing in a run through a whole scenario."""
NEUTRAL = {
    *("OrderEnforcing", "PassiveEnvChecker", "TimeLimit"),
    *("RecordEpisodeStatistics", "RecordVideo", "Monitor"),
    *("TransformReward", "ClipReward", "NormalizeReward"),
    *("LoadReward", "GainReward", "CostInfo", "ActionMask"),
}
"""Wrappers that change neither what is shown nor what is done."""


class RunEnv(gym.Env[Any, Any]):
    """A run of an evaluation as the environment at the bottom of wrappers.

    Args:
        run: of an agent that reads whole observations.
        core: of the environment.

    Attributes:
        booked: (k, K) terms of the last step.
    """

    metadata: dict[str, Any] = {"render_modes": []}  # noqa: RUF012

    def __init__(self, run: Runner, core: Any) -> None:
        self.core = core
        self.observation_space, self.action_space = core.observation_space, core.action_space
        self._run, self._n_steps = run, len(run.day)
        self.booked: Floats = np.empty((0, len(core.terms)))
        self._done = 0
        self._last: Any = None

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """The first observation."""
        self._last = self._run.observe()
        return self._last, {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """Carry out an action, and keep what it books in `booked`."""
        self.booked = self._run.act(action)
        self._done += len(self.booked)
        over = self._done >= self._n_steps
        if not over:
            self._last = self._run.observe()
        money_eur = float(self.booked[:, : self.core.n_money].sum())
        return self._last, money_eur, False, over, {}


class WrappedRun:
    """A run whose observations and actions pass through wrappers.

    Args:
        run: of an agent that reads whole observations.
        wrapped: makes the wrappers around the environment of the run.
        core: of the environment.

    Attributes:
        simulation: of the run.
        day: (n,) day of each step of the run.
    """

    def __init__(self, run: Runner, wrapped: Callable[[RunEnv], Any], core: Any) -> None:
        self.simulation: Any = run.simulation
        self.day: Ints = run.day
        self._run, self._bottom = run, RunEnv(run, core)
        self._top = wrapped(self._bottom)
        self._seen, _ = self._top.reset(seed=0)

    def __getattr__(self, name: str) -> Any:
        """What else the run keeps, such as the contracts that were signed."""
        return getattr(self._run, name)

    def observe(self) -> Any:
        """What the wrappers show."""
        return self._seen

    def act(self, decision: Any) -> Floats:
        """Carry out what the wrappers make of an action: (k, K) terms."""
        self._seen, *_ = self._top.step(decision)
        return self._bottom.booked


def layers_of(env: Any) -> list[Any]:
    """The wrappers of a Gymnasium environment, the outermost first."""
    layers = []
    while isinstance(env, gym.Wrapper):
        layers.append(env)
        env = env.env
    return layers


def acting_layers(env: Any) -> list[Any]:
    """The wrappers of a Gymnasium environment that change what is shown or done, outermost first.

    Raises:
        InvalidInputError: one that means nothing in a run through a whole scenario.
    """
    layers = [one for one in layers_of(env) if type(one).__name__ not in NEUTRAL]
    for layer in layers:
        name = type(layer).__name__
        if name in OF_EPISODES:
            raise InvalidInputError("env", name, f"{OF_EPISODES[name]}: train without it")
    return layers


def copied_around(layers: Sequence[Any], bottom: gym.Env[Any, Any]) -> Any:
    """Copies of wrappers around another environment; their running statistics stand still.

    Args:
        layers: of `acting_layers`; stay as they are.
        bottom: takes the place of the environment within.

    Raises:
        InvalidInputError: a wrapper that cannot be copied.
    """
    top: Any = bottom
    for layer in reversed(layers):
        try:
            top = deepcopy(layer, {id(layer.env): top})
        except Exception as error:
            name = type(layer).__name__
            raise InvalidInputError(
                "env", name, f"wrappers are copied; it failed: {error}"
            ) from error
        if hasattr(top, "update_running_mean"):
            top.update_running_mean = False
    return top

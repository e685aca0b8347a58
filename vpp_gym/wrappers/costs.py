"""What went wrong in a step as `info["cost"]`, for learners with constraints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import gymnasium as gym
import numpy as np

from vpp_gym.env import Core
from vpp_gym.errors import InvalidInputError, suggestion

COSTS: Mapping[str, tuple[str, ...]] = {
    "unserved_kwh": ("unserved_kwh",),
    "short_kwh": ("short_kwh",),
    "shortage_kwh": ("shortage_kwh",),
}
"""Terms that are the cost where nothing is said: the first that the environment books.

Electric vehicles: energy missing to the targets of the cars that departed. Car park: what was sold
day-ahead and not delivered. Microgrid: consumption beyond what sun and cars could have given.
"""


class CostInfo(gym.Wrapper[Any, Any, Any, Any]):
    """Adds `info["cost"]` to every step, and 0 to `reset`: kWh, never negative.

    The reward stays as it is; it has the penalty for the same energy in it. A learner that is to
    hold the cost below a limit, and not to weigh it, gets its own signal by this.

    Args:
        env: of this package, wrapped or not.
        terms: of the ledger, which are added up; None: see `COSTS`. Of EVs `yielded_kwh` is what
            the connection kept the agent from: how far its wish went beyond a limit.

    Raises:
        InvalidInputError: a term that the environment does not book, or one of money.
    """

    def __init__(self, env: gym.Env[Any, Any], terms: Sequence[str] | None = None) -> None:
        super().__init__(env)
        self.terms = checked_terms(core_of(env), terms)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """As the environment, and no cost."""
        observation, info = self.env.reset(seed=seed, options=options)
        return observation, {**info, "cost": 0.0}

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        """As the environment, and the cost of the step."""
        observation, reward, terminated, truncated, info = self.env.step(action)
        cost = float(sum(info[name] for name in self.terms))
        return observation, reward, terminated, truncated, {**info, "cost": cost}


class VectorCostInfo(gym.vector.VectorWrapper):
    """The same for a batch: `info["cost"]` has one number for each environment.

    Args:
        env: of `gym.make_vec`.
        terms: as for `CostInfo`.

    Raises:
        InvalidInputError: as for `CostInfo`.
    """

    def __init__(self, env: Any, terms: Sequence[str] | None = None) -> None:
        super().__init__(env)
        self.terms = checked_terms(core_of(env), terms)

    def reset(self, **given: Any) -> tuple[Any, dict[str, Any]]:
        """As the batch, and no costs."""
        observations, infos = self.env.reset(**given)
        return observations, self._with_costs(infos)

    def step(self, actions: Any) -> tuple[Any, Any, Any, Any, dict[str, Any]]:
        """As the batch, and the costs of the step; in `final_info`, too."""
        observations, rewards, terminated, truncated, infos = self.env.step(actions)
        return observations, rewards, terminated, truncated, self._with_costs(infos)

    def _with_costs(self, infos: dict[str, Any]) -> dict[str, Any]:
        costs = np.sum([infos[name] for name in self.terms], axis=0)
        more = {"cost": costs, "_cost": infos[f"_{self.terms[0]}"]}
        if "final_info" in infos:
            more["final_info"] = self._with_costs(infos["final_info"])
        return {**infos, **more}


def core_of(env: Any) -> Core:
    """The core of an environment or a batch of this package, below its wrappers.

    Raises:
        InvalidInputError: it has none.
    """
    core = getattr(env.unwrapped, "core", None)
    if not isinstance(core, Core):
        remedy = "give an environment of this package, or its own batch, see gym.make_vec"
        raise InvalidInputError("env", type(env.unwrapped).__name__, remedy)
    return core


def checked_terms(core: Core, terms: Sequence[str] | None) -> tuple[str, ...]:
    """The terms of a cost.

    Args:
        core: of the environment.
        terms: asked for; None: those of `COSTS`.

    Raises:
        InvalidInputError: a term that is not booked, or that is no energy.
    """
    known = [name for name in core.terms if name.endswith("_kwh")]
    if terms is None:
        return next(own for own in COSTS.values() if own[0] in known)
    if isinstance(terms, str) or not terms:
        raise InvalidInputError("terms", terms, "give names in a list")
    for name in terms:
        if name not in known:
            remedy = f"{suggestion(name, known)}use some of {', '.join(known)}"
            raise InvalidInputError("terms", name, remedy)
    return tuple(terms)

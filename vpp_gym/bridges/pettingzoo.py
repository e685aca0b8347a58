"""Every charger as an agent of its own, in PettingZoo's parallel form."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium import spaces
from pettingzoo import ParallelEnv

import vpp_gym  # noqa: F401 - registers the environments
from vpp_gym.arrays import Observations
from vpp_gym.envs.fields import CHARGER_FIELDS
from vpp_gym.wrappers.costs import core_of
from vpp_gym.wrappers.masks import MASK, live_entries

ENV_ID, BATTERY = "VPPDispatch-v0", "battery"
OPTIONS = ("scenario", "start_day", "episode_days")


class ChargersParallelEnv(ParallelEnv[str, Any, Any]):
    """`VPPDispatch-v0` with `control="per_ev"`: one agent for each charger, one for the battery.

    All agents are there from the first step to the last, also while a charger is free. Each sees
    what concerns the whole plant and its own charger, does one number in [-1, 1], and gets the
    reward of the plant: they are a team. `info` has the mask of its action (0: no car, or no
    choice); the terms of the ledger are in `terms`.

    Args:
        render_mode: "rgb_array", "human" or None.
        arguments: of the environment, `control` aside.

    Attributes:
        env: the environment for one agent, in which all of this happens.
        terms: of the ledger, booked in the last step.
    """

    metadata: dict[str, Any] = {  # noqa: RUF012
        "name": "vpp_dispatch_v0",
        "render_modes": ["human", "rgb_array"],
        "is_parallelizable": True,
    }

    def __init__(self, render_mode: str | None = None, **arguments: Any) -> None:
        made: Any = gym.make(ENV_ID, control="per_ev", render_mode=render_mode, **arguments)
        self.env: Any = made.unwrapped
        self.render_mode, self.terms = render_mode, dict[str, float]()
        core: Any = core_of(made)
        n_chargers = core.simulation.n_chargers
        self.possible_agents = [f"charger_{i}" for i in range(n_chargers)]
        if core.action_shape[0] > n_chargers:
            self.possible_agents.append(BATTERY)
        self.agents: list[str] = []
        self.state_space = self.env.observation_space
        self._columns = _columns(core.layout.slices, self.possible_agents)
        box = core.layout.flat_space
        self.observation_spaces: dict[str, spaces.Space[Any]] = {
            agent: spaces.Box(box.low[columns], box.high[columns], dtype=np.float32)
            for agent, columns in self._columns.items()
        }
        self.action_spaces: dict[str, spaces.Space[Any]] = {
            agent: spaces.Box(-1.0, 1.0, (1,), np.float32) for agent in self.possible_agents
        }
        self._flat: Observations = np.zeros(core.layout.size, dtype=np.float32)

    def observation_space(self, agent: str) -> spaces.Space[Any]:
        """Of one agent: the plant's columns, then its charger's."""
        return self.observation_spaces[agent]

    def action_space(self, agent: str) -> spaces.Space[Any]:
        """Of one agent: one number."""
        return self.action_spaces[agent]

    def reset(
        self, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Begin an episode; options as in the environment for one agent.

        PettingZoo hands on options that other environments take: they are left out.
        """
        known = {name: value for name, value in (options or {}).items() if name in OPTIONS}
        self._flat, self.terms = self.env.reset(seed=seed, options=known)
        self.agents = list(self.possible_agents)
        return self.seen(self._flat), self._infos()

    def step(self, actions: Mapping[str, Any]) -> tuple[dict[str, Any], ...]:
        """All agents act at once: observations, rewards, terminations, truncations, infos."""
        self._flat, reward, ends, over, self.terms = self.env.step(self.joint(actions))
        agents = self.agents
        seen, infos = self.seen(self._flat), self._infos()
        if ends or over:
            self.agents = []
        return (
            seen,
            dict.fromkeys(agents, reward),
            dict.fromkeys(agents, ends),
            dict.fromkeys(agents, over),
            infos,
        )

    def state(self) -> Observations:
        """What all agents see together: the observation of the environment for one agent."""
        return self._flat

    def render(self) -> Any:
        """As the environment for one agent."""
        return self.env.render()

    def close(self) -> None:
        """As the environment for one agent."""
        self.env.close()

    def seen(self, flat: Observations) -> dict[str, Observations]:
        """What each agent sees of a flat observation."""
        return {agent: flat[columns] for agent, columns in self._columns.items()}

    def joint(self, actions: Mapping[str, Any]) -> Observations:
        """(A,) action of the environment for one agent; 0 for agents that say nothing."""
        zero: Observations = np.zeros(1, dtype=np.float32)
        return np.concatenate(
            [np.asarray(actions.get(agent, zero)).reshape(1) for agent in self.possible_agents]
        ).astype(np.float32)

    def as_model(
        self, act: Callable[[dict[str, Observations]], Mapping[str, Any]]
    ) -> Callable[[Observations], Observations]:
        """A team as a model: `vpp_gym.evaluate(env.as_model(act), env.env)` judges it.

        Args:
            act: the actions of all agents for what they see.
        """
        return lambda flat: self.joint(act(self.seen(flat)))

    def _infos(self) -> dict[str, dict[str, Any]]:
        live = live_entries(self.env.core)[0].astype(np.int8)
        return {agent: {MASK: live[i : i + 1]} for i, agent in enumerate(self.possible_agents)}


def _columns(slices: Mapping[str, slice], agents: list[str]) -> dict[str, Any]:
    """Columns of the flat observation that each agent sees."""
    own = {field.name for field in CHARGER_FIELDS}
    shared = np.concatenate([np.r_[part] for name, part in slices.items() if name not in own])
    starts = np.array([slices[field.name].start for field in CHARGER_FIELDS])
    return {
        agent: shared if agent == BATTERY else np.concatenate([shared, starts + i])
        for i, agent in enumerate(agents)
    }

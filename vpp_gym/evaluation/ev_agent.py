"""Runs of the world of EVs in which an agent plays an environment."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.envs.registration import load_env_creator

from vpp_gym.arrays import Floats
from vpp_gym.env import FIRST, one
from vpp_gym.envs.settings import (
    BiddingSettings,
    ContractsSettings,
    DayAheadSettings,
    DispatchSettings,
)
from vpp_gym.episodes import EpisodeSpan
from vpp_gym.errors import InvalidInputError
from vpp_gym.evaluation.agent import EnvironmentAgent
from vpp_gym.evaluation.ev import EVRunner
from vpp_gym.params import VPPParams
from vpp_gym.scenarios.scenario import Scenario
from vpp_gym.settings import Settings, checked

SETTINGS: dict[str, type[Settings]] = {
    "VPPDayAhead-v0": DayAheadSettings,
    "VPPDispatch-v0": DispatchSettings,
    "VPPBidding-v0": BiddingSettings,
    "VPPContracts-v0": ContractsSettings,
}


def check_settings(env_id: str, settings: Mapping[str, Any]) -> None:
    """Refuse settings that an environment does not take.

    Raises:
        InvalidInputError: naming the setting, its value and what is wrong with it.
    """
    checked(SETTINGS[env_id], **settings)


def runner(
    agent: EnvironmentAgent, scenario: Scenario, params: VPPParams, start_step: int, end_step: int
) -> EVAgentRunner:
    """A run for an agent, at its start; see `EnvironmentAgent.runner`.

    Raises:
        InvalidInputError: the agent was trained for another time step.
    """
    if agent.dt_h not in (None, scenario.dt_h):
        raise InvalidInputError(
            "scenario.dt_h", scenario.dt_h, f"{agent.name} was trained for {agent.dt_h:g} h"
        )
    core = core_over(scenario, params, agent)
    core.begin(FIRST, [EpisodeSpan(0, start_step, end_step)])
    read = agent.reader(core.layout.slices)
    return EVAgentRunner(core, read, scenario.day[start_step:end_step])


def core_over(scenario: Scenario, params: VPPParams, agent: EnvironmentAgent) -> Any:
    """Core of an agent's environment over one scenario."""
    environment: Any = load_env_creator(str(gym.spec(agent.env_id).entry_point))
    return environment(scenario, params, **agent.settings).core


class EVAgentRunner(EVRunner):
    """A run for an agent that reads observations of an environment and gives actions.

    Both pass through the environment's own core. Where the agent decides once a day, its
    first decision may come before the first gate and holds until there.

    Args:
        core: of the environment, its episode begun.
        read: what turns an observation into what the agent reads.
        day: (n,) local day of each step.
    """

    def __init__(self, core: Any, read: Callable[[Any], Any], day: Any) -> None:
        super().__init__(core.simulation, day)
        self._core, self._read = core, read
        self._core.on_step = self._keep
        self._kept: list[Floats] = []
        self._shown: Any = core.observe()

    def observe(self) -> Any:
        """The observation of the step to come."""
        return self._read(one(self._shown, 0))

    def act(self, decision: Any) -> Floats:
        """Advance by one step of the environment: (k, K) terms."""
        self._kept.clear()
        _, self._shown = self._core.step(np.asarray(decision)[None])
        return np.stack(self._kept)

    def _keep(self, record: Floats) -> None:
        self._kept.append(record.copy())
        self.count_contracts()

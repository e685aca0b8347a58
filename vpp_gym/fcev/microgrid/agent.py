"""Runs of the microgrid in which an agent plays its environment."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from vpp_gym.arrays import Floats
from vpp_gym.env import one
from vpp_gym.errors import InvalidInputError
from vpp_gym.evaluation.agent import EnvironmentAgent
from vpp_gym.fcev.agent import ALONE, check_names
from vpp_gym.fcev.microgrid.env import FCEVMicrogridEnv
from vpp_gym.fcev.microgrid.evaluation import MicrogridRunner
from vpp_gym.fcev.microgrid.params import MicrogridParams
from vpp_gym.fcev.microgrid.simulation import MicrogridScenario

OPTIONS = ("volumes", "rewards", "drawn_stock")


def check_settings(env_id: str, settings: Mapping[str, Any]) -> None:
    """Refuse settings that the environment does not take.

    Raises:
        InvalidInputError: naming the setting, its value and what is wrong with it.
    """
    check_names(settings, FCEVMicrogridEnv)
    for name in OPTIONS:
        if not isinstance(settings.get(name, False), bool):
            raise InvalidInputError(f"settings.{name}", settings[name], "use True or False")


def runner(
    agent: EnvironmentAgent,
    scenario: MicrogridScenario,
    params: MicrogridParams,
    start_step: int,
    end_step: int,
) -> MicrogridAgentRunner:
    """A run for an agent, at its start; see `EnvironmentAgent.runner`."""
    core = core_over(scenario, params, agent)
    return MicrogridAgentRunner(core, agent.reader(core.layout.slices), start_step, end_step)


def core_over(scenario: MicrogridScenario, params: MicrogridParams, agent: EnvironmentAgent) -> Any:
    """Core of the environment over one scenario."""
    settings = {**agent.settings, "episode_days": None}
    return FCEVMicrogridEnv(scenario, params, **settings).core


class MicrogridAgentRunner(MicrogridRunner):
    """A run for an agent; what it sees and does passes through the core of its environment.

    Args:
        core: of the environment.
        read: what turns an observation into what the agent reads.
        start_step: first hour.
        end_step: first hour after the run.
    """

    def __init__(
        self, core: Any, read: Callable[[Any], Any], start_step: int, end_step: int
    ) -> None:
        super().__init__(core.simulation, start_step, end_step)
        self._core, self._read = core, read

    def observe(self) -> Any:
        """The observation of this hour."""
        return self._read(one(self._core.observe(), 0))

    def act(self, decision: Any) -> Floats:
        """Carry out an hour: (1, K) terms."""
        records: Floats = self._core.advance(np.asarray(decision)[None], ALONE)
        return records

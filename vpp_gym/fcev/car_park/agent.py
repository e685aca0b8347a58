"""Runs of the car park in which an agent plays its environment."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from vpp_gym.env import one
from vpp_gym.evaluation.agent import EnvironmentAgent
from vpp_gym.fcev.agent import ALONE, check_names
from vpp_gym.fcev.car_park.actions import encoding
from vpp_gym.fcev.car_park.env import FCEVCarParkEnv
from vpp_gym.fcev.car_park.evaluation import CarParkRunner
from vpp_gym.fcev.car_park.params import CarParkParams
from vpp_gym.fcev.car_park.simulation import CarParkScenario


def check_settings(env_id: str, settings: Mapping[str, Any]) -> None:
    """Refuse settings that the environment does not take.

    Raises:
        InvalidInputError: naming the setting, its value and what is wrong with it.
    """
    check_names(settings, FCEVCarParkEnv)
    chosen = {"control": "hourly", "offer_price": "mean_min_price", **settings}
    encoding(chosen["control"], chosen["offer_price"])


def runner(
    agent: EnvironmentAgent,
    scenario: CarParkScenario,
    params: CarParkParams,
    start_step: int,
    end_step: int,
) -> CarParkAgentRunner:
    """A run for an agent, at its start; see `EnvironmentAgent.runner`."""
    core = core_over(scenario, params, agent)
    return CarParkAgentRunner(core, agent.reader(core.layout.slices), start_step, end_step)


def core_over(scenario: CarParkScenario, params: CarParkParams, agent: EnvironmentAgent) -> Any:
    """Core of the environment over one scenario."""
    settings = {**agent.settings, "episode_days": None}
    return FCEVCarParkEnv(scenario, params, **settings).core


class CarParkAgentRunner(CarParkRunner):
    """A run for an agent; what it sees and does passes through the core of its environment.

    Args:
        core: of the environment.
        read: what turns an observation into what the agent reads.
        start_step: hour at which the first day begins.
        end_step: first hour after the last day.
    """

    def __init__(
        self, core: Any, read: Callable[[Any], Any], start_step: int, end_step: int
    ) -> None:
        super().__init__(core.simulation, start_step, end_step)
        self._core, self._read = core, read

    def observe(self) -> Any:
        """The observation of 12:00."""
        return self._read(one(self._core.observe(), 0))

    def submit(self, decision: Any) -> None:
        """Have the market clear the orders that an action stands for."""
        self._core.submit(np.asarray(decision)[None], ALONE)

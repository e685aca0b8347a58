"""Runs of a fleet in which an agent of `VPPStay-v0` decides for every car by itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from vpp_gym.actions import checked_actions
from vpp_gym.arrays import Floats, Ints, Observations
from vpp_gym.envs.stay import StaySettings
from vpp_gym.envs.stay_kernel import stays_in
from vpp_gym.envs.stay_observation import STAY_LAYOUT
from vpp_gym.errors import InvalidInputError
from vpp_gym.evaluation.agent import EnvironmentAgent
from vpp_gym.evaluation.ev import EVRunner
from vpp_gym.params import VPPParams
from vpp_gym.policies.base import by_charger
from vpp_gym.policies.learned import LearnedForecaster
from vpp_gym.scenarios.scenario import Scenario
from vpp_gym.settings import checked
from vpp_gym.simulation import Simulation
from vpp_gym.views import Decisions, Snapshot


def check_settings(env_id: str, settings: Mapping[str, Any]) -> None:
    """Refuse settings that the environment does not take.

    Raises:
        InvalidInputError: naming the setting, its value and what is wrong with it.
    """
    known = checked(StaySettings, **settings)
    if known.observation != "flat":
        remedy = "cars of a fleet are shown in one batch: use flat"
        raise InvalidInputError("observation", known.observation, remedy)


def runner(
    agent: EnvironmentAgent, scenario: Scenario, params: VPPParams, start_step: int, end_step: int
) -> StayRunner:
    """A run for an agent, at its start; see `EnvironmentAgent.runner`.

    Raises:
        InvalidInputError: the agent was trained for another time step.
    """
    if agent.dt_h not in (None, scenario.dt_h):
        remedy = f"{agent.name} was trained for {agent.dt_h:g} h"
        raise InvalidInputError("scenario.dt_h", scenario.dt_h, remedy)
    simulation = Simulation(scenario, params)
    simulation.reset(start_step=start_step, end_step=end_step)
    forecast = checked(StaySettings, **agent.settings).forecast
    read = agent.reader(STAY_LAYOUT.slices)
    return StayRunner(simulation, scenario.day[start_step:end_step], read, forecast == "learned")


class StayRunner(EVRunner):
    """A run for an agent that sees every connected car as `VPPStay-v0` shows it.

    Args:
        simulation: of one run, placed at its start.
        day: (n,) local day of each step.
        read: what turns observations into what the agent reads.
        learned: the prices shown are those of the learned forecast.
    """

    def __init__(
        self, simulation: Simulation, day: Ints, read: Callable[[Any], Any], learned: bool
    ) -> None:
        super().__init__(simulation, day)
        self._read, self._learned = read, learned
        self._forecaster = LearnedForecaster()
        self._seen: Snapshot = simulation.snapshot()

    def observe(self) -> Any:
        """(n, size) of the cars in this step; one row of zeros if there are none."""
        self._seen = super().observe()
        shown: Observations = stays_in(self._seen, self._forecaster, self._learned)
        if not len(shown):
            shown = np.zeros((1, STAY_LAYOUT.size), dtype=np.float32)
        return self._read(shown)

    def act(self, decision: Any) -> Floats:
        """Advance by one step: (1, K) terms.

        Args:
            decision: (n, 1) actions of the cars.
        """
        return super().act(Decisions(net_load_kwh=load_by_charger(self._seen, decision)))


def load_by_charger(snapshot: Snapshot, actions: Any) -> Floats:
    """(N,) kWh at every charger from the actions of the connected cars.

    Args:
        snapshot: of the step.
        actions: (n, 1) of the connected cars, as `VPPStay-v0` reads them; not read if there
            are none.

    Raises:
        InvalidInputError: actions out of shape or range.
    """
    n = len(snapshot.session)
    if not n:
        return by_charger(snapshot, np.zeros(0))
    given = checked_actions(actions, (n, 1))[:, 0]
    lo, idle, hi = snapshot.lo_kwh, snapshot.idle_kwh, snapshot.hi_kwh
    end = np.where(given > 0.0, hi, lo)
    return by_charger(snapshot, np.clip(idle + np.abs(given) * (end - idle), lo, hi))

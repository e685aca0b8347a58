"""Where a policy sits in a run: what it is shown, and how its answer moves the simulator."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from vpp_gym.envs.day_ahead import DayAheadCore
from vpp_gym.envs.settings import DayAheadSettings, checked
from vpp_gym.errors import InvalidInputError
from vpp_gym.evaluation.agent import EnvironmentAgent
from vpp_gym.params import VPPParams
from vpp_gym.policies.base import Policy
from vpp_gym.scenarios.scenario import Scenario
from vpp_gym.scenarios.source import FixedSource
from vpp_gym.simulation import Simulation
from vpp_gym.views import Decisions, Snapshot

Floats = NDArray[np.float64]


class Seat(Protocol):
    """One run of the simulator, for one policy."""

    simulation: Simulation

    def look(self) -> Any:
        """What the policy is shown of the step to come."""
        ...

    def act(self, answer: Any) -> Floats:
        """Advance by one step: (K,) what it booked."""
        ...


def take_seat(
    policy: Policy, scenario: Scenario, params: VPPParams, start_step: int, end_step: int
) -> Seat:
    """The seat that suits the policy, at the start of the run.

    Args:
        policy: an `EnvironmentAgent`, or one that reads snapshots.
        scenario: what happens.
        params: rules of the world.
        start_step: first step.
        end_step: one past the last step.
    """
    seat: Seat
    if isinstance(policy, EnvironmentAgent):
        if policy.dt_h not in (None, scenario.dt_h):
            raise InvalidInputError(
                "scenario.dt_h", scenario.dt_h, f"{policy.name} was trained for {policy.dt_h:g} h"
            )
        seat = EnvironmentSeat(policy, scenario, params)
    else:
        seat = SnapshotSeat(scenario, params)
    seat.simulation.reset(start_step=start_step, end_step=end_step)
    return seat


class SnapshotSeat:
    """For a policy that reads snapshots and gives decisions."""

    def __init__(self, scenario: Scenario, params: VPPParams) -> None:
        self.simulation = Simulation(scenario, params)

    def look(self) -> Snapshot:
        """The snapshot of the step to come."""
        return self.simulation.snapshot()

    def act(self, answer: Decisions) -> Floats:
        """Advance by one step: (K,) what it booked."""
        return self.simulation.step(answer)[0]


class EnvironmentSeat:
    """For an agent that reads observations of `VPPDayAhead-v0` and gives actions.

    Both pass through the environment's own kernels.
    """

    def __init__(self, agent: EnvironmentAgent, scenario: Scenario, params: VPPParams) -> None:
        self._core = DayAheadCore(
            FixedSource(scenario), params, checked(DayAheadSettings, **agent.settings)
        )
        self.simulation = self._core.simulation

    def look(self) -> Any:
        """The observation of the step to come."""
        seen = self._core.observe()
        if isinstance(seen, dict):
            return {name: part[0] for name, part in seen.items()}
        return seen[0]

    def act(self, answer: Any) -> Floats:
        """Advance by one step: (K,) what it booked."""
        return self._core.step(np.asarray(answer)[None])[0][0]

"""Where a policy sits in a run: what it is shown, and how its answer moves the simulator."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

import numpy as np

from vpp_gym.arrays import Floats
from vpp_gym.env import FIRST, one
from vpp_gym.envs.bidding import BiddingCore
from vpp_gym.envs.contracts import ContractsCore
from vpp_gym.envs.core import EVCore
from vpp_gym.envs.day_ahead import DayAheadCore
from vpp_gym.envs.dispatch import DispatchCore
from vpp_gym.episodes import EpisodeSpan
from vpp_gym.errors import InvalidInputError
from vpp_gym.evaluation.agent import EnvironmentAgent
from vpp_gym.params import VPPParams
from vpp_gym.policies.base import Policy
from vpp_gym.scenarios.scenario import Scenario
from vpp_gym.scenarios.source import FixedSource
from vpp_gym.settings import checked
from vpp_gym.simulation import Simulation
from vpp_gym.views import Decisions, Snapshot

CORES: dict[str, type[EVCore]] = {
    "VPPDayAhead-v0": DayAheadCore,
    "VPPDispatch-v0": DispatchCore,
    "VPPBidding-v0": BiddingCore,
    "VPPContracts-v0": ContractsCore,
}
"""Of the environments whose agents can be evaluated here."""


class Booked(NamedTuple):
    """What an answer moved: one step of the simulator, or those of a day."""

    records: Floats  # (k, K) by `TERMS`
    accepted: Floats  # (k, offers) contracts signed so far


class Runner(Protocol):
    """One run of the simulator, for one policy."""

    simulation: Simulation

    def look(self) -> Any:
        """What the policy is shown of the step to come."""
        ...

    def act(self, answer: Any) -> Booked:
        """Advance to the policy's next decision."""
        ...


def runner_for(
    policy: Policy, scenario: Scenario, params: VPPParams, start_step: int, end_step: int
) -> Runner:
    """The seat that suits the policy, at the start of the run.

    Args:
        policy: an `EnvironmentAgent`, or one that reads snapshots.
        scenario: what happens.
        params: rules of the world.
        start_step: first step.
        end_step: one past the last step.
    """
    if not isinstance(policy, EnvironmentAgent):
        return SnapshotRunner(scenario, params, start_step, end_step)
    if policy.dt_h not in (None, scenario.dt_h):
        raise InvalidInputError(
            "scenario.dt_h", scenario.dt_h, f"{policy.name} was trained for {policy.dt_h:g} h"
        )
    return EnvironmentRunner(policy, scenario, params, start_step, end_step)


class SnapshotRunner:
    """For a policy that reads snapshots and gives decisions."""

    def __init__(
        self, scenario: Scenario, params: VPPParams, start_step: int, end_step: int
    ) -> None:
        self.simulation = Simulation(scenario, params)
        self.simulation.reset(start_step=start_step, end_step=end_step)

    def look(self) -> Snapshot:
        """The snapshot of the step to come."""
        return self.simulation.snapshot()

    def act(self, answer: Decisions) -> Booked:
        """Advance by one step."""
        records = self.simulation.step(answer)
        return Booked(records, np.array(self.simulation.accepted[:1]))


class EnvironmentRunner:
    """For an agent that reads observations of an environment and gives actions.

    Both pass through the environment's own core. Where the agent decides once a day, its
    first decision may come before the first gate and holds until there.
    """

    def __init__(
        self,
        agent: EnvironmentAgent,
        scenario: Scenario,
        params: VPPParams,
        start_step: int,
        end_step: int,
    ) -> None:
        if agent.env_id not in CORES:
            raise InvalidInputError(
                "policy", agent.name, f"it plays {agent.env_id}: give it a world of that one"
            )
        kind = CORES[agent.env_id]
        settings = checked(kind.settings_kind, **agent.settings)
        self._core = kind(FixedSource(scenario), params, settings)
        self._core.begin(FIRST, [EpisodeSpan(0, start_step, end_step)])
        self._core.on_step = self._keep
        self._kept: list[tuple[Floats, Floats]] = []
        self.simulation: Simulation = self._core.simulation

    def look(self) -> Any:
        """The observation of the step to come."""
        return one(self._core.observe(), 0)

    def act(self, answer: Any) -> Booked:
        """Advance by one step of the environment."""
        self._kept.clear()
        self._core.step(np.asarray(answer)[None])
        records, accepted = zip(*self._kept, strict=True)
        return Booked(np.stack(records), np.stack(accepted))

    def _keep(self, record: Floats) -> None:
        self._kept.append((record.copy(), np.array(self.simulation.accepted[0])))

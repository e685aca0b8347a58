"""Runs of schedulers whose plans are made in compiled code, straight from the simulator's arrays.

`vpp_gym.policies.scheduler.RollingScheduler` reads snapshots. Most of its time goes into making
them and into arrays for each plan. Where the compiled planner of the environments makes the same
plans, a run takes those: bit for bit the same rows, several times as fast.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from vpp_gym.arrays import Floats, Ints
from vpp_gym.evaluation.ev import EVRunner
from vpp_gym.evaluation.replayed import ReplayedPlan
from vpp_gym.planning.schedulers import SchedulersPlanner, planner_of
from vpp_gym.policies.bidders import Bidder
from vpp_gym.policies.hindsight import Hindsight
from vpp_gym.policies.operator import Operator
from vpp_gym.policies.scheduler import RollingScheduler
from vpp_gym.policy import Policy
from vpp_gym.simulation import Simulation
from vpp_gym.views import Decisions, Snapshot


class PlannedRun(EVRunner):
    """A run that shows its policy nothing but that it goes on; see `CompiledScheduler`."""

    def observe(self) -> Any:
        """None: the policy has the simulation."""
        return None

    def act(self, decision: Any) -> Floats:
        """Advance by one step: (1, K) terms.

        Args:
            decision: (1, N) loads within the limits and the schedule of bids or None.
        """
        net_load_kwh, bids_kwh = decision
        if bids_kwh is None:
            records = self.simulation.advance(net_load_kwh, checked=True)
        else:
            records = self.simulation.step(
                Decisions(net_load_kwh=net_load_kwh[0], bids_kwh=bids_kwh)
            )
        self.count_contracts()
        return records


class CompiledScheduler:
    """A scheduler and perhaps its bidder, with compiled plans.

    Args:
        policy: that it stands for.
        scheduler: of the loads.
        bidder: None bids nothing.
        simulation: of the run.

    Attributes:
        name: of the policy.
        privileged: False.
    """

    privileged = False

    def __init__(
        self,
        policy: Policy[Any, Any],
        scheduler: RollingScheduler,
        bidder: Bidder | None,
        simulation: Simulation,
    ) -> None:
        self.name = policy.name
        self._simulation, self._bidder = simulation, bidder
        self._planner = SchedulersPlanner(scheduler, simulation)
        self._always = not getattr(bidder, "at_gate_only", False)
        self._as_planned = np.zeros((1, 2))

    def predict(
        self,
        observation: Any = None,
        state: Any = None,
        episode_start: Any = None,
        deterministic: bool = True,
    ) -> tuple[tuple[Floats, Floats | None], Any]:
        """(1, N) loads of this step, the bids or None; and the bidder's state."""
        net_load_kwh = self._planner.net_load_kwh(self._simulation, self._as_planned)
        bids_kwh = None
        if self._bidder is not None and (self._always or self._simulation.is_gate[0]):
            snapshot: Snapshot = self._simulation.snapshot()
            bids_kwh, state = self._bidder.bids(snapshot, state)
        return (net_load_kwh, bids_kwh), state


def compiled(
    policy: Policy[Any, Any], simulation: Simulation, day: Ints
) -> tuple[CompiledScheduler | ReplayedPlan, PlannedRun] | None:
    """The same run with compiled plans.

    Args:
        policy: of the run.
        simulation: of one run, placed at its start.
        day: (n,) local day of each step.

    Returns:
        who decides instead of the policy, and the run that it acts in; None where compiled
        code does not make the policy's plans.
    """
    if type(policy) is Hindsight:
        return ReplayedPlan(policy, simulation), PlannedRun(simulation, day)
    scheduler, bidder = policy, None
    if type(policy) is Operator:
        scheduler, bidder = policy.dispatcher, policy.bidder
        if bidder.privileged:
            return None
    if planner_of(scheduler, simulation) is None:
        return None
    chosen: Any = scheduler
    return CompiledScheduler(policy, chosen, bidder, simulation), PlannedRun(simulation, day)

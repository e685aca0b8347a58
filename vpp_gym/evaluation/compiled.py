"""Runs of policies whose loads are worked out in compiled code, from the simulator's arrays.

`vpp_gym.policies.scheduler.RollingScheduler` reads snapshots. Most of its time goes into making
them and into arrays for each plan. Where the compiled planner of the environments makes the same
plans, a run takes those: bit for bit the same rows, several times as fast. So it is with
`vpp_gym.policies.rules.ChargeOnArrival`, the reference of every score.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from vpp_gym.arrays import Floats, Ints
from vpp_gym.evaluation.ev import EVRunner
from vpp_gym.evaluation.replayed import ReplayedPlan
from vpp_gym.planning.rules import ChargesNow
from vpp_gym.planning.schedulers import SchedulersPlanner, plans_of
from vpp_gym.planning.stochastic import StochasticPlanner, moves_like
from vpp_gym.policies.bidders import Bidder, WaitAndSee
from vpp_gym.policies.hindsight import Hindsight
from vpp_gym.policies.history import Passed
from vpp_gym.policies.operator import Operator
from vpp_gym.policies.rules import ChargeOnArrival
from vpp_gym.policies.two_stage import TwoStage
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
    """A scheduler and perhaps its bidder, with loads from compiled code.

    Args:
        policy: that it stands for.
        loads_kwh: (1, N) loads of the present step, within the limits.
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
        loads_kwh: Callable[[], Floats],
        bidder: Bidder | None,
        simulation: Simulation,
    ) -> None:
        self.name, self._loads_kwh = policy.name, loads_kwh
        self._simulation, self._bidder = simulation, bidder
        self._always = not getattr(bidder, "at_gate_only", False)
        self._learner: TwoStage | WaitAndSee | None = None
        if isinstance(bidder, TwoStage | WaitAndSee) and type(bidder) in (TwoStage, WaitAndSee):
            self._learner = bidder  # a subclass may look at more than these learn from

    def predict(
        self,
        observation: Any = None,
        state: Any = None,
        episode_start: Any = None,
        deterministic: bool = True,
    ) -> tuple[tuple[Floats, Floats | None], Any]:
        """(1, N) loads of this step, the bids or None; and the bidder's state."""
        net_load_kwh, bids_kwh = self._loads_kwh(), None
        if self._bidder is not None and self._shows_snapshot(state):
            snapshot: Snapshot = self._simulation.snapshot()
            bids_kwh, state = self._bidder.bids(snapshot, state)
        elif self._learner is not None:
            state = self._learner.learn(passed_in(self._simulation), state)
        return (net_load_kwh, bids_kwh), state

    def _shows_snapshot(self, state: Any) -> bool:
        """Whether the bidder needs the snapshot of the present step."""
        if self._simulation.is_gate[0]:
            return True
        return state is None if self._learner is not None else self._always


def passed_in(simulation: Simulation) -> Passed:
    """What is learnt in the present step of a single run, as its snapshot tells it."""
    dataset, state = simulation.dataset, simulation.state
    run = state.run[0]
    t, connected = int(run["position"]), int(run["connected"])
    at = t - int(run["start"]), int(dataset.period[t]), connected
    expected_kwh = state.expected_load_kwh[0].copy()
    if t == run["first"]:
        return Passed(*at, expected_kwh)
    settled = dataset.steps[t - 1]
    return Passed(
        *at,
        expected_kwh,
        int(dataset.period[t - 1]),
        float(dataset.da_eur_per_kwh[t - 1]),
        float(settled["short_eur_per_kwh"]),
        float(settled["long_eur_per_kwh"]),
    )


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
    loads_kwh = loads_of(scheduler, simulation)
    if loads_kwh is None:
        return None
    return CompiledScheduler(policy, loads_kwh, bidder, simulation), PlannedRun(simulation, day)


def loads_of(scheduler: Any, simulation: Simulation) -> Callable[[], Floats] | None:
    """Works out the (1, N) loads of a scheduler; None where compiled code does not.

    Args:
        scheduler: of the loads.
        simulation: of one run.
    """
    if type(scheduler) is ChargeOnArrival:
        return partial(ChargesNow().net_load_kwh, simulation)
    if moves_like(scheduler, simulation):
        return partial(StochasticPlanner(scheduler, simulation).moves_kwh, simulation)
    if plans_of(scheduler, simulation) is None:
        return None
    planner, as_planned = SchedulersPlanner(scheduler, simulation), np.zeros((1, 2))
    return partial(planner.net_load_kwh, simulation, as_planned)

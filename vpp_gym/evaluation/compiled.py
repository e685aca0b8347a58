"""Runs of policies that compiled code decides for, straight from the simulator's arrays.

`vpp_gym.policies.scheduler.RollingScheduler` reads snapshots. Most of its time goes into making
them and into arrays for each plan. Where the compiled planner of the environments makes the same
plans, a run takes those: bit for bit the same rows, several times as fast. So it is with other
policies, among them `vpp_gym.policies.rules.ChargeOnArrival`, the reference of every score.

What stands in for a policy is imported by its name, so that rows of a policy depend on the code
that stands in for it, and not on that of others: see `stand_ins`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from importlib import import_module
from typing import Any, Protocol

from vpp_gym.arrays import Floats, Ints
from vpp_gym.evaluation.ev import EVRunner
from vpp_gym.policies.bidders import Bidder
from vpp_gym.policies.history import Passed
from vpp_gym.policies.operator import Operator
from vpp_gym.policy import Policy
from vpp_gym.simulation import Simulation
from vpp_gym.views import Decisions, Snapshot

DECIDERS = {"vpp_gym.policies.hindsight": "vpp_gym.evaluation.replayed"}
"""Modules of policies, and those whose `stand_in` decides loads and bids as they do."""
PLANNERS = {
    "vpp_gym.policies.rules": "vpp_gym.planning.rules",
    "vpp_gym.policies.scheduler": "vpp_gym.planning.schedulers",
    "vpp_gym.policies.stochastic_mpc": "vpp_gym.planning.stochastic",
}
"""Modules of schedulers, and those whose `stand_in` works out their loads."""


def stand_ins(modules: Collection[str]) -> list[str]:
    """Modules of the code that may stand in for policies of some modules."""
    return [code for own, code in (DECIDERS | PLANNERS).items() if own in modules]


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
        self._learner = _learner(bidder)

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


class Learner(Protocol):
    """A bidder that needs no snapshot between gates."""

    def learn(self, passed: Passed, state: Any) -> Any:
        """What is known with one more step, at which nothing is bid."""
        ...


def _learner(bidder: Any) -> Learner | None:
    """The bidder, if its own class says how it learns: a subclass may look at more."""
    own: Learner | None = bidder if {"bids", "learn"} <= vars(type(bidder)).keys() else None
    return own


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


def compiled(policy: Policy[Any, Any], simulation: Simulation, day: Ints) -> Any:
    """The same run, decided by compiled code.

    Args:
        policy: of the run.
        simulation: of one run, placed at its start.
        day: (n,) local day of each step.

    Returns:
        who decides instead of the policy, and the run that it acts in; None where compiled
        code does not decide as the policy does.
    """
    decides: Any = _stand_in(DECIDERS, policy, simulation)
    if decides is None:
        decides = _compiled_scheduler(policy, simulation)
    return None if decides is None else (decides, PlannedRun(simulation, day))


def _compiled_scheduler(policy: Any, simulation: Simulation) -> CompiledScheduler | None:
    """A scheduler, and perhaps its bidder, with loads from compiled code."""
    scheduler, bidder = policy, None
    if type(policy) is Operator:
        scheduler, bidder = policy.dispatcher, policy.bidder
        if bidder.privileged:
            return None
    loads_kwh = _stand_in(PLANNERS, scheduler, simulation)
    if loads_kwh is None:
        return None
    return CompiledScheduler(policy, loads_kwh, bidder, simulation)


def _stand_in(modules: Mapping[str, str], policy: Any, simulation: Simulation) -> Any:
    """What stands in for a policy; None: nothing does."""
    code = modules.get(type(policy).__module__)
    return None if code is None else import_module(code).stand_in(policy, simulation)

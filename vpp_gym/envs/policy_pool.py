"""Schedulers and bidders that decide what the agent does not, by name or as given."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np

from vpp_gym.arrays import Floats
from vpp_gym.errors import InvalidInputError
from vpp_gym.params import VPPParams
from vpp_gym.policies.baselines import baseline
from vpp_gym.policies.bidders import Bidder, ExpectedLoadBidder, WaitAndSee, ZeroBidder
from vpp_gym.policies.learned import learned_mpc
from vpp_gym.policies.operator import Operator
from vpp_gym.policies.rules import ChargeAtDeadline, ChargeOnArrival, PriceThreshold
from vpp_gym.policies.scheduler import algorithm_1, hazard_mpc, no_v2g, rolling_mpc
from vpp_gym.policies.stochastic_mpc import StochasticMPC
from vpp_gym.policies.two_stage import TwoStage
from vpp_gym.policy import Policy, Privileged
from vpp_gym.scenarios.scenario import Scenario
from vpp_gym.views import Decisions, Snapshot

Maker = Callable[[], Any]
SchedulerLike = str | Policy | Callable[[], Policy]
"""What names a scheduler: a name, a policy, or a function that makes one."""
BidderLike = str | Bidder | Callable[[], Bidder]
"""What names a bidder, likewise."""

SCHEDULERS: dict[str, Maker] = {
    "rolling_mpc": rolling_mpc,
    "hazard_mpc": hazard_mpc,
    "learned_mpc": learned_mpc,
    "stochastic_mpc": StochasticMPC,
    "site_mpc": partial(baseline, "site_mpc"),
    "no_v2g": no_v2g,
    "algorithm_1": partial(algorithm_1, 3),
    "price_threshold": PriceThreshold,
    "charge_on_arrival": ChargeOnArrival,
    "charge_at_deadline": ChargeAtDeadline,
}
"""Schedulers by name. The menu that they would offer does not count: the world's does."""

BIDDERS: dict[str, Maker] = {
    "expected_load": ExpectedLoadBidder,
    "zero": ZeroBidder,
    "wait_and_see": WaitAndSee,
    "two_stage": TwoStage,
}
"""Bidders by name."""


class PolicyPool:
    """One policy or bidder for each run, made anew for every episode, with its memory.

    Args:
        make: makes one.
        n_envs: number of runs.
    """

    def __init__(self, make: Maker, n_envs: int) -> None:
        self._make = make
        self._who: list[Any] = [None] * n_envs
        self._memory: list[Any] = [None] * n_envs

    def begin(
        self, run: int, scenario: Scenario, params: VPPParams, start_step: int, end_step: int
    ) -> None:
        """Begin an episode: forget the last one, and show the future to privileged policies."""
        who = self._make()
        if who.privileged and isinstance(who, Privileged):
            who.reveal(scenario, params, start_step, end_step)
        self._who[run], self._memory[run] = who, None

    def of(self, run: int) -> Any:
        """The policy or bidder of a run."""
        return self._who[run]

    def decisions(self, run: int, snapshot: Snapshot) -> Decisions:
        """Of the policy, in this step."""
        begins = np.array([snapshot.step == 0])
        decisions, self._memory[run] = self._who[run].predict(
            snapshot, self._memory[run], begins, True
        )
        return decisions

    def bids_kwh(self, run: int, snapshot: Snapshot) -> Floats | None:
        """Of the bidder, in this step."""
        bids_kwh, self._memory[run] = self._who[run].bids(snapshot, self._memory[run])
        return bids_kwh


def scheduler_maker(scheduler: Any) -> Maker:
    """Makes the scheduler that was asked for.

    Args:
        scheduler: a name of `SCHEDULERS`, a `Policy`, of which copies are made, or a
            function that makes one.

    Raises:
        InvalidInputError: something else.
    """
    return _maker("scheduler", scheduler, SCHEDULERS, "predict", "a Policy")


def bidder_maker(bidder: Any) -> Maker:
    """Makes the bidder that was asked for.

    Args:
        bidder: a name of `BIDDERS`, a `Bidder`, of which copies are made, or a function
            that makes one.

    Raises:
        InvalidInputError: something else.
    """
    return _maker("bidder", bidder, BIDDERS, "bids", "a Bidder")


def operator_maker(scheduler: Any, bidder: Any) -> Maker:
    """Makes an operator of a scheduler and a bidder, each as above."""
    return partial(_operator, scheduler_maker(scheduler), bidder_maker(bidder))


def _operator(make_scheduler: Callable[[], Policy], make_bidder: Callable[[], Bidder]) -> Operator:
    return Operator(make_scheduler(), make_bidder())


def _maker(field: str, given: Any, known: Mapping[str, Maker], method: str, kind: str) -> Maker:
    remedy = f"use one of {', '.join(known)}, {kind}, or a function that makes one"
    if isinstance(given, str):
        if given not in known:
            raise InvalidInputError(field, given, remedy)
        return known[given]
    is_one = callable(getattr(given, method, None)) and not isinstance(given, type)
    make: Maker | None = partial(copy.deepcopy, given) if is_one else given
    if not callable(make):
        raise InvalidInputError(field, given, remedy)
    one = make() if not is_one else given
    for needed in ("name", "privileged", method):
        if not hasattr(one, needed):
            raise InvalidInputError(field, given, f"it has no {needed}: {remedy}")
    return make

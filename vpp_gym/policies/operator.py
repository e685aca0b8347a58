"""An operator that dispatches, bids and offers contracts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from vpp_gym.params import VPPParams
from vpp_gym.params.contract import ContractChanges
from vpp_gym.policies.bidders import Bidder, ZeroBidder
from vpp_gym.policy import Policy, Privileged
from vpp_gym.scenarios.scenario import Scenario
from vpp_gym.views import Decisions, Snapshot


class Operator:
    """A policy from a dispatcher (any policy) and a bidder.

    Args:
        dispatcher: decides the net load; its own bids are replaced.
        bidder: decides the bid schedule; by default nothing is sold.
        name: row label; by default the two names joined, or the dispatcher's
            alone if there are no bids.
        term_h: term of the fixed-term menu on offer; by default the dispatcher's.
        contract: contracts offered in addition or instead, see `vpp_gym.params.contract.offer`;
            by default the dispatcher's.
    """

    def __init__(
        self,
        dispatcher: Policy,
        bidder: Bidder | None = None,
        *,
        name: str | None = None,
        term_h: int | None = None,
        contract: ContractChanges | None = None,
    ) -> None:
        self.dispatcher = dispatcher
        self.bidder: Bidder = ZeroBidder() if bidder is None else bidder
        joined = dispatcher.name if bidder is None else f"{dispatcher.name}+{bidder.name}"
        self.name = joined if name is None else name
        inherited = getattr(dispatcher, "term_h", None)
        self.term_h: int | None = inherited if term_h is None else term_h
        inherits = contract is None and term_h is None
        offered = getattr(dispatcher, "contract", None) if inherits else contract
        self.contract = dict(offered or {})
        self.privileged = dispatcher.privileged or self.bidder.privileged

    def reveal(self, scenario: Scenario, params: VPPParams, start_step: int, end_step: int) -> None:
        """Hand the future to those parts that may see it."""
        for part in (self.dispatcher, self.bidder):
            if part.privileged and isinstance(part, Privileged):
                part.reveal(scenario, params, start_step, end_step)

    def predict(
        self,
        observation: Snapshot,
        state: Any = None,
        episode_start: Any = None,
        deterministic: bool = True,
    ) -> tuple[Decisions, Any]:
        """The dispatcher's net load with the bidder's schedule."""
        dispatch_state, bid_state = (None, None) if state is None else state
        decisions, dispatch_state = self.dispatcher.predict(
            observation, dispatch_state, episode_start, deterministic
        )
        bids_kwh, bid_state = self.bidder.bids(observation, bid_state)
        return replace(decisions, bids_kwh=bids_kwh), (dispatch_state, bid_state)

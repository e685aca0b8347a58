"""The rules of a run beside its row of the table."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from vpp_gym.reproduction.rahman2023.published import Row
from vpp_gym.reproduction.rahman2023.quirks import PAPER, Quirks

Bids = Literal["reference", "drawn", "none", "honest"]
Planner = Literal["algorithm_1", "anchored", "mpc"]


@dataclass(frozen=True)
class Rules:
    """Everything about a run but its row.

    Attributes:
        quirks: peculiar rules in force.
        bids: "reference", the paper's; "drawn", by its recipe; "none"; "honest", those
            of the wait-and-see bidder that knows only the past.
        planner: "algorithm_1"; "anchored", the same with prices expected around the
            day-ahead price; "mpc", which so plans every EV, contract or not.
        bid_seed: of drawn bids.
    """

    quirks: Quirks = PAPER
    bids: Bids = "reference"
    planner: Planner = "algorithm_1"
    bid_seed: int = 0


PAPER_RULES = Rules()

OF_PLANS = ("forecast_with_future", "price_zero_after_last", "energy_unplanned", "laxity_margin")
OF_CONTRACTS = ("soc_unbounded",)
OF_BOOKS = ("revenue_of_no_control",)


def that_matter(row: Row, rules: Rules) -> Rules:
    """The rules as far as they change the run, so that equal runs are made once."""
    idle = list(OF_BOOKS)
    if row.operation != "v2g":
        idle += OF_CONTRACTS
    if row.operation == "no_control":
        idle += OF_PLANS
        rules = replace(rules, planner="algorithm_1")
    if rules.bids != "reference" and rules.bids != "drawn":
        idle.append("baselines_bid_apart")
    return replace(rules, quirks=rules.quirks.without(*idle))


def of_the_load(row: Row, rules: Rules) -> Rules:
    """The rules as far as they change the load: no operation looks at its bids.

    Honest bids stay, they are written during the run.
    """
    rules = replace(rules, quirks=rules.quirks.without("baselines_bid_apart"))
    if rules.bids != "honest":
        rules = replace(rules, bids="none", bid_seed=0)
    return that_matter(row, rules)

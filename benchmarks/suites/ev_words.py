"""What the boards of EVs say beside their tables."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.suites.base import Document
from benchmarks.suites.ev_worlds import EVWorlds
from vpp_gym.evaluation.bounds import DUAL_BOUND, DUAL_ESTIMATE
from vpp_gym.evaluation.metrics import HINDSIGHT, NO_CONTROL
from vpp_gym.evaluation.tables import FEW_SEEDS, FEW_SEEDS_MARK, PRIVILEGED_MARK

ENDS = {
    DUAL_BOUND: "a bound on what any policy without knowledge of the future earns on average: it "
    "knows every price, but pays for what it could not have known (information relaxation)",
    DUAL_ESTIMATE: "an estimate of such a bound; on real prices nobody knows the law of the "
    "noise, so that a policy may exceed it",
    HINDSIGHT: "the optimum with every price known",
}
"""What score 100 is, by the policy that earns it."""

BOARD_WORDS = {
    "operations": "what dispatch and contracts are worth, with the bids left out",
    "market": "profit, with what the own bids earned or lost",
    "plain": "profit",
}
"""What the boards rank by."""

OPERATIONS_BRIEF = (
    "Rank",
    "Policy",
    "Value EUR",
    "Score [95 %]",
    "Worlds with a gain",
    "Demand served %",
    "Owners' balance EUR",
    "V2G kWh",
)
MARKET_BRIEF = (
    "Rank",
    "Policy",
    "Profit EUR",
    "Score [95 %]",
    "Position EUR",
    "Weeks better than rolling MPC %",
    "Demand served %",
)
RANK_WORDS = (
    "Rank: by value alone. Every kWh that a driver misses already costs the operator its retail "
    "price and a penalty, so that money holds the service, and a policy that misses a little more "
    "for much more money may rank higher. A threshold, below which a policy would fall behind all "
    "others, has no reason at any one figure: with drivers who leave early every plan that "
    "waits misses some demand, and a hair's breadth would decide. What a missing kWh is worth is a "
    "choice, so the ranks at other prices of it stand beside these, and the frontier shows which "
    "policies no other one beats in both."
)


def caveats(document: Document, world: EVWorlds, needs_data: bool) -> Iterator[str]:
    """What to know before reading the tables of a suite.

    Args:
        document: with its results.
        world: of the suite.
        needs_data: its scenarios are read from files.
    """
    scenario = document["scenario"]
    yield (
        f"World: {document['description']}; {scenario['days']} days from "
        f"{scenario['start'][:10]}, time step {scenario['dt_h']:g} h. A run starts with an "
        f"empty car park and without bids for its first day. Money is EUR over all days of a "
        f"world."
    )
    yield from _turned_away(document, world)
    if needs_data and world.plain:
        yield (
            "Not unseen: the synthetic years that agents were trained on and menus searched "
            "on have their statistics from 2018 and 2019."
        )
    high = document["high"]
    yield (
        f"Score: 0 is `{NO_CONTROL}`, 100 is `{high}`, on the same days: {ENDS[high]}. "
        f"{PRIVILEGED_MARK} saw the future and has no rank. {FEW_SEEDS_MARK} is learned with "
        f"fewer than {FEW_SEEDS} seeds."
    )
    if world.plain:
        yield (
            "Flexibility score: the same scale with all bids left out. Position is what the "
            "bids earned. Rank: by profit."
        )
        return
    yield (
        "Two boards of the same runs. Operations leaves the bids out: its value is the profit "
        "minus the position, so the net load valued at the reference price, plus retail "
        "revenue, minus payoffs and penalties; policies that differ in their bids only stand "
        "there once. Market is the whole profit; the position is what the bids earned, and "
        "what steps with two imbalance prices cost."
    )
    yield RANK_WORDS
    yield (
        "Weeks better than rolling MPC: share of the weeks of all worlds in which the policy "
        "earned more than the rolling MPC with the same offer to owners and, on the market "
        "board, the same bids; ties count half. SD between worlds: of the gain over charging "
        "on arrival."
    )
    yield (
        "Owners' balance: what owners are paid minus the wear of their batteries at its true "
        f"cost, {world.params.owner.wear_eur_per_kwh:g} EUR/kWh. Joint surplus: what the "
        "VPP earns plus that balance; what one side is paid by the other cancels out of it."
    )


def _turned_away(document: Document, world: EVWorlds) -> Iterator[str]:
    """How many cars find a charger, which depends on no policy."""
    row = next((row for rows in document["boards"].values() for row in rows), None)
    if row is not None:
        yield (
            f"Chargers: {world.params.site.n_chargers}. Of {row['arrivals']:,.0f} cars "
            f"in a world {row['turned_away']:,.0f} find none free and are turned away "
            f"({100 * row['turned_away'] / row['arrivals']:.1f} %), whatever the policy."
        )

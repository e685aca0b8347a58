"""The suites of the virtual power plant of EVs: their worlds, boards and policies."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.boards import (
    differences,
    one_per_dispatcher,
    ranks_at_prices,
    with_frontier,
)
from benchmarks.suites.base import Board, Document, Run, Suite, trained_or_none
from benchmarks.weeks import weekly
from vpp_gym.errors import InvalidInputError
from vpp_gym.evaluation.agent import ENVIRONMENTS
from vpp_gym.evaluation.bounds import DUAL_BOUND, DUAL_ESTIMATE, dual_bound, dual_estimate
from vpp_gym.evaluation.comparison import gains
from vpp_gym.evaluation.leaderboard import leaderboard
from vpp_gym.evaluation.metrics import (
    HINDSIGHT,
    MARKET,
    NO_CONTROL,
    OPERATIONS,
    SCALE,
    balances_eur,
)
from vpp_gym.evaluation.provenance import provenance
from vpp_gym.evaluation.rollout import evaluate
from vpp_gym.evaluation.tables import (
    BRIEF,
    COLUMNS,
    FEW_SEEDS,
    FEW_SEEDS_MARK,
    OPERATIONS_COLUMNS,
    PRIVILEGED_MARK,
)
from vpp_gym.evaluation.worlds import Scale
from vpp_gym.params import DEFAULT, PLAIN, VPPParams
from vpp_gym.params.contract import ContractParams
from vpp_gym.policies import rules
from vpp_gym.policies.base import with_offer
from vpp_gym.policies.baselines import PRICE_OFFER, baselines, plain_baselines
from vpp_gym.policies.exact import exact_forecast, exact_forecast_and_bids
from vpp_gym.scenarios.demand import DemandRule
from vpp_gym.scenarios.real import real_source
from vpp_gym.scenarios.scenario import Scenario
from vpp_gym.scenarios.source import ScenarioSource
from vpp_gym.scenarios.synthetic import SyntheticSource

TEST_WORLDS, ALL_WORLDS = 12, 24
SCHEDULER = "rolling_mpc"
"""The scheduler that others are compared with."""
OFFERING = (SCHEDULER, "hazard_mpc")
"""Schedulers on which offers to owners are compared."""
KNOWN = (SCHEDULER, "no_v2g", "algorithm_1_1h", "algorithm_1_2h", "algorithm_1_3h")
"""Of the reference paper and the project."""
ENDS = {
    DUAL_BOUND: "a bound on what any policy without knowledge of the future earns on average: it "
    "knows every price, but pays for what it could not have known (information relaxation)",
    DUAL_ESTIMATE: "an estimate of such a bound; on real prices nobody knows the law of the "
    "noise, so that a policy may exceed it",
    HINDSIGHT: "the optimum with every price known",
}
"""What score 100 is, by the policy that earns it."""


@dataclass(frozen=True)
class EVWorlds:
    """Where the scenarios of a suite come from, and the rules in them.

    Attributes:
        description: in words.
        params: rules.
        dt_h: hours per step.
        worlds: on how many scenarios policies rank.
        all_worlds: how many there are.
        real: they are read from files.
        plain: older policies only, in one table.
        high: what is score 100.
    """

    description: str
    params: VPPParams = DEFAULT
    dt_h: float = 0.25
    worlds: int = 1
    all_worlds: int = 1
    real: bool = False
    plain: bool = False
    high: str = DUAL_BOUND


WORLDS = {
    "embedded": EVWorlds(
        "synthetic Dutch years, the test split of the embedded generator, by quarter hours",
        worlds=TEST_WORLDS,
        all_worlds=ALL_WORLDS,
    ),
    "real": EVWorlds(
        "Dutch public charging and prices of 2019, by quarter hours",
        real=True,
        high=DUAL_ESTIMATE,
    ),
    "hourly": EVWorlds(
        "one synthetic Dutch year by hours, for comparison with older figures: cars that leave "
        "when they said, demand by the rule of the reference paper, prices of 2018 and 2019",
        params=PLAIN,
        dt_h=1.0,
        plain=True,
        high=HINDSIGHT,
    ),
    "hourly_real": EVWorlds(
        "2019 by hours, for comparison with older figures: cars that leave when they said, demand "
        "by the rule of the reference paper",
        params=PLAIN,
        dt_h=1.0,
        real=True,
        plain=True,
        high=HINDSIGHT,
    ),
}
"""By suite."""


@cache
def source_of(suite: str, data: Path | None = None) -> ScenarioSource:
    """The scenarios of a suite.

    Args:
        suite: one of `WORLDS`.
        data: folder with the real files, for suites that need it.
    """
    if suite not in WORLDS:
        raise InvalidInputError("suite", suite, f"use one of {', '.join(WORLDS)}")
    world = WORLDS[suite]
    demand: DemandRule = "reference" if world.plain else "metered"
    if world.real:
        return real_source(data, "test", world.dt_h, demand_rule=demand)
    if world.plain:
        return SyntheticSource(
            "test",
            world.all_worlds,
            dt_h=world.dt_h,
            params="reference_demand",
            calibration="dutch_2018_2019",
        )
    return SyntheticSource("test", world.all_worlds, dt_h=world.dt_h)


def scenario_of(suite: str, world: int = 0, data: Path | None = None) -> Scenario:
    """A scenario of a suite.

    Args:
        suite: one of `WORLDS`.
        world: its number.
        data: folder with the real files, for suites that need it.
    """
    scenario: Scenario = source_of(suite, data).scenario(world)
    return scenario


def beside(world: EVWorlds) -> dict[str, Any]:
    """What runs beside the baselines: who knows the law of synthetic prices, and the bound."""
    offered = PRICE_OFFER, "exact_forecast_price"
    references: list[Any] = (
        [] if world.real else [exact_forecast(*offered), exact_forecast_and_bids(*offered)]
    )
    known: dict[str, Any] = {one.name: one for one in references}
    return {**known, world.high: None}


BOARD_WORDS = {
    "operations": "what dispatch and contracts are worth, with the bids left out",
    "market": "profit, with what the own bids earned or lost",
    "plain": "profit",
}
"""What the boards rank by."""


class EVSuite(Suite):
    """Leaderboards of the virtual power plant of EVs.

    Args:
        name: one of `WORLDS`.
    """

    low = NO_CONTROL
    columns, brief, known = COLUMNS, BRIEF, KNOWN
    env_ids = tuple(env_id for env_id, at in ENVIRONMENTS.items() if at.world == "ev")
    published = "weeks"

    def __init__(self, name: str) -> None:
        self.name, self.world = name, WORLDS[name]
        self.description = self.world.description
        self.needs_data = self.world.real
        self.worlds = self.world.worlds
        self.track = "plain" if self.world.plain else "reference"
        self.tracks = {self.track: "the rules of the world"}

    @property
    def all_worlds(self) -> int:
        """How many test scenarios there are."""
        return self.world.all_worlds

    @property
    def high(self) -> str:
        """The bound or its estimate; in older worlds the optimum in hindsight."""
        return self.world.high

    @property
    def boards(self) -> Mapping[str, Board]:
        """Operations and market, of the same runs; of the older worlds one table."""
        words = BOARD_WORDS
        if self.world.plain:
            return {"plain": Board("plain", self.track, words["plain"], COLUMNS, BRIEF)}
        market = {name: of for name, of in COLUMNS.items() if name != "Flexibility score"}
        return {
            "operations": Board(
                "operations",
                self.track,
                words["operations"],
                OPERATIONS_COLUMNS,
                OPERATIONS_BRIEF,
                value="operations_eur",
            ),
            "market": Board("market", self.track, words["market"], market, MARKET_BRIEF),
        }

    def scale(self, board: Board) -> Scale:
        """How a board ranks."""
        return {"operations": OPERATIONS, "market": MARKET, "plain": SCALE}[board.name]

    def baselines(self) -> Mapping[str, Any]:
        """Rules, schedulers, bidders, and what knows more than a policy may."""
        if self.world.plain:
            return plain_baselines()
        return {**baselines(), **beside(self.world)}

    def takes(self, agent: Any) -> bool:
        """Agents that were trained for its time step."""
        return getattr(agent, "dt_h", None) in (None, self.world.dt_h)

    def params(self, track: str) -> VPPParams:
        """Rules of the world."""
        return self.world.params

    def scenario(self, track: str, world: int, data: Path | None) -> Scenario:
        """One of its scenarios."""
        return scenario_of(self.name, world, data)

    def facts(self, data: Path | None) -> dict[str, Any]:
        """Of the scenarios."""
        scenario = scenario_of(self.name, 0, data)
        return {"name": scenario.name, "start": str(scenario.start), "dt_h": scenario.dt_h}

    def play(
        self, run: Run, data: Path | None, outside: Any = None
    ) -> tuple[pd.DataFrame, dict[str, Any]]:
        """Make a run: its day rows and its metadata."""
        if run.policy not in (DUAL_BOUND, DUAL_ESTIMATE):
            return super().play(run, data, outside)
        scenario, params = self.scenario(run.track, run.world, data), self.params(run.track)
        until, source = end_step(scenario, run.days), source_of(self.name, data)
        if isinstance(source, SyntheticSource):
            days = dual_bound(source, run.world, params, end_step=until)
        else:
            days = dual_estimate(scenario, params, end_step=until)
        facts = {"policy": run.policy, "privileged": True, "scenario": scenario.name, "seed": 0}
        days = days.assign(**balances_eur(days))
        return days, {**facts, **provenance(), "kind": self.kind(None)}

    def warm_up(self, policy: Any, data: Path | None) -> None:
        """Compile and load what a policy needs; a bound is no policy."""
        if policy is not None:
            super().warm_up(policy, data)

    @property
    def making(self) -> tuple[Callable[..., Any], ...]:
        """Its functions that make a run."""
        return *super().making, type(self).play

    def rows(
        self, policy: Any, scenario: Scenario, params: VPPParams, days: int | None, seed: int
    ) -> tuple[pd.DataFrame, dict[str, Any]]:
        """Day rows and metadata of a policy."""
        steps = end_step(scenario, days)
        result = evaluate(policy, scenario, params, end_step=steps, seed=seed)
        day_rows = result.days
        return day_rows.assign(**balances_eur(day_rows)), dict(result.metadata)

    def is_rule(self, policy: Any) -> bool:
        """Whether a baseline follows a rule and does not optimise."""
        return type(policy).__module__ == rules.__name__

    def ranked(
        self,
        board: Board,
        days: pd.DataFrame,
        privileged: Collection[str],
        statistics: Mapping[str, int],
    ) -> pd.DataFrame:
        """By the value of the board; operations lists a dispatcher once, whatever it bids."""
        scale = self.scale(board)
        if board.name == "operations":
            days = one_per_dispatcher(days, scale.value_eur, {self.low, self.high})
        table = leaderboard(
            days,
            scale=scale,
            high=self.high,
            privileged=set(privileged) & set(days["policy"]),
            **statistics,  # type: ignore[arg-type]
        )
        return ranks_at_prices(with_frontier(table, board.value), board.value)

    def published_rows(self, days: pd.DataFrame) -> pd.DataFrame:
        """Terms of every policy's weeks."""
        return weekly(days)

    def offers(
        self, board: Board, days: pd.DataFrame, statistics: Mapping[str, int]
    ) -> list[dict[str, Any]]:
        """What each offer to owners gained a scheduler over no contracts, and owners."""
        ran = set(days["policy"])
        value_eur = self.scale(board).value_eur
        rows: list[dict[str, Any]] = []
        for scheduler in OFFERING:
            names = [name for name in self._offering(scheduler) if name in ran]
            if board.name == "market" or scheduler not in names:
                continue
            table = gains(days, names, over=scheduler, value_eur=value_eur, **statistics)
            table.insert(1, "offer", [self.offer_in_words(name) for name in names])
            table["worlds"] = days["world"].nunique()
            base = table.set_index("policy").loc[scheduler, "owners_eur"]
            table["owners_gain_eur"] = table["owners_eur"] - base
            table["joint_gain_eur"] = table["gain_eur"] + table["owners_gain_eur"]
            rows += json.loads(table.to_json(orient="records", double_precision=6))
        return rows

    def differences(
        self,
        board: Board,
        days: pd.DataFrame,
        rows: Sequence[Mapping[str, Any]],
        statistics: Mapping[str, int],
    ) -> list[dict[str, Any]]:
        """Over the rolling MPC with the same offer and bids, over no bids, over other planners."""
        same = self.same_offer([row for row in rows if not row["privileged"]], board)
        return differences(days, rows, same, self.scale(board).value_eur, statistics)

    def same_offer(self, rows: Sequence[Mapping[str, Any]], board: Board) -> dict[str, str]:
        """The rolling MPC that makes the same offer to owners and, on the market, the same bids.

        Args:
            rows: of policies without knowledge of the future.
            board: of the rows.

        Returns:
            its name by policy; without those that have none.
        """
        known = self.baselines()
        learned = {name: one for (name, _), one in trained_or_none(self).items()}
        offers = {name: self._contract(known[name]) for name in self._offering()}
        found = {}
        for name in (str(row["policy"]) for row in rows):
            policy = known.get(name, learned.get(name))
            if policy is None:  # from outside
                continue
            contract = self._contract(policy)
            alike = next((one for one, offered in offers.items() if offered == contract), None)
            bids = "" if board.name == "operations" else bids_of(policy)
            if alike is not None:
                found[name] = f"{alike}+{bids}" if bids else alike
        return found

    def _contract(self, policy: Any) -> ContractParams:
        """What a policy offers to owners."""
        return with_offer(policy, self.world.params).contract

    def offer_in_words(self, name: str) -> str:
        """What a baseline offers to owners."""
        return self._contract(self.baselines()[name]).in_words()

    def _offering(self, scheduler: str = SCHEDULER) -> list[str]:
        """A scheduler without bids, under each of its offers."""
        names = (name for name, one in self.baselines().items() if one and "+" not in name)
        return [name for name in names if name == scheduler or name.startswith(f"{scheduler}_")]

    def lead(self, document: Document) -> str:
        """What the scores are."""
        return f"Score: 0 is charging on arrival, 100 is {ENDS[document['high']]}."

    def _turned_away(self, document: Document) -> Iterator[str]:
        """How many cars find a charger, which depends on no policy."""
        row = next((row for rows in document["boards"].values() for row in rows), None)
        if row is not None:
            yield (
                f"Chargers: {self.world.params.site.n_chargers}. Of {row['arrivals']:,.0f} cars "
                f"in a world {row['turned_away']:,.0f} find none free and are turned away "
                f"({100 * row['turned_away'] / row['arrivals']:.1f} %), whatever the policy."
            )

    def caveats(self, document: Document) -> Iterator[str]:
        """What to know before reading the tables."""
        scenario = document["scenario"]
        yield (
            f"World: {document['description']}; {scenario['days']} days from "
            f"{scenario['start'][:10]}, time step {scenario['dt_h']:g} h. A run starts with an "
            f"empty car park and without bids for its first day. Money is EUR over all days of a "
            f"world."
        )
        yield from self._turned_away(document)
        if self.needs_data and self.world.plain:
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
        if self.world.plain:
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
            f"cost, {self.world.params.owner.wear_eur_per_kwh:g} EUR/kWh. Joint surplus: what the "
            "VPP earns plus that balance; what one side is paid by the other cancels out of it."
        )


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


def end_step(scenario: Scenario, days: int | None) -> int | None:
    """One past the last step of some days; None: of all."""
    return None if days is None else min(days * scenario.periods_per_day, scenario.n_steps)


def bids_of(policy: Any) -> str:
    """Name of the bids that a policy makes; empty if it makes none."""
    settings: Mapping[str, Any] = getattr(policy, "settings", {})
    if "bids" in settings:
        return str(settings["bids"])
    return str(policy.name).partition("+")[2]

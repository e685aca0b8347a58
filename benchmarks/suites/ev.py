"""The suites of the virtual power plant of EVs: their worlds, boards and policies."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
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
from benchmarks.suites import ev_words
from benchmarks.suites.base import Board, Document, Run, Suite, trained_or_none
from benchmarks.suites.ev_words import BOARD_WORDS, ENDS, MARKET_BRIEF, OPERATIONS_BRIEF
from benchmarks.suites.ev_worlds import WORLDS, EVWorlds
from benchmarks.weeks import weekly
from vpp_gym.errors import InvalidInputError
from vpp_gym.evaluation.agent import ENVIRONMENTS
from vpp_gym.evaluation.bounds import DUAL_BOUND, DUAL_ESTIMATE, dual_bound, dual_estimate
from vpp_gym.evaluation.comparison import gains
from vpp_gym.evaluation.leaderboard import leaderboard
from vpp_gym.evaluation.metrics import (
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
    OPERATIONS_COLUMNS,
)
from vpp_gym.evaluation.worlds import Scale
from vpp_gym.params import VPPParams
from vpp_gym.params.contract import ContractParams
from vpp_gym.policies import rules
from vpp_gym.policies.base import with_offer
from vpp_gym.policies.baselines import PRICE_OFFER, baseline, baselines, plain_baselines
from vpp_gym.policies.exact import exact_forecast, exact_forecast_and_bids
from vpp_gym.scenarios.demand import DemandRule
from vpp_gym.scenarios.real import real_source
from vpp_gym.scenarios.scenario import Scenario
from vpp_gym.scenarios.shifting import ShiftingSource
from vpp_gym.scenarios.source import ScenarioSource
from vpp_gym.scenarios.synthetic import SyntheticSource

SCHEDULER = "rolling_mpc"
"""The scheduler that others are compared with."""
OFFERING = (SCHEDULER, "hazard_mpc")
"""Schedulers on which offers to owners are compared."""
STAY, DISPATCH = "VPPStay-v0", "VPPDispatch-v0"
BIDDING, CONTRACTS = "VPPBidding-v0", "VPPContracts-v0"
OF_ONE_DECISION = (STAY, DISPATCH, BIDDING, CONTRACTS)
"""Environments in which agents take some of the decisions."""
TRACKING = ("tracking_mpc_price", "tracking_mpc_price+climatology")
"""Learn who leaves early as they go; here everybody follows the law that is stated."""
KNOWN = (SCHEDULER, "no_v2g", "algorithm_1_1h", "algorithm_1_2h", "algorithm_1_3h")
"""Of the reference paper and the project."""


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
    years = SyntheticSource("test", world.all_worlds, dt_h=world.dt_h)
    return ShiftingSource(years) if world.shifting else years


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
        tracking = {name: baseline(name) for name in TRACKING}
        return {**baselines(), **tracking, **beside(self.world)}

    def takes(self, agent: Any) -> bool:
        """Agents that were trained for its time step, and take all decisions."""
        is_for_it = getattr(agent, "dt_h", None) in (None, self.world.dt_h)
        return is_for_it and env_id_of(agent) not in OF_ONE_DECISION

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
        """The rolling MPC with the offer and bids of each row, see `with_same_offer`."""
        return self.with_same_offer([str(row["policy"]) for row in rows], board)

    def with_same_offer(self, names: Sequence[str], board: Board) -> dict[str, str]:
        """The rolling MPC that makes the same offer to owners and, on the market, the same bids.

        Args:
            names: of policies without knowledge of the future.
            board: that they are on.

        Returns:
            its name by policy; without those that have none.
        """
        return self.alike(self._met(names), SCHEDULER, board)

    def alike(self, policies: Mapping[str, Any], scheduler: str, board: Board) -> dict[str, str]:
        """By policy: the scheduler with its offer and, on the market, its bids."""
        known = self.baselines()
        offers = {name: self._contract(known[name]) for name in self._offering(scheduler)}
        found = {}
        for name, policy in policies.items():
            contract = self._contract(policy)
            alike = next((one for one, offered in offers.items() if offered == contract), None)
            bids = "" if board.name == "operations" else bids_of(policy)
            if alike is not None:
                found[name] = f"{alike}+{bids}" if bids else alike
        return found

    def _met(self, names: Sequence[str]) -> dict[str, Any]:
        """Baselines and trained agents by name; without those from outside."""
        learned = {name: one for (name, _), one in trained_or_none(self).items()}
        known = {**learned, **self.baselines()}
        return {name: known[name] for name in names if known.get(name) is not None}

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

    def caveats(self, document: Document) -> Iterator[str]:
        """What to know before reading the tables."""
        yield from ev_words.caveats(document, self.world, self.needs_data)


def env_id_of(policy: Any) -> str | None:
    """Environment that an agent plays; None for all other policies."""
    env_id: str | None = getattr(policy, "env_id", None)
    return env_id


def of_site(agent: Any) -> bool:
    """Whether a trained agent sees what lies behind the connection of a site."""
    card: Mapping[str, Any] = getattr(agent, "card", {})
    return any(name == "month_peak" for name, _ in card.get("observation", ()))


def end_step(scenario: Scenario, days: int | None) -> int | None:
    """One past the last step of some days; None: of all."""
    return None if days is None else min(days * scenario.periods_per_day, scenario.n_steps)


def bids_of(policy: Any) -> str:
    """Name of the bids that a policy makes; empty if it makes none."""
    settings: Mapping[str, Any] = getattr(policy, "settings", {})
    if "bids" in settings:
        return str(settings["bids"])
    if env_id_of(policy) == DISPATCH:
        bidder = str(settings.get("bidder", "expected_load"))
        return "" if bidder == "zero" else bidder
    return str(policy.name).partition("+")[2]

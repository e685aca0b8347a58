"""The suites of sites: a connection with limits and fees, sun, a battery and unlike cars."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.boards import differences, ranks_at_prices, with_frontier
from benchmarks.site_weeks import site_weekly
from benchmarks.suites.base import Board, Document, Suite, trained_or_none
from benchmarks.suites.ev import DISPATCH, KNOWN, STAY, end_step, env_id_of, of_site
from vpp_gym.boards.sites import BUSY_CHARGERS, WORLDS, site_params, site_source
from vpp_gym.evaluation.leaderboard import leaderboard
from vpp_gym.evaluation.metrics import MARKET, NO_CONTROL, balances_eur
from vpp_gym.evaluation.rollout import evaluate
from vpp_gym.evaluation.tables import COLUMNS, PRIVILEGED_MARK, Columns, tenth, whole
from vpp_gym.params import VPPParams
from vpp_gym.policies import rules
from vpp_gym.policies.baselines import baseline
from vpp_gym.scenarios.scenario import Scenario

BOUND = "site_hindsight"
"""Policy that is score 100."""
TRACK = "site"
KNOWN_PRICES = "site_known_prices"
"""Is told all prices: what it earns less than the bound is what not knowing cars and sun costs."""
SAME_OFFER_AS = "rolling_mpc_tariff"
"""Offers to owners what an agent does that states nothing of it."""
TEACHER = "site_learned_mpc"
"""Offers them nothing, as the agents that it taught."""
OFFERS = ("", "_tariff", "_price")
EXACT = "site_mpc_exact"
"""Plans every step by itself: what `site_mpc` loses by blocks of steps is the difference."""
SLOW = (
    *("no_v2g", "rolling_mpc_tariff+self_consumption", "site_mpc_tariff"),
    *("site_hazard_mpc_price", "site_learned_mpc_tariff"),
)
"""Left out at the busy site, where they would take long and say little more."""
POLICIES = (
    *("charge_on_arrival", "charge_at_deadline", "price_threshold", "no_v2g", "algorithm_1_3h"),
    *("rolling_mpc", "rolling_mpc_tariff", "hazard_mpc", "hazard_mpc_tariff"),
    *(
        f"{name}+self_consumption"
        for name in ("charge_on_arrival", "algorithm_1_3h", "rolling_mpc", "rolling_mpc_tariff")
    ),
    *("site_mpc", "site_mpc_tariff"),
    *(f"site_hazard_mpc{offer}" for offer in OFFERS),
    *(f"site_learned_mpc{offer}" for offer in OFFERS),
    *(EXACT, KNOWN_PRICES, BOUND),
)


def _connection_eur(row: Mapping[str, Any]) -> str:
    return whole(-row["grid_fee_eur"] - row["energy_tax_eur"])


_FIRST = {name: COLUMNS[name] for name in ("Rank", "Policy", "Profit EUR", "Score [95 %]")}
SITE_COLUMNS: Columns = {
    **_FIRST,
    "Less than hindsight EUR": lambda row: whole(row["loss_eur"]),
    "SD between worlds EUR": COLUMNS["SD between worlds EUR"],
    "Worlds with a gain": COLUMNS["Worlds with a gain"],
    "Demand served %": COLUMNS["Demand served %"],
    "Unserved kWh": lambda row: whole(row["unserved_kwh"]),
    "Limited kWh": lambda row: tenth(row["limited_kwh"]),
    "Yielded kWh": lambda row: whole(row["yielded_kwh"]),
    "Fees and taxes EUR": _connection_eur,
    "Peak charge EUR": lambda row: whole(-row["peak_fee_eur"]),
    "Battery's wear EUR": lambda row: whole(-row["storage_wear_eur"]),
    "Sun not used kWh": lambda row: whole(row["curtailed_kwh"]),
    "Owners' balance EUR": COLUMNS["Owners' balance EUR"],
    "V2G kWh": COLUMNS["V2G kWh"],
    "Run s": COLUMNS["Run s"],
}
SITE_BRIEF = (
    *("Rank", "Policy", "Profit EUR", "Score [95 %]", "Less than hindsight EUR"),
    *("Worlds with a gain", "Demand served %", "Yielded kWh", "Peak charge EUR", "Run s"),
)


@dataclass(frozen=True)
class SiteWorlds:
    """Where the scenarios of a suite come from.

    Attributes:
        description: in words.
        real: they are read from files.
        busy: many cars, one week of each month.
    """

    description: str
    real: bool = False
    busy: bool = False


SITES = {
    "site": SiteWorlds(
        "an office with 18 chargers behind 80 kW, 60 kWp, a battery of 100 kWh and models of the "
        "catalogue, by quarter hours; world k is the first two weeks of month k of synthetic year k"
    ),
    "site_real": SiteWorlds(
        "the same with the prices and sessions of 2019: worlds are its twelve months, so that "
        "their scatter is that of seasons and not of years",
        real=True,
    ),
    "site_busy": SiteWorlds(
        f"a site of {BUSY_CHARGERS} chargers, about 37 of them in use, and all else in proportion; "
        "one week of each month",
        busy=True,
    ),
}
"""By suite."""


class SiteSuite(Suite):
    """A leaderboard of policies behind one connection.

    Args:
        name: one of `SITES`.
    """

    low = NO_CONTROL
    columns, brief = SITE_COLUMNS, SITE_BRIEF
    known = (*KNOWN, "site_mpc", "site_hazard_mpc", "site_learned_mpc")
    env_ids = (STAY, DISPATCH)
    published = "weeks"
    worlds = WORLDS

    def __init__(self, name: str) -> None:
        self.name, self.site = name, SITES[name]
        self.description, self.needs_data = self.site.description, self.site.real
        self.tracks = {TRACK: "profit, with fees, peak charge and battery"}

    @property
    def high(self) -> str:
        """The optimum of each run with the whole future known."""
        return BOUND

    def baselines(self) -> Mapping[str, Any]:
        """Rules, planners of cars, and planners of the whole site."""
        left_out = (*SLOW, EXACT) if self.site.busy else (EXACT,) if self.site.real else ()
        return {name: baseline(name) for name in POLICIES if name not in left_out}

    def takes(self, agent: Any) -> bool:
        """Agents that were trained at a site, and those that charge each car by itself."""
        if env_id_of(agent) == DISPATCH:
            return of_site(agent)
        return agent.card["arguments"].get("params") is None

    def params(self, track: str) -> VPPParams:
        """Rules of the world."""
        return site_params(self.site.busy)

    def scenario(self, track: str, world: int, data: Path | None) -> Scenario:
        """One of its scenarios."""
        source = site_source(data, real=self.site.real, busy=self.site.busy)
        scenario: Scenario = source.scenario(world)
        return scenario

    def facts(self, data: Path | None) -> dict[str, Any]:
        """Of the scenarios; each begins with a month."""
        scenario = self.scenario(TRACK, 0, data)
        facts = {"name": scenario.name, "start": str(scenario.start), "dt_h": scenario.dt_h}
        return {**facts, "from": "the first of a month"}

    def rows(
        self, policy: Any, scenario: Scenario, params: VPPParams, days: int | None, seed: int
    ) -> tuple[pd.DataFrame, dict[str, Any]]:
        """Day rows and metadata of a policy."""
        if days is not None and policy.privileged:
            scenario, days = _first_days(scenario, days), None
        steps = end_step(scenario, days)
        result = evaluate(policy, scenario, params, end_step=steps, seed=seed)
        day_rows = result.days
        return day_rows.assign(**balances_eur(day_rows)), dict(result.metadata)

    def is_rule(self, policy: Any) -> bool:
        """Whether a baseline follows a rule and does not optimise."""
        dispatcher = getattr(policy, "dispatcher", policy)
        return type(dispatcher).__module__ == rules.__name__

    def ranked(
        self,
        board: Board,
        days: pd.DataFrame,
        privileged: Collection[str],
        statistics: Mapping[str, int],
    ) -> pd.DataFrame:
        """By profit; with what each earned less than the optimum with the future known."""
        table = leaderboard(
            days,
            scale=MARKET,
            high=self.high,
            privileged=set(privileged) & set(days["policy"]),
            **statistics,  # type: ignore[arg-type]
        )
        best = float(table.loc[table["policy"] == self.high, "profit_eur"].iloc[0])
        table = with_frontier(table.assign(loss_eur=best - table["profit_eur"]), board.value)
        return ranks_at_prices(table, board.value)

    def differences(
        self,
        board: Board,
        days: pd.DataFrame,
        rows: Sequence[Mapping[str, Any]],
        statistics: Mapping[str, int],
    ) -> list[dict[str, Any]]:
        """What each agent earned more than a scheduler with its offer, and the best planner."""
        alone = [row for row in rows if "+" not in str(row["policy"])]
        taught = {name for (name, _), agent in trained_or_none(self).items() if of_site(agent)}
        learned = [str(row["policy"]) for row in rows if row["kind"] == "learned"]
        same = {name: TEACHER if name in taught else SAME_OFFER_AS for name in learned}
        value_eur = MARKET.value_eur
        return differences(days, alone, same, value_eur, statistics)

    def published_rows(self, days: pd.DataFrame) -> pd.DataFrame:
        """Terms of every policy's weeks."""
        return site_weekly(days)

    @property
    def making(self) -> tuple[Callable[..., Any], ...]:
        """Its functions that make a run."""
        return *super().making, _first_days

    def lead(self, document: Document) -> str:
        """What the scores are."""
        return (
            f"Score: 0 is charging on arrival, 100 is what `{BOUND}` earns: the optimum of each "
            "world without contracts and bids, with everything known in advance, replayed."
        )

    def caveats(self, document: Document) -> Iterator[str]:
        """What to know before reading the tables."""
        scenario = document["scenario"]
        yield (
            f"World: {document['description']}; {scenario['days']} days each from "
            f"{scenario['from']}, time step {scenario['dt_h']:g} h. A run starts with an empty car "
            "park and a battery that is half full, and pays the whole month's peak charge. The "
            "limit is 40 % of the power of all chargers, and 24 % on some evenings. Money is EUR "
            "over the days of a world, its mean. The tariff is `nl`."
        )
        row = next(iter(next(iter(document["boards"].values()))))
        yield (
            f"Of {row['arrivals']:,.0f} cars in a world {row['turned_away']:,.0f} find no charger "
            f"free ({100 * row['turned_away'] / row['arrivals']:.1f} %), whatever the policy."
        )
        yield (
            f"{self.lead(document)} {PRIVILEGED_MARK} saw the future and has no rank. Cars that "
            "charge more slowly when they are full come a little less far than the optimum "
            "believes, so that it earns a little less than the bound on all policies without "
            "contracts and bids. A policy with contracts (`_tariff`) may use what the optimum "
            "has not."
        )
        yield (
            "Agents are as they were trained. `ppo_stay` was on single stays without any site: it "
            "lets the battery rest and knows neither limit nor fees. `imitated_site` was taught by "
            "`site_learned_mpc` at the sites of training years, of one size."
        )
        yield (
            "Without `site_` and `+self_consumption` a policy knows nothing of the site: the "
            "battery rests, and where the connection has no room the dispatch gives way (yielded). "
            "Limited: what the connection had no room to promise. Nobody bids."
        )


def _first_days(scenario: Scenario, days: int) -> Scenario:
    """What is known to a policy that plans a whole run, where only some days of it are run."""
    from vpp_gym.scenarios.months import excerpt

    return excerpt(scenario, 0, days)


def rows_of(document: Document) -> Sequence[Mapping[str, Any]]:
    """Rows of the one board of a suite, best first."""
    rows: Sequence[Mapping[str, Any]] = document["boards"][TRACK]
    return rows

"""The suites of the virtual power plant of EVs: their scenarios, tracks and policies."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.suites.base import Document, Suite
from vpp_gym.errors import InvalidInputError
from vpp_gym.evaluation.agent import ENVIRONMENTS
from vpp_gym.evaluation.comparison import gains
from vpp_gym.evaluation.leaderboard import FULL_SATISFACTION, leaderboard
from vpp_gym.evaluation.metrics import HINDSIGHT, NO_CONTROL
from vpp_gym.evaluation.rollout import evaluate
from vpp_gym.evaluation.tables import BRIEF, COLUMNS, PRIVILEGED_MARK
from vpp_gym.ledger import PROFIT
from vpp_gym.markets.ledger import LEDGER
from vpp_gym.params import DEFAULT, VPPParams
from vpp_gym.policies import rules
from vpp_gym.policies.base import with_offer
from vpp_gym.policies.baselines import (
    HINDSIGHT_OFFER,
    baseline,
    baselines,
)
from vpp_gym.scenarios.real import real_source
from vpp_gym.scenarios.scenario import Scenario
from vpp_gym.scenarios.synthetic import SyntheticSource

SCENARIOS = {
    "embedded": "a synthetic Dutch year, the test split of the embedded generator",
    "real": "Dutch public charging and prices of 2019",
}
TRACKS = {
    "open": "demand may be missed, at a penalty per kWh",
    "guaranteed": "every dispatch keeps every target within reach",
}
WITHOUT_CONTRACTS = "rolling_mpc"
"""The scheduler on which offers to owners are compared, without any."""
PAPER_MENUS = ("rolling_mpc_1h", "rolling_mpc_2h", "rolling_mpc_3h")
"""It with the menus of the reference paper."""
OFFERS = ("rolling_mpc_10h", "rolling_mpc_control", "rolling_mpc_tariff", "rolling_mpc_price")
"""It with offers that were tuned on synthetic validation years."""
KNOWN = ("rolling_mpc", "no_v2g", "algorithm_1_1h", "algorithm_1_2h", "algorithm_1_3h")
"""Of the reference paper and the project."""
DAY_COLUMNS = (
    "track",
    "policy",
    "seed",
    "date",
    PROFIT,
    *LEDGER.split,
    "demand_kwh",
    "served_kwh",
    "charge_kwh",
    "discharge_kwh",
    "contracts",
)


@cache
def scenario_of(suite: str, data: Path | None = None) -> Scenario:
    """The scenario of a suite.

    Args:
        suite: one of `SCENARIOS`.
        data: folder with the real files, for the suite "real".
    """
    if suite == "embedded":
        return SyntheticSource("test").scenario(0)
    if suite == "real":
        return real_source(data, "test").scenario(0)
    raise InvalidInputError("suite", suite, f"use one of {', '.join(SCENARIOS)}")


HINDSIGHT_WORDS = DEFAULT.replace(contract=HINDSIGHT_OFFER).contract.in_words()
"""What hindsight offers to owners."""


def offer_in_words(name: str) -> str:
    """What a baseline offers to owners."""
    return with_offer(baseline(name), DEFAULT).contract.in_words()


class EVSuite(Suite):
    """A leaderboard of the virtual power plant of EVs.

    Args:
        name: one of `SCENARIOS`.
    """

    tracks = TRACKS
    low, high = NO_CONTROL, HINDSIGHT
    columns, brief, known = COLUMNS, BRIEF, KNOWN
    compared = (WITHOUT_CONTRACTS, *PAPER_MENUS, *OFFERS)
    env_ids = tuple(env_id for env_id, at in ENVIRONMENTS.items() if at.world == "ev")

    def __init__(self, name: str) -> None:
        self.name, self.description = name, SCENARIOS[name]
        self.needs_data = name == "real"

    def baselines(self) -> Mapping[str, Any]:
        """Rules, schedulers, bidders and the optimum in hindsight."""
        return baselines()

    def params(self, track: str) -> VPPParams:
        """Rules of a track."""
        return DEFAULT.replace(guarantee=track == "guaranteed")

    def scenario(self, track: str, world: int, data: Path | None) -> Scenario:
        """The one scenario of the suite."""
        return scenario_of(self.name, data)

    def facts(self, data: Path | None) -> dict[str, Any]:
        """Of the scenario."""
        scenario = scenario_of(self.name, data)
        return {"name": scenario.name, "start": str(scenario.start), "dt_h": scenario.dt_h}

    def rows(
        self, policy: Any, scenario: Scenario, params: VPPParams, days: int | None, seed: int
    ) -> tuple[pd.DataFrame, dict[str, Any]]:
        """Day rows and metadata of a policy."""
        steps = None if days is None else min(days * scenario.periods_per_day, scenario.n_steps)
        result = evaluate(policy, scenario, params, end_step=steps, seed=seed)
        return result.days, dict(result.metadata)

    def is_rule(self, policy: Any) -> bool:
        """Whether a baseline follows a rule and does not optimise."""
        return type(policy).__module__ == rules.__name__

    def ranked(
        self, days: pd.DataFrame, privileged: Collection[str], statistics: Mapping[str, int]
    ) -> pd.DataFrame:
        """By profit among those that serve the demand."""
        return leaderboard(days, privileged=privileged, **statistics)  # type: ignore[arg-type]

    def day_table(self, days: pd.DataFrame) -> pd.DataFrame:
        """Terms of every policy's days."""
        return days[list(DAY_COLUMNS)]

    def offers(self, days: pd.DataFrame, statistics: Mapping[str, int]) -> list[dict[str, Any]]:
        """What each offer to owners gained one and the same scheduler.

        The gain is over the best of the paper's menus, best on these very days.
        """
        ran = set(days["policy"])
        if not {WITHOUT_CONTRACTS, *PAPER_MENUS} <= ran:
            return []
        names = [WITHOUT_CONTRACTS, *PAPER_MENUS, *(name for name in OFFERS if name in ran)]
        profit_eur = days.groupby("policy")["profit_eur"].sum()
        best = str(profit_eur[list(PAPER_MENUS)].idxmax())
        table = gains(days, names, over=best, **statistics)
        without = gains(days, names, over=WITHOUT_CONTRACTS, **statistics)
        for column in ("gain_eur", "gain_eur_low", "gain_eur_high"):
            table[f"{column}_over_none"] = without[column]
        table.insert(1, "over", best)
        table.insert(1, "offer", [offer_in_words(name) for name in names])
        rows: list[dict[str, Any]] = json.loads(table.to_json(orient="records", double_precision=6))
        return rows

    def lead(self, document: Document) -> str:
        """What the scores are."""
        return (
            "Score: 0 is charging on arrival, 100 perfect foresight; the flexibility score leaves "
            "bids out."
        )

    def caveats(self, document: Document) -> Iterator[str]:
        """What to know before reading the tables."""
        scenario = document["scenario"]
        yield (
            f"World: {document['description']}; {scenario['days']} days from "
            f"{scenario['start'][:10]}, time step {scenario['dt_h']:g} h. A run starts with an "
            f"empty car park and without bids for its first day. Money is EUR over all days."
        )
        if self.needs_data:
            yield (
                "Not wholly unseen: the synthetic years in which agents were trained and menus "
                "searched have their statistics from 2018 and 2019. Baselines were tuned on 2018 "
                "and on synthetic years only."
            )
        yield (
            f"Score: 0 is `{NO_CONTROL}`, 100 is `{HINDSIGHT}`, on the same days. Hindsight knows "
            f"every price, offers {HINDSIGHT_WORDS}, and bets within the power of the connected "
            f"EVs on the spread between day-ahead and imbalance price, which none of the "
            f"forecasters here foresees: a low score may still be most of what was within reach."
        )
        yield (
            "Flexibility score: the same scale with all bids left out: the net load valued at the "
            "reference price, plus retail revenue, minus payoffs and penalties. Cost of net load "
            "is that value alone. Position is what was traded minus that value: what the bids "
            "earned, and what hours with two imbalance prices cost. Profit is the sum of all."
        )
        yield (
            f"Rank: by profit among those that serve {100 * FULL_SATISFACTION:g} % of the demanded "
            f"energy, the others below. {PRIVILEGED_MARK} saw the future and has no rank."
        )

"""The suites of the virtual power plant: their worlds, tracks and policies."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.fingerprint import scenario_digest
from benchmarks.suite import Contestants, Document, Run, Suite, trained, with_agents
from vpp_gym.errors import InvalidInputError
from vpp_gym.evaluation.agent import ENVIRONMENTS
from vpp_gym.evaluation.comparison import gains
from vpp_gym.evaluation.leaderboard import FULL_SATISFACTION, leaderboard
from vpp_gym.evaluation.metrics import HINDSIGHT, NO_CONTROL
from vpp_gym.evaluation.rollout import evaluate
from vpp_gym.evaluation.tables import BRIEF, COLUMNS, PRIVILEGED_MARK
from vpp_gym.params import DEFAULT, VPPParams
from vpp_gym.policies import rules
from vpp_gym.policies.base import with_offer
from vpp_gym.policies.hindsight import Hindsight
from vpp_gym.policies.operator import (
    HINDSIGHT_OFFER,
    MENU_TERM_H,
    TUNED_OFFERS,
    baseline,
    baseline_names,
    baselines,
)
from vpp_gym.policy import Policy
from vpp_gym.scenarios.real import real_source
from vpp_gym.scenarios.scenario import Scenario
from vpp_gym.scenarios.synthetic import SyntheticSource

WORLDS = {
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
OFFERS = (
    f"rolling_mpc_{MENU_TERM_H}h",
    *(f"rolling_mpc_{name}" for name in TUNED_OFFERS),
)
"""It with offers that were tuned on synthetic validation years."""
KNOWN = ("rolling_mpc", "no_v2g", "algorithm_1_1h", "algorithm_1_2h", "algorithm_1_3h")
"""Of the reference paper and the project."""
DAY_COLUMNS = (
    "track",
    "policy",
    "seed",
    "date",
    "profit_eur",
    "position_eur",
    "load_value_eur",
    "payoff_eur",
    "retail_eur",
    "shortfall_eur",
    "demand_kwh",
    "served_kwh",
    "charge_kwh",
    "discharge_kwh",
    "contracts",
)


@cache
def world(suite: str, data: Path | None = None) -> Scenario:
    """The scenario of a suite.

    Args:
        suite: one of `WORLDS`.
        data: folder with the real files, for the suite "real".
    """
    if suite == "embedded":
        return SyntheticSource("test").scenario(0)
    if suite == "real":
        return real_source(data, "test").scenario(0)
    raise InvalidInputError("suite", suite, f"use one of {', '.join(WORLDS)}")


def track_params(track: str) -> VPPParams:
    """The rules of a track."""
    if track not in TRACKS:
        raise InvalidInputError("track", track, f"use one of {', '.join(TRACKS)}")
    return DEFAULT.replace(guarantee=track == "guaranteed")


def contestants() -> Contestants:
    """The baselines, and the trained agents where they can be loaded."""
    return with_agents(baselines(), _agents)


def kind_of(policy: Policy) -> str:
    """rule, optimiser, hindsight or learned."""
    if isinstance(policy, Hindsight):
        return "hindsight"
    module = type(policy).__module__
    if not module.startswith("vpp_gym."):
        return "learned"
    return "rule" if module == rules.__name__ else "optimiser"


def fresh_policy(name: str, seed: int) -> Policy:
    """A contestant that has not run yet."""
    return baseline(name) if name in baseline_names() else _agents()[name, seed]


HINDSIGHT_WORDS = DEFAULT.replace(contract=HINDSIGHT_OFFER).contract.in_words()
"""What hindsight offers to owners."""


def offer_in_words(name: str) -> str:
    """What a baseline offers to owners."""
    return with_offer(baseline(name), DEFAULT).contract.in_words()


def _agents() -> dict[tuple[str, int], Policy]:
    return trained([env_id for env_id, at in ENVIRONMENTS.items() if at.world == "ev"])


class EVSuite(Suite):
    """A leaderboard of the virtual power plant.

    Args:
        name: one of `WORLDS`.
    """

    family, tracks = "plant", TRACKS
    low, high = NO_CONTROL, HINDSIGHT
    columns, brief, known = COLUMNS, BRIEF, KNOWN

    def __init__(self, name: str) -> None:
        self.name, self.description = name, WORLDS[name]
        self.needs_data = name == "real"

    def facts(self, data: Path | None) -> dict[str, Any]:
        """Of the scenario."""
        scenario = world(self.name, data)
        return {
            "name": scenario.name,
            "start": str(scenario.start),
            "dt_h": scenario.dt_h,
            "digest": scenario_digest(scenario),
        }

    def contestants(self) -> Contestants:
        """Those of every such suite."""
        return contestants()

    def play(self, run: Run, data: Path | None) -> tuple[pd.DataFrame, dict[str, Any]]:
        """Evaluate a fresh policy."""
        policy, scenario = fresh_policy(run.policy, run.seed), world(run.suite, data)
        periods = scenario.periods_per_day
        end_step = None if run.days is None else min(run.days * periods, scenario.n_steps)
        result = evaluate(
            policy, scenario, track_params(run.track), end_step=end_step, seed=run.seed
        )
        return result.days, {**result.metadata, "kind": kind_of(policy)}

    def warm_up(self, policy: str, seed: int) -> None:
        """Two days."""
        evaluate(fresh_policy(policy, seed), world("embedded"), end_step=48)

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

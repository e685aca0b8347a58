"""What the suites of fuel-cell cars share: scenarios by track, columns, days."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from benchmarks.suites.base import Board, Document, Suite, period
from vpp_gym.evaluation.leaderboard import leaderboard
from vpp_gym.evaluation.provenance import provenance
from vpp_gym.evaluation.rollout import evaluate
from vpp_gym.evaluation.tables import (
    COLUMNS,
    FEW_SEEDS,
    FEW_SEEDS_MARK,
    PRIVILEGED_MARK,
    Row,
    tenth,
    whole,
)
from vpp_gym.fcev.calendar import HOURS, START
from vpp_gym.fcev.source import CALIBRATION
from vpp_gym.fcev.totals import SCALE
from vpp_gym.scenarios.synthetic import SyntheticSource

LOW, HIGH = "article", "hindsight"


@cache
def price_years(n_years: int) -> SyntheticSource:
    """Years of prices of the test split, which nobody is trained or chosen on."""
    return SyntheticSource("test", n_years, dt_h=1.0, calibration=CALIBRATION)


def _gain(row: Row) -> str:
    low, gain, high = (whole(row[f"gain_eur{end}"]) for end in ("_low", "", "_high"))
    return gain if low == high else f"{gain} [{low}, {high}]"


def thousandth(column: str) -> Callable[[Row], str]:
    """Content of a column that shows a quantity in thousands, such as kWh as MWh."""

    def text(row: Row) -> str:
        value = row.get(column)
        return tenth(None if value is None else value / 1e3)

    return text


RANKED = {name: COLUMNS[name] for name in ("Rank", "Policy", "Profit EUR", "Score [95 %]")}
COMMON = {**RANKED, "Gain over the article EUR [95 %]": _gain}
LAST = {
    "SD between worlds EUR": COLUMNS["SD between worlds EUR"],
    "Seeds": COLUMNS["Seeds"],
    "Hydrogen made kg": lambda row: whole(row.get("produced_kg")),
    "From trailers kg": lambda row: whole(row.get("trailer_kg")),
    "Run s": COLUMNS["Run s"],
}


class FCEVSuite(Suite):
    """A leaderboard of fuel-cell cars: each track has other parameters.

    Attributes:
        changes: of the default parameters, by track.
        differs: what each scenario has of its own, in words.
        scale_words: what a score is.
    """

    low = LOW
    changes: ClassVar[Mapping[str, Mapping[str, Any]]]
    differs: ClassVar[str]
    scale_words: ClassVar[str]

    @property
    def high(self) -> str:
        """The bound on the profit of all."""
        return HIGH

    def years(self) -> SyntheticSource:
        """A year of prices for each scenario."""
        return price_years(self.worlds)

    def facts(self, data: Path | None) -> dict[str, Any]:
        """Of the first scenario."""
        scenario = self.scenario(next(iter(self.tracks)), 0, data)
        start: Any = getattr(scenario, "start", START)
        return {"name": scenario.name, "start": str(np.datetime64(start, "m")), "dt_h": 1.0}

    @abstractmethod
    def bound(self, scenario: Any, params: Any, days: int | None) -> pd.DataFrame:
        """Day rows that no policy exceeds in sum."""

    @property
    def making(self) -> tuple[Callable[..., Any], ...]:
        """Its functions that make a run."""
        return *super().making, type(self).bound

    def rows(
        self, policy: Any, scenario: Any, params: Any, days: int | None, seed: int
    ) -> tuple[pd.DataFrame, dict[str, Any]]:
        """Day rows and metadata of a policy; without one those of the bound."""
        if policy is None:
            facts = {"policy": HIGH, "privileged": True, "scenario": scenario.name, "seed": seed}
            return self.bound(scenario, params, days), {**facts, **provenance()}
        end_step = None if days is None else HOURS * days
        result = evaluate(policy, scenario, params, end_step=end_step, seed=seed)
        return result.days, dict(result.metadata)

    def is_rule(self, policy: Any) -> bool:
        """Whether a baseline follows a rule and does not optimise."""
        return policy.name in self.known

    def ranked(
        self,
        board: Board,
        days: pd.DataFrame,
        privileged: Collection[str],
        statistics: Mapping[str, int],
    ) -> pd.DataFrame:
        """By profit, mean of the scenarios."""
        return leaderboard(days, scale=SCALE, privileged=privileged, **statistics)  # type: ignore[arg-type]

    def lead(self, document: Document) -> str:
        """What the scores are."""
        return "Score: 0 is the strategy of the article, 100 perfect foresight."

    def published_rows(self, days: pd.DataFrame) -> pd.DataFrame:
        """Profits."""
        return profit_by_day(days)

    def caveats(self, document: Document) -> Iterator[str]:
        """What to know before reading the tables."""
        yield (
            f"Worlds: {document['description']}; {period(document)}, hour by hour. Each has "
            f"{self.differs} of its own. Agents were trained and chosen in other years. Money and "
            f"energy are over a world's days, mean of the worlds; scores are of the mean profits."
        )
        yield self.scale_words
        yield (
            f"Rank: by profit. {PRIVILEGED_MARK} saw the future and has no rank. "
            f"{FEW_SEEDS_MARK} is learned with fewer than {FEW_SEEDS} seeds."
        )


def profit_by_day(days: pd.DataFrame) -> pd.DataFrame:
    """EUR of every day of every track and scenario, a column for each policy and seed.

    Enough to rank again; the seed stands behind the name of what has several.
    """
    seeds = days.groupby("policy")["seed"].transform("nunique")
    name = days["policy"].where(seeds == 1, days["policy"] + "." + days["seed"].astype(str))
    by_day = days.assign(name=name, profit_eur=days["profit_eur"].round(2) + 0.0)
    table = by_day.pivot(index=["track", "world", "date"], columns="name", values="profit_eur")
    return table[list(dict.fromkeys(name))].reset_index()

"""What the suites of fuel-cell cars share: worlds by track, contestants, columns, days."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from benchmarks.fingerprint import worlds_digest
from benchmarks.suite import Contestants, Document, Run, Suite, period, trained, with_agents
from vpp_gym.evaluation.leaderboard import leaderboard
from vpp_gym.evaluation.provenance import provenance
from vpp_gym.evaluation.tables import COLUMNS, MISSING, PRIVILEGED_MARK, Row, tenth, whole
from vpp_gym.fcev.totals import SCALE
from vpp_gym.scenarios.synthetic import SyntheticSource

WARM_DAYS = 2
LOW, HIGH = "article", "hindsight"


@cache
def price_years(n_years: int) -> SyntheticSource:
    """Years of prices of the test split, which nobody is trained or chosen on."""
    return SyntheticSource("test", n_years)


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
    "Seeds": lambda row: str(row["seeds"]) if row["kind"] == "learned" else MISSING,
    "Hydrogen made kg": lambda row: whole(row.get("produced_kg")),
    "From trailers kg": lambda row: whole(row.get("trailer_kg")),
    "Run s": COLUMNS["Run s"],
}


class FCEVSuite(Suite):
    """A leaderboard of fuel-cell cars: each track is a world with other parameters.

    Attributes:
        env_id: environment that trained agents play.
        changes: of the default parameters, by track.
        differs: what each world has of its own, in words.
        scale_words: what a score is.
        baselines: policies that do not learn.
    """

    family = "hydrogen"
    low, high = LOW, HIGH
    env_id: ClassVar[str]
    changes: ClassVar[Mapping[str, Mapping[str, Any]]]
    differs: ClassVar[str]
    scale_words: ClassVar[str]
    baselines: ClassVar[Callable[[], Mapping[str, Any]]]

    @abstractmethod
    def params(self, track: str) -> Any:
        """Rules of a track."""

    @abstractmethod
    def scenario(self, track: str, world: int) -> Any:
        """A world of a track; no policy was trained or chosen on its year of prices."""

    @abstractmethod
    def rows(
        self, policy: Any, scenario: Any, params: Any, days: int | None, seed: int
    ) -> pd.DataFrame:
        """Days of a policy."""

    def years(self) -> SyntheticSource:
        """A year of prices for each world."""
        return price_years(self.worlds)

    def facts(self, data: Path | None) -> dict[str, Any]:
        """Of the scenarios of all tracks and worlds; named after the first."""
        rules = [self.params(track) for track in self.tracks]
        worlds = [
            self.scenario(track, world) for track in self.tracks for world in range(self.worlds)
        ]
        start = str(np.datetime64(getattr(worlds[0], "start", "2019-01-01"), "m"))
        digest = worlds_digest(*rules, *worlds)
        return {"name": worlds[0].name, "start": start, "dt_h": 1.0, "digest": digest}

    def contestants(self) -> Contestants:
        """Baselines, hindsight, and trained agents of the environment."""
        names = dict.fromkeys([*type(self).baselines(), HIGH])
        return with_agents(names, lambda: trained({self.env_id}))

    def play(self, run: Run, data: Path | None) -> tuple[pd.DataFrame, dict[str, Any]]:
        """Evaluate a fresh policy."""
        policy = self._fresh(run.policy, run.seed)
        privileged = policy is None or policy.privileged
        kind = "hindsight" if privileged else self._kind(policy)
        scenario = self.scenario(run.track, run.world)
        rows = self.rows(policy, scenario, self.params(run.track), run.days, run.seed)
        facts = {"policy": run.policy, "privileged": privileged, "seed": run.seed, "kind": kind}
        return rows, {**facts, "scenario": scenario.name, **provenance()}

    def warm_up(self, policy: str, seed: int) -> None:
        """Two days."""
        track = next(iter(self.tracks))
        scenario, params = self.scenario(track, 0), self.params(track)
        self.rows(self._fresh(policy, seed), scenario, params, WARM_DAYS, seed)

    def ranked(
        self, days: pd.DataFrame, privileged: Collection[str], statistics: Mapping[str, int]
    ) -> pd.DataFrame:
        """By profit, mean of the worlds."""
        return leaderboard(days, scale=SCALE, privileged=privileged, **statistics)  # type: ignore[arg-type]

    def lead(self, document: Document) -> str:
        """What the scores are."""
        return "Score: 0 is the strategy of the article, 100 perfect foresight."

    def day_table(self, days: pd.DataFrame) -> pd.DataFrame:
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
        yield f"Rank: by profit. {PRIVILEGED_MARK} saw the future and has no rank."

    def _fresh(self, name: str, seed: int) -> Any:
        """A policy; None for the bound."""
        if name == HIGH:
            return None
        known = type(self).baselines()
        return known[name] if name in known else trained({self.env_id})[name, seed]

    def _kind(self, policy: Any) -> str:
        if not type(policy).__module__.startswith("vpp_gym."):
            return "learned"
        return "rule" if policy.name in self.known else "optimiser"


def profit_by_day(days: pd.DataFrame) -> pd.DataFrame:
    """EUR of every day of every track and world, a column for each policy and seed.

    Enough to rank again; the seed stands behind the name of what has several.
    """
    seeds = days.groupby("policy")["seed"].transform("nunique")
    name = days["policy"].where(seeds == 1, days["policy"] + "." + days["seed"].astype(str))
    by_day = days.assign(name=name, profit_eur=days["profit_eur"].round(2) + 0.0)
    table = by_day.pivot(index=["track", "world", "date"], columns="name", values="profit_eur")
    return table[list(dict.fromkeys(name))].reset_index()

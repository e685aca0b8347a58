"""What a suite of the benchmark is: its worlds, who takes part, and the boards that rank them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar

import pandas as pd

from benchmarks.fingerprint import ROOTS, PolicyDigest, Roots, policy_digest
from vpp_gym.errors import InvalidInputError
from vpp_gym.evaluation.agent import EnvironmentAgent
from vpp_gym.evaluation.tables import Columns
from vpp_gym.evaluation.values import value_digest
from vpp_gym.ledger import PROFIT

OUTSIDE = "outside"
"""Kind of the policies that are no contestants."""
WARM_DAYS = 2

Document = Mapping[str, Any]


@dataclass(frozen=True)
class Run:
    """One policy through one scenario.

    Attributes:
        suite: name of the suite.
        track: one of its tracks.
        policy: name of a contestant.
        seed: of its training; 0 for what does not learn.
        world: number of the test scenario.
        days: how many days from the first, None for all.
    """

    suite: str
    track: str
    policy: str
    seed: int
    world: int = 0
    days: int | None = None


@dataclass(frozen=True)
class Contestants:
    """Who takes part.

    Attributes:
        baselines: names of the policies of vpp_gym.
        agents: (name, seed) of the trained agents.
        digests: by (name, seed), what the runs of each rest on.
        left_out: why there are no trained agents, if there are none.
    """

    baselines: tuple[str, ...]
    agents: tuple[tuple[str, int], ...]
    digests: Mapping[tuple[str, int], PolicyDigest]
    left_out: str | None = None

    @property
    def entries(self) -> list[tuple[str, int]]:
        """(name, seed) of all; baselines do not learn and have seed 0."""
        return [*((name, 0) for name in self.baselines), *self.agents]

    def label(self, name: str, seed: int) -> str:
        """How a contestant is called where seeds are told apart."""
        return f"{name}.{seed}" if (name, seed) in self.agents else name


@dataclass(frozen=True)
class Board:
    """A table of ranked policies.

    Attributes:
        name: of it.
        track: whose runs it ranks; several boards may be made of the same runs.
        words: what it ranks by, or what is particular to its runs.
        columns: of the table.
        brief: of the table in the README.
        value: total that it ranks by [EUR].
    """

    name: str
    track: str
    words: str
    columns: Columns
    brief: tuple[str, ...]
    value: str = PROFIT


class Suite(ABC):
    """Leaderboards of the same worlds and policies.

    Attributes:
        name: of the result files.
        description: of the world, in words.
        tracks: rules that every policy runs under, in words; each has runs of its own.
        worlds: on the mean of how many test scenarios policies rank.
        all_worlds: how many there are; the others are kept to check what the first ones say.
        low: policy whose profit is score 0.
        high: policy whose profit is score 100.
        columns: of the tables.
        brief: of the tables in the README.
        known: policies that stand in the README wherever they rank.
        env_ids: environments whose trained agents take part.
        needs_data: it reads real files.
        published: what a row of the published file of all runs stands for.
    """

    name: str
    description: str
    tracks: Mapping[str, str]
    worlds: int = 1
    low: ClassVar[str]
    columns: ClassVar[Columns]
    brief: ClassVar[tuple[str, ...]]
    known: ClassVar[Collection[str]]
    env_ids: ClassVar[Collection[str]]
    needs_data: bool = False
    published: ClassVar[str] = "days"

    @property
    def all_worlds(self) -> int:
        """How many test scenarios there are."""
        return self.worlds

    @property
    @abstractmethod
    def high(self) -> str:
        """Policy whose profit is score 100."""

    @property
    def boards(self) -> Mapping[str, Board]:
        """Its tables by name: one for each track, unless a suite says otherwise."""
        return {
            track: Board(track, track, words, self.columns, self.brief)
            for track, words in self.tracks.items()
        }

    @abstractmethod
    def baselines(self) -> Mapping[str, Any]:
        """Policies that do not learn, by name, as they are before a run; None for a bound."""

    @abstractmethod
    def params(self, track: str) -> Any:
        """Rules of a track."""

    @abstractmethod
    def scenario(self, track: str, world: int, data: Path | None) -> Any:
        """A scenario of a track; no policy was trained or chosen on its prices."""

    @abstractmethod
    def facts(self, data: Path | None) -> dict[str, Any]:
        """Name, start and dt_h of what the runs go through."""

    @abstractmethod
    def rows(
        self, policy: Any, scenario: Any, params: Any, days: int | None, seed: int
    ) -> tuple[pd.DataFrame, dict[str, Any]]:
        """Day rows and metadata of a policy, or of a bound, through a scenario."""

    @abstractmethod
    def is_rule(self, policy: Any) -> bool:
        """Whether a baseline follows a rule and does not optimise."""

    @abstractmethod
    def ranked(
        self,
        board: Board,
        days: pd.DataFrame,
        privileged: Collection[str],
        statistics: Mapping[str, int],
    ) -> pd.DataFrame:
        """Rows of a board from the days of its track."""

    @abstractmethod
    def published_rows(self, days: pd.DataFrame) -> pd.DataFrame:
        """What is published of the days of all runs."""

    @abstractmethod
    def caveats(self, document: Document) -> Iterator[str]:
        """What to know before reading the tables."""

    @abstractmethod
    def lead(self, document: Document) -> str:
        """A sentence or two for the README."""

    @property
    def making(self) -> tuple[Callable[..., Any], ...]:
        """Its functions that make a run."""
        return Suite.play, type(self).rows

    @property
    def roots(self) -> Roots:
        """Modules from which the code behind its results is found."""
        return ROOTS[self.name]

    def contestants(self) -> Contestants:
        """The baselines, and the trained agents where they can be loaded."""
        baselines = self.baselines()
        agents, left_out = _agents(self)
        if clash := {name for name, _ in agents} & set(baselines):
            raise InvalidInputError(
                "agents", clash, "give agents other names than the baselines have"
            )
        everyone = {**{(name, 0): one for name, one in baselines.items()}, **agents}
        digests = {
            key: policy_digest(policy, self.roots, self.making) for key, policy in everyone.items()
        }
        return Contestants(tuple(baselines), tuple(agents), digests, left_out)

    def policy(self, name: str, seed: int) -> Any:
        """A contestant as it is before a run; None for a bound."""
        known = self.baselines()
        return known[name] if name in known else trained(self.env_ids)[name, seed]

    def takes(self, agent: Any) -> bool:
        """Whether a trained agent that plays one of its environments takes part."""
        return True

    def play(
        self, run: Run, data: Path | None, outside: Any = None
    ) -> tuple[pd.DataFrame, dict[str, Any]]:
        """Make a run: its day rows and its metadata, the kind of policy among them.

        Args:
            run: which policy in which scenario.
            data: folder of real data.
            outside: a policy that is no contestant, which the run is of.
        """
        policy = self.policy(run.policy, run.seed) if outside is None else outside
        kind = self.kind(policy) if outside is None else OUTSIDE
        scenario, params = self.scenario(run.track, run.world, data), self.params(run.track)
        days, metadata = self.rows(policy, scenario, params, run.days, run.seed)
        return days, {**metadata, "kind": kind}

    def warm_up(self, policy: Any, data: Path | None) -> None:
        """Compile and load what a policy needs, in two days."""
        track = next(iter(self.tracks))
        self.rows(policy, self.scenario(track, 0, data), self.params(track), WARM_DAYS, 0)

    def kind(self, policy: Any) -> str:
        """What a contestant is: rule, optimiser, hindsight or learned."""
        if policy is None or policy.privileged:
            return "hindsight"
        if isinstance(policy, EnvironmentAgent):
            return "learned"
        return "rule" if self.is_rule(policy) else "optimiser"

    def scenario_digests(
        self, track: str, worlds: Iterable[int], data: Path | None
    ) -> dict[str, str]:
        """Digest of everything in a scenario of a track, by its number."""
        return {str(world): value_digest(self.scenario(track, world, data)) for world in worlds}

    def offers(
        self, board: Board, days: pd.DataFrame, statistics: Mapping[str, int]
    ) -> list[dict[str, Any]]:
        """What offers to owners gained, on one board; nothing where there are none."""
        return []

    def differences(
        self,
        board: Board,
        days: pd.DataFrame,
        rows: Sequence[Mapping[str, Any]],
        statistics: Mapping[str, int],
    ) -> list[dict[str, Any]]:
        """What rows of a board earned more than others that they are worth comparing with.

        Args:
            board: of the rows.
            days: of its track.
            rows: of the board, best first.
            statistics: of the bootstrap.
        """
        return []

    def check_track(self, track: str) -> None:
        """Refuse a track that there is not.

        Raises:
            InvalidInputError: there is no such track.
        """
        if track not in self.tracks:
            raise InvalidInputError("track", track, f"use one of {', '.join(self.tracks)}")

    def command(self) -> str:
        """The command that makes all results of the suite."""
        data = " --data FOLDER" if self.needs_data else ""
        return f"python -m benchmarks.run --suite {self.name}{data}"


def worlds_of(document: Document) -> list[int]:
    """Numbers of the scenarios that the tables are the mean of."""
    scenario = document["scenario"]
    first, n = int(scenario.get("first_world", 0)), int(scenario.get("worlds", 1))
    return list(range(first, first + n))


def period(document: Document) -> str:
    """The days of the runs, in words."""
    scenario, worlds = document["scenario"], worlds_of(document)
    days = f"{scenario['days']} days from {scenario.get('from', scenario['start'][:10])}"
    return days if len(worlds) == 1 else f"mean of {len(worlds)} worlds, each {days}"


def subset_words(document: Document) -> Iterator[str]:
    """That a document is of other worlds than those that are published, if it is."""
    worlds, whole = worlds_of(document), suite_worlds(document)
    if len(worlds) < whole:
        yield (
            f"A subset: {len(worlds)} of the {whole} worlds on which policies rank, from number "
            f"{worlds[0]}. Ranks of few worlds are not those of all; the whole is "
            f"`{document['whole']}`."
        )
    elif worlds[0] > 0:
        yield (
            f"Worlds {worlds[0]} to {worlds[-1]}, which check what worlds 0 to {whole - 1} said "
            "and on which nothing is chosen."
        )


def suite_worlds(document: Document) -> int:
    """On how many worlds the policies of the suite rank."""
    return int(document.get("suite_worlds", len(worlds_of(document))))


def interval_words(document: Document) -> str:
    """What the brackets mean."""
    drawn, worlds = document["statistics"], len(worlds_of(document))
    what, of = "", "this year's weeks, not how much another year would differ"
    if worlds > 1:
        what = f"{worlds} worlds with replacement, and within each of them "
        of = (
            "the mean over such worlds and their weeks, not where a single other year lies; for "
            "that there is the SD between worlds. Weeks scatter in the worlds' totals already, so "
            "that they are rather too wide than too narrow"
        )
    return (
        f"Brackets: 95 % intervals from {drawn['n_resamples']:,} resamples, each of {what}"
        f"blocks of {drawn['block_days']} consecutive days, drawn alike for the policy and both "
        f"ends of the scale, and for scores of the seeds where there are several. They are "
        f"intervals of {of}. Values are interquartile means over seeds."
    )


def seed_words(document: Document) -> Iterator[str]:
    """What each seed of the agents gained, where there are several."""
    for board, rows in document["seeds"].items():
        names = dict.fromkeys(row["policy"] for row in rows)
        gains = (
            f"`{name}` "
            + ", ".join(f"{row['gain_eur']:+,.0f}" for row in rows if row["policy"] == name)
            for name in names
        )
        if rows:
            low = rows[0]["over"]
            yield f"Gain over `{low}` of each seed, EUR, board {board}: {'; '.join(gains)}."


def added_words(document: Document) -> Iterator[str]:
    """Which rows were added to the others later, and by what."""
    for entry in document.get("added", ()):
        names = ", ".join(f"`{name}`" for name in entry["policies"])
        yield f"{names} added by `{entry['command']}`"


def trained(env_ids: Collection[str]) -> dict[tuple[str, int], Any]:
    """The trained agents that play one of these environments, by name and seed."""
    loaded = import_module("vpp_gym.agents.policy").load_agents()
    return {(agent.name, agent.seed): agent for agent in loaded if agent.env_id in env_ids}


def trained_or_none(suite: Suite) -> dict[tuple[str, int], Any]:
    """The trained agents of a suite; none where what loads them is missing."""
    return _agents(suite)[0]


def _agents(suite: Suite) -> tuple[dict[tuple[str, int], Any], str | None]:
    """The trained agents of a suite, and why there are none, if there are none."""
    found = trained(suite.env_ids)
    learned = {key: agent for key, agent in found.items() if suite.takes(agent)}
    return learned, None if learned else "trained agents: none was found"

"""What a suite of the benchmark is: its worlds by track, who takes part, and how they rank."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar

import pandas as pd

from vpp_gym.errors import InvalidInputError
from vpp_gym.evaluation.tables import Columns

AGENT_PACKAGES = {"agents", "agents.policy", "torch", "stable_baselines3"}

Document = Mapping[str, Any]


@dataclass(frozen=True)
class Run:
    """One policy through one world.

    Attributes:
        suite: name of the suite.
        track: one of its tracks.
        policy: name of a contestant.
        seed: of its training; 0 for what does not learn.
        world: number of the test world.
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
        left_out: why there are no trained agents, if there are none.
    """

    baselines: tuple[str, ...]
    agents: tuple[tuple[str, int], ...]
    left_out: str | None = None

    @property
    def entries(self) -> list[tuple[str, int]]:
        """(name, seed) of all; baselines do not learn and have seed 0."""
        return [*((name, 0) for name in self.baselines), *self.agents]


class Suite(ABC):
    """One leaderboard.

    Attributes:
        name: of the result files.
        family: whose code its results depend on, see `benchmarks.fingerprint`.
        description: of the world, in words.
        tracks: what differs between the tables, in words.
        worlds: how many test worlds there are, on whose mean policies rank.
        low: policy whose profit is score 0.
        high: policy whose profit is score 100.
        columns: of the tables.
        brief: of the tables in the README.
        known: policies that stand in the README wherever they rank.
        needs_data: it reads real files.
    """

    name: str
    family: ClassVar[str]
    description: str
    tracks: ClassVar[Mapping[str, str]]
    worlds: ClassVar[int] = 1
    low: ClassVar[str]
    high: ClassVar[str]
    columns: ClassVar[Columns]
    brief: ClassVar[tuple[str, ...]]
    known: ClassVar[Collection[str]]
    needs_data: bool = False

    @abstractmethod
    def facts(self, data: Path | None) -> dict[str, Any]:
        """Name, start, dt_h and digest of what the runs go through."""

    @abstractmethod
    def contestants(self) -> Contestants:
        """The baselines, and the trained agents where they can be loaded."""

    @abstractmethod
    def play(self, run: Run, data: Path | None) -> tuple[pd.DataFrame, dict[str, Any]]:
        """Make a run: its day rows and its metadata, the kind of policy among them."""

    @abstractmethod
    def warm_up(self, policy: str, seed: int) -> None:
        """Compile and load what a policy needs."""

    @abstractmethod
    def ranked(
        self, days: pd.DataFrame, privileged: Collection[str], statistics: Mapping[str, int]
    ) -> pd.DataFrame:
        """Rows of the leaderboard from the days of a track."""

    @abstractmethod
    def day_table(self, days: pd.DataFrame) -> pd.DataFrame:
        """What is published of the days of all runs."""

    @abstractmethod
    def caveats(self, document: Document) -> Iterator[str]:
        """What to know before reading the tables."""

    @abstractmethod
    def lead(self, document: Document) -> str:
        """A sentence or two for the README."""

    def offers(self, days: pd.DataFrame, statistics: Mapping[str, int]) -> list[dict[str, Any]]:
        """What offers to owners gained, on one track; nothing where there are none."""
        return []

    def track_words(self, track: str) -> str:
        """What a track is.

        Raises:
            InvalidInputError: there is no such track.
        """
        if track not in self.tracks:
            raise InvalidInputError("track", track, f"use one of {', '.join(self.tracks)}")
        return self.tracks[track]

    def command(self) -> str:
        """The command that makes all results of the suite."""
        data = " --data FOLDER" if self.needs_data else ""
        return f"python -m benchmarks.run --suite {self.name}{data}"


def n_worlds(document: Document) -> int:
    """How many worlds the tables are the mean of."""
    return int(document["scenario"].get("worlds", 1))


def period(document: Document) -> str:
    """The days of the runs, in words."""
    scenario, worlds = document["scenario"], n_worlds(document)
    days = f"{scenario['days']} days from {scenario['start'][:10]}"
    return days if worlds == 1 else f"mean of {worlds} worlds, each {days}"


def interval_words(document: Document) -> str:
    """What the brackets mean."""
    drawn, worlds = document["statistics"], n_worlds(document)
    source, another = ",", "another year of the same kind would differ"
    if worlds > 1:
        source = f" from all {worlds} worlds, each block from one of them,"
        another = f"the mean of {worlds} other years of the same kind would differ"
    return (
        f"Brackets: 95 % intervals from {drawn['n_resamples']:,} resamples of blocks of "
        f"{drawn['block_days']} consecutive days{source} drawn alike for the policy and both "
        f"ends of the scale, and for scores of the seeds where there are several. They say how "
        f"much {another}. Values are interquartile means over seeds."
    )


def trained(env_ids: Collection[str]) -> dict[tuple[str, int], Any]:
    """The trained agents that play one of these environments, by name and seed."""
    loaded = import_module("agents.policy").load_agents()
    return {(agent.name, agent.seed): agent for agent in loaded if agent.env_id in env_ids}


def with_agents(baselines: Collection[str], agents: Any) -> Contestants:
    """Contestants of these baselines and of the agents that a call gives, if it can."""
    names = tuple(baselines)
    try:
        learned = tuple(agents())
    except ModuleNotFoundError as error:
        if error.name not in AGENT_PACKAGES:
            raise
        return Contestants(names, (), f"trained agents, because there is no module {error.name}")
    if clash := {name for name, _ in learned} & set(names):
        raise InvalidInputError("agents", clash, "give agents other names than the baselines have")
    return Contestants(names, learned, None if learned else "trained agents: none was found")

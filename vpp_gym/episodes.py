"""Episodes: which part of which scenario a run plays, drawn from a seed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from vpp_gym.arrays import Ints
from vpp_gym.errors import InvalidInputError
from vpp_gym.scenarios.columns import whole


class EpisodeSpan(NamedTuple):
    """Steps start to end - 1 of a scenario of the source."""

    scenario: int
    start: int
    end: int


class EpisodeDays(NamedTuple):
    """Where episodes of a scenario may begin and end.

    Attributes:
        start: (n,) steps at which days of episodes begin, and end.
        end: step before which an episode without a length ends.
    """

    start: Ints
    end: int


@dataclass(frozen=True, slots=True)
class DrawnSpans:
    """Spans of episodes that were drawn: within their scenarios.

    Attributes:
        scenario: (n,) of the source.
        start: (n,) first steps.
        end: (n,) steps behind the last.
    """

    scenario: Ints
    start: Ints
    end: Ints

    def __len__(self) -> int:
        return len(self.scenario)

    def __iter__(self) -> Iterator[EpisodeSpan]:
        columns = self.scenario.tolist(), self.start.tolist(), self.end.tolist()
        return map(EpisodeSpan, *columns)


Spans = Sequence[EpisodeSpan] | DrawnSpans
"""Spans of episodes."""


class EpisodeTable:
    """All episodes that may be drawn where no options are given, to draw many of them at once.

    Args:
        days: of each scenario.
        length: days of an episode; None: from the first day to the end of the scenario.

    Attributes:
        complete: there are episodes in every scenario; without them nothing can be drawn.
    """

    def __init__(self, days: Sequence[EpisodeDays], length: int | None) -> None:
        spans = [_spans_of(one, length) for one in days]
        self._counts = [len(start) for start, _ in spans]
        self.complete = 0 not in self._counts
        self._first = np.cumsum([0, *self._counts[:-1]]).tolist()
        self._scenario = np.repeat(np.arange(len(days)), self._counts)
        self._start, self._end = (np.concatenate(part) for part in zip(*spans, strict=True))

    def draw(self, generators: Sequence[np.random.Generator]) -> DrawnSpans:
        """An episode from each generator: those that `draw_episode` draws without options."""
        counts, first, n_scenarios = self._counts, self._first, len(self._counts)
        at = []
        for generator in generators:
            # Of one alone a generator draws nothing.
            scenario = int(generator.integers(n_scenarios)) if n_scenarios > 1 else 0
            count = counts[scenario]
            chosen = int(generator.integers(count)) if count > 1 else 0
            at.append(first[scenario] + chosen)
        rows = np.array(at, dtype=np.int64)
        return DrawnSpans(self._scenario[rows], self._start[rows], self._end[rows])


def _spans_of(days: EpisodeDays, length: int | None) -> tuple[Ints, Ints]:
    """First steps of the episodes of a scenario, and the steps behind their last ones."""
    start, end = days
    if length is None:
        first = start[start < end][:1]
        return first, np.full(len(first), end)
    return start[:-length], start[length:]


def draw_episode(
    generator: np.random.Generator,
    options: Mapping[str, Any],
    n_scenarios: int,
    days: int | None,
    days_of: Callable[[int], EpisodeDays],
) -> EpisodeSpan:
    """An episode, where the options leave something to draw.

    Args:
        generator: of the run.
        options: `scenario`, `start_day` and `episode_days`.
        n_scenarios: how many there are.
        days: length of an episode; None: from the first day to the end of the scenario.
        days_of: where episodes of a scenario may begin and end.

    Raises:
        InvalidInputError: an unknown option, or one that does not suit the scenario drawn.
    """
    unknown = sorted(set(options) - {"scenario", "start_day", "episode_days"}) if options else []
    if unknown:
        raise InvalidInputError("options", unknown[0], "use scenario, start_day or episode_days")
    drawn = int(generator.integers(n_scenarios))
    scenario = _chosen(options, "scenario", drawn, n_scenarios)
    start, end = days_of(scenario)
    length = options.get("episode_days", days)
    if length is None:
        first = _chosen(options, "start_day", 0, int((start < end).sum()))
        return EpisodeSpan(scenario, int(start[first]), end)
    field = "options.episode_days" if "episode_days" in options else "episode_days"
    length = whole(field, length, least=1)
    n_starts = len(start) - length
    if n_starts < 1:
        remedy = f"the scenario allows 1 to {len(start) - 1}, or None"
        raise InvalidInputError(field, length, remedy)
    first = _chosen(options, "start_day", int(generator.integers(n_starts)), n_starts)
    return EpisodeSpan(scenario, int(start[first]), int(start[first + length]))


def _chosen(options: Mapping[str, Any], name: str, default: int, count: int) -> int:
    """The option, a number of 0 to count - 1, or the default."""
    if default < count and name not in options:
        return default
    field = f"options.{name}"
    number = whole(field, options.get(name, default), least=0)
    if number >= count:
        raise InvalidInputError(field, number, f"give 0 to {count - 1}")
    return number

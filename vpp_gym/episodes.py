"""Episodes: which part of which scenario a run plays, drawn from a seed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
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
    unknown = sorted(set(options) - {"scenario", "start_day", "episode_days"})
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
    field = f"options.{name}"
    number = whole(field, options.get(name, default), least=0)
    if number >= count:
        raise InvalidInputError(field, number, f"give 0 to {count - 1}")
    return number

"""Episodes: which stretch of which scenario a run plays, drawn from a seed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from vpp_gym.errors import InvalidInputError
from vpp_gym.params import VPPParams
from vpp_gym.scenarios.columns import whole
from vpp_gym.scenarios.scenario import Scenario
from vpp_gym.scenarios.source import ScenarioSource
from vpp_gym.simulation.dataset import Dataset, build_dataset
from vpp_gym.simulation.simulation import Simulation


class EpisodeSpan(NamedTuple):
    """Steps start to end - 1 of a scenario of the source, from a gate closure on."""

    scenario: int
    start: int
    end: int


class Episodes:
    """Draws episodes for a batch of runs, and places the runs in the simulator.

    Args:
        source: the worlds that episodes are drawn from.
        params: rules of the world.
        n_envs: batch size.
        preload: lay all scenarios of the source in one dataset, as a batch needs;
            otherwise each is loaded when an episode is drawn from it.
        days: from gate closure to gate closure; None: to the end of the scenario,
            from its first gate.
    """

    def __init__(
        self,
        source: ScenarioSource,
        params: VPPParams,
        n_envs: int,
        preload: bool,
        days: int | None,
    ) -> None:
        self.source, self._params, self._days = source, params, days
        self._preload = preload
        self._datasets: dict[int, tuple[Scenario, Dataset]] = {}
        count = source.n_scenarios if preload else 1
        self.simulation = Simulation([source.scenario(k) for k in range(count)], params, n_envs)
        self._loaded = 0
        self._starts: dict[int, tuple[NDArray[np.int64], int]] = {}

    def draw(
        self, generators: Sequence[np.random.Generator], options: Mapping[str, Any] | None
    ) -> list[EpisodeSpan]:
        """One episode from each generator, where the options leave something to draw.

        Raises:
            InvalidInputError: options that do not suit one of the scenarios drawn.
        """
        if not isinstance(options, Mapping | None):
            raise InvalidInputError("options", options, "give a mapping, or None")
        chosen = dict(options or {})
        return [self._draw(generator, chosen) for generator in generators]

    def place(self, runs: NDArray[np.int64], drawn: Sequence[EpisodeSpan]) -> None:
        """Begin an episode in each of some runs."""
        scenario, start, end = np.array(drawn, dtype=np.int64).T
        place = scenario if self._preload else self._load(int(scenario[0]))
        self.simulation.reset(place, start, end, runs=runs)

    def _draw(self, generator: np.random.Generator, options: dict[str, Any]) -> EpisodeSpan:
        unknown = sorted(set(options) - {"scenario", "start_day", "episode_days"})
        if unknown:
            raise InvalidInputError(
                "options", unknown[0], "use scenario, start_day or episode_days"
            )
        drawn = int(generator.integers(self.source.n_scenarios))
        scenario = _chosen(options, "scenario", drawn, self.source.n_scenarios)
        gates, n_steps = self._gates(scenario)
        days = options.get("episode_days", self._days)
        if days is None:
            start = _chosen(options, "start_day", 0, len(gates))
            return EpisodeSpan(scenario, int(gates[start]), n_steps)
        field = "options.episode_days" if "episode_days" in options else "episode_days"
        days = whole(field, days, least=1)
        n_starts = len(gates) - days
        if n_starts < 1:
            raise InvalidInputError(
                field, days, f"the scenario allows 1 to {len(gates) - 1}, or None"
            )
        start = _chosen(options, "start_day", int(generator.integers(n_starts)), n_starts)
        return EpisodeSpan(scenario, int(gates[start]), int(gates[start + days]))

    def _gates(self, scenario: int) -> tuple[NDArray[np.int64], int]:
        """Steps of the gate closures of a scenario, and its length."""
        if scenario not in self._starts:
            period = self.source.scenario(scenario).period
            gates = np.flatnonzero(period == self.simulation.rules.gate_period)
            self._starts[scenario] = gates, len(period)
        gates, n_steps = self._starts[scenario]
        if gates.size == 0:
            raise InvalidInputError(
                "scenario", f"{n_steps} steps", "an episode starts at a gate closure; add a day"
            )
        return gates, n_steps

    def _load(self, scenario: int) -> int:
        """Place of the scenario in the simulation's dataset, which holds one at a time."""
        if scenario != self._loaded:
            if scenario not in self._datasets:
                world = self.source.scenario(scenario)
                self._datasets[scenario] = world, build_dataset([world], self._params)
            world, dataset = self._datasets[scenario]
            self.simulation.load(world, dataset)
            self._loaded = scenario
        return 0


def _chosen(options: Mapping[str, Any], name: str, default: int, count: int) -> int:
    """The option, a number of 0 to count - 1, or the default."""
    field = f"options.{name}"
    number = whole(field, options.get(name, default), least=0)
    if number >= count:
        raise InvalidInputError(field, number, f"give 0 to {count - 1}")
    return number

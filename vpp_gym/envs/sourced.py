"""The simulator of an environment: its scenarios come from a source, all or one at a time."""

from __future__ import annotations

import numpy as np

from vpp_gym.arrays import Ints
from vpp_gym.episodes import DrawnSpans, Spans
from vpp_gym.params import VPPParams
from vpp_gym.scenarios.scenario import Scenario
from vpp_gym.scenarios.source import FixedSource, OfSource, ScenarioSource
from vpp_gym.simulation.arguments import distinct_rows
from vpp_gym.simulation.dataset import Dataset, build_dataset
from vpp_gym.simulation.simulation import Simulation


class SourcedSimulation(OfSource, Simulation):
    """Runs placed in episodes of a source's scenarios.

    Args:
        source: of the scenarios.
        params: rules of the world.
        n_envs: batch size. A batch has all scenarios side by side; a single run has one at a
            time, loaded when an episode is drawn from it.
    """

    read = OfSource.read | {"_loaded"}

    def __init__(self, source: ScenarioSource, params: VPPParams, n_envs: int) -> None:
        self.source = source
        # All scenarios share the sizes of actions, also those that are loaded later.
        self._least_slots = source.slots_per_day if isinstance(source, FixedSource) else 0
        self._numbers = tuple(range(source.n_scenarios if n_envs > 1 else 1))
        self._loaded: dict[tuple[int, ...], tuple[list[Scenario], Dataset]] = {}
        super().__init__([source.scenario(k) for k in self._numbers], params, n_envs)
        self._loaded[self._numbers] = self.scenarios, self.dataset

    def begin(self, runs: Ints, spans: Spans) -> None:
        """Begin an episode in each of some runs."""
        if isinstance(spans, DrawnSpans):
            first = self.dataset.first_step[spans.scenario]
            rows = distinct_rows(runs, self.n_envs)
            self._start(rows, spans.scenario, first + spans.start, first + spans.end)
            return
        scenario, start, end = np.array(spans, dtype=np.int64).T
        if self.n_envs == 1:
            self._load((int(scenario[0]),))
            scenario = np.zeros_like(scenario)
        self.reset(scenario, start, end, runs=runs)

    def _load(self, numbers: tuple[int, ...]) -> None:
        if numbers == self._numbers:
            return
        if numbers not in self._loaded:
            scenarios = [self.source.scenario(k) for k in numbers]
            self._loaded[numbers] = scenarios, build_dataset(scenarios, self.params)
        self.load(*self._loaded[numbers])
        self._numbers = numbers

    def _read(self) -> None:
        self.scenarios = [self.source.scenario(k) for k in self._numbers]
        self.dataset = build_dataset(self.scenarios, self.params)
        self._loaded = {self._numbers: (self.scenarios, self.dataset)}

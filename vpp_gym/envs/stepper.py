"""Steps a batch by its kernel, alone or with a fixed number of threads."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np

from vpp_gym.arrays import Floats, Observations
from vpp_gym.envs.market_table import MarketTable
from vpp_gym.envs.step_kernel import (
    ActionSpec,
    decode_batch,
    step_batch,
    step_given,
    step_memory,
)
from vpp_gym.envs.threads import Threads
from vpp_gym.kernels import bind
from vpp_gym.markets.ledger import TERMS
from vpp_gym.scenarios.columns import whole
from vpp_gym.simulation.simulation import Simulation
from vpp_gym.simulation.state import State, scratch_for

PLACES = 1_600
"""Least number of chargers of a thread's runs: waking one for less costs more than it saves."""

NOTHING = (None, None, None)
"""Nothing is bound yet."""


class BatchStepper:
    """Steps the runs of a simulation by their actions, shared by a fixed number of threads.

    Runs do not touch each other, so any split gives the same bits. A batch that is too small to
    be shared is stepped by one thread.

    Args:
        simulation: of the runs.
        how: how actions are read.
        threads: that share the batch.

    Raises:
        InvalidInputError: threads is no whole number from 1 up.
    """

    def __init__(self, simulation: Simulation, how: ActionSpec, threads: int = 1) -> None:
        self._how, n_envs, chargers = how, simulation.n_envs, simulation.n_chargers
        worth = max(n_envs * chargers // PLACES, 1)
        count = min(whole("threads", threads, least=1), n_envs, worth)
        edges = np.linspace(0, n_envs, count + 1).astype(int).tolist()
        self._parts = [slice(a, b) for a, b in itertools.pairwise(edges)]
        size = len(how.per_scale)
        self._memory = [
            (scratch_for(chargers), step_memory(chargers, simulation.slots, size))
            for _ in self._parts
        ]
        self._threads = Threads(count)
        self._bound: tuple[Any, ...] = NOTHING
        self._calls: list[tuple[Callable[..., None], tuple[Any, ...]]] = []
        self._compiled: dict[tuple[Any, ...], Callable[..., None]] = {}

    def step(
        self, simulation: Simulation, market: MarketTable, actions: Floats, pending_bids: Floats
    ) -> tuple[Floats, Observations]:
        """Step every run: (B, K) records and (B, size) observations.

        Args:
            simulation: of the runs.
            market: columns of the observation that were made before.
            actions: (B, A) in [-1, 1].
            pending_bids: (B, S) entries of the next bid schedule, or kWh; changed in place.
        """
        records, observations = self._results(len(actions))
        given = actions, pending_bids, records, observations
        dataset, state, before = simulation.dataset, simulation.state, self._bound
        if dataset is not before[0] or state is not before[1] or market is not before[2]:
            self._bind(simulation, market, given)
        if len(self._calls) == 1:
            step, fixed = self._calls[0]
            step(*fixed, *given)
            return records, observations

        def step_part(k: int) -> None:
            step, fixed = self._calls[k]
            step(*fixed, *(array[self._parts[k]] for array in given))

        self._threads.each(step_part)
        return records, observations

    def _bind(self, simulation: Simulation, market: MarketTable, given: tuple[Any, ...]) -> None:
        """Look up the compiled step for the arrays that stay the same from step to step."""
        dataset, rules, state = simulation.dataset, simulation.rules, simulation.state
        self._calls = []
        for own, (scratch, memory) in zip(self._parts, self._memory, strict=True):
            part = _part_of(state, own)
            fixed = dataset, rules, part, self._how, market, scratch, memory
            arguments = (*fixed, *(array[own] for array in given))
            kinds = _kinds(arguments)
            if kinds not in self._compiled:
                self._compiled[kinds] = bind(step_batch, *arguments)
            self._calls.append((self._compiled[kinds], fixed))
        self._bound = dataset, state, market

    def decoded_kwh(self, simulation: Simulation, actions: Floats) -> Floats:
        """(B, N) net load that the actions stand for."""
        net_load_kwh = np.empty((len(actions), simulation.n_chargers))
        how, scratch = self._how, self._memory[0][0]
        decode_batch(simulation.rules, simulation.state, how, actions, net_load_kwh, scratch)
        return net_load_kwh

    def step_with(
        self,
        simulation: Simulation,
        market: MarketTable,
        net_load_kwh: Floats,
        actions: Floats,
        pending_bids: Floats,
    ) -> tuple[Floats, Observations]:
        """Step every run with (B, N) net loads that are decided already; the rest as in `step`."""
        records, observations = self._results(len(actions))
        given: tuple[Any, ...] = actions, net_load_kwh, pending_bids, records, observations

        def step_part(k: int) -> None:
            own = self._parts[k]
            step_given(
                simulation.dataset,
                simulation.rules,
                _part_of(simulation.state, own),
                self._how,
                market,
                self._memory[k][1],
                *(array[own] for array in given),
            )

        self._threads.each(step_part)
        return records, observations

    def _results(self, n: int) -> tuple[Floats, Observations]:
        records = np.empty((n, len(TERMS)))
        return records, np.empty((n, len(self._how.per_scale)), dtype=np.float32)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_bound": NOTHING, "_calls": [], "_compiled": {}}


def _kinds(value: Any) -> Any:
    """What decides which compiled code takes a value: equal where the same code does.

    Another scenario brings other arrays of the same kinds, at every reset of a single environment.
    To compare kinds takes microseconds, where the compiler takes a millisecond to name their types.
    """
    if isinstance(value, np.ndarray):
        return value.dtype, value.ndim, value.flags.num
    if isinstance(value, tuple):
        return (type(value), *map(_kinds, value))
    return type(value)


def _part_of(state: State, own: slice) -> State:
    return State._make(array[own] for array in state)

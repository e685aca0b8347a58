"""Steps a batch by its kernel, alone or with a fixed number of threads."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from vpp_gym.arrays import Floats, Observations
from vpp_gym.envs.market_table import MarketTable
from vpp_gym.envs.shared_step import Given, SharedStep
from vpp_gym.envs.step_kernel import (
    ActionSpec,
    decode_batch,
    step_batch,
    step_given,
    step_memory,
)
from vpp_gym.envs.threads import Threads
from vpp_gym.kernels import COMPILED, BoundCalls
from vpp_gym.markets.ledger import TERMS
from vpp_gym.scenarios.columns import whole
from vpp_gym.simulation.simulation import Simulation
from vpp_gym.simulation.state import State, scratch_for

PLACES = 4_800
"""Least number of chargers of a thread's runs: waking one for less costs more than it saves."""

NOTHING = (None, None, None)
"""Nothing is bound yet."""


class _Part:
    """What a thread works with.

    Args:
        own: its runs.
        simulation: of all runs.
        size: of an observation.
    """

    def __init__(self, own: slice, simulation: Simulation, size: int) -> None:
        self.own, chargers = own, simulation.n_chargers
        self.scratch = scratch_for(chargers)
        self.memory = step_memory(chargers, simulation.slots, size)
        self.call = BoundCalls()


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
        owned = itertools.starmap(slice, itertools.pairwise(edges))
        self._parts = [_Part(own, simulation, len(how.per_scale)) for own in owned]
        self._threads = Threads(count)
        self._bound: tuple[Any, ...] = NOTHING
        self._whole: State | None = None
        self._states: list[State] = []
        self._step: Callable[[Given], None] | None = None

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
        given = Given(actions, pending_bids, records, observations)
        dataset, state, before = simulation.dataset, simulation.state, self._bound
        if dataset is not before[0] or state is not before[1] or market is not before[2]:
            self._bind(simulation, market, given)
        assert self._step is not None
        self._step(given)
        return records, observations

    def _bind(self, simulation: Simulation, market: MarketTable, given: Given) -> None:
        """Look up the compiled step for the arrays that stay the same from step to step."""
        dataset, rules, state = simulation.dataset, simulation.rules, simulation.state
        parts = zip(self._parts, self._states_of(state), strict=True)
        fixed = [
            (dataset, rules, own_state, self._how, market, part.scratch, part.memory)
            for part, own_state in parts
        ]
        if len(fixed) == 1 or not COMPILED:
            self._step = self._by_parts(fixed, given)
        else:
            owned, call = [part.own for part in self._parts], self._parts[0].call
            self._step = SharedStep(self._threads, owned, fixed, given, call)
        self._bound = dataset, state, market

    def _by_parts(self, fixed: Sequence[tuple[Any, ...]], given: Given) -> Callable[[Given], None]:
        """Steps of a single part, or of threads that wait in the interpreter."""
        parts = list(zip(self._parts, fixed, strict=True))
        codes = [
            part.call.code(step_batch, *of_part, *(array[part.own] for array in given))
            for part, of_part in parts
        ]
        if len(parts) == 1:
            step, only = codes[0], fixed[0]
            return lambda given: step(*only, *given)

        def step_part(given: Given, k: int) -> None:
            part, of_part = parts[k]
            codes[k](*of_part, *(array[part.own] for array in given))

        return lambda given: self._threads.each(partial(step_part, given))

    def _states_of(self, state: State) -> list[State]:
        """The state of the runs of each part: the same objects as long as the state is the same."""
        if state is not self._whole:
            self._states = [State._make(array[part.own] for array in state) for part in self._parts]
            self._whole = state
        return self._states

    def decoded_kwh(self, simulation: Simulation, actions: Floats) -> Floats:
        """(B, N) net load that the actions stand for."""
        net_load_kwh, first = np.empty((len(actions), simulation.n_chargers)), self._parts[0]
        same = simulation.rules, simulation.state, self._how
        first.call(decode_batch, same, actions, net_load_kwh, first.scratch)
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
        dataset, rules = simulation.dataset, simulation.rules
        states = self._states_of(simulation.state)

        def step_part(k: int) -> None:
            part = self._parts[k]
            same = dataset, rules, states[k], self._how, market, part.memory
            part.call(step_given, same, *(array[part.own] for array in given))

        self._threads.each(step_part)
        return records, observations

    def _results(self, n: int) -> tuple[Floats, Observations]:
        records = np.empty((n, len(TERMS)))
        return records, np.empty((n, len(self._how.per_scale)), dtype=np.float32)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_bound": NOTHING, "_whole": None, "_states": [], "_step": None}

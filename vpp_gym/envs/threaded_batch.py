"""Threads that share a batch: runs do not touch each other, so any split gives the same bits."""

from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from vpp_gym.arrays import Floats, Observations
from vpp_gym.envs.step_kernel import ActionSpec, step_batch, step_memory
from vpp_gym.scenarios.columns import whole
from vpp_gym.simulation.dataset import Dataset
from vpp_gym.simulation.state import Rules, State, scratch_for


class ThreadedBatch:
    """Steps a batch of n_envs runs with a fixed number of threads.

    Raises:
        InvalidInputError: threads is no whole number from 1 up.
    """

    def __init__(self, n_envs: int, threads: int, n_chargers: int, periods: int, size: int) -> None:
        count = min(whole("threads", threads, least=1), n_envs)
        edges = np.linspace(0, n_envs, count + 1).astype(int).tolist()
        self._parts = [slice(a, b) for a, b in itertools.pairwise(edges)]
        self._scratch = [
            (scratch_for(n_chargers), step_memory(n_chargers, periods, size)) for _ in self._parts
        ]
        self._pool: ThreadPoolExecutor | None = None

    def run(
        self,
        dataset: Dataset,
        rules: Rules,
        state: State,
        how: ActionSpec,
        actions: Floats,
        draft: Floats,
        record: Floats,
        out: Observations,
    ) -> None:
        """Step every run; the arguments are those of `step_batch`."""
        if len(self._parts) == 1:
            step_batch(dataset, rules, state, how, actions, draft, record, out, *self._scratch[0])
            return
        if self._pool is None:
            self._pool = ThreadPoolExecutor(len(self._parts) - 1)

        def part(k: int) -> None:
            own = self._parts[k]
            mine = State._make(array[own] for array in state)
            step_batch(
                dataset,
                rules,
                mine,
                how,
                actions[own],
                draft[own],
                record[own],
                out[own],
                *self._scratch[k],
            )

        others = [self._pool.submit(part, k) for k in range(1, len(self._parts))]
        part(0)
        for other in others:
            other.result()

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_pool": None}

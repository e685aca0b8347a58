"""The step of a batch that threads share: each takes its runs, and waits in compiled code.

The thread that asks notes for each of the others where their rows are, and says so by a signal;
each steps its runs as `vpp_gym.envs.step_kernel` does and says that it has. Who has waited for
long goes to sleep, and has to be woken through the interpreter.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from vpp_gym.arrays import Floats, Ints, Observations
from vpp_gym.envs.market_table import MarketTable
from vpp_gym.envs.step_kernel import ActionSpec, StepMemory, step_batch
from vpp_gym.envs.threads import Threads
from vpp_gym.kernels import BoundCalls, njit
from vpp_gym.signals import address_of, pause, rows_at, seen, shown, swapped
from vpp_gym.simulation.dataset import Dataset
from vpp_gym.simulation.state import Rules, Scratch, State

SIGNAL, ACTIONS, BIDS, RECORDS, OUT, FIRST = range(6)
"""What the numbers of a thread say: how far it is, where its rows are, and its first run."""
NUMBERS = 16
"""Of each thread: two lines of memory, so that no thread waits for what another one writes."""
ASLEEP, AWAKE, ASKED = range(3)
"""How far a thread is: it has to be woken, it waits for a step, or it has one to do."""
PATIENCE = 4_000
"""Looks at a signal until a thread stops waiting: some 100 microseconds."""
SLEEP_S = 2e-5
"""Between looks at threads that take long: what else runs has the processor meanwhile."""
WAKE_AFTER_S = 0.1
"""A thread that has not answered by then is woken again."""


class Given(NamedTuple):
    """What differs from step to step, and what comes of it: see `step_batch`."""

    actions: Floats  # (B, A)
    pending_bids: Floats  # (B, S)
    records: Floats  # (B, K)
    out: Observations  # (B, size)


def numbers_of(first: list[int]) -> Ints:
    """(n, `NUMBERS`) numbers of threads that are asleep, by the first run of each."""
    numbers = np.zeros((len(first), NUMBERS), dtype=np.int64)
    numbers[:, FIRST] = first
    return numbers


@njit(nogil=True)
def ask(numbers: Ints, given: Given) -> int:
    """Have the other threads step their runs.

    Args:
        numbers: (n, `NUMBERS`) of the threads, none of which has a step to do.
        given: of all runs; it must be kept until `answered`.

    Returns:
        How many threads have to be woken.
    """
    asleep = 0
    for k in range(len(numbers)):
        mine, first = numbers[k], numbers[k, FIRST]
        mine[ACTIONS] = address_of(given.actions, first)
        mine[BIDS] = address_of(given.pending_bids, first)
        mine[RECORDS] = address_of(given.records, first)
        mine[OUT] = address_of(given.out, first)
        if shown(mine, SIGNAL, ASKED) == ASLEEP:
            asleep += 1
    return asleep


@njit(nogil=True)
def answered(numbers: Ints) -> bool:
    """Wait until all threads have stepped their runs; False: it takes longer."""
    for k in range(len(numbers)):
        patience = PATIENCE
        while seen(numbers[k], SIGNAL) == ASKED:
            if patience == 0:
                return False
            patience -= 1
            pause()
    return True


@njit(nogil=True)
def serve(
    numbers: Ints,
    dataset: Dataset,
    rules: Rules,
    state: State,
    how: ActionSpec,
    market: MarketTable,
    scratch: Scratch,
    memory: StepMemory,
    like: Given,
) -> None:
    """Step the runs of a thread whenever it is asked to, until nobody has asked for long.

    Args:
        numbers: (`NUMBERS`,) of the thread.
        dataset: as the next ones in `step_batch`, for the runs of the thread.
        rules: parameters.
        state: of its runs.
        how: how actions are read.
        market: columns of the observation.
        scratch: working memory.
        memory: working memory.
        like: of the same kinds and widths as what is given.
    """
    patience, n_runs = PATIENCE, len(state.run)
    while True:
        signal = seen(numbers, SIGNAL)
        if signal == ASKED:
            step_batch(
                dataset,
                rules,
                state,
                how,
                market,
                scratch,
                memory,
                rows_at(numbers[ACTIONS], n_runs, like.actions),
                rows_at(numbers[BIDS], n_runs, like.pending_bids),
                rows_at(numbers[RECORDS], n_runs, like.records),
                rows_at(numbers[OUT], n_runs, like.out),
            )
            shown(numbers, SIGNAL, AWAKE)
            patience = PATIENCE
        elif patience > 0 and signal == AWAKE:
            patience -= 1
            pause()
        elif signal == ASLEEP or swapped(numbers, SIGNAL, AWAKE, ASLEEP):
            return


class SharedStep:
    """Steps a batch by a part for each thread.

    Args:
        threads: as many as parts.
        parts: runs of each.
        fixed: of each, what `step_batch` gets before what is given.
        given: of a step, whose arrays are like those of all.
        call: that looks up compiled code.
    """

    def __init__(
        self,
        threads: Threads,
        parts: Sequence[slice],
        fixed: Sequence[tuple[Any, ...]],
        given: Given,
        call: BoundCalls,
    ) -> None:
        self._threads, self._own, self._fixed = threads, parts[0], fixed[0]
        self._numbers = numbers = numbers_of([part.start for part in parts[1:]])
        self._given, self._busy = given, False
        like = Given._make(array[:0].copy() for array in given)
        self._step = call.code(step_batch, *fixed[0], *self._mine(given))
        self._ask, self._answered = call.code(ask, numbers, given), call.code(answered, numbers)
        args = [(numbers[k], *of_part, like) for k, of_part in enumerate(fixed[1:])]
        self._serves = [(call.code(serve, *of_part), of_part) for of_part in args]

    def __call__(self, given: Given) -> None:
        """Step every run, and wait until all have been stepped."""
        if self._busy:  # an interrupt came while threads were at work
            self._wait()
        self._given, self._busy = given, True
        try:
            if self._ask(self._numbers, given) > 0 or not self._threads.started:
                self._threads.begin(self._serve)
            self._step(*self._fixed, *self._mine(given))
        finally:
            if not self._answered(self._numbers):
                self._wait()
        self._busy = False

    def _mine(self, given: Given) -> tuple[Any, ...]:
        """The rows of the thread that asks."""
        return tuple(array[self._own] for array in given)

    def _serve(self, part: int) -> None:
        serve_part, args = self._serves[part - 1]
        serve_part(*args)

    def _wait(self) -> None:
        """Wait for threads that take longer; one that an interrupt kept asleep is woken."""
        begun = time.monotonic()
        while not self._answered(self._numbers):
            time.sleep(SLEEP_S)
            if time.monotonic() - begun > WAKE_AFTER_S:
                self._threads.begin(self._serve)
                begun = time.monotonic()

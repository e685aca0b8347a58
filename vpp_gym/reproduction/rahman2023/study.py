"""All runs of the case study, each made once, some at a time beside one another."""

from __future__ import annotations

import os
from collections.abc import Callable, Container, Iterable
from concurrent.futures import as_completed
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from vpp_gym.reproduction.rahman2023.case import CaseStudy
from vpp_gym.reproduction.rahman2023.outcome import Outcome, outcome_of
from vpp_gym.reproduction.rahman2023.published import NO_CONTROL, TABLE_2, Row
from vpp_gym.reproduction.rahman2023.rules import PAPER_RULES, Rules, of_the_load
from vpp_gym.reproduction.rahman2023.run import case_in, run_row, schedules_of
from vpp_gym.reproduction.rahman2023.run_records import RunRecords
from vpp_gym.reproduction.rahman2023.together import run_together
from vpp_gym.workers import worker_pool

Progress = Callable[[int, int], None]


class Task(NamedTuple):
    """A run to make."""

    row: Row
    rules: Rules = PAPER_RULES


Batch = tuple[Task, ...]
"""Runs that are made at once."""


class Study:
    """Makes runs, and remembers them.

    Args:
        folder: of the data.
        jobs: processes; 0 works in this one.
    """

    def __init__(self, folder: Path, jobs: int = 0) -> None:
        self.folder, self.jobs = folder, jobs
        self._books: dict[Task, RunRecords] = {}

    @property
    def case(self) -> CaseStudy:
        """The data."""
        return case_in(self.folder)

    def make(self, tasks: Iterable[Task], progress: Progress = lambda _done, _all: None) -> None:
        """Make runs that were not made yet, and those that their revenue is taken from."""
        wanted = {each: None for task in tasks for each in (_run_of(task), _revenue_run(task))}
        todo = [
            task
            for task in wanted
            if task not in self._books
            and (_honest(task) == task or not self._has_honest_twin(task, wanted))
        ]
        done = 0
        progress(done, len(todo))
        for made in self._made(_batches(todo)):
            self._books.update(made)
            done += len(made)
            progress(done, len(todo))

    def outcome(self, row: Row, rules: Rules = PAPER_RULES) -> Outcome:
        """A row of Table 2 under the given rules."""
        task = Task(row, rules)
        self.make([task])
        revenue_eur = None
        if rules.quirks.revenue_of_no_control:
            no_control = self._known(_revenue_run(task))
            revenue_eur = outcome_of(NO_CONTROL, no_control).revenue_eur
        books = self._known(_run_of(task))
        if rules.bids != "honest":
            schedules_kwh = schedules_of(self.case, row, rules)
            books = books.with_bids(schedules_kwh, *self.case.prices_eur_per_kwh(rules.quirks))
        return outcome_of(row, books, revenue_eur)

    def _has_honest_twin(self, task: Task, wanted: Container[Task]) -> bool:
        """Whether the same loads are made with honest bids, which can be taken away."""
        return _honest(task) in self._books or _honest(task) in wanted

    def _known(self, task: Task) -> RunRecords:
        books = self._books.get(task)
        return self._books[_honest(task)] if books is None else books

    def _made(self, batches: list[Batch]) -> Iterable[dict[Task, RunRecords]]:
        if self.jobs < 2 or len(batches) < 2:
            yield from (make_batch(self.folder, batch) for batch in batches)
            return
        # One thread each: the processes share the cores already.
        os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1"))
        with worker_pool(self.jobs) as pool:
            futures = [pool.submit(make_batch, self.folder, batch) for batch in batches]
            try:
                yield from (future.result() for future in as_completed(futures))
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise


def make_batch(folder: Path, batch: Batch) -> dict[Task, RunRecords]:
    """RunRecords of runs that differ in the seed of their owners alone."""
    row, rules = batch[0]
    if _evaluated(batch[0]):
        return {task: RunRecords.of(run_row(folder, *task)) for task in batch}
    books = run_together(folder, row, rules, [task.row.type_seed for task in batch])
    return dict(zip(batch, books, strict=True))


def _batches(tasks: list[Task]) -> list[Batch]:
    """Runs to make at once, the largest first."""
    batches: dict[Task, list[Task]] = {}
    for task in tasks:
        alone = _evaluated(task) or task.row in TABLE_2
        batches.setdefault(task if alone else _whoever_owns(task), []).append(task)
    return sorted(map(tuple, batches.values()), key=len, reverse=True)


def _evaluated(task: Task) -> bool:
    """Whether `evaluate` makes the run: for rows as printed, and for bids written on the way."""
    return task.rules.bids == "honest" or (task.row in TABLE_2 and task == _run_of(Task(task.row)))


def _whoever_owns(task: Task) -> Task:
    return task._replace(row=replace(task.row, type_seed=-1))


def _run_of(task: Task) -> Task:
    return Task(task.row, of_the_load(*task))


def _honest(task: Task) -> Task:
    """The same run with honest bids; itself, if it has them."""
    return task._replace(rules=replace(task.rules, bids="honest"))


def _revenue_run(task: Task) -> Task:
    """The run whose revenue the row is credited with."""
    other = task.rules.quirks.revenue_of_no_control
    return _run_of(Task(NO_CONTROL, task.rules) if other else task)

"""All runs of the case study, each made once, some at a time beside one another."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import NamedTuple

from vpp_gym.evaluation.rollout import RunResult
from vpp_gym.reproduction.rahman2023.case import CaseStudy
from vpp_gym.reproduction.rahman2023.outcome import Outcome, outcome_of
from vpp_gym.reproduction.rahman2023.published import NO_CONTROL, Row
from vpp_gym.reproduction.rahman2023.rules import PAPER_RULES, Rules, that_matter
from vpp_gym.reproduction.rahman2023.run import case_in, run_row

Progress = Callable[[int, int], None]


class Task(NamedTuple):
    """A run to make."""

    row: Row
    rules: Rules = PAPER_RULES


class Study:
    """Makes runs, and remembers them.

    Args:
        folder: of the data.
        jobs: processes; 0 works in this one.
    """

    def __init__(self, folder: Path, jobs: int = 0) -> None:
        self.folder, self.jobs = folder, jobs
        self._results: dict[Task, RunResult] = {}

    @property
    def case(self) -> CaseStudy:
        """The data."""
        return case_in(self.folder)

    def make(self, tasks: Iterable[Task], progress: Progress = lambda _done, _all: None) -> None:
        """Make runs that were not made yet, and those that their revenue is taken from."""
        wanted = {each: None for task in tasks for each in (_run_of(task), _revenue_run(task))}
        todo = [task for task in wanted if task not in self._results]
        progress(0, len(todo))
        for done, (task, result) in enumerate(self._made(todo), start=1):
            self._results[task] = result
            progress(done, len(todo))

    def outcome(self, row: Row, rules: Rules = PAPER_RULES) -> Outcome:
        """A row of Table 2 under the given rules."""
        task = Task(row, rules)
        self.make([task])
        revenue_eur = None
        if rules.quirks.revenue_of_no_control:
            no_control = self._results[_revenue_run(task)]
            revenue_eur = outcome_of(NO_CONTROL, no_control).revenue_eur
        return outcome_of(row, self._results[_run_of(task)], revenue_eur)

    def _made(self, todo: list[Task]) -> Iterable[tuple[Task, RunResult]]:
        if self.jobs < 2 or len(todo) < 2:
            yield from ((task, run_row(self.folder, *task)) for task in todo)
            return
        # One thread each: the processes share the cores already.
        os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1"))
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(max_workers=self.jobs, mp_context=context) as pool:
            futures = {pool.submit(run_row, self.folder, *task): task for task in todo}
            try:
                for future in as_completed(futures):
                    yield futures[future], future.result()
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise


def _run_of(task: Task) -> Task:
    return Task(task.row, that_matter(task.row, task.rules))


def _revenue_run(task: Task) -> Task:
    """The run whose revenue the row is credited with."""
    other = task.rules.quirks.revenue_of_no_control
    return _run_of(Task(NO_CONTROL, task.rules) if other else task)

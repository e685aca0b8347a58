"""The runs of the benchmark: which, where they are kept, and how they are made."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from benchmarks.store import StoredRun, load_run, save_run
from benchmarks.suites import suite_of
from benchmarks.suites.base import Contestants, Run, Suite
from vpp_gym.engines import run_jobs
from vpp_gym.errors import InvalidInputError
from vpp_gym.evaluation.outside import outside_policy
from vpp_gym.files.names import checked_name


@dataclass(frozen=True)
class Task:
    """A run to make, and the file it goes to.

    Attributes:
        run: which policy in which scenario.
        key: digest of everything the result depends on.
        path: of the stored run.
        data: folder of real data.
        outside: where the code of the policy is, if it is no contestant.
    """

    run: Run
    key: str
    path: Path
    data: Path | None
    outside: str | None = None

    def is_stored(self, report: Callable[[str], object] = lambda reason: None) -> bool:
        """Whether the run need not be made again; nobody knows what outside code rests on.

        Args:
            report: called with the reason if the file of the run is of no use.

        Raises:
            InvalidInputError: the content of the file is not what was written.
        """
        return self.outside is None and load_run(self.path, self.key, report) is not None


def plan(
    everyone: Contestants,
    suite: Suite,
    *,
    tracks: Sequence[str] = (),
    policies: Sequence[str] = (),
    worlds: Sequence[int] | None = None,
    days: int | None = None,
    outside: Collection[str] = (),
) -> list[Run]:
    """All runs of a suite.

    Args:
        everyone: who takes part.
        suite: that they take part in.
        tracks: only these of it, where any are named.
        policies: only these and the two reference policies, where any are named.
        worlds: numbers of its scenarios; None: those on which policies rank.
        days: only so many from the first; None: all.
        outside: names of policies that are no contestants and run beside them.

    Raises:
        InvalidInputError: one of these is not there, or an outside policy has the name of a
            contestant.
    """
    worlds = range(suite.worlds) if worlds is None else worlds
    if not worlds or min(worlds) < 0 or max(worlds) >= suite.all_worlds:
        remedy = f"{suite.name} has {suite.all_worlds}, from 0 on: ask for 1 or more of them"
        raise InvalidInputError("worlds", list(worlds), remedy)
    known = {name for name, _ in everyone.entries}
    if unknown := set(policies) - known:
        raise InvalidInputError("policies", sorted(unknown), f"use {', '.join(sorted(known))}")
    if clash := known & set(outside):
        raise InvalidInputError("policy", sorted(clash), "take another name: that is a contestant")
    wanted = {*policies, suite.low, suite.high} if policies else known
    entries = [entry for entry in everyone.entries if entry[0] in wanted]
    for track in tracks:
        suite.check_track(track)
    return [
        Run(suite.name, track, name, seed, world, days)
        for track in tracks or suite.tracks
        for name, seed in (*entries, *((name, 0) for name in outside))
        for world in worlds
    ]


def task(
    run: Run,
    everyone: Contestants,
    *,
    digests: Mapping[str, Any],
    data: Path | None,
    out: Path,
    outside: Mapping[str, str],
) -> Task:
    """Where a run is stored, and under which key.

    Args:
        run: which policy in which scenario.
        everyone: who takes part.
        digests: of what the results rest on, see `benchmarks.results.digests_of`, and of the
            scenarios of each track by their numbers.
        data: folder of real data.
        out: folder of the results.
        outside: places of the policies that are no contestants, by name.
    """
    place = outside.get(run.policy)
    behind = place or digests["policies"][everyone.label(run.policy, run.seed)]
    world = digests["rules"][run.track], digests["scenarios"][run.track][str(run.world)]
    key = sha256(json.dumps([behind, world, asdict(run)]).encode()).hexdigest()[:16]
    length = "year" if run.days is None else f"{run.days}d"
    name = f"{checked_name(run.policy, 'policy')}.{run.seed}.{run.world}.{length}.json"
    return Task(run, key, out / "runs" / run.suite / run.track / name, data, place)


def made(todo: Task) -> StoredRun:
    """Make a run; the time taken leaves compilation out."""
    suite, run = suite_of(todo.run.suite), todo.run
    warm_up(suite.name, run.policy, run.seed, todo.data, todo.outside)
    outside = None if todo.outside is None else outside_policy(todo.outside)
    begun = time.perf_counter()
    days, metadata = suite.play(run, todo.data, outside)
    wall_s = time.perf_counter() - begun
    columns = {str(name): column.tolist() for name, column in days.items()}
    return StoredRun(todo.key, wall_s, metadata, columns)


@cache
def warm_up(suite: str, policy: str, seed: int, data: Path | None, outside: str | None) -> None:
    """Compile and load what a policy needs, once in each process."""
    made = suite_of(suite).policy(policy, seed) if outside is None else outside_policy(outside)
    suite_of(suite).warm_up(made, data)


def make_all(
    tasks: Sequence[Task], jobs: int, engine: str = "local", address: str | None = None
) -> Iterator[tuple[Task, str | None]]:
    """Make and store the runs, yielding each as it ends with what went wrong, if anything did.

    Args:
        tasks: the runs.
        jobs: processes; 0 works in this one.
        engine: "local" or "ray", see `vpp_gym.engines.run_jobs`.
        address: of a Ray cluster.
    """
    workers = None if engine == "ray" and address else jobs
    answers = run_jobs(_made_or_failed, tasks, engine=engine, workers=workers, address=address)
    for number, answer in answers:
        if isinstance(answer, StoredRun):
            save_run(tasks[number].path, answer)
            yield tasks[number], None
        else:
            yield tasks[number], answer


def _made_or_failed(todo: Task) -> StoredRun | str:
    """Make a run; or what went wrong, so that one failure does not end the others."""
    try:
        return made(todo)
    except Exception as error:  # noqa: BLE001  (reported by name, and the exit code is 1)
        return f"{type(error).__name__}: {error}"

"""Rows ranked again from whole runs, where the code that ranks has changed.

What a row says of its policy rests on its own days and those of both ends of the scale. So both
ends and one drawn policy run in all worlds, and their rows must be the published ones, intervals
and all. Places among others are not compared: they follow from the published values.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from benchmarks.merging import PLACES
from benchmarks.results import row_alone
from benchmarks.run import Engine, finish, stored_run
from benchmarks.store import StoredRun
from benchmarks.suites.base import Contestants, Document, Run, Suite
from benchmarks.tasks import plan, task

NOT_COMPARED = (*PLACES, "wall_s", "solve_ms", "solve_ms_mean", "weeks_more")
"""Columns of a row that others have a part in, or the machine."""
CLOSE = 1e-6
"""Share of a number, and so many thousands of its unit, that may differ: the last bits of sums
depend on the processor."""

MANY_OPTIMA = ("site_hindsight",)
"""Plans a whole run by one linear program. Of fortnights that cost the same, the solver finds
another one on another processor, which earns more in one week and less in the next."""
OF_MANY_OPTIMA = 0.25
"""By how much its EUR, kWh and counts may differ, in a week or a row of means; not its shares."""
AMOUNTS = ("_eur", "_kwh", "fully_served")
"""Ends of the names of columns of which that holds."""


def tried_again(
    path: Path,
    document: Document,
    suite: Suite,
    everyone: Contestants,
    now: Mapping[str, Any],
    data: Path | None,
    jobs: int,
) -> tuple[list[Run], list[str]]:
    """Run both ends of the scale and one drawn policy whole, and rank them.

    Args:
        path: of the result file; finished runs are kept in the folder `runs` beside it.
        document: the published results.
        suite: of the document.
        everyone: who takes part.
        now: digests of the present code.
        data: folder of real data.
        jobs: processes.

    Returns:
        The runs, and how their rows differ from the published ones.
    """
    names = {suite.low, suite.high, drawn(document, suite, everyone, now)}
    made: Any = {"digests": now, "data": data, "out": path.parent, "outside": {}}
    runs = plan(everyone, suite, policies=sorted(names))
    tasks = [task(run, everyone, **made) for run in runs]
    finish(tasks, made_by=Engine(jobs), fresh=False)
    stored = {todo.run: stored_run(todo) for todo in tasks}
    found = [
        f"{name} on {board}: {line}"
        for name in sorted(names)
        for board in suite.boards
        for line in _differences(name, board, document, suite, stored)
    ]
    return runs, found


def drawn(document: Document, suite: Suite, everyone: Contestants, now: Mapping[str, Any]) -> str:
    """The policy that is drawn by the digest of the code that ranks: one of one seed."""
    shown = {row["policy"] for rows in document["boards"].values() for row in rows}
    names = [name for name, _ in everyone.entries]
    between = shown & {*names} - {suite.low, suite.high}
    alone = sorted(name for name in between if names.count(name) == 1 and "+" not in name)
    return str(alone[int(sha256(str(now["ranking"]).encode()).hexdigest(), 16) % len(alone)])


def _differences(
    name: str, board: str, document: Document, suite: Suite, runs: Mapping[Run, StoredRun]
) -> list[str]:
    """What differs in the row of a policy."""
    track = suite.boards[board].track
    own = {run: one for run, one in runs.items() if run.track == track}
    published = next((row for row in document["boards"][board] if row["policy"] == name), None)
    row, _ = row_alone(suite, suite.boards[board], name, own)
    if row is None or published is None:
        return [] if row is published else ["it stands there no more, or newly"]
    return [
        f"{column} {row.get(column)} instead of {published.get(column)}"
        for column in sorted({*row, *published} - {*NOT_COMPARED})
        if not _alike(
            row.get(column),
            published.get(column, 0 if column in row else None),
            _tolerance(name, column),
        )
    ]


def _tolerance(name: str, column: str) -> float:
    """By how much a policy's number may differ on another processor, beside its last bits."""
    return OF_MANY_OPTIMA if name in MANY_OPTIMA and column.endswith(AMOUNTS) else 0.0


def _alike(one: Any, other: Any, tolerance: float = 0.0) -> bool:
    numbers = all(isinstance(x, int | float) and not isinstance(x, bool) for x in (one, other))
    if not numbers:
        return bool(one == other)
    return abs(one - other) <= max(CLOSE * max(abs(one), abs(other), 1e3), tolerance)

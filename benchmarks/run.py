"""Runs every policy through the benchmark and writes the leaderboard.

    python -m benchmarks.run [--data FOLDER]

Each finished run is kept in `<out>/runs`; what is interrupted goes on from there.
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from benchmarks.leaderboard import RESULTS, render
from benchmarks.results import assemble, digests_of, write_results
from benchmarks.store import StoredRun, load_run
from benchmarks.suites import SUITES, suite_of
from benchmarks.suites.base import Document, Run, Suite, period, subset_words
from benchmarks.tasks import Task, make_all, plan, task
from benchmarks.terminal import terminal_table
from vpp_gym.errors import InvalidInputError
from vpp_gym.evaluation.outside import outside_policy
from vpp_gym.files.lock import alone_in

QUICK_DAYS = 14
console = Console(markup=False)


@dataclass(frozen=True)
class Selection:
    """What of a suite is run; where nothing is chosen, everything.

    Attributes:
        policies: only these, and the two reference policies.
        outside: places of policies that run beside them.
        tracks: only these.
        worlds: only so many.
        first_world: number of the first of them.
        quick: some days only.
    """

    policies: tuple[str, ...] = ()
    outside: tuple[str, ...] = ()
    tracks: tuple[str, ...] = ()
    worlds: int | None = None
    first_world: int = 0
    quick: bool = False

    def numbers(self, suite: Suite) -> range:
        """Numbers of the worlds of a suite that are run."""
        n = suite.worlds if self.worlds is None else self.worlds
        return range(self.first_world, self.first_world + n)

    def words(self) -> list[str]:
        """Options of the command line that choose this."""
        named = [("--policies", name) for name in self.policies]
        named += [("--policy", place) for place in self.outside]
        named += [("--track", name) for name in self.tracks]
        named += [("--first-world", str(self.first_world))] if self.first_world else []
        named += [("--worlds", str(self.worlds))] if self.worlds else []
        options = [word for pair in named for word in pair]
        return [*options, "--quick"] if self.quick else options


@dataclass(frozen=True)
class Engine:
    """What makes the runs.

    Attributes:
        jobs: processes; 0: in this one.
        engine: "local" or "ray".
        address: of a Ray cluster.
    """

    jobs: int
    engine: str = "local"
    address: str | None = None


def main(
    suite: Annotated[
        list[str] | None,
        typer.Option(
            help=f"Suite to run, one of {', '.join(SUITES)}, or all; may be repeated. By default "
            "embedded, and real if --data is given."
        ),
    ] = None,
    data: Annotated[
        Path | None, typer.Option(help="Folder of the real data that some suites need.")
    ] = None,
    policies: Annotated[
        list[str] | None,
        typer.Option(
            help="Run only this policy (plus the two reference policies); may be repeated."
        ),
    ] = None,
    policy: Annotated[
        list[str] | None,
        typer.Option(
            help="Run a policy of your own beside the others: package.module:name of a class, a "
            "function that makes it, or the policy itself; may be repeated."
        ),
    ] = None,
    track: Annotated[
        list[str] | None, typer.Option(help="Run only this track of the suite; may be repeated.")
    ] = None,
    jobs: Annotated[
        int, typer.Option(min=0, help="Number of processes; 0 runs everything in this one.")
    ] = 2,
    out: Annotated[Path, typer.Option(help="Folder for the results.")] = RESULTS,
    worlds: Annotated[
        int | None, typer.Option(min=1, help="Run only so many scenarios of the suite.")
    ] = None,
    first_world: Annotated[
        int, typer.Option(min=0, help="Number of the first scenario; 12 is the first to check.")
    ] = 0,
    quick: Annotated[bool, typer.Option("--quick", help=f"Run only {QUICK_DAYS} days.")] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Re-run finished runs.")] = False,
    engine: Annotated[
        str, typer.Option(help="local, or ray: --jobs cores of a cluster.")
    ] = "local",
    address: Annotated[
        str | None, typer.Option(help="Of a Ray cluster, such as auto; all of its cores are used.")
    ] = None,
) -> None:
    """Run the policies of a suite and write its leaderboard.

    Finished runs are kept and only re-run if what they rest on has changed: code, settings,
    rules or scenarios. A partial run (--policies, --policy, --track, --worlds, --first-world,
    --quick) writes its leaderboard to the folder `runs` and leaves the published results as they
    are.
    """
    chosen = Selection(
        tuple(policies or ()), tuple(policy or ()), tuple(track or ()), worlds, first_world, quick
    )
    with alone_in(out, "out"):
        for name in _suites(suite or ["embedded", *(["real"] if data else [])], data):
            made_by = Engine(jobs, engine, address)
            _run_suite(name, chosen, data=data, out=out, made_by=made_by, fresh=fresh)


def _suites(names: Sequence[str], data: Path | None) -> list[str]:
    """Names of the suites; `all` are those that have their data."""
    if "all" not in names:
        return list(names)
    return [name for name, suite in SUITES.items() if data is not None or not suite.needs_data]


def _run_suite(
    name: str,
    chosen: Selection,
    *,
    data: Path | None,
    out: Path,
    made_by: Engine,
    fresh: bool,
) -> None:
    suite = suite_of(name)
    everyone = suite.contestants()
    if everyone.left_out:
        console.print(f"Left out: {everyone.left_out}", style="yellow")
    outside = _by_name(chosen.outside)
    runs = plan(
        everyone,
        suite,
        tracks=chosen.tracks,
        policies=chosen.policies,
        worlds=chosen.numbers(suite),
        days=QUICK_DAYS if chosen.quick else None,
        outside=outside,
    )
    tracks = dict.fromkeys(run.track for run in runs)
    numbers = chosen.numbers(suite)
    scenarios = {track: suite.scenario_digests(track, numbers, data) for track in tracks}
    digests = {**digests_of(suite, everyone), "scenarios": scenarios}
    made: Any = {"digests": digests, "data": data, "out": out, "outside": outside}
    tasks = [task(run, everyone, **made) for run in runs]
    finish(tasks, made_by=made_by, fresh=fresh)
    results = assemble(
        suite,
        {todo.run: stored_run(todo) for todo in tasks},
        scenario={**suite.facts(data), "first_world": chosen.first_world},
        digests=digests,
        command=shlex.join([*shlex.split(suite.command()), *chosen.words()]),
        left_out=[everyone.left_out] if everyone.left_out else [],
    )
    if chosen.first_world:
        name = f"{name}_{numbers[0]}_to_{numbers[-1]}"
    path = write_results(out / "runs" if chosen.words() else out, name, results)
    render(path)
    _show(results.document)
    console.print(f"written: {path.with_suffix('.md')}")


def _by_name(places: Sequence[str]) -> dict[str, str]:
    """Places of outside policies by the policies' names."""
    found: dict[str, str] = {}
    for place in places:
        name = outside_policy(place).name
        if name in found:
            raise InvalidInputError("policy", place, f"{found[name]} has the same name, {name}")
        found[name] = place
    return found


def finish(tasks: Sequence[Task], *, made_by: Engine, fresh: bool) -> None:
    """Make the runs that are not stored yet; leave with an error if one failed."""
    todo = [one for one in tasks if fresh or not one.is_stored(console.print)]
    if len(todo) < len(tasks):
        console.print(f"{len(tasks) - len(todo)} of {len(tasks)} runs are finished already")
    failures = []
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()
    with Progress(*columns, TimeElapsedColumn(), console=console) as progress:
        bar = progress.add_task("runs", total=len(todo))
        for done, failure in make_all(todo, made_by.jobs, made_by.engine, made_by.address):
            label = _label(done.run)
            words, style = (f"failed {label}: {failure}", "red") if failure else (label, None)
            progress.console.print(words, style=style)
            progress.advance(bar)
            failures += [label] if failure else []
    if failures:
        console.print(f"{len(failures)} runs failed; no leaderboard was written.", style="red")
        raise typer.Exit(1)


def stored_run(todo: Task) -> StoredRun:
    """A run that is finished.

    Raises:
        InvalidInputError: it is not there any more.
    """
    stored = load_run(todo.path, todo.key)
    if stored is None:
        raise InvalidInputError("run", todo.run, "it vanished: start again")
    return stored


def _label(run: Run) -> str:
    world = f" world {run.world}" if suite_of(run.suite).all_worlds > 1 else ""
    return f"{run.suite} {run.track} {run.policy} {run.seed}{world}"


def _show(document: Document) -> None:
    suite = suite_of(document["suite"])
    for name, rows in document["boards"].items():
        board = suite.boards[name]
        columns = {heading: board.columns[heading] for heading in board.brief}
        title = f"{suite.name}, {name}: {period(document)}"
        console.print(terminal_table(rows, columns, title=title, width=console.width))
    for line in subset_words(document):
        console.print(line)


if __name__ == "__main__":
    try:
        typer.run(main)
    except InvalidInputError as refused:
        sys.exit(str(refused))

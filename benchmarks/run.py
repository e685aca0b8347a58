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
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from benchmarks.board import SUITES, suite_of
from benchmarks.fingerprint import NO_AGENTS, ROOT, source_fingerprint
from benchmarks.leaderboard import render
from benchmarks.results import assemble, write_results
from benchmarks.store import StoredRun, load_run
from benchmarks.suite import Document, Run, period
from benchmarks.tasks import Task, make_all, plan, task
from benchmarks.terminal import terminal_table
from vpp_gym.errors import InvalidInputError

RESULTS = ROOT / "benchmarks" / "results"
QUICK_DAYS = 14
console = Console()


@dataclass(frozen=True)
class Selection:
    """What of a suite is run; where nothing is chosen, everything.

    Attributes:
        policies: only these, and both ends of the scale.
        tracks: only these.
        worlds: only so many, from the first.
        quick: some days only.
    """

    policies: tuple[str, ...] = ()
    tracks: tuple[str, ...] = ()
    worlds: int | None = None
    quick: bool = False

    def words(self) -> list[str]:
        """Options of the command line that choose this."""
        named = [("--policies", name) for name in self.policies]
        named += [("--track", name) for name in self.tracks]
        named += [("--worlds", str(self.worlds))] if self.worlds else []
        options = [word for pair in named for word in pair]
        return [*options, "--quick"] if self.quick else options


def main(
    suite: Annotated[list[str] | None, typer.Option(help=f"One of {', '.join(SUITES)}.")] = None,
    data: Annotated[Path | None, typer.Option(help="Folder of real data: adds that suite.")] = None,
    policies: Annotated[
        list[str] | None, typer.Option(help="Only these, and the scale's ends.")
    ] = None,
    track: Annotated[list[str] | None, typer.Option(help="Only these of the suite.")] = None,
    jobs: Annotated[int, typer.Option(min=0, help="Processes; 0 works in this one.")] = 2,
    out: Annotated[Path, typer.Option(help="Folder of the results.")] = RESULTS,
    worlds: Annotated[int | None, typer.Option(min=1, help="Only so many of the suite.")] = None,
    quick: Annotated[bool, typer.Option("--quick", help=f"{QUICK_DAYS} days only.")] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Make finished runs again.")] = False,
) -> None:
    """Run every policy through the benchmark and write the leaderboard.

    Finished runs are kept and not made again unless the code changed. Less than
    everything (--policies, --track, --worlds, --quick) is written to the folder `runs` and
    leaves the full results alone.
    """
    chosen = Selection(tuple(policies or ()), tuple(track or ()), worlds, quick)
    for name in suite or (["embedded"] if data is None else ["embedded", "real"]):
        _run_suite(name, chosen, data=data, out=out, jobs=jobs, fresh=fresh)


def _run_suite(
    name: str,
    chosen: Selection,
    *,
    data: Path | None,
    out: Path,
    jobs: int,
    fresh: bool,
) -> None:
    suite = suite_of(name)
    everyone, fingerprint = suite.contestants(), source_fingerprint(suite.family)
    if everyone.left_out:
        fingerprint["agents"] = NO_AGENTS
        console.print(f"[yellow]Left out: {everyone.left_out}[/yellow]")
    scenario = suite.facts(data)
    runs = plan(
        everyone,
        suite,
        tracks=chosen.tracks,
        policies=chosen.policies,
        worlds=chosen.worlds,
        days=QUICK_DAYS if chosen.quick else None,
    )
    made = {"digest": scenario["digest"], "fingerprint": fingerprint, "data": data, "out": out}
    tasks = [task(run, everyone, **made) for run in runs]
    finish(tasks, jobs=jobs, fresh=fresh)
    results = assemble(
        suite,
        {todo.run: _stored(todo) for todo in tasks},
        scenario=scenario,
        fingerprint=fingerprint,
        command=shlex.join([*shlex.split(suite.command()), *chosen.words()]),
        left_out=[everyone.left_out] if everyone.left_out else [],
    )
    path = write_results(out / "runs" if chosen.words() else out, name, results)
    render(path)
    _show(results.document)
    console.print(f"written: {path.with_suffix('.md')}")


def finish(tasks: Sequence[Task], *, jobs: int, fresh: bool) -> None:
    """Make the runs that are not stored yet; leave with an error if one failed."""
    todo = [one for one in tasks if fresh or load_run(one.path, one.key) is None]
    if len(todo) < len(tasks):
        console.print(f"{len(tasks) - len(todo)} of {len(tasks)} runs are finished already")
    failures = []
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()
    with Progress(*columns, TimeElapsedColumn(), console=console) as progress:
        bar = progress.add_task("runs", total=len(todo))
        for done, failure in make_all(todo, jobs):
            label = _label(done.run)
            progress.console.print(f"[red]failed[/red] {label}: {failure}" if failure else label)
            progress.advance(bar)
            failures += [label] if failure else []
    if failures:
        console.print(f"[red]{len(failures)} runs failed; no leaderboard was written.[/red]")
        raise typer.Exit(1)


def _stored(todo: Task) -> StoredRun:
    stored = load_run(todo.path, todo.key)
    if stored is None:
        raise InvalidInputError("run", todo.run, "it vanished: start again")
    return stored


def _label(run: Run) -> str:
    world = f" world {run.world}" if suite_of(run.suite).worlds > 1 else ""
    return f"{run.suite} {run.track} {run.policy} {run.seed}{world}"


def _show(document: Document) -> None:
    suite = suite_of(document["suite"])
    columns = {name: suite.columns[name] for name in suite.brief}
    for track, rows in document["tracks"].items():
        title = f"{suite.name}, {track}: {period(document)}"
        console.print(terminal_table(rows, columns, title=title, width=console.width))


if __name__ == "__main__":
    try:
        typer.run(main)
    except InvalidInputError as refused:
        sys.exit(str(refused))

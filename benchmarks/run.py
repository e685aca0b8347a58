"""Runs every policy through the benchmark and writes the leaderboard.

    python -m benchmarks.run [--data FOLDER]

Each finished run is kept in `<out>/runs`; what is interrupted goes on from there.
"""

from __future__ import annotations

import shlex
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from benchmarks.fingerprint import NO_AGENTS, ROOT, scenario_digest, source_fingerprint
from benchmarks.leaderboard import Document, render
from benchmarks.results import assemble, write_results
from benchmarks.store import StoredRun, load_run
from benchmarks.suites import SUITES, TRACKS, contestants, world
from benchmarks.tasks import Task, make_all, plan, task
from vpp_gym.errors import InvalidInputError
from vpp_gym.evaluation.tables import BRIEF, cells

RESULTS = ROOT / "benchmarks" / "results"
QUICK_DAYS = 14
console = Console()


def main(
    suite: Annotated[list[str] | None, typer.Option(help=f"One of {', '.join(SUITES)}.")] = None,
    data: Annotated[Path | None, typer.Option(help="Folder of real data: adds that suite.")] = None,
    policies: Annotated[
        list[str] | None, typer.Option(help="Only these, and the scale's ends.")
    ] = None,
    track: Annotated[list[str] | None, typer.Option(help=f"One of {', '.join(TRACKS)}.")] = None,
    jobs: Annotated[int, typer.Option(min=0, help="Processes; 0 works in this one.")] = 2,
    out: Annotated[Path, typer.Option(help="Folder of the results.")] = RESULTS,
    quick: Annotated[bool, typer.Option("--quick", help=f"{QUICK_DAYS} days only.")] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Make finished runs again.")] = False,
) -> None:
    """Run every policy through the benchmark and write the leaderboard.

    Finished runs are kept and not made again unless the code changed. Less than
    everything (--policies, --track, --quick) is written to the folder `runs` and
    leaves the full results alone.
    """
    everyone = contestants()
    fingerprint = source_fingerprint()
    if everyone.left_out:
        fingerprint["agents"] = NO_AGENTS
        console.print(f"[yellow]Left out: {everyone.left_out}[/yellow]")
    for name in suite or (["embedded"] if data is None else ["embedded", "real"]):
        partial = bool(policies or track or quick)
        runs = plan(
            everyone,
            name,
            tracks=track or tuple(TRACKS),
            policies=policies or (),
            days=QUICK_DAYS if quick else None,
        )
        tasks = [task(run, everyone, fingerprint, data, out) for run in runs]
        finish(
            tasks,
            jobs=jobs,
            fresh=fresh,
            kernels=out / "runs" / ".kernels" / fingerprint["baselines"],
        )
        scenario = world(name, data)
        results = assemble(
            name,
            {todo.run: _stored(todo) for todo in tasks},
            scenario={
                "name": scenario.name,
                "start": str(scenario.start),
                "dt_h": scenario.dt_h,
                "digest": scenario_digest(scenario),
            },
            fingerprint=fingerprint,
            command=_command(name, policies, track, quick),
            left_out=[everyone.left_out] if everyone.left_out else [],
        )
        path = write_results(out / "runs" if partial else out, name, results)
        render(path)
        _show(results.document)
        console.print(f"written: {path.with_suffix('.md')}")


def finish(tasks: Sequence[Task], *, jobs: int, fresh: bool, kernels: Path) -> None:
    """Make the runs that are not stored yet; leave with an error if one failed."""
    todo = [one for one in tasks if fresh or load_run(one.path, one.key) is None]
    if len(todo) < len(tasks):
        console.print(f"{len(tasks) - len(todo)} of {len(tasks)} runs are finished already")
    for old in kernels.parent.glob("*"):
        if old != kernels:
            shutil.rmtree(old)
    failures = []
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()
    with Progress(*columns, TimeElapsedColumn(), console=console) as progress:
        bar = progress.add_task("runs", total=len(todo))
        for done, failure in make_all(todo, jobs, kernels):
            label = f"{done.run.suite} {done.run.track} {done.run.policy} {done.run.seed}"
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


def _command(
    suite: str, policies: Sequence[str] | None, tracks: Sequence[str] | None, quick: bool
) -> str:
    """The command that makes these results, without folders of this machine."""
    words = ["python", "-m", "benchmarks.run", "--suite", suite]
    words += ["--data", "FOLDER"] if suite == "real" else []
    for option, values in (("--policies", policies), ("--track", tracks)):
        for value in values or ():
            words += [option, value]
    return shlex.join(words + (["--quick"] if quick else []))


def _show(document: Document) -> None:
    for track, rows in document["tracks"].items():
        table = Table(title=f"{document['suite']}, {track}")
        for name in BRIEF:
            policy = name == "Policy"
            table.add_column(name, justify="left" if policy else "right", no_wrap=policy)
        for row in rows:
            table.add_row(*cells(row, BRIEF))
        console.print(table)


if __name__ == "__main__":
    try:
        typer.run(main)
    except InvalidInputError as refused:
        sys.exit(str(refused))

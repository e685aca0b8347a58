"""Runs every policy through the benchmark and writes the leaderboard.

    python -m benchmarks.run [--data FOLDER]

Each finished run is kept in `<out>/runs`; what is interrupted goes on from there.
"""

from __future__ import annotations

import shlex
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from benchmarks.board import SUITES, suite_of
from benchmarks.fingerprint import NO_AGENTS, ROOT, source_fingerprint
from benchmarks.leaderboard import render
from benchmarks.results import assemble, write_results
from benchmarks.store import StoredRun, load_run
from benchmarks.suite import Document
from benchmarks.tasks import Task, make_all, plan, task
from vpp_gym.errors import InvalidInputError
from vpp_gym.evaluation.tables import cells

RESULTS = ROOT / "benchmarks" / "results"
QUICK_DAYS = 14
console = Console()


def main(
    suite: Annotated[list[str] | None, typer.Option(help=f"One of {', '.join(SUITES)}.")] = None,
    data: Annotated[Path | None, typer.Option(help="Folder of real data: adds that suite.")] = None,
    policies: Annotated[
        list[str] | None, typer.Option(help="Only these, and the scale's ends.")
    ] = None,
    track: Annotated[list[str] | None, typer.Option(help="Only these of the suite.")] = None,
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
    for name in suite or (["embedded"] if data is None else ["embedded", "real"]):
        options = {"policies": policies or [], "track": track or []}
        _run_suite(name, options, quick=quick, data=data, out=out, jobs=jobs, fresh=fresh)


def _run_suite(
    name: str,
    options: Mapping[str, Sequence[str]],
    *,
    quick: bool,
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
        tracks=options["track"],
        policies=options["policies"],
        days=QUICK_DAYS if quick else None,
    )
    made = {"digest": scenario["digest"], "fingerprint": fingerprint, "data": data, "out": out}
    tasks = [task(run, everyone, **made) for run in runs]
    kernels = out / "runs" / ".kernels" / fingerprint["baselines"]
    finish(tasks, jobs=jobs, fresh=fresh, kernels=kernels)
    results = assemble(
        suite,
        {todo.run: _stored(todo) for todo in tasks},
        scenario=scenario,
        fingerprint=fingerprint,
        command=_command(name, options, quick),
        left_out=[everyone.left_out] if everyone.left_out else [],
    )
    partial = bool(options["policies"] or options["track"] or quick)
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


def _command(suite: str, options: Mapping[str, Sequence[str]], quick: bool) -> str:
    """The command that makes these results, without folders of this machine."""
    words = shlex.split(suite_of(suite).command())
    for option, values in options.items():
        for value in values:
            words += [f"--{option}", value]
    return shlex.join(words + (["--quick"] if quick else []))


def _show(document: Document) -> None:
    suite = suite_of(document["suite"])
    columns = {name: suite.columns[name] for name in suite.brief}
    for track, rows in document["tracks"].items():
        table = Table(title=f"{suite.name}, {track}")
        for name in columns:
            policy = name == "Policy"
            table.add_column(name, justify="left" if policy else "right", no_wrap=policy)
        for row in rows:
            table.add_row(*cells(row, columns))
        console.print(table)


if __name__ == "__main__":
    try:
        typer.run(main)
    except InvalidInputError as refused:
        sys.exit(str(refused))

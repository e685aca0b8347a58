"""Tries published rows again after a change of code that should change no figure.

    python -m benchmarks.renew [--suite NAME] [--data FOLDER]

Of every policy whose code has changed one of the published worlds is run again, drawn by the
name of the policy and the digest of the new code. Where all figures of all of them are the same,
but for the last digit, the result file takes the digests of the present code, and says which runs
that rests on. Where one differs, nothing is written: run the suite whole. Where the code that ranks
has changed, some policies run in all worlds and are ranked again, see `benchmarks.ranking_again`.
Changed settings of a policy, and policies that came or went, need the whole suite in any case.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any

import pandas as pd
import typer

from benchmarks.earlier import Earlier, earlier
from benchmarks.leaderboard import AS_BEFORE, RESULTS, published, render
from benchmarks.ranking_again import MANY_OPTIMA, OF_MANY_OPTIMA, tried_again
from benchmarks.results import (
    SuiteResults,
    present_digests,
    read,
    rows_path,
    rows_text,
    write_results,
)
from benchmarks.store import StoredRun, load_run
from benchmarks.suites import suite_of
from benchmarks.suites.base import Contestants, Document, Run, Suite, worlds_of
from benchmarks.tasks import Task, make_all, task
from benchmarks.weeks import DECIMALS
from vpp_gym.cli.progress import at_work
from vpp_gym.errors import InvalidInputError
from vpp_gym.evaluation.provenance import provenance
from vpp_gym.files.folders import scratch_folder
from vpp_gym.files.lock import alone_in
from vpp_gym.files.reader import read_text

COMMAND = "python -m benchmarks.renew"
KEYS = ("track", "world", "policy", "seed")
ROUNDING = 1.01 * 10.0**-DECIMALS
"""Numbers may round to the next of the last digit: sums in a forecaster's network depend on the
processor in their last bits."""
OF_AGENTS = 0.01
"""EUR or kWh of a published row, for trained agents: what a network decides depends on the
processor in its last bits, too, and adds up over a week."""


class DiffersError(Exception):
    """A run gave other figures than the published ones."""


def chosen_runs(suite: Suite, document: Document, now: Mapping[str, Any]) -> list[Run]:
    """One run of every policy and track whose code has changed.

    Args:
        suite: of the document.
        document: the published results.
        now: digests of the present code.

    Raises:
        InvalidInputError: a change that a run of one world cannot answer for.
    """
    then = document["digests"]
    _check_only_code_differs(document, now)
    everywhere = any(then[part] != now[part] for part in ("rules", "scenarios"))
    worlds, everyone = worlds_of(document), suite.contestants()
    runs = []
    for name, seed in everyone.entries:
        label = everyone.label(name, seed)
        code = now["policies"][label]["code"]
        if everywhere or then["policies"][label]["code"] != code:
            drawn = int(sha256(f"{label} {code}".encode()).hexdigest(), 16) % len(worlds)
            runs += [
                Run(suite.name, track, name, seed, worlds[drawn]) for track in then["scenarios"]
            ]
    return runs


def _check_only_code_differs(document: Document, now: Mapping[str, Any]) -> None:
    then, whole = document["digests"], f"run `{document['command']}`"
    name = document["suite"]
    if set(then["policies"]) != set(now["policies"]):
        others = sorted(set(then["policies"]) ^ set(now["policies"]))
        raise InvalidInputError(name, others, f"policies came or went: {whole}")
    changed = [
        label
        for label, digest in then["policies"].items()
        if digest["values"] != now["policies"][label]["values"]
    ]
    if changed:
        raise InvalidInputError(name, changed, f"other settings: {whole}")


def compare(
    suite: Suite, rows: str, run: Run, stored: StoredRun, tolerance: float = ROUNDING
) -> None:
    """Hold a run against what is published of it.

    Args:
        suite: of the run.
        rows: the published file of all runs.
        run: which policy in which scenario.
        stored: what it gave.
        tolerance: of each number, which may have been made on another processor.

    Raises:
        DiffersError: another figure.
    """
    days = stored.frame().assign(track=run.track, world=run.world)
    again = _cells(rows_text(suite.published_rows(days)))
    known = _cells(rows)
    # Where policies have columns, those of several seeds say which.
    if run.policy in again and run.policy not in known:
        again = again.rename(columns={run.policy: f"{run.policy}.{run.seed}"})
    if missing := [name for name in again if name not in known]:
        raise DiffersError(f"there are no columns {', '.join(missing)}")
    for name, value in zip(KEYS, (run.track, run.world, run.policy, run.seed), strict=True):
        if name in again:
            known = known[known[name] == str(value)]
    known = known[list(again)].reset_index(drop=True)
    if len(known) != len(again):
        raise DiffersError(f"{len(again)} rows instead of {len(known)}")
    if (wrong := _others(known, again, tolerance).any(axis=1)).any():
        before, after = (",".join(one[wrong].iloc[0]) for one in (known, again))
        raise DiffersError(f"\n  {after}\ninstead of\n  {before}")


def _others(known: pd.DataFrame, again: pd.DataFrame, tolerance: float) -> pd.DataFrame:
    """Cells that are not the same; numbers may differ a little."""
    numbers = [one.apply(pd.to_numeric, errors="coerce") for one in (known, again)]
    close = (numbers[0] - numbers[1]).abs() <= tolerance
    return (known != again) & ~close


def _cells(text: str) -> pd.DataFrame:
    """Cells of a CSV file as they stand there."""
    head, *rows = csv.reader(text.splitlines())
    return pd.DataFrame(rows, columns=head, dtype=str)


def renew(path: Path, data: Path | None, jobs: int, before: Earlier | None = None) -> list[Run]:
    """Try a suite again; its result file takes the present digests.

    Args:
        path: of the result file.
        data: folder of real data.
        jobs: processes.
        before: code that must give the same, on this machine, where a run gives other figures
            than the published ones.

    Returns:
        The runs that were made; none where nothing has changed.

    Raises:
        InvalidInputError: a change that a run of one world cannot answer for.
        DiffersError: another figure.
    """
    document = read(path)
    suite = suite_of(document["suite"])
    everyone = suite.contestants()
    now = present_digests(suite, everyone, document, data)
    runs, as_before = chosen_runs(suite, document, now), set[Run]()
    whole: list[Run] = []
    if document["digests"]["ranking"] != now["ranking"]:
        whole, found = tried_again(path, document, suite, everyone, now, data, jobs)
        if found:
            raise DiffersError("other code ranks its rows:\n  " + "\n  ".join(found))
    if runs:
        rows = read_text(rows_path(path, document))
        with scratch_folder() as folder:
            made: Any = {"digests": now, "data": data, "out": folder, "outside": {}}
            tasks = [task(run, everyone, **made) for run in runs]
            as_before = _compare_all(document, rows, everyone, tasks, jobs, before)
    elif now == document["digests"]:
        return []
    runs = list(dict.fromkeys((*whole, *runs)))
    _write(path, document, now, runs, everyone, dict.fromkeys(as_before, before))
    return runs


def _compare_all(
    document: Document,
    rows: str,
    everyone: Contestants,
    tasks: Sequence[Task],
    jobs: int,
    before: Earlier | None,
) -> set[Run]:
    """Hold all runs against what is published; those that earlier code makes in the same way."""
    suite, worlds, as_before = suite_of(document["suite"]), worlds_of(document), set()
    with at_work(suite.name, counts=True) as report:
        for number, (done, failure) in enumerate(make_all(tasks, jobs), start=1):
            report(suite.name, number, len(tasks))
            label = f"{suite.name} {done.run.track} {done.run.policy} world {done.run.world}"
            stored = load_run(done.path, done.key)
            if failure or stored is None:
                raise DiffersError(f"{label}: {failure}")
            try:
                compare(suite, rows, done.run, stored, _tolerance(done.run, everyone))
            except DiffersError as error:
                if before is None or not _same_before(suite, worlds, done, stored, before):
                    raise DiffersError(f"{label}: {error}") from error
                print(
                    f"{label}: other figures than the published ones, by {before.commit}, too",
                    flush=True,
                )
                as_before.add(done.run)
    return as_before


def _same_before(
    suite: Suite, worlds: Sequence[Any], done: Task, stored: StoredRun, before: Earlier
) -> bool:
    """Whether earlier code gives the same rows here: then it is the machine that differs."""
    run = done.run
    days = stored.frame().assign(track=run.track, world=run.world)
    asked = {
        "file": f"{suite.name}.json",
        "track": run.track,
        "policy": run.policy,
        "seed": run.seed,
        "world": worlds.index(run.world),
        "data": None if done.data is None else str(Path(done.data).absolute()),
    }
    return before.rows(asked) == rows_text(suite.published_rows(days))


def _tolerance(run: Run, everyone: Contestants) -> float:
    """By how much numbers of a run may differ on another processor."""
    if run.policy in MANY_OPTIMA:
        return OF_MANY_OPTIMA
    return OF_AGENTS if (run.policy, run.seed) in everyone.agents else ROUNDING


def _write(
    path: Path,
    document: Document,
    now: Mapping[str, Any],
    runs: Sequence[Run],
    everyone: Contestants,
    as_before: Mapping[Run, Earlier | None],
) -> None:
    commit = provenance(COMMAND)["commit"]
    tried = [f"{everyone.label(run.policy, run.seed)} {run.track} {run.world}" for run in runs]
    for place, run in enumerate(runs):
        if (code := as_before.get(run)) is not None:
            tried[place] += f"{AS_BEFORE}{code.commit} on one machine)"
    entry = {"commit": commit or "unknown", "runs": tried}
    renewed = {**document, "digests": dict(now)}
    renewed["renewed"] = [*document.get("renewed", []), entry]
    rows = read_text(rows_path(path, document))
    write_results(path.parent, path.stem, SuiteResults(renewed, rows))
    render(path)


def main(
    suite: Annotated[
        list[str] | None, typer.Option(help="Suite; may be repeated. All published ones.")
    ] = None,
    data: Annotated[Path | None, typer.Option(help="Folder of the real data.")] = None,
    jobs: Annotated[int, typer.Option(min=0, help="Processes.")] = 2,
    results: Annotated[Path, typer.Option(help="Folder of the results.")] = RESULTS,
    commit: Annotated[
        str | None,
        typer.Option(
            help="Where a run gives other figures, this earlier commit must give the same here: "
            "then they differ by the machine."
        ),
    ] = None,
) -> None:
    """Try published rows again, one world each, after a change that should change no figure."""
    with alone_in(results, "results"), earlier(commit) as before:
        _renew_all(results, suite, data, jobs, before)


def _renew_all(
    results: Path,
    suite: Sequence[str] | None,
    data: Path | None,
    jobs: int,
    before: Earlier | None,
) -> None:
    failed = False
    for path in _paths(results, suite, data):
        try:
            runs = renew(path, data, jobs, before)
        except (DiffersError, InvalidInputError) as error:
            print(f"{path.name} is left as it was: {error}", flush=True)
            failed = True
            continue
        print(f"{path.name}: {len(runs)} runs tried again" if runs else path.name, flush=True)
    if failed:
        raise typer.Exit(1)


def _paths(results: Path, names: Sequence[str] | None, data: Path | None) -> Iterator[Path]:
    """Result files; those of real data where the folder is given, or where they are named."""
    for path in published(results):
        if names:
            if path.stem in names:
                yield path
        elif data is not None or not suite_of(path.stem).needs_data:
            yield path


if __name__ == "__main__":
    try:
        typer.run(main)
    except InvalidInputError as refused:
        sys.exit(str(refused))

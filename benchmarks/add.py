"""Adds policies to a published board, or makes their rows anew, without running the others.

    python -m benchmarks.add --suite embedded --policies NAME [--data FOLDER]

The named policies run in all worlds and on all tracks, with all their seeds, and so do both ends
of the scale, which must give the published figures again. The rows of all other policies are kept;
what they are made of must not have changed. Ranks and other comparisons are worked out for all.
Finished runs are kept in `<out>/runs`, as those of `benchmarks.run`.
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any

import typer

from benchmarks.leaderboard import RESULTS, render
from benchmarks.merging import Addition, merged
from benchmarks.renew import DiffersError, compare
from benchmarks.results import SuiteResults, present_digests, read, rows_path, write_results
from benchmarks.run import Engine, console, finish, stored_run
from benchmarks.store import StoredRun
from benchmarks.suites import SUITES, suite_of
from benchmarks.suites.base import Contestants, Document, Run, Suite
from benchmarks.tasks import plan, task
from vpp_gym.errors import InvalidInputError
from vpp_gym.evaluation.provenance import provenance
from vpp_gym.files.lock import alone_in
from vpp_gym.files.reader import read_text

COMMAND = "python -m benchmarks.add"


def add(
    path: Path, policies: Sequence[str], *, data: Path | None, made_by: Engine
) -> frozenset[str]:
    """Add policies to a published result file, or make their rows in it anew.

    Args:
        path: of the result file; finished runs are kept in the folder `runs` beside it.
        policies: names of contestants. Those whose published rows are of the present code and
            settings run for the days that intervals are made of; their rows stay.
        data: folder of real data.
        made_by: what makes the runs.

    Returns:
        Those whose rows are new.

    Raises:
        InvalidInputError: the published results are not of all of the suite, or not of the
            present code, settings, rules and scenarios; or a policy that cannot be added.
        DiffersError: what is published was run again and gave another figure.
    """
    document = read(path)
    suite = suite_of(document["suite"])
    everyone = suite.contestants()
    _check_whole(suite, document)
    _check_names(suite, everyone, policies)
    now = present_digests(suite, everyone, document, data)
    added = changed(document, everyone, now) & {*policies}
    check_others(document, everyone, now, policies)
    if not added:
        remedy = f"{path.name} has these rows already: name what it does not have"
        raise InvalidInputError("policies", sorted(policies), remedy)
    rows = _rows(path, document)
    made: Any = {"digests": now, "data": data, "out": path.parent, "outside": {}}
    tasks = [task(run, everyone, **made) for run in plan(everyone, suite, policies=policies)]
    finish(tasks, made_by=made_by, fresh=False)
    runs = {todo.run: stored_run(todo) for todo in tasks}
    _check_same_figures(suite, rows, runs, added)
    results = merged(Addition(suite, document, rows, everyone, added, runs))
    renewed = {
        **results.document,
        "digests": now,
        "left_out": [everyone.left_out] if everyone.left_out else [],
        "added": _entries(document, suite, policies, added, runs),
    }
    write_results(path.parent, path.stem, SuiteResults(renewed, results.rows))
    render(path)
    return added


def changed(document: Document, everyone: Contestants, now: Mapping[str, Any]) -> frozenset[str]:
    """Policies that the published results do not have as they are now, or with other seeds.

    Args:
        document: the published results.
        everyone: who takes part now.
        now: digests of what takes part now.
    """
    then = document["digests"]["policies"]
    names = _by_label(everyone)
    others = {name for label, name in names.items() if then.get(label) != now["policies"][label]}
    gone = {_name_of(label) for label in then if label not in names}
    return frozenset({*others, *gone})


def check_others(
    document: Document, everyone: Contestants, now: Mapping[str, Any], policies: Sequence[str]
) -> None:
    """Refuse where rows that would be kept are not of the present code, rules and scenarios.

    Args:
        document: the published results.
        everyone: who takes part now.
        now: digests of what takes part now.
        policies: whose rows are made anew.

    Raises:
        InvalidInputError: what differs, with the command that mends it.
    """
    then, suite = document["digests"], str(document["suite"])
    whole = f"run `{document['command']}`"
    for part in ("rules", "scenarios", "ranking"):
        if then[part] != now[part]:
            again = f"run `python -m benchmarks.renew --suite {suite}` first"
            remedy = f"the published rows are of other {part}: {again}, or {whole}"
            raise InvalidInputError(suite, part, remedy)
    names = _by_label(everyone)
    gone = sorted(
        label
        for label in then["policies"]
        if label not in names and _name_of(label) not in policies
    )
    if gone:
        raise InvalidInputError(suite, gone, f"they take part no more: {whole}")
    for label, name in names.items():
        before, after = then["policies"].get(label), now["policies"][label]
        if name in policies or before == after:
            continue
        if before is None:
            remedy = "it has no rows yet: name it with --policies, too"
            raise InvalidInputError(suite, label, remedy)
        if before["values"] != after["values"]:
            remedy = f"its settings have changed: name it with --policies, too, or {whole}"
        else:
            remedy = (
                f"its code has changed: run `python -m benchmarks.renew --suite {suite}` first, "
                "or name it with --policies, too"
            )
        raise InvalidInputError(suite, label, remedy)


def _by_label(everyone: Contestants) -> dict[str, str]:
    return {everyone.label(name, seed): name for name, seed in everyone.entries}


def _name_of(label: str) -> str:
    """Name of a policy by how it was called where seeds are told apart."""
    name, _, seed = label.rpartition(".")
    return name if name and seed.isdigit() else label


def _check_whole(suite: Suite, document: Document) -> None:
    if document["command"] != suite.command():
        remedy = f"these are results of a part of the suite: run `{suite.command()}`"
        raise InvalidInputError("suite", document["command"], remedy)


def _check_names(suite: Suite, everyone: Contestants, policies: Sequence[str]) -> None:
    known = {name for name, _ in everyone.entries}
    if unknown := sorted({*policies} - known):
        raise InvalidInputError("policies", unknown, f"use {', '.join(sorted(known))}")
    if ends := sorted({*policies} & {suite.low, suite.high}):
        remedy = f"all scores rest on this end of the scale: run `{suite.command()}`"
        raise InvalidInputError("policies", ends, remedy)


def _rows(path: Path, document: Document) -> str:
    """The published file of all runs.

    Raises:
        InvalidInputError: it does not belong to the result file.
    """
    file = rows_path(path, document)
    text = read_text(file)
    if sha256(text.encode()).hexdigest() != document["rows_sha256"]:
        remedy = f"it does not belong to {path.name}: run `{document['command']}`"
        raise InvalidInputError("rows", file.name, remedy)
    return text


def _check_same_figures(
    suite: Suite, rows: str, runs: Mapping[Run, StoredRun], added: frozenset[str]
) -> None:
    """Refuse where runs whose rows are kept give other figures than the published ones."""
    for run, stored in runs.items():
        if run.policy in added:
            continue
        try:
            compare(suite, rows, run, stored)
        except DiffersError as error:
            label = f"{suite.name} {run.track} {run.policy} world {run.world}"
            raise DiffersError(f"{label}: {error}") from error


def _entries(
    document: Document,
    suite: Suite,
    policies: Sequence[str],
    added: frozenset[str],
    runs: Mapping[Run, StoredRun],
) -> list[dict[str, Any]]:
    """What was added when, and by which command; of a policy the last time alone."""
    before = [
        {**entry, "policies": left}
        for entry in document.get("added", ())
        if (left := [name for name in entry["policies"] if name not in added])
    ]
    named = [word for name in policies for word in ("--policies", name)]
    folder = ["--data", "FOLDER"] if suite.needs_data else []
    command = shlex.join([*COMMAND.split(), "--suite", suite.name, *named, *folder])
    new = [stored.metadata for run, stored in runs.items() if run.policy in added]
    made = provenance(command)
    entry = {
        "policies": [name for name in dict.fromkeys(policies) if name in added],
        "command": command,
        "commits": sorted({one["commit"] or "unknown" for one in new}),
        "modified": any(one["modified"] for one in new),
        **{name: made[name] for name in ("python", "versions")},
    }
    return [*before, entry]


def main(
    suite: Annotated[str, typer.Option(help=f"One of {', '.join(SUITES)}.")],
    policies: Annotated[
        list[str], typer.Option(help="Policy whose rows are added or made anew; may be repeated.")
    ],
    data: Annotated[
        Path | None, typer.Option(help="Folder of the real data that some suites need.")
    ] = None,
    jobs: Annotated[
        int, typer.Option(min=0, help="Number of processes; 0 runs everything in this one.")
    ] = 2,
    results: Annotated[Path, typer.Option(help="Folder of the results.")] = RESULTS,
) -> None:
    """Add policies to a published board; the rows of all others are kept."""
    with alone_in(results, "results"):
        path = results / f"{suite_of(suite).name}.json"
        added = add(path, policies, data=data, made_by=Engine(jobs))
    console.print(
        f"written: {path.with_suffix('.md')}, with new rows of {', '.join(sorted(added))}"
    )
    console.print("`python -m benchmarks.leaderboard` shows them on the other pages.")


if __name__ == "__main__":
    try:
        typer.run(main)
    except (InvalidInputError, DiffersError) as refused:
        sys.exit(str(refused))

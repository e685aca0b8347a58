"""Fails when the leaderboard or a claim is not what its result files say, or these are old.

    python -m benchmarks.check [--data FOLDER]

Results of real data are compared with that data where the folder is given; otherwise a change of
the code that reads it counts as a change of the data.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Annotated

import typer

from benchmarks import claims, packaged
from benchmarks.evidence import results_in
from benchmarks.fingerprint import study_digest
from benchmarks.leaderboard import (
    HTML,
    README,
    RESULTS,
    pages,
    published,
    rendered,
    start_marker,
    with_blocks,
)
from benchmarks.page import leaderboard_page
from benchmarks.results import SCHEMA, digests_of, read, rows_path
from benchmarks.suites import SUITES, suite_of
from benchmarks.suites.base import Document, Suite
from vpp_gym.errors import InvalidInputError
from vpp_gym.files.reader import read_object, read_text

MADE_BY = re.compile(r"^Made by `([^`]+)`; code (\w+)\.$", re.MULTILINE)
RENDER = "python -m benchmarks.leaderboard"


def findings(results: Path, readme: Path, data: Path | None = None) -> Iterator[str]:
    """What is wrong, each with the command that mends it.

    Args:
        results: folder of the result files.
        readme: that shows them.
        data: folder of real data, for the suites that need it.
    """
    read_or_not = {path: _read_or_why_not(path) for path in published(results)}
    found = {path: one for path, one in read_or_not.items() if not isinstance(one, str)}
    yield from (one for one in read_or_not.values() if isinstance(one, str))
    documents = list(found.values())
    for path, document in found.items():
        for fault in stale(path, document, data):
            yield f"{fault}; run: {document['command']}"
        for suffix, text in rendered(document).items():
            if _text(path.with_suffix(suffix)) != text:
                yield f"{path.stem}{suffix} is not what {path.name} says; run: {RENDER}"
    if documents and _text(results / HTML) != leaderboard_page(documents):
        yield f"{HTML} does not show the result files; run: {RENDER}"
    texts = {path: _text(path) for path in pages(readme)}
    for path, to_root in pages(readme).items():
        if with_blocks(texts[path], documents, to_root) != texts[path]:
            yield f"{path.name} does not show the result files; run: {RENDER}"
    for fault in claims.findings(results_in(results), readme.parent):
        yield f"{fault}; run: {claims.COMMAND}"
    yield from _of_the_package(results, found)
    shown = {path.stem for path in published(results)}
    for path, text in texts.items():
        for suite in SUITES:
            markers = start_marker(suite), start_marker(suite, "top")
            if suite not in shown and any(marker in text for marker in markers):
                yield f"{path.name} shows {suite}, which has no result file; run: {_make(suite)}"


def _of_the_package(results: Path, found: Mapping[Path, Document]) -> Iterator[str]:
    """What is wrong with the rows that the package brings; they are of the published results."""
    if results == RESULTS:
        for fault in packaged.findings(found):
            yield f"{fault}; run: {RENDER}"


def _read_or_why_not(path: Path) -> Document | str:
    """A result file, or why it cannot be used and the command that mends it."""
    try:
        schema = read_object(path).get("schema")
        if schema == SCHEMA:
            return read(path)
        return f"{path.name} has schema {schema}, not {SCHEMA}; run: {_make(path.stem)}"
    except InvalidInputError as error:
        return f"{error.field} cannot be used, {error.value}; run: {_make(path.stem)}"


def stale(path: Path, document: Document, data: Path | None = None) -> Iterator[str]:
    """Which results of a suite rest on something that has changed since.

    Args:
        path: of the result file.
        document: that it holds.
        data: folder of real data, for the suites that need it.
    """
    suite = suite_of(document["suite"])
    everyone = suite.contestants()
    then, now = document["digests"], digests_of(suite, everyone)
    for part in ("code", "values"):
        if names := _differing(then["policies"], now["policies"], part):
            yield f"{path.name}: other {part} made {', '.join(names)}"
    if new := sorted(set(now["policies"]) - set(then["policies"])):
        yield f"{path.name} has no rows of {', '.join(new)}"
    if gone := sorted(set(then["policies"]) - set(now["policies"])):
        reason = f" (left out: {everyone.left_out})" if everyone.left_out else ""
        yield f"{path.name} has rows of {', '.join(gone)}, which do not take part{reason}"
    if tracks := [name for name in then["rules"] if then["rules"][name] != now["rules"].get(name)]:
        yield f"{path.name}: other rules made the tracks {', '.join(tracks)}"
    if then["scenario_code"] != now["scenario_code"]:
        yield from _other_scenarios(path, suite, then["scenarios"], data)
    if then["ranking"] != now["ranking"]:
        yield f"{path.name}: other code ranked its rows"
    rows = rows_path(path, document)
    if sha256(_text(rows).encode()).hexdigest() != document["rows_sha256"]:
        yield f"{rows.name} does not belong to {path.name}"


def _differing(
    then: Mapping[str, Mapping[str, str]], now: Mapping[str, Mapping[str, str]], part: str
) -> list[str]:
    return [name for name in then if name in now and then[name][part] != now[name][part]]


def _other_scenarios(
    path: Path, suite: Suite, then: Mapping[str, Mapping[str, str]], data: Path | None
) -> Iterator[str]:
    """Whether other code still makes the same scenarios."""
    if suite.needs_data and data is None:
        yield f"{path.name}: other code read its data, which can be compared with --data FOLDER"
        return
    for track, digests in then.items():
        if suite.scenario_digests(track, map(int, digests), data) != digests:
            yield f"{path.name}: other scenarios made the track {track}"


def older_tables(results: Path) -> Iterator[str]:
    """Tables beside the leaderboard that other code made; no fault, but worth a run.

    Args:
        results: folder of the tables.
    """
    for path in sorted(results.glob("*.md")):
        for command, code in MADE_BY.findall(_text(path)):
            try:
                now = study_digest(command)
            except ModuleNotFoundError:
                yield f"{path.name} was made by `{command}`, which there is no more"
                continue
            if code != now:
                yield f"{path.name} was made by other code ({code}); run: {command}"


def main(
    results: Annotated[Path, typer.Option(help="Folder of the results.")] = RESULTS,
    readme: Annotated[Path, typer.Option(help="README that shows them.")] = README,
    data: Annotated[Path | None, typer.Option(help="Folder of the real data.")] = None,
) -> None:
    """Check that the published leaderboard comes from this code."""
    found = list(findings(results, readme, data))
    for line in found:
        print(line)
    if found:
        raise typer.Exit(1)
    for line in older_tables(results):
        print(line)
    names = ", ".join(path.stem for path in published(results))
    print(f"leaderboard is current: {names}" if names else f"no results yet; run: {_make()}")


def _text(path: Path) -> str:
    return read_text(path) if path.exists() else ""


def _make(suite: str = "embedded") -> str:
    return suite_of(suite).command()


if __name__ == "__main__":
    try:
        typer.run(main)
    except InvalidInputError as refused:
        sys.exit(str(refused))

"""Fails when the leaderboard is not what its result files say, or these are out of date.

python -m benchmarks.check
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from hashlib import sha256
from pathlib import Path

import typer

from benchmarks.board import SUITES, suite_of
from benchmarks.fingerprint import source_fingerprint
from benchmarks.leaderboard import (
    HTML,
    README,
    RESULTS,
    published,
    read,
    rendered,
    start_marker,
    with_blocks,
)
from benchmarks.page import leaderboard_page
from benchmarks.suite import Document

MADE_BY = re.compile(r"^Made by `([^`]+)`; code (\w+)\.$", re.MULTILINE)
RENDER = "python -m benchmarks.leaderboard"


def findings(
    results: Path, readme: Path, fingerprint_of: Callable[[str], Mapping[str, str]]
) -> Iterator[str]:
    """What is wrong, each with the command that mends it.

    Args:
        results: folder of the result files.
        readme: that shows them.
        fingerprint_of: the code as it is, by family of suites.
    """
    paths = published(results)
    documents = [read(path) for path in paths]
    for path, document in zip(paths, documents, strict=True):
        yield from _stale(path, document, fingerprint_of(suite_of(document["suite"]).family))
        for suffix, text in rendered(document).items():
            if _text(path.with_suffix(suffix)) != text:
                yield f"{path.stem}{suffix} is not what {path.name} says; run: {RENDER}"
    if documents and _text(results / HTML) != leaderboard_page(documents):
        yield f"{HTML} does not show the result files; run: {RENDER}"
    page = _text(readme)
    if with_blocks(page, documents) != page:
        yield f"{readme.name} does not show the result files; run: {RENDER}"
    suites = {document["suite"] for document in documents}
    for suite in SUITES:
        if start_marker(suite) in page and suite not in suites:
            yield f"{readme.name} shows {suite}, which has no result file; run: {_make(suite)}"


def older_tables(results: Path, current: Collection[str]) -> Iterator[str]:
    """Tables beside the leaderboard that other code made; no fault, but worth a run.

    Args:
        results: folder of the tables.
        current: digests of the code as it is, one for each family of suites.
    """
    for path in sorted(results.glob("*.md")):
        for command, code in MADE_BY.findall(_text(path)):
            if code not in current:
                yield f"{path.name} was made by other code ({code}); run: {command}"


def main(results: Path = RESULTS, readme: Path = README) -> None:
    """Check that the committed leaderboard comes from this code."""
    found = list(findings(results, readme, source_fingerprint))
    for line in found:
        print(line)
    if found:
        raise typer.Exit(1)
    current = {source_fingerprint(suite.family)["baselines"] for suite in SUITES.values()}
    for line in older_tables(results, current):
        print(line)
    names = ", ".join(path.stem for path in published(results))
    print(f"leaderboard is current: {names}" if names else f"no results yet; run: {_make()}")


def _stale(path: Path, document: Document, fingerprint: Mapping[str, str]) -> Iterator[str]:
    for part, now in fingerprint.items():
        if document["fingerprint"][part] != now:
            yield (
                f"{path.name} was made by other code ({part} {document['fingerprint'][part]}, "
                f"here {now}); run: {document['command']}"
            )
    days = path.with_name(f"{path.stem}_days.csv")
    if sha256(_text(days).encode()).hexdigest() != document["days_sha256"]:
        yield f"{days.name} does not belong to {path.name}; run: {document['command']}"


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


def _make(suite: str = "embedded") -> str:
    return suite_of(suite).command()


if __name__ == "__main__":
    typer.run(main)

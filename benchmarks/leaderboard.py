"""Writes the leaderboard from the result files alone; nothing is computed again.

python -m benchmarks.leaderboard
"""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import typer

from benchmarks.fingerprint import ROOT
from benchmarks.page import leaderboard_page
from benchmarks.results import read
from benchmarks.store import write_whole
from benchmarks.suites import SUITES, suite_of
from benchmarks.suites.base import Document, interval_words, period, seed_words
from vpp_gym.errors import InvalidInputError
from vpp_gym.evaluation.tables import PRIVILEGED_MARK, markdown_table

README = ROOT / "README.md"
RESULTS = ROOT / "benchmarks" / "results"
END = "<!-- /leaderboard -->"

BEST = 8
"""So many of the best policies stand in the README, beside rules and learned ones."""
HTML = "leaderboard.html"


def published(results: Path = RESULTS) -> list[Path]:
    """Result files of the suites."""
    return [path for suite in SUITES if (path := results / f"{suite}.json").exists()]


def rendered(document: Document) -> dict[str, str]:
    """Texts of the files beside the result file, by suffix."""
    return {".md": page(document), ".csv": totals_csv(document)}


def render(path: Path) -> None:
    """Write those files."""
    for suffix, text in rendered(read(path)).items():
        write_whole(path.with_suffix(suffix), text)


def page(document: Document) -> str:
    """The leaderboard of a suite in Markdown, with what to know before reading it on top."""
    suite = suite_of(document["suite"])
    parts = [f"# Leaderboard: {suite.name}", _caveats(document)]
    for track, rows in document["tracks"].items():
        head = f"## Track {track}: {suite.track_words(track)}"
        parts += [head, markdown_table(rows, suite.columns)]
        if contracts := document["contracts"][track]:
            parts += ["### What is offered to owners", contract_table(contracts)]
    return "\n\n".join(parts) + "\n"


def totals_csv(document: Document) -> str:
    """The totals of every policy and track as CSV."""
    rows = [{"track": track, **row} for track, rows in document["tracks"].items() for row in rows]
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def readme_block(document: Document) -> str:
    """What the README shows of a suite, between its markers."""
    suite = suite_of(document["suite"])
    when = period(document)
    lines = [
        f"{when[0].upper()}{when[1:]} ({document['description']}). "
        f"{suite.lead(document)} {PRIVILEGED_MARK} saw the future. [All policies, columns and "
        f"tracks, and what to know before reading them](benchmarks/results/{suite.name}.md); "
        f"made by `{document['command']}`."
    ]
    track, rows = next(iter(document["tracks"].items()))
    shown = [row for row in rows if _is_shown(row, suite.known)]
    columns = {name: suite.columns[name] for name in suite.brief}
    lines += [f"Track {track}: {suite.track_words(track)}.", markdown_table(shown, columns)]
    if contracts := document["contracts"][track]:
        lines.append(contract_table(contracts))
    return "\n\n".join([start_marker(suite.name), *lines, END])


def _is_shown(row: Mapping[str, Any], known: Collection[str]) -> bool:
    """Whether a row of the leaderboard stands in the README, too: the best, and who is known."""
    named = row["privileged"] or row["kind"] in ("learned", "rule") or row["policy"] in known
    return bool(named or row["rank"] <= BEST)


def contract_table(rows: Sequence[Mapping[str, Any]]) -> str:
    """What each offer gained the rolling MPC, with 95 % intervals."""

    def gain(row: Mapping[str, Any], end: str) -> str:
        low, middle, high = (round(row[f"gain_eur{part}{end}"]) for part in ("_low", "", "_high"))
        return f"{middle:,} [{low:,}, {high:,}]" if low != high else f"{middle:,}"

    best = next(row["offer"] for row in rows if row["policy"] == row["over"])
    money = (f"Gain over the {best}, EUR [95 %]", "Gain over no contracts, EUR [95 %]")
    head = ("Offer to owners", "Policy", *money, "Paid to owners EUR", "V2G kWh", "Contracts")
    lines: list[tuple[str, ...]] = [head, ("---", "---", *["---:"] * 5)]
    for row in rows:
        numbers = (-row["payoff_eur"], row["discharge_kwh"], row["contracts"])
        counts = (f"{round(number) + 0:,}" for number in numbers)
        lines.append((row["offer"], row["policy"], gain(row, ""), gain(row, "_over_none"), *counts))
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def start_marker(suite: str) -> str:
    """The marker in the README where the block of a suite begins."""
    return f"<!-- leaderboard:{suite} -->"


def with_blocks(text: str, documents: list[Document]) -> str:
    """A README with the blocks of these suites renewed; without a marker it stays as it is."""
    for document in documents:
        start = start_marker(document["suite"])
        if start in text and END not in text.partition(start)[2]:
            raise InvalidInputError("README.md", start, f"close the block with {END}")
        before, _, rest = text.partition(start)
        if rest:
            text = before + readme_block(document) + rest.partition(END)[2]
    return text


def main(results: Path = RESULTS, readme: Path = README) -> None:
    """Write the leaderboard files and the README's blocks from the result files."""
    paths = published(results)
    for path in paths:
        render(path)
    documents = [read(path) for path in paths]
    if documents:
        write_whole(results / HTML, leaderboard_page(documents))
    if readme.exists():
        text = readme.read_text(encoding="utf-8")
        write_whole(readme, with_blocks(text, documents))
    print("\n".join(path.stem for path in paths) or "no results yet: python -m benchmarks.run")


def _caveats(document: Document) -> str:
    return "\n".join(f"- {line}" for line in _caveat_lines(document))


def _caveat_lines(document: Document) -> Iterator[str]:
    yield from suite_of(document["suite"]).caveats(document)
    yield from seed_words(document)
    yield interval_words(document)
    versions = ", ".join(f"{name} {number}" for name, number in document["versions"].items())
    yield (
        f"Made by `{document['command']}` at commit {', '.join(document['commits'])}"
        f"{' with changes' if document['modified'] else ''}; Python {document['python']}, "
        f"{versions}."
    )
    name = document["suite"]
    yield (
        f"Day rows: [{name}_days.csv]({name}_days.csv), SHA-256 `{document['days_sha256']}`. What "
        f"each row rests on, code, settings, rules and scenarios, is digested in "
        f"[{name}.json]({name}.json)."
    )
    for reason in document["left_out"]:
        yield f"Not here: {reason}."


if __name__ == "__main__":
    try:
        typer.run(main)
    except InvalidInputError as refused:
        sys.exit(str(refused))

"""Writes the leaderboard from the result files alone; nothing is computed again.

python -m benchmarks.leaderboard
"""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import typer

from benchmarks.boards import MISSING_PRICES, price_column
from benchmarks.fingerprint import ROOT
from benchmarks.merging import BLOCKS, WEEKS
from benchmarks.packaged import package
from benchmarks.page import leaderboard_page
from benchmarks.results import read
from benchmarks.suites import SUITES, suite_of
from benchmarks.suites.base import (
    Document,
    added_words,
    interval_words,
    period,
    seed_words,
    subset_words,
)
from vpp_gym.errors import InvalidInputError
from vpp_gym.evaluation.tables import (
    PRIVILEGED_MARK,
    markdown_cells,
    markdown_table,
    percent,
    policy_name,
    whole,
)
from vpp_gym.files.names import cell_text
from vpp_gym.files.reader import read_text
from vpp_gym.files.writer import write_text

AS_BEFORE = " (as by "
"""In the name of a renewed run: other figures than published, but those of the code before."""
README = ROOT / "README.md"
BOARDS = Path("docs", "leaderboard.md")
"""Page with an extract of every suite, beside the README."""
RESULTS = ROOT / "benchmarks" / "results"
END, END_OF_TOP = "<!-- /leaderboard -->", "<!-- /top -->"

BEST = 8
"""So many of the best policies stand in an extract, beside rules and learned ones."""
TOP = 3
"""So many stand in the README, beside both ends of the scale and the best learned one."""
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
        write_text(path.with_suffix(suffix), text)


def page(document: Document) -> str:
    """The leaderboard of a suite in Markdown, with what to know before reading it on top."""
    suite = suite_of(document["suite"])
    parts = [f"# Leaderboard: {suite.name}", _caveats(document)]
    for name, rows in document["boards"].items():
        board = suite.boards[name]
        parts += [f"## Board {name}: {board.words}", markdown_table(rows, board.columns)]
        if "frontier" in rows[0]:
            parts += ["### Value and service", SERVICE_WORDS, service_table(rows, board.value)]
        if contracts := document["contracts"][name]:
            parts += ["### What is offered to owners", contract_table(contracts)]
        if found := document["differences"][name]:
            parts += ["### Who earns more than whom", DIFFERENCE_WORDS, difference_table(found)]
    return "\n\n".join(parts) + "\n"


def totals_csv(document: Document) -> str:
    """The totals of every policy and board as CSV."""
    rows = [{"board": name, **row} for name, rows in document["boards"].items() for row in rows]
    rows = [
        {name: cell_text(one) if isinstance(one, str) else one for name, one in row.items()}
        for row in rows
    ]
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def block(document: Document, to_root: str = "") -> str:
    """What the page of the boards shows of a suite, between its markers.

    Args:
        document: the result file.
        to_root: what leads from the page to the repository's root.
    """
    suite = suite_of(document["suite"])
    when = period(document)
    made_by = "; ".join([f"made by `{document['command']}`", *added_words(document)])
    lines = [
        f"{when[0].upper()}{when[1:]} ({document['description']}). "
        f"{suite.lead(document)} {PRIVILEGED_MARK} saw the future. [All policies, columns and "
        f"boards, and what to know before reading them]({to_root}benchmarks/results/"
        f"{suite.name}.md); {made_by}."
    ]
    boards = list(suite.boards.values())
    alike = [board for board in boards if board.track == boards[0].track]
    for board in alike:  # other tracks stand on the suite's own page
        if board.name not in document["boards"]:
            continue
        shown = [row for row in document["boards"][board.name] if _is_shown(row, suite.known)]
        columns = {name: board.columns[name] for name in board.brief}
        lines += [f"Board {board.name}: {board.words}.", markdown_table(shown, columns)]
        if contracts := document["contracts"][board.name]:
            lines.append(contract_table(contracts))
    return "\n\n".join([start_marker(suite.name), *lines, END])


def top(document: Document) -> str:
    """What the README shows of a suite, between its markers: a few rows of its first board."""
    suite = suite_of(document["suite"])
    board = next(iter(suite.boards.values()))
    rows = document["boards"][board.name]
    learned = next((row["policy"] for row in rows if row["kind"] == "learned"), None)
    shown = [
        row
        for row in rows
        if row["policy"] == learned
        or row["score"] in (0, 100)
        or (row["rank"] is not None and row["rank"] <= TOP)
    ]
    columns = {name: board.columns[name] for name in board.brief if name in SHORT}
    words = (
        f"{board.words}: {period(document)}. {suite.lead(document)} {PRIVILEGED_MARK} saw the "
        f"future; brackets are 95 % intervals. [All boards]({BOARDS.as_posix()})."
    )
    lines = [f"{words[0].upper()}{words[1:]}", markdown_table(shown, columns)]
    return "\n\n".join([start_marker(suite.name, "top"), *lines, END_OF_TOP])


SHORT = ("Rank", "Policy", "Value EUR", "Profit EUR", "Score [95 %]", "Demand served %")
"""Columns of the table in the README."""


def _is_shown(row: Mapping[str, Any], known: Collection[str]) -> bool:
    """Whether a row of the leaderboard stands in the extract, too: the best, and who is known."""
    named = row["privileged"] or row["kind"] in ("learned", "rule") or row["policy"] in known
    return bool(named or row["rank"] <= BEST)


def contract_table(rows: Sequence[Mapping[str, Any]]) -> str:
    """What each offer gained over no contracts, with 95 % intervals, and for whom."""
    head = (
        "Offer to owners",
        "Policy",
        "VPP gains EUR [95 %]",
        "Worlds with a gain",
        "Owners gain EUR",
        "Together EUR",
        "Paid to owners EUR",
        "V2G kWh",
        "Contracts",
    )
    lines: list[Sequence[str]] = [head, ("---", "---", *["---:"] * (len(head) - 2))]
    for row in rows:
        numbers = (
            row["owners_gain_eur"],
            row["joint_gain_eur"],
            -row["payoff_eur"],
            row["discharge_kwh"],
            row["contracts"],
        )
        gain = interval_text(row, "gain_eur")
        worlds = f"{row['gain_worlds']} of {row['worlds']}"
        counts = (f"{round(number) + 0:,}" for number in numbers)
        lines.append((row["offer"], row["policy"], gain, worlds, *counts))
    return "\n".join(map(markdown_cells, lines))


def interval_text(row: Mapping[str, Any], name: str) -> str:
    """A sum of money with its interval, and in what it was drawn, if that is not blocks of days."""
    low, middle, high = (round(row[f"{name}{end}"]) + 0 for end in ("_low", "", "_high"))
    of = " (weeks)" if row.get(BLOCKS) == WEEKS else ""
    return f"{middle:,} [{low:,}, {high:,}]{of}" if low != high else f"{middle:,}"


SERVICE_WORDS = (
    "By demand served. Frontier: no other policy serves at least as much and earns more. The last "
    "columns are the ranks had every missing kWh cost so much beside the lost revenue: the same "
    "runs with the penalty exchanged, so that no policy could adapt to it."
)
DIFFERENCE_WORDS = (
    "What a policy earned more than another on the same days of the same worlds, EUR per world, "
    "and in which share of the weeks it earned more (ties half)."
)


def service_table(rows: Sequence[Mapping[str, Any]], value: str) -> str:
    """Value against demand served, best served first, with the ranks at other prices."""
    honest = [row for row in rows if not row["privileged"]]
    ordered = sorted(honest, key=lambda row: (-row["demand_satisfaction"], row["rank"]))
    columns = {
        "Policy": policy_name,
        "Demand served %": lambda row: percent(row["demand_satisfaction"]),
        "Unserved kWh": lambda row: whole(row["unserved_kwh"]),
        "EUR": lambda row: whole(row[value]),
        "Frontier": lambda row: "yes" if row["frontier"] else "",
        "Rank": lambda row: str(row["rank"]),
        **{f"at {price:g} EUR/kWh": _rank_at(price) for price in MISSING_PRICES},
    }
    return markdown_table(ordered, columns)


def _rank_at(price_eur_per_kwh: float) -> Callable[[Mapping[str, Any]], str]:
    column = price_column(price_eur_per_kwh)
    return lambda row: str(row[column])


def difference_table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Pairs of policies and what the first earned more."""
    columns = {
        "Policy": lambda row: row["policy"],
        "More than": lambda row: row["over"],
        "Because": lambda row: row["why"],
        "EUR [95 %]": lambda row: interval_text(row, "eur"),
        "Worlds": lambda row: f"{row['worlds_more']} of {row['worlds']}",
        "Weeks %": lambda row: f"{100 * row['weeks_more']:.0f}",
    }
    return markdown_table(rows, columns)


def start_marker(suite: str, kind: str = "leaderboard") -> str:
    """The marker on a page where the block of a suite begins."""
    return f"<!-- {kind}:{suite} -->"


def with_blocks(text: str, documents: list[Document], to_root: str = "") -> str:
    """A page with the blocks of these suites renewed; without a marker it stays as it is.

    Args:
        text: of the page.
        documents: result files.
        to_root: what leads from the page to the repository's root.
    """
    for document in documents:
        suite = document["suite"]
        extract, short = partial(block, document, to_root), partial(top, document)
        text = _renewed(text, start_marker(suite), END, extract)
        text = _renewed(text, start_marker(suite, "top"), END_OF_TOP, short)
    return text


def _renewed(text: str, start: str, end: str, written: Callable[[], str]) -> str:
    """A text with what stands from a marker to its end written anew, if the marker is in it."""
    if start not in text:
        return text
    before, _, rest = text.partition(start)
    if end not in rest:
        raise InvalidInputError("page", start, f"close the block with {end}")
    return before + written() + rest.partition(end)[2]


def pages(readme: Path) -> dict[Path, str]:
    """Pages that show results, with what leads from each to the repository's root."""
    boards = readme.parent / BOARDS
    return {page: to_root for page, to_root in ((readme, ""), (boards, "../")) if page.exists()}


def main(results: Path = RESULTS, readme: Path = README) -> None:
    """Write the leaderboard files and the pages' blocks from the result files."""
    paths = published(results)
    for path in paths:
        render(path)
    documents = [read(path) for path in paths]
    if results == RESULTS:
        for path, document in zip(paths, documents, strict=True):
            package(path, document)
    if documents:
        write_text(results / HTML, leaderboard_page(documents))
    for path, to_root in pages(readme).items():
        write_text(path, with_blocks(read_text(path), documents, to_root))
    print("\n".join(path.stem for path in paths) or "no results yet: python -m benchmarks.run")


def _caveats(document: Document) -> str:
    return "\n".join(f"- {line}" for line in _caveat_lines(document))


def _caveat_lines(document: Document) -> Iterator[str]:
    yield from subset_words(document)
    yield from suite_of(document["suite"]).caveats(document)
    yield from seed_words(document)
    yield interval_words(document)
    versions = ", ".join(f"{name} {number}" for name, number in document["versions"].items())
    yield (
        f"Made by `{document['command']}` at commit {', '.join(document['commits'])}"
        f"{' with changes' if document['modified'] else ''}; Python {document['python']}, "
        f"{versions}."
    )
    yield from _added_lines(document)
    for entry in document.get("renewed", ()):
        runs = f"{len(entry['runs'])} run{'s' if len(entry['runs']) != 1 else ''}"
        others = sum(AS_BEFORE in run for run in entry["runs"])
        but = f", but for {others} that the code before gives, too, on that machine" * (others > 0)
        yield (
            f"The code has changed since. At commit {entry['commit']} {runs}, "
            f"one world of each policy whose code had changed, gave the same figures again{but}; "
            f"the other worlds were not run again. They are named in [{document['suite']}.json]"
            f"({document['suite']}.json)."
        )
    name, kind = document["suite"], suite_of(document["suite"]).published
    yield (
        f"Rows of all {kind}: [{name}_{kind}.csv]({name}_{kind}.csv), SHA-256 "
        f"`{document['rows_sha256']}`. What each row rests on, code, settings, rules and "
        f"scenarios, is digested in [{name}.json]({name}.json)."
    )
    for reason in document["left_out"]:
        yield f"Not here: {reason}."


def _added_lines(document: Document) -> Iterator[str]:
    """What was added later, when, and which intervals are of weeks."""
    entries = zip(document.get("added", ()), added_words(document), strict=True)
    for entry, words in entries:
        versions = ", ".join(f"{name} {number}" for name, number in entry["versions"].items())
        yield (
            f"{words} at commit {', '.join(entry['commits'])}"
            f"{' with changes' if entry['modified'] else ''}; Python {entry['python']}, "
            f"{versions}. Both ends of the scale were run again beside it and gave the published "
            "figures; the rows of all others are as they were."
        )
    compared = *document["differences"].values(), *document["contracts"].values()
    if any(row.get(BLOCKS) == WEEKS for rows in compared for row in rows):
        yield (
            "Marked (weeks): of one of the two policies only the weeks were at hand, so that the "
            "interval is of resampled weeks of the calendar, not of blocks that begin on any day."
        )


if __name__ == "__main__":
    try:
        typer.run(main)
    except InvalidInputError as refused:
        sys.exit(str(refused))

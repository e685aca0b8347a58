"""Published results with the rows of some policies made anew, and those of all others kept.

What a row says of its policy between the two ends of the scale rests on no third one, and is kept.
Ranks, frontiers and pairs of policies are worked out again for all. Of policies that are kept the
published weeks, or days, are known: enough for the amount by which one earned more than another,
and in how many worlds and weeks, but not for blocks that begin on any day. The interval of a
difference is therefore of whole weeks where only one of the two was run; the row says so.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import Any

import pandas as pd

from benchmarks.boards import (
    MISSING_PRICES,
    SAME_OFFER,
    price_column,
    ranks_at_prices,
    with_frontier,
)
from benchmarks.differences import STATISTICS
from benchmarks.results import SuiteResults, days_of, row_alone, rows_text
from benchmarks.store import StoredRun
from benchmarks.suites.base import Board, Contestants, Document, Run, Suite
from vpp_gym.errors import InvalidInputError

BLOCKS, WEEKS = "blocks", "weeks"
"""What an interval is drawn in, where it is not blocks of days."""
PLACES = ("rank", "frontier", *map(price_column, MISSING_PRICES))
"""Columns of a row that others have a part in."""
RUN_COLUMNS = ("track", "world", "date")
"""Of published days, beside a column for each run."""

Row = dict[str, Any]


@dataclass(frozen=True)
class Addition:
    """What is known when policies are added to published results.

    Attributes:
        suite: of the results.
        document: the published results.
        rows: the published file of all runs.
        everyone: who takes part now.
        added: policies whose rows are made anew.
        runs: finished runs of these and of both ends of the scale; perhaps of others.
    """

    suite: Suite
    document: Document
    rows: str
    everyone: Contestants
    added: frozenset[str]
    runs: Mapping[Run, StoredRun]

    @cached_property
    def ran(self) -> set[str]:
        """Policies whose days are known."""
        return {run.policy for run in self.runs}

    @cached_property
    def days(self) -> pd.DataFrame:
        """Day rows of the finished runs."""
        return days_of(self.runs)

    @cached_property
    def names(self) -> list[str]:
        """Names of all policies, in the order of the contestants."""
        return list(dict.fromkeys(name for name, _ in self.everyone.entries))

    @cached_property
    def text(self) -> str:
        """The published file with the rows of the added policies."""
        fresh = rows_text(self.suite.published_rows(self.days))
        return merged_text(self.rows, fresh, self.everyone, self.added)

    @cached_property
    def periods(self) -> pd.DataFrame:
        """Published rows of all policies, as days to the ranking."""
        return as_days(self.text, self.everyone, self.days)

    @property
    def statistics(self) -> dict[str, int]:
        """Of the bootstrap of published rows."""
        block = 1 if self.suite.published == "weeks" else STATISTICS["block_days"]
        return {**STATISTICS, "block_days": block}


def merged(addition: Addition) -> SuiteResults:
    """The results with the added policies; digests and words are not renewed.

    Raises:
        InvalidInputError: a policy whose days are missing.
    """
    boards = {name: _Merged(addition, board) for name, board in addition.suite.boards.items()}
    document = {
        **addition.document,
        "rows_sha256": sha256(addition.text.encode()).hexdigest(),
        "boards": {name: one.rows for name, one in boards.items()},
        "differences": {name: one.differences for name, one in boards.items()},
        "contracts": {name: one.offers() for name, one in boards.items()},
        "seeds": {name: one.seeds for name, one in boards.items()},
    }
    return SuiteResults(document, addition.text)


class _Merged:
    """A board with the added policies.

    Attributes:
        rows: best first.
        differences: between them.
        seeds: of those that have several.
    """

    def __init__(self, addition: Addition, board: Board) -> None:
        self._of, self._board = addition, board
        days, periods = addition.days, addition.periods
        self._days = days[days["track"] == board.track].drop(columns="track")
        self._periods = periods[periods["track"] == board.track].drop(columns="track")
        alone = {
            name: row_alone(addition.suite, board, name, self._runs)
            for name in addition.names
            if name in addition.ran - {addition.suite.low, addition.suite.high}
        }
        fresh = {name: row for name, (row, _) in alone.items() if row is not None}
        self.rows = with_places(self._all_rows(fresh), board)
        self.differences = self._differences()
        better = {
            one["policy"]: one["weeks_more"] for one in self.differences if one["why"] == SAME_OFFER
        }
        for row in self.rows:
            row["weeks_more"] = better.get(row["policy"])
        self.seeds = self._seeds({name: own for name, (_, own) in alone.items()})

    @property
    def _runs(self) -> dict[Run, StoredRun]:
        return {run: one for run, one in self._of.runs.items() if run.track == self._board.track}

    def _published(self, part: str) -> list[Row]:
        rows: list[Row] = self._of.document[part][self._board.name]
        return rows

    def _all_rows(self, fresh: Mapping[str, Row]) -> list[Row]:
        """A row for every policy of the board, best first."""
        published = {str(row["policy"]): row for row in self._published("boards")}
        kept = {name: row for name, row in published.items() if name not in self._of.added}
        known = {**fresh, **kept}
        privileged = {name for name, row in known.items() if row["privileged"]}
        shown = self._shown(set(published), privileged)
        if missing := [name for name in shown if name not in known]:
            remedy = f"they come to the board {self._board.name}: name them with --policies, too"
            raise InvalidInputError("policies", missing, remedy)
        still = with_new_terms([row for name, row in kept.items() if name in shown], fresh)
        new = [row for name, row in fresh.items() if name in shown and name not in kept]
        return inserted(still, new, self._of.names, self._board.value)

    def _shown(self, published: set[str], privileged: set[str]) -> list[str]:
        """Who stands on the board: as before but for dispatchers that are added."""
        few = {**self._of.statistics, "n_resamples": 1}
        ran = set(self._periods["policy"])
        table = self._of.suite.ranked(self._board, self._periods, privileged & ran, few)
        touched, now = set(map(_dispatcher, self._of.added)), set(table["policy"])
        return [
            name
            for name in self._of.names
            if name in (now if _dispatcher(name) in touched else published)
        ]

    def _seeds(self, fresh: Mapping[str, list[Row]]) -> list[Row]:
        added, shown = self._of.added, {row["policy"] for row in self.rows}
        kept = [one for one in self._published("seeds") if one["policy"] not in added]
        new = [one for name in self._of.names if name in added for one in fresh[name]]
        those = [one for one in (*kept, *new) if one["policy"] in shown]
        return sorted(those, key=lambda one: self._of.names.index(one["policy"]))

    def _differences(self) -> list[Row]:
        suite, ran = self._of.suite, self._of.ran
        those = [row for row in self.rows if row["policy"] in ran]
        by_days = suite.differences(self._board, self._days, those, STATISTICS)
        by_weeks = suite.differences(self._board, self._periods, self.rows, self._of.statistics)

        def pair(one: Row) -> tuple[str, str]:
            return one["policy"], one["over"]

        return [
            {**one, "why": wanted["why"]}
            for wanted, one in self._best(
                by_weeks, self._published("differences"), by_days, pair, pair
            )
        ]

    def offers(self) -> list[Row]:
        """What offers to owners gained."""
        suite = self._of.suite
        by_days = suite.offers(self._board, self._days, STATISTICS)
        by_weeks = suite.offers(self._board, self._periods, self._of.statistics)
        scheduler = dict(_with_scheduler(by_weeks))

        def policies(one: Row) -> tuple[str, str]:
            return one["policy"], scheduler[one["policy"]]

        def policy(one: Row) -> str:
            return str(one["policy"])

        found = self._best(by_weeks, self._published("contracts"), by_days, policy, policies)
        return [one for _, one in found]

    def _best(
        self,
        wanted: Sequence[Row],
        published: Sequence[Row],
        by_days: Sequence[Row],
        key: Callable[[Row], Any],
        policies: Callable[[Row], tuple[str, str]],
    ) -> Iterator[tuple[Row, Row]]:
        """Each row of published weeks, and the best that is known of it.

        Args:
            wanted: rows of published weeks.
            published: rows of the published document.
            by_days: rows of finished runs.
            key: what makes a row the same.
            policies: both that a row compares.
        """
        known = {key(one): one for one in published}
        of_days = {key(one): one for one in by_days}
        for row in wanted:
            before = known.get(key(row))
            if before is not None and not self._of.added & {*policies(row)}:
                yield row, before
            else:
                yield row, of_days.get(key(row), {**row, BLOCKS: WEEKS})


def inserted(kept: Sequence[Row], new: Sequence[Row], names: Sequence[str], by: str) -> list[Row]:
    """Rows best first: those that are kept in their order, the others where they belong.

    Args:
        kept: best first. Their order is of more digits than are published.
        new: in any order.
        names: of all policies; of equals the first of these stands first.
        by: column that they are ranked by.
    """
    place = {name: number for number, name in enumerate(names)}
    rows = list(kept)
    for one in sorted(new, key=lambda row: place[row["policy"]]):
        mine = -one[by], place[one["policy"]]
        behind = (k for k, row in enumerate(rows) if (-row[by], place[row["policy"]]) > mine)
        rows.insert(next(behind, len(rows)), one)
    return rows


def with_new_terms(kept: Sequence[Row], fresh: Mapping[str, Row]) -> list[Row]:
    """Rows that are kept with the columns of new ones: a term that came since is 0 in them.

    Where the code that ranks has changed, `benchmarks.ranking_again` has made sure of that.

    Args:
        kept: rows.
        fresh: rows by policy.
    """
    new = next(iter(fresh.values()), {})
    return [{name: row.get(name, 0.0) for name in {**new, **row}} for row in kept]


def with_places(rows: Sequence[Row], board: Board) -> list[Row]:
    """Rows of a board with their places among one another worked out again.

    Args:
        rows: best first.
        board: that they stand on.
    """
    table = pd.DataFrame(list(rows))
    honest = ~table["privileged"].astype(bool)
    table["rank"] = honest.cumsum().where(honest).astype("Int64")
    if "frontier" in table:
        table = with_frontier(table, board.value)
    if PLACES[-1] in table:
        table = ranks_at_prices(table, board.value)
    places = [name for name in PLACES if name in table]
    found = json.loads(table[places].to_json(orient="records"))
    return [{**row, **place} for row, place in zip(rows, found, strict=True)]


def merged_text(published: str, fresh: str, everyone: Contestants, added: Collection[str]) -> str:
    """The file of all runs with the rows, or columns, of some policies in their place.

    Args:
        published: the file as it is.
        fresh: the same of the finished runs.
        everyone: who takes part.
        added: policies of which the finished runs are taken.

    Raises:
        InvalidInputError: files of other columns or days.
    """
    before, after = (
        pd.read_csv(io.StringIO(one), dtype=str, keep_default_na=False)
        for one in (published, fresh)
    )
    if "policy" in before:
        _check_same("columns", list(before), list(after))
        table = _rows_in_order(before, after, everyone, added)
    else:
        keys = list(RUN_COLUMNS)
        _check_same("days", before[keys].to_numpy().tolist(), after[keys].to_numpy().tolist())
        columns = {
            label: (after if name in added else before)[label]
            for label, (name, _) in labels(everyone).items()
        }
        table = pd.DataFrame({**{name: before[name] for name in keys}, **columns})
    text: str = table.to_csv(index=False, lineterminator="\n")
    return text


def _rows_in_order(
    before: pd.DataFrame, after: pd.DataFrame, everyone: Contestants, added: Collection[str]
) -> pd.DataFrame:
    kept = before[~before["policy"].isin(added)]
    table = pd.concat([kept, after[after["policy"].isin(added)]], ignore_index=True)
    place = {(name, str(seed)): number for number, (name, seed) in enumerate(everyone.entries)}
    tracks = {track: number for number, track in enumerate(dict.fromkeys(before["track"]))}
    runs = zip(table["policy"], table["seed"], strict=True)
    order = pd.DataFrame(
        {
            "track": table["track"].map(tracks),
            "run": [place[run] for run in runs],
            "world": table["world"].astype(int),
            "week": table["week"].astype(int),
        }
    ).sort_values(["track", "run", "world", "week"], kind="stable")
    return table.loc[order.index]


def as_days(text: str, everyone: Contestants, like: pd.DataFrame) -> pd.DataFrame:
    """Published rows as if each were a day; quantities that are not published are 0.

    Args:
        text: of the published file.
        everyone: who takes part.
        like: days of some runs, which have all columns.
    """
    table = pd.read_csv(io.StringIO(text))
    if "policy" in table:
        table = table.rename(columns={"week": "day"})
    else:
        by_label = labels(everyone)
        table = table.melt(list(RUN_COLUMNS), var_name="run", value_name="profit_eur")
        runs = [by_label[label] for label in table.pop("run")]
        table["policy"], table["seed"] = zip(*runs, strict=True)
        table["day"] = pd.factorize(table["date"], sort=True)[0]
    missing = [name for name in like.select_dtypes("number") if name not in table]
    return table.assign(scenario=table["world"].astype(str), **dict.fromkeys(missing, 0.0))


def labels(everyone: Contestants) -> dict[str, tuple[str, int]]:
    """(name, seed) of every run by its column in a file of days."""
    names = [name for name, _ in everyone.entries]
    return {
        name if names.count(name) == 1 else f"{name}.{seed}": (name, seed)
        for name, seed in everyone.entries
    }


def _with_scheduler(offers: Sequence[Row]) -> Iterator[tuple[str, str]]:
    """Policies of a table of offers, each with the one that offers nothing, which comes first."""
    scheduler = ""
    for one in offers:
        name = str(one["policy"])
        if not scheduler or not name.startswith(f"{scheduler}_"):
            scheduler = name
        yield name, scheduler


def _dispatcher(name: str) -> str:
    return name.partition("+")[0]


def _check_same(what: str, published: Sequence[Any], fresh: Sequence[Any]) -> None:
    if published != fresh:
        remedy = f"the published file has other {what}: run the whole suite"
        raise InvalidInputError("runs", f"other {what}", remedy)

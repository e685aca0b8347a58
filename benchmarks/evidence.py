"""The result files that sentences of README and docs rest on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.results import SCHEMA, read
from benchmarks.suites import SUITES
from benchmarks.suites.base import Document
from vpp_gym.evaluation.csv_text import read_table
from vpp_gym.files.reader import read_text

Row = Mapping[str, Any]
TABLES = ("wear", "site_limit", "site_year")
"""Tables beside the boards that sentences rest on."""


class UnknownClaimError(Exception):
    """The results do not hold what a claim is about."""


@dataclass(frozen=True)
class Results:
    """The result files that claims are about.

    Attributes:
        documents: by suite.
        tables: rows of tables beside the boards, by name.
    """

    documents: Mapping[str, Document]
    tables: Mapping[str, Sequence[Row]] = field(default_factory=dict)

    def table(self, name: str) -> Sequence[Row]:
        """Rows of a table."""
        if name not in self.tables:
            raise UnknownClaimError(f"there is no table {name}")
        return self.tables[name]

    def document(self, suite: str) -> Document:
        """A result file."""
        if suite not in self.documents:
            raise UnknownClaimError(f"there are no results of {suite}")
        return self.documents[suite]

    def rows(self, suite: str, board: str, *, honest: bool = True) -> list[Row]:
        """Rows of a board, best first; with `honest` only those that saw no future."""
        rows = self.document(suite)["boards"].get(board, [])
        return [row for row in rows if not (honest and row["privileged"])]

    def row(self, suite: str, board: str, policy: str) -> Row:
        """One row of a board."""
        for row in self.rows(suite, board, honest=False):
            if row["policy"] == policy:
                return row
        raise UnknownClaimError(f"{suite} has no row of {policy} on the board {board}")

    def best(self, suite: str, board: str, *kinds: str) -> Row:
        """The best row without knowledge of the future, of some kinds."""
        found = (row for row in self.rows(suite, board) if not kinds or row["kind"] in kinds)
        row = next(found, None)
        if row is None:
            raise UnknownClaimError(f"{suite} has no {' or '.join(kinds)} row on the board {board}")
        return row

    def differences(self, suite: str, board: str, why: str) -> list[Row]:
        """What policies earned more than others, for one reason."""
        found = self.document(suite)["differences"].get(board, [])
        return [one for one in found if one["why"] == why]

    def difference(self, suite: str, board: str, policy: str, why: str) -> Row:
        """What one policy earned more than another."""
        for one in self.differences(suite, board, why):
            if one["policy"] == policy:
                return one
        raise UnknownClaimError(f"{suite} compares {policy} with nothing: {why}")

    def offer(self, suite: str, policy: str, board: str = "operations") -> Row:
        """What an offer to owners gained over no contracts."""
        for row in self.document(suite)["contracts"].get(board, []):
            if row["policy"] == policy:
                return row
        raise UnknownClaimError(f"{suite} has no offer of {policy}")


def results_in(folder: Path) -> Results:
    """The result files of this version in a folder, and tables beside them."""
    documents = {}
    for suite in SUITES:
        path = folder / f"{suite}.json"
        if path.exists() and f'"schema": {SCHEMA},' in read_text(path)[:200]:
            documents[suite] = read(path)
    paths = {name: folder / f"{name}.csv" for name in TABLES}
    tables: dict[str, Sequence[Row]] = {
        name: read_table(path).to_dict("records") for name, path in paths.items() if path.exists()
    }
    return Results(documents, tables)

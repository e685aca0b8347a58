"""A row with its record: what anybody needs to check it, to rank it again and to run it again."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from vpp_gym.arrays import Floats
from vpp_gym.boards.digest import same_worlds
from vpp_gym.boards.entry import Entry, flat
from vpp_gym.boards.published import DECIMALS, Board, board_named
from vpp_gym.boards.ranking import Ranking, ranking
from vpp_gym.errors import InvalidInputError
from vpp_gym.evaluation.provenance import provenance
from vpp_gym.files.names import MAX_LENGTH, NAME_PATTERN
from vpp_gym.files.reader import DIGEST, MB, digest_of, read_object
from vpp_gym.files.writer import write_text

SCHEMA = 1
MAX_BYTES = 64 * MB
CENT = 0.01
"""Sums of a week or day that are made again may differ by this much: other machines round
otherwise."""


class Document(BaseModel):
    """What a record holds, and the types of it.

    Attributes:
        record: version of this format.
        name: row label.
        env_id: environment that the policy plays; None: it reads snapshots.
        board: that it is ranked on.
        days: that were run of each world.
        seeds: of the trainings.
        rules: of the runs.
        setting: what the model was trained in, where it is one.
        files: SHA-256 of the files of the models, by name.
        world_digests: of the scenarios of the runs.
        published_sha256: of the published rows that it was ranked among.
        quantities: names of the last axis of the rows.
        rows: seeds, worlds, weeks or days, and quantities of each.
        rows_sha256: of the rows.
        row: rank, value and intervals.
        command: that made it.
        python: version.
        versions: of packages.
        commit: of the source, where it was a checkout.
        modified: whether the source differed from that commit.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    record: int = SCHEMA
    name: str = Field(pattern=NAME_PATTERN, max_length=MAX_LENGTH)
    env_id: str | None
    board: str
    days: int = Field(ge=1)
    seeds: tuple[int, ...] = Field(min_length=1)
    rules: dict[str, Any]
    setting: dict[str, Any] | None
    files: dict[str, str]
    world_digests: tuple[str, ...] = Field(min_length=1)
    published_sha256: str
    quantities: tuple[str, ...] = Field(min_length=1)
    rows: list[Any]
    rows_sha256: str
    row: dict[str, Any]
    command: str
    python: str
    versions: dict[str, str]
    commit: str | None
    modified: bool | None


@dataclass(frozen=True)
class Record:
    """A row with its record.

    Attributes:
        document: all of it.
    """

    document: Document

    @classmethod
    def of(
        cls,
        entry: Entry,
        found: Ranking,
        *,
        setting: Mapping[str, Any] | None = None,
        files: Mapping[str, str] | None = None,
        command: str | None = None,
    ) -> Record:
        """The record of a row.

        Args:
            entry: what was run.
            found: where it ranks.
            setting: what the model was trained in.
            files: SHA-256 of its files, by name.
            command: that makes it again; None: that of this program.
        """
        rows = np.round(entry.values, DECIMALS).tolist()
        document = Document(
            name=entry.name,
            env_id=entry.env_id,
            board=found.board.name,
            days=entry.days,
            seeds=entry.seeds,
            rules=dict(entry.rules),
            setting=None if setting is None else dict(setting),
            files=dict(files or {}),
            world_digests=entry.world_digests,
            published_sha256=found.board.rows_sha256,
            quantities=found.board.quantities,
            rows=rows,
            rows_sha256=_rows_digest(rows),
            row=dict(found.row),
            **provenance(command),
        )
        return cls(document)

    @classmethod
    def read(cls, path: Path) -> Record:
        """The record in a file; nothing in it is executed.

        Raises:
            InvalidInputError: no such file, no record, another version, or one that was edited.
        """
        content = read_object(path, max_bytes=MAX_BYTES)
        if content.get("record") != SCHEMA:
            remedy = "give a file that `vpp-gym evaluate --out` wrote with this version"
            raise InvalidInputError(path.name, f"record {content.get('record')}", remedy)
        if content.pop(DIGEST, None) != digest_of(content):
            remedy = "it was edited or is damaged: make it again"
            raise InvalidInputError(path.name, "other content than was written", remedy)
        try:
            document = Document.model_validate(content)
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join((path.name, *map(str, first["loc"])))
            raise InvalidInputError(place, first.get("input"), first["msg"]) from error
        found = cls(document)
        _ = found.values  # of the right shape, or refused
        return found

    def write(self, path: Path) -> Path:
        """Write the record, whole or not at all; its path."""
        content = json.loads(self.document.model_dump_json())
        text = json.dumps({**content, DIGEST: digest_of(content)}, allow_nan=False)
        return write_text(path, text + "\n")

    @cached_property
    def values(self) -> Floats:
        """(seeds, worlds, periods, quantities) of every week, or day.

        Raises:
            InvalidInputError: rows that are no numbers, or of another shape.
        """
        document = self.document
        try:
            values = np.array(document.rows, dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise InvalidInputError("rows", "no numbers", "make the record again") from error
        shape = len(document.seeds), len(document.world_digests)
        last = len(document.quantities)
        if values.ndim != 4 or (*values.shape[:2], values.shape[3]) != (*shape, last):
            raise InvalidInputError("rows", f"shape {values.shape}", "make the record again")
        if not np.isfinite(values).all():
            raise InvalidInputError("rows", "numbers that are not finite", "make it again")
        return values

    @property
    def board(self) -> Board:
        """The published board that it is ranked on.

        Raises:
            InvalidInputError: there is no such board in this version.
        """
        return board_named(self.document.board)

    def ranked(self) -> Ranking:
        """Its row among what is published now."""
        return ranking(self.board, {self.document.name: self.values})

    def findings(self) -> Iterator[str]:
        """What is wrong with the record, as far as can be told without running anything.

        Numbers that fit together may still be invented: run it again to be sure.
        """
        document, board = self.document, self.board
        if _rows_digest(document.rows) != document.rows_sha256:
            yield "rows: they are not those whose digest the record has"
        if document.quantities != board.quantities:
            yield f"quantities: {board.name} has {', '.join(board.quantities)}"
            return
        worlds = board.world_digests[: len(document.world_digests)]
        if board.world_digests and not same_worlds(document.world_digests, worlds):
            yield f"worlds: they are not the scenarios of {board.name}"
        if found := [name for name, why in self._other_rules() if why]:
            yield f"rules: {', '.join(found)} differ from those of {board.name}"
        periods = self.values.shape[2]
        whole = document.days == board.days
        if periods != (board.n_periods if whole else document.days // board.period_days):
            yield f"rows: {periods} weeks or days for {document.days} days"
            return
        if document.published_sha256 == board.rows_sha256:
            again = self.ranked().row
            for name, value in again.items():
                if not _same(document.row.get(name), value):
                    yield f"row.{name}: {document.row.get(name)}, made again {value}"

    def notes(self) -> Iterator[str]:
        """What is worth knowing and not wrong."""
        document, board = self.document, self.board
        if document.published_sha256 != board.rows_sha256:
            yield "the published rows have changed since: its rank is that among the new ones"
        if document.modified:
            yield f"the source differed from commit {document.commit}"
        if len(document.world_digests) < board.n_worlds or document.days < board.days:
            yield (
                f"{len(document.world_digests)} of {board.n_worlds} worlds, {document.days} of "
                f"{board.days} days: ranks of few worlds are not those of all"
            )

    def compared(self, again: Entry) -> Iterator[str]:
        """What differs where its runs were made again.

        Args:
            again: the runs; of the first seeds and worlds, and the same days.
        """
        seeds, worlds = again.values.shape[:2]
        if not same_worlds(again.world_digests, self.document.world_digests[:worlds]):
            yield "worlds: this version makes other scenarios"
        mine = self.values[:seeds, :worlds]
        if mine.shape != again.values.shape:
            yield f"rows: shape {again.values.shape} instead of {mine.shape}"
            return
        apart = np.abs(mine - again.values)
        worst = float(apart.max())
        if worst > CENT:
            seed, world, period, quantity = np.unravel_index(int(apart.argmax()), apart.shape)
            yield (
                f"rows: {int((apart > CENT).sum())} of {apart.size} numbers differ, most "
                f"{self.document.quantities[quantity]} of seed {seed}, world {world}, period "
                f"{period}: {mine[seed, world, period, quantity]:.4f}, made again "
                f"{again.values[seed, world, period, quantity]:.4f}"
            )

    def _other_rules(self) -> Iterator[tuple[str, bool]]:
        """Rules by name, and whether they differ from the board's; offers to owners may."""
        theirs = json.loads(json.dumps(self.board.params.model_dump(mode="json")))
        is_ev = self.board.worlds.world == "ev"
        for name, value in self.document.rules.items():
            if not (is_ev and name == "contract"):
                yield name, theirs.get(name) != value


def _rows_digest(rows: Sequence[Any]) -> str:
    return sha256(json.dumps(rows).encode()).hexdigest()


def _same(one: Any, other: Any) -> bool:
    """Whether two values of a row are the same, rounding errors aside."""
    if isinstance(one, int | float) and isinstance(other, int | float):
        return abs(one - other) <= 1e-6 * max(1.0, abs(other)) + CENT
    return bool(one == other)


def read_folder(folder: Path) -> dict[str, Record]:
    """The records of a folder, by file name.

    Raises:
        InvalidInputError: one of the files is no record.
    """
    return {path.name: Record.read(path) for path in sorted(folder.glob("*.json"))}


def rules_are_published(board: Board) -> bool:
    """Whether the rules of this version are those under which the published rows were made.

    A part of the world that has come since, and is not there by default, does not count.
    """
    now = flat(json.loads(json.dumps(board.params.model_dump(mode="json"))))
    return all(now.get(name) == value for name, value in flat(board.rules).items())

"""What became of a file's rows: read, dropped and why, changed and how."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    from vpp_gym.scenarios.files.raw import RawFile

Fact = str | int | float | bool | None


class FileReport(BaseModel):
    """Provenance of one file.

    Attributes:
        file: name, without folder.
        kind: which reader read it.
        sha256: of the content.
        rows: read; each is either kept or counted under one reason of `dropped`.
        dropped: rows left out, by reason.
        changed: values converted, filled or merged, by what was done.
        options: what the caller decided, by name.
        facts: span, units and oddities that were left as they are.
        coverage: of prices: days, clock changes and gaps.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    file: str
    kind: str
    sha256: str
    rows: int = 0
    dropped: dict[str, int] = {}
    changed: dict[str, int] = {}
    options: dict[str, str] = {}
    facts: dict[str, Fact] = {}
    coverage: dict[str, Fact] = {}

    @classmethod
    def of(cls, raw: RawFile, kind: str, **more: Any) -> FileReport:
        """Report of a file's content, before its rows are counted."""
        return cls(file=raw.name, kind=kind, sha256=raw.sha256, **more)

    @property
    def kept(self) -> int:
        """Rows that were used."""
        return self.rows - sum(self.dropped.values())

    def with_facts(self, **facts: Fact) -> FileReport:
        """The same report with more facts."""
        return self.model_copy(update={"facts": {**self.facts, **facts}})

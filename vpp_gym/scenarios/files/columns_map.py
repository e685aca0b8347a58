"""A map of columns: which file of a folder holds what, in which form, as the user states it.

A map says everything that a table does not say about itself. The descriptions of the fields
are the documentation: `docs/columns.md` is written from them, and `vpp-gym data columns-schema`
prints them as a JSON schema.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from vpp_gym.scenarios.files.columns_parts import (
    STATED_CLOCK,
    UTC_CLOCK,
    CurrencyCode,
    OneOrMore,
    Part,
    Patterns,
    PriceColumns,
    Rate,
    Rows,
    SessionColumns,
    Text,
    TimeColumns,
    Zone,
    separator_mark,
)
from vpp_gym.scenarios.files.columns_units import EURO

Separator = Literal[",", ";", "\t", "|", " "]


class Table(Part):
    """Files of one form: how they are written, and what they hold."""

    files: Patterns = Field(
        description="Name of a file in the folder, or a pattern such as `prices_*.csv`; or several."
    )
    name: Text | None = Field(default=None, description="For reports; by default the pattern.")
    form: Literal["csv", "sheet", "json"] = Field(
        default="csv",
        description="`csv`: text with separators; `sheet`: first sheet of a workbook; `json`: a "
        "list of records.",
    )
    records: Text | None = Field(
        default=None, description="In JSON, the key of the list, such as `data` or `a.b`."
    )
    separator: Annotated[
        Separator,
        BeforeValidator(separator_mark, json_schema_input_type=Separator | Literal["tab"]),
    ] = Field(default=",", description="Between cells; `tab` for tabulators.")
    decimal: Literal[".", ","] = Field(default=".", description="Decimal mark.")
    thousands: Literal[".", ",", " ", "'"] | None = Field(
        default=None, description="Mark between groups of three digits."
    )
    encoding: Literal["utf-8", "latin-1", "cp1252", "utf-16"] = Field(
        default="utf-8", description="Of the text."
    )
    header_line: int = Field(
        default=1, ge=0, le=100, description="Number of the line that names the columns; 0: none."
    )
    names: Annotated[tuple[Text, ...], OneOrMore] = Field(
        default=(), description="Names of the columns, if no line has them."
    )
    skip_after_header: int = Field(
        default=0, ge=0, le=100, description="Lines below the header to pass over, as of units."
    )
    skip_last: int = Field(
        default=0, ge=0, le=100, description="Lines at the end to pass over, as of sums."
    )
    missing: Annotated[tuple[str, ...], OneOrMore] = Field(
        default=(), description="Further marks for no value, beside an empty cell, `-`, `n/e`, NaN."
    )
    keep: Rows = Field(
        default={},
        description="Which rows to use, by values of columns: `{PriceArea: DK1}`. Others are "
        "counted.",
    )
    zone: Zone = Field(
        description="Where the market's days begin and end, or the clock of the chargers."
    )
    area: Text | None = Field(
        default=None,
        description="Bidding zone of the prices under the name of ENTSO-E, such as `DE-LU`: files "
        "of several zones are refused.",
    )
    time: TimeColumns = Field(description="When a row begins and ends.")
    resolution: Literal["PT60M", "PT30M", "PT15M", "PT5M"] | None = Field(
        default=None, description="Length of a price's period; needed unless rows have an end."
    )
    repeat: Literal["refused", "allowed"] = Field(
        default="refused",
        description="`allowed`: a price of an hour or half an hour is repeated in its quarters, "
        "and counted. Of imbalance prices that is a statement about the market.",
    )
    prices: PriceColumns | None = Field(default=None, description="Prices that the rows hold.")
    sessions: SessionColumns | None = Field(
        default=None, description="Or the sessions that they hold."
    )

    @model_validator(mode="after")
    def _is_whole(self) -> Table:
        if (self.prices is None) == (self.sessions is None):
            raise ValueError("give prices or sessions, one of them")
        if self.decimal == self.thousands:
            raise ValueError("decimal and thousands are the same mark")
        if (self.header_line == 0) != bool(self.names):
            raise ValueError("give names with header_line: 0, and only then")
        if (self.form == "json") < (self.records is not None):
            raise ValueError("records is for JSON only")
        self._check_prices()
        self._check_sessions()
        return self

    def _check_prices(self) -> None:
        if self.prices is None:
            if self.resolution or self.area or self.repeat == "allowed":
                raise ValueError("resolution, area and repeat are for prices only")
            return
        both_ends = self.time.start is not None and self.time.end is not None
        if self.resolution is None and not both_ends:
            raise ValueError("state the resolution: PT60M, PT30M, PT15M or PT5M")
        if self.time.repeated_hour in ("first", "second"):
            raise ValueError("repeated_hour of prices is in_order or drop")

    def _check_sessions(self) -> None:
        if self.sessions is None:
            return
        if self.time.start is None or self.time.date is not None:
            raise ValueError("sessions need time.start")
        if (self.time.end is None) == (self.sessions.duration is None):
            raise ValueError("give time.end or sessions.duration, one of them")
        local = self.time.clock not in (UTC_CLOCK, STATED_CLOCK)
        if local and self.time.repeated_hour not in ("first", "second", "drop"):
            raise ValueError("state time.repeated_hour: first, second or drop")

    @property
    def title(self) -> str:
        """Name in reports."""
        return self.name or ", ".join(self.files)

    def matches(self, name: str) -> bool:
        """Whether a file of this name is of this form."""
        return any(fnmatchcase(name, pattern) for pattern in self.files)


class ColumnsMap(Part):
    """What the files of a folder hold, in which columns, units, currency and clock."""

    tables: tuple[Table, ...] = Field(
        min_length=1, max_length=100, description="Files by their form, one entry each."
    )
    eur_per_unit: dict[CurrencyCode, Rate] = Field(
        default={},
        description="EUR for one unit of each other currency, one rate for all rows: "
        "`{GBP: 1.17}`. 1 keeps the numbers: all money of the package is then in that currency.",
    )

    @model_validator(mode="after")
    def _rates_are_stated(self) -> ColumnsMap:
        for number, table in enumerate(self.tables):
            prices = table.prices.stated.values() if table.prices is not None else ()
            for money in sorted({one.money for one in prices} - {EURO, *self.eur_per_unit}):
                rate = f"eur_per_unit: {{{money}: ...}}"
                raise ValueError(f"tables[{number}] has {money}: state its rate, {rate}")
        if self.eur_per_unit.get(EURO, 1.0) != 1.0:
            raise ValueError("eur_per_unit of EUR is 1")
        return self

    def tables_of(self, name: str) -> list[Table]:
        """The entries of a file; none where no pattern fits its name."""
        return [one for one in self.tables if one.matches(name)]


class StatedColumns(Part):
    """A map as it was read.

    Attributes:
        file: name of the map, without folder.
        sha256: of its content.
        map: what it says.
    """

    file: str
    sha256: str
    map: ColumnsMap

    def options(self, table: Table) -> dict[str, str]:
        """What a report of a file says about the map and its entry."""
        return {"map": self.file, "sha256 of the map": self.sha256, "entry": table.title}

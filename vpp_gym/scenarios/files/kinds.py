"""Kinds of files, told by their first line, and how each is read."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import Literal

from vpp_gym.errors import InvalidInputError
from vpp_gym.scenarios.files import (
    acn_sessions,
    elaad_transactions,
    entsoe_csv,
    entsoe_header,
    entsoe_imbalance,
    entsoe_xml,
    ocpi_records,
    prepared_prices,
    tennet,
    tennet_json,
)
from vpp_gym.scenarios.files.columns_map import StatedColumns, Table
from vpp_gym.scenarios.files.columns_prices import read_stated_prices
from vpp_gym.scenarios.files.columns_sessions import read_stated_sessions
from vpp_gym.scenarios.files.dressing import MOST_TITLES, check_titles, text_rows
from vpp_gym.scenarios.files.near_miss import check_near_miss
from vpp_gym.scenarios.files.options import ReadOptions
from vpp_gym.scenarios.files.price_rows import PriceRows
from vpp_gym.scenarios.files.raw import BEGINNING_BYTES, PACKED, RawFile, beginning, header_cells
from vpp_gym.scenarios.files.session_rows import SessionRows
from vpp_gym.scenarios.files.sheet import check_size, is_excel, sheet_rows
from vpp_gym.scenarios.files.unrelated import TABLES, is_text, is_unrelated

Holds = Literal["day-ahead", "imbalance", "both markets", "sessions"]


Reader = Callable[[Path, ReadOptions], PriceRows | SessionRows]


@dataclass(frozen=True)
class Kind:
    """A kind of file.

    Attributes:
        name: of the kind.
        holds: what is in it.
        read: reads a file of this kind.
    """

    name: str
    holds: Holds
    read: Reader

    @property
    def title(self) -> str:
        """How people call it."""
        return TITLES.get(self.name, self.name)


TITLES = {
    entsoe_csv.KIND: "ENTSO-E web page, CSV",
    entsoe_xml.KIND: "ENTSO-E API, XML",
    tennet.NEW_CSV.kind: "TenneT settlement prices, CSV",
    tennet.OLD_CSV.kind: "TenneT settlement prices, older CSV",
    tennet.OLD_XML.kind: "TenneT settlement prices, older XML",
    elaad_transactions.KIND: "ElaadNL open transactions",
    acn_sessions.KIND: "ACN-Data, JSON",
    entsoe_imbalance.KIND: "ENTSO-E API, XML",
    tennet_json.JSON.kind: "TenneT API, JSON",
    ocpi_records.KIND: "OCPI charge detail records, JSON",
    prepared_prices.HOURLY: "prepared Dutch prices, hourly",
    prepared_prices.QUARTERS: "prepared Dutch prices, by quarter hours",
}
"""How people call the kinds; docs/data.md lists them under these names."""


def _entsoe_csv(path: Path, options: ReadOptions) -> PriceRows:
    return entsoe_csv.read_entsoe_csv(
        path, area=options.area, sequence=options.sequence, rules=options
    )


def _entsoe_xml(path: Path, options: ReadOptions) -> PriceRows:
    return entsoe_xml.read_entsoe_xml(
        path, area=options.area, sequence=options.sequence, rules=options
    )


def _tennet_new(path: Path, options: ReadOptions) -> PriceRows:
    decimal = options.tennet_decimal or options.decimal
    return tennet.read_tennet_csv(path, dates="year-first", decimal=decimal, rules=options)


def _tennet_old(path: Path, options: ReadOptions) -> PriceRows:
    (dates,) = options.needed("tennet_dates")
    return tennet.read_tennet_csv(
        path,
        dates=dates,
        decimal=options.tennet_decimal or options.decimal,
        rules=options,
    )


def _tennet_xml(path: Path, options: ReadOptions) -> PriceRows:
    return tennet.read_tennet_xml(path, rules=options)


def _tennet_json(path: Path, options: ReadOptions) -> PriceRows:
    return tennet_json.read_tennet_json(path, rules=options)


def _entsoe_imbalance(path: Path, options: ReadOptions) -> PriceRows:
    return entsoe_imbalance.read_entsoe_imbalance(path, area=options.area, rules=options)


def _ocpi(path: Path, options: ReadOptions) -> SessionRows:
    return ocpi_records.read_ocpi(path, zone=options.ocpi_zone)


def _elaad(path: Path, options: ReadOptions) -> SessionRows:
    clock, dates = options.needed("elaad_clock", "elaad_dates")
    return elaad_transactions.read_elaad(
        path,
        clock=clock,
        dates=dates,
        decimal=options.elaad_decimal or options.decimal,
    )


ENTSOE_CSV = Kind(entsoe_csv.KIND, "day-ahead", _entsoe_csv)
ENTSOE_XML = Kind(entsoe_xml.KIND, "day-ahead", _entsoe_xml)
TENNET_NEW = Kind(tennet.NEW_CSV.kind, "imbalance", _tennet_new)
TENNET_OLD = Kind(tennet.OLD_CSV.kind, "imbalance", _tennet_old)
TENNET_XML = Kind(tennet.OLD_XML.kind, "imbalance", _tennet_xml)
ELAAD = Kind(elaad_transactions.KIND, "sessions", _elaad)
ACN = Kind(acn_sessions.KIND, "sessions", lambda path, _: acn_sessions.read_acn(path))
PREPARED_HOURS = Kind(
    prepared_prices.HOURLY,
    "both markets",
    lambda path, options: prepared_prices.read_prepared_hours(path, rules=options),
)
PREPARED_QUARTERS = Kind(
    prepared_prices.QUARTERS,
    "both markets",
    lambda path, options: prepared_prices.read_prepared_quarters(path, rules=options),
)
TENNET_JSON = Kind(tennet_json.JSON.kind, "imbalance", _tennet_json)
ENTSOE_IMBALANCE = Kind(entsoe_imbalance.KIND, "imbalance", _entsoe_imbalance)
OCPI = Kind(ocpi_records.KIND, "sessions", _ocpi)
JSON_MARKS = {
    ACN: ('"connectionTime"',),
    TENNET_JSON: tennet_json.MARKS,
    OCPI: ocpi_records.MARKS,
}
"""Texts that JSON of a kind holds."""
KINDS = (
    *(ENTSOE_CSV, ENTSOE_XML, ENTSOE_IMBALANCE),
    *(TENNET_NEW, TENNET_OLD, TENNET_XML, TENNET_JSON),
    *(PREPARED_HOURS, PREPARED_QUARTERS, ELAAD, ACN, OCPI),
)
XML_ROOTS = {
    entsoe_xml.ROOT: ENTSOE_XML,
    "Acknowledgement_MarketDocument": ENTSOE_XML,
    entsoe_imbalance.ROOT: ENTSOE_IMBALANCE,
    "ImbalancePrice": TENNET_XML,
}
CSV_COLUMNS = {
    ENTSOE_CSV.name: ("MTU (CET/CEST)", "Day-ahead Price (EUR/MWh)"),
    f"{ENTSOE_CSV.name}, older": ("MTU (CET)", "Day-ahead Price [EUR/MWh]"),
    ELAAD.name: elaad_transactions.COLUMNS,
    TENNET_NEW.name: tennet.NEW_CSV.columns,
    TENNET_OLD.name: tennet.OLD_CSV.columns,
    PREPARED_HOURS.name: prepared_prices.COLUMNS[prepared_prices.HOURLY],
    PREPARED_QUARTERS.name: prepared_prices.COLUMNS[prepared_prices.QUARTERS],
}
PACKED_TABLES = (".xlsx", ".xlsm")
ROOT_WITHIN = 1_000
"""Characters within which the first element of XML begins."""
FIRST_ELEMENT = re.compile(r"<(?:[\w.-]+:)?([A-Za-z_][^\s/>]*)")
ALIKE = 0.9
"""Share of letters in common, from which on a root is another one with a damaged letter."""


def stated_kinds(name: str, columns: StatedColumns | None) -> list[Kind]:
    """What a map of columns says about a file of this name; nothing where it has no entry."""
    if columns is None:
        return []
    return [_stated_kind(table, columns) for table in columns.map.tables_of(name)]


def _stated_kind(table: Table, columns: StatedColumns) -> Kind:
    read = partial(_stated, table=table, columns=columns)
    return Kind(f"columns map, {table.title}", _stated_content(table), read)


def _stated(
    path: Path, options: ReadOptions, *, table: Table, columns: StatedColumns
) -> PriceRows | SessionRows:
    if table.sessions is not None:
        return read_stated_sessions(path, table, columns)
    return read_stated_prices(path, table, columns, rules=options)


def _stated_content(table: Table) -> Holds:
    if table.prices is None:
        return "sessions"
    if table.prices.day_ahead is None:
        return "imbalance"
    return "day-ahead" if len(table.prices.stated) == 1 else "both markets"


def kind_of(path: Path) -> Kind | None:
    """Kind of a file; None where it is none of those known.

    A file that is damaged, but begins like one of a known kind, is of that kind: its
    reader refuses it.

    Raises:
        InvalidInputError: an empty file, an archive, a web page in place of a table, or a
            first line that has most columns of a kind, but not all.
    """
    begin = beginning(path)
    if is_unrelated(path, begin):
        return None
    if begin.startswith(tuple(PACKED)) or path.suffix.lower() in PACKED_TABLES:
        return _kind_of_packed(RawFile.open(path))
    if not is_text(begin):
        return _kind_of_csv(header_cells(RawFile.open(path)), (), path.name)
    raw = RawFile(path.name, _as_utf8(begin))
    if (root := _root(raw.text)) is not None:
        return _kind_of_xml(root, path)
    if (kind := _kind_of_json(raw.text, path)) is not None:
        return kind
    return _kind_of_csv(header_cells(raw), text_rows(raw.text, raw.lines_above), raw.name)


def _as_utf8(begin: bytes) -> bytes:
    """The beginning of a text in any encoding, as far as names of columns need it."""
    marked = begin.startswith((b"\xff\xfe", b"\xfe\xff"))
    text = begin.decode("utf-16" if marked else "utf-8", "replace")
    return text.replace("\0", "").replace("\ufffd", "").encode()


def _kind_of_packed(raw: RawFile) -> Kind | None:
    """Kind of a workbook.

    Raises:
        InvalidInputError: another archive, or a workbook that cannot be read in full.
    """
    if not is_excel(raw):
        return _kind_of_csv(header_cells(raw), (), raw.name)
    rows = sheet_rows(raw, 1 + MOST_TITLES)
    header = tuple(rows[0]) if rows else ()
    if set(elaad_transactions.COLUMNS) <= set(header):
        return ELAAD
    check_near_miss(header, {ELAAD.name: elaad_transactions.COLUMNS}, file=raw.name)
    check_titles(enumerate(rows, start=1), _name_of_kind, file=raw.name)
    check_size(raw)
    return None


def _root(text: str) -> str | None:
    """Name of the first element of XML, also where its first letters are damaged."""
    first = FIRST_ELEMENT.search(text)
    if first is None or not (text.lstrip().startswith("<") or first[1] in XML_ROOTS):
        return None
    known = next((name for name in XML_ROOTS if name in text[:ROOT_WITHIN]), None)
    return known or first[1]


def _kind_of_xml(root: str, path: Path) -> Kind | None:
    """Kind of XML.

    Raises:
        InvalidInputError: a web page where a table is promised.
    """
    if root.lower() == "html" and path.suffix.lower() in TABLES:
        raise InvalidInputError(path.name, "a web page", "give the file itself, not a web page")
    alike = get_close_matches(root, XML_ROOTS, n=1, cutoff=ALIKE)
    return XML_ROOTS[alike[0]] if alike else None


def _kind_of_json(text: str, path: Path) -> Kind | None:
    """Kind of JSON; what tells it may stand after a long beginning."""
    is_json = text.lstrip().startswith(("[", "{"))
    if not is_json and path.suffix.lower() != ".json":
        return None
    if is_json and path.stat().st_size > BEGINNING_BYTES:
        text = RawFile.open(path).text
    fitting = (kind for kind, marks in JSON_MARKS.items() if all(one in text for one in marks))
    return next(fitting, None)


def _kind_of_csv(
    header: tuple[str, ...], rows: Iterable[tuple[int, Sequence[str]]], file: str
) -> Kind | None:
    if (kind := _kind_of_header(header)) is not None:
        return kind
    check_near_miss(header, CSV_COLUMNS, file=file)
    check_titles(rows, _name_of_kind, file=file)
    return None


def _name_of_kind(header: Sequence[str]) -> str | None:
    kind = _kind_of_header(header)
    return None if kind is None else kind.name


def _kind_of_header(header: Sequence[str]) -> Kind | None:
    """Kind whose columns a row names."""
    if entsoe_header.recognises(header):
        return ENTSOE_CSV
    if form := tennet.recognised(header):
        return TENNET_NEW if form is tennet.NEW_CSV else TENNET_OLD
    if prepared := prepared_prices.recognised(header):
        return PREPARED_HOURS if prepared == prepared_prices.HOURLY else PREPARED_QUARTERS
    return ELAAD if set(elaad_transactions.COLUMNS) <= set(header) else None


def titles_of(holds: Holds) -> str:
    """The kinds of files that hold a market's prices, or sessions, as people call them."""
    prices = ("both markets",) if holds != "sessions" else ()
    return "; ".join(kind.title for kind in KINDS if kind.holds in (holds, *prices))

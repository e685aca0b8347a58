"""Kinds of files, told by their first line, and how each is read."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Literal

from vpp_gym.errors import InvalidInputError
from vpp_gym.scenarios.files import (
    acn_sessions,
    elaad_transactions,
    entsoe_csv,
    entsoe_xml,
    prepared_prices,
    tennet,
)
from vpp_gym.scenarios.files.near_miss import check_near_miss
from vpp_gym.scenarios.files.options import ReadOptions
from vpp_gym.scenarios.files.price_rows import PriceRows
from vpp_gym.scenarios.files.raw import PACKED, RawFile, beginning, header_cells
from vpp_gym.scenarios.files.session_rows import SessionRows
from vpp_gym.scenarios.files.sheet import check_size, is_excel, sheet_header
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
    prepared_prices.HOURLY: "prepared Dutch prices, hourly",
    prepared_prices.QUARTERS: "prepared Dutch prices, by quarter hours",
}
"""How people call the kinds; docs/data.md lists them under these names."""


def _entsoe_csv(path: Path, options: ReadOptions) -> PriceRows:
    return entsoe_csv.read_entsoe_csv(
        path, area=options.area, sequence=options.sequence, trust_unit=options.trust_unit
    )


def _entsoe_xml(path: Path, options: ReadOptions) -> PriceRows:
    return entsoe_xml.read_entsoe_xml(
        path, area=options.area, sequence=options.sequence, trust_unit=options.trust_unit
    )


def _tennet_new(path: Path, options: ReadOptions) -> PriceRows:
    return tennet.read_tennet_csv(
        path, dates="year-first", decimal=options.decimal, trust_unit=options.trust_unit
    )


def _tennet_old(path: Path, options: ReadOptions) -> PriceRows:
    (dates,) = options.needed("tennet_dates")
    return tennet.read_tennet_csv(
        path,
        dates=dates,
        decimal=options.decimal,
        trust_unit=options.trust_unit,
    )


def _tennet_xml(path: Path, options: ReadOptions) -> PriceRows:
    return tennet.read_tennet_xml(path, trust_unit=options.trust_unit)


def _elaad(path: Path, options: ReadOptions) -> SessionRows:
    clock, dates = options.needed("elaad_clock", "elaad_dates")
    return elaad_transactions.read_elaad(
        path,
        clock=clock,
        dates=dates,
        decimal=options.decimal,
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
    lambda path, _: prepared_prices.read_prepared_hours(path),
)
PREPARED_QUARTERS = Kind(
    prepared_prices.QUARTERS,
    "both markets",
    lambda path, _: prepared_prices.read_prepared_quarters(path),
)
KINDS = (
    *(ENTSOE_CSV, ENTSOE_XML, TENNET_NEW, TENNET_OLD, TENNET_XML),
    *(PREPARED_HOURS, PREPARED_QUARTERS, ELAAD, ACN),
)
XML_ROOTS = {
    entsoe_xml.ROOT: ENTSOE_XML,
    "Acknowledgement_MarketDocument": ENTSOE_XML,
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
ACN_NAME = '"connectionTime"'
ROOT_WITHIN = 1_000
"""Characters within which the first element of XML begins."""
FIRST_ELEMENT = re.compile(r"<(?:[\w.-]+:)?([A-Za-z_][^\s/>]*)")
ALIKE = 0.9
"""Share of letters in common, from which on a root is another one with a damaged letter."""


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
        return _kind_of_csv(header_cells(RawFile.open(path)), path.name)
    raw = RawFile(path.name, _as_utf8(begin))
    if (root := _root(raw.text)) is not None:
        return _kind_of_xml(root, path)
    if _mentions_acn(raw.text, path):
        return ACN
    return _kind_of_csv(header_cells(raw), raw.name)


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
        return _kind_of_csv(header_cells(raw), raw.name)
    header = sheet_header(raw)
    if set(elaad_transactions.COLUMNS) <= set(header):
        return ELAAD
    check_near_miss(header, {ELAAD.name: elaad_transactions.COLUMNS}, file=raw.name)
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


def _mentions_acn(text: str, path: Path) -> bool:
    """Whether JSON has the fields of ACN-Data, maybe after a long beginning."""
    if ACN_NAME in text:
        return True
    if not text.lstrip().startswith(("[", "{")) or path.stat().st_size == len(text):
        return False
    return ACN_NAME.encode() in RawFile.open(path).content


def _kind_of_csv(header: tuple[str, ...], file: str) -> Kind | None:
    if entsoe_csv.recognises(header):
        return ENTSOE_CSV
    if form := tennet.recognised(header):
        return TENNET_NEW if form is tennet.NEW_CSV else TENNET_OLD
    if prepared := prepared_prices.recognised(header):
        return PREPARED_HOURS if prepared == prepared_prices.HOURLY else PREPARED_QUARTERS
    if set(elaad_transactions.COLUMNS) <= set(header):
        return ELAAD
    check_near_miss(header, CSV_COLUMNS, file=file)
    return None


def titles_of(holds: Holds) -> str:
    """The kinds of files that hold a market's prices, or sessions, as people call them."""
    prices = ("both markets",) if holds != "sessions" else ()
    return "; ".join(kind.title for kind in KINDS if kind.holds in (holds, *prices))

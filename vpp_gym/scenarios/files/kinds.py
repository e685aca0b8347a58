"""Kinds of files, told by their first line, and how each is read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from vpp_gym.scenarios.files import (
    acn_sessions,
    elaad_transactions,
    entsoe_csv,
    entsoe_header,
    entsoe_xml,
    prepared_prices,
    tennet,
)
from vpp_gym.scenarios.files.dressing import MOST_TITLES, check_titles, text_rows
from vpp_gym.scenarios.files.near_miss import check_near_miss
from vpp_gym.scenarios.files.options import ReadOptions
from vpp_gym.scenarios.files.price_rows import PriceRows
from vpp_gym.scenarios.files.raw import RawFile, header_cells
from vpp_gym.scenarios.files.session_rows import SessionRows
from vpp_gym.scenarios.files.sheet import is_excel, sheet_cells
from vpp_gym.scenarios.files.xml_tree import plain, xml_root

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
    return tennet.read_tennet_csv(
        path,
        dates=options.needed("tennet_dates"),
        decimal=options.tennet_decimal or options.decimal,
        rules=options,
    )


def _tennet_xml(path: Path, options: ReadOptions) -> PriceRows:
    return tennet.read_tennet_xml(path, rules=options)


def _elaad(path: Path, options: ReadOptions) -> SessionRows:
    return elaad_transactions.read_elaad(
        path,
        clock=options.needed("elaad_clock"),
        dates=options.needed("elaad_dates"),
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
XML_ROOTS = {
    entsoe_xml.ROOT: ENTSOE_XML,
    "Acknowledgement_MarketDocument": ENTSOE_XML,
    "ImbalancePrice": TENNET_XML,
}
CSV_COLUMNS = {
    ELAAD.name: elaad_transactions.COLUMNS,
    TENNET_NEW.name: tennet.NEW_CSV.columns,
    TENNET_OLD.name: tennet.OLD_CSV.columns,
    PREPARED_HOURS.name: prepared_prices.COLUMNS[prepared_prices.HOURLY],
    PREPARED_QUARTERS.name: prepared_prices.COLUMNS[prepared_prices.QUARTERS],
}
NO_TABLES = (b"PAR1", b"%PDF", b"\x89PNG", b"\xff\xd8\xff")
"""How worlds, documents and pictures begin."""


def kind_of(path: Path) -> Kind | None:
    """Kind of a file; None where it is none of those known.

    Raises:
        InvalidInputError: an empty file, other text than UTF-8, broken XML, or a
            first line that has most columns of a kind, but not all.
    """
    raw = RawFile.open(path)
    if raw.content.startswith(NO_TABLES):
        return None
    if is_excel(raw):
        table = sheet_cells(raw, ())
        first = table.head(MOST_TITLES)
        rows = zip(first.index, first.to_numpy().tolist(), strict=True)
        return _kind_of_sheet(tuple(table.columns), rows, raw.name)
    begin = raw.text.lstrip()[:1]
    if begin == "<":
        return XML_ROOTS.get(plain(xml_root(raw)))
    if begin and begin in "[{":
        return ACN if '"connectionTime"' in raw.text else None
    return _kind_of_csv(header_cells(raw), text_rows(raw.text, raw.lines_above), raw.name)


def _kind_of_sheet(
    header: tuple[str, ...], rows: Iterable[tuple[int, Sequence[str]]], file: str
) -> Kind | None:
    if set(elaad_transactions.COLUMNS) <= set(header):
        return ELAAD
    check_near_miss(header, {ELAAD.name: elaad_transactions.COLUMNS}, file=file)
    check_titles(rows, _name_of_kind, file=file)
    return None


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

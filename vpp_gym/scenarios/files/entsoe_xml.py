"""Day-ahead prices from XML documents of the ENTSO-E API: Publication_MarketDocument A44.

Source: ENTSO-E transparency platform, RESTful API; curve type A03 omits positions
whose price is that of the position before.
"""

from __future__ import annotations

import os
from xml.etree.ElementTree import Element

import pandas as pd

from vpp_gym.errors import InvalidInputError
from vpp_gym.scenarios.files.entsoe_csv import chosen_value
from vpp_gym.scenarios.files.entsoe_periods import ALL_GIVEN, period_rows
from vpp_gym.scenarios.files.price_rows import CONVERTED, PriceRows, eur_per_kwh, price_rows
from vpp_gym.scenarios.files.raw import RawFile
from vpp_gym.scenarios.files.report import FileReport
from vpp_gym.scenarios.files.tally import Tally
from vpp_gym.scenarios.files.times import DUTCH
from vpp_gym.scenarios.files.xml_tree import children, needed, plain, text_of, xml_root

KIND = "entsoe day-ahead xml"
ROOT = "Publication_MarketDocument"
DOCUMENT, CONTRACT = "A44", "A01"
AMOUNT = "price.amount"
SEQUENCE = "classificationSequence_AttributeInstanceComponent.position"


def read_entsoe_xml(
    path: str | os.PathLike[str],
    *,
    area: str | None = None,
    sequence: str | None = None,
    trust_unit: bool = False,
) -> PriceRows:
    """Day-ahead prices of one bidding zone.

    Time series in PT15M and PT60M stay rows of their own length; where both cover
    the same time, `vpp_gym.scenarios.grid` asks which one to use.

    Args:
        path: an XML document of type A44.
        area: EIC code of the zone, where the file has several.
        sequence: which auction, where the file has several, e.g. "1".
        trust_unit: take the numbers as EUR/MWh whatever they look like.

    Raises:
        InvalidInputError: another document, currency or unit, or positions that
            do not fit the period.
    """
    raw = RawFile.open(path)
    root = xml_root(raw)
    _check_document(root, raw.name)
    table = _series_table(root, raw.name)
    options, series = {}, len(table)
    for column, wanted in (("Area", area), ("Sequence", sequence)):
        options[column] = chosen_value(table[column], wanted, raw.name)
        table = table[table[column] == options[column]]
    periods = [
        period_rows(period, str(one["curve"]), raw.name, amount=AMOUNT)
        for _, one in table.iterrows()
        for period in children(one["series"], "Period")
    ]
    if not periods:
        raise InvalidInputError(raw.name, "no Period", "give a document with prices")
    rows = pd.concat(periods, ignore_index=True)
    repeated = int(rows.pop("repeated").sum())
    stated = rows.pop("stated")
    rows["da_eur_per_kwh"] = eur_per_kwh(
        stated, rows["dt_h"], field=f"{raw.name} price.amount", trust_unit=trust_unit
    )
    report = FileReport.of(
        raw,
        KIND,
        options=options,
        changed={CONVERTED: len(rows), "omitted positions repeated": repeated},
        facts={"unit": "EUR/MWh", "time series left aside": series - len(table)},
    )
    return price_rows(rows, Tally(raw.name, len(rows)), report, zone=DUTCH)


def _check_document(root: Element, file: str) -> None:
    if plain(root) == "Acknowledgement_MarketDocument":
        reason = text_of(root, "Reason", "text")
        raise InvalidInputError(file, reason, "the platform had no answer: ask it again")
    if plain(root) != ROOT or text_of(root, "type") != DOCUMENT:
        raise InvalidInputError(file, plain(root), f"give a {ROOT} of type {DOCUMENT}")


def _series_table(root: Element, file: str) -> pd.DataFrame:
    """Day-ahead time series with area, sequence and curve type."""
    found = []
    for series in children(root, "TimeSeries"):
        contract = text_of(series, "contract_MarketAgreement.type") or CONTRACT
        if contract != CONTRACT:
            continue
        area = needed(series, "in_Domain.mRID", file=file)
        if area != needed(series, "out_Domain.mRID", file=file):
            raise InvalidInputError(f"{file} out_Domain", area, "prices have one domain")
        _check_unit(series, file)
        found.append(
            {
                "Area": area,
                "Sequence": text_of(series, SEQUENCE) or "without",
                "curve": text_of(series, "curveType") or ALL_GIVEN,
                "series": series,
            }
        )
    if not found:
        raise InvalidInputError(file, "no day-ahead TimeSeries", "give a document with prices")
    return pd.DataFrame(found)


def _check_unit(series: Element, file: str) -> None:
    units = (
        needed(series, "currency_Unit.name", file=file),
        needed(series, "price_Measure_Unit.name", file=file),
    )
    if units != ("EUR", "MWH"):
        raise InvalidInputError(f"{file} unit", "/".join(units), "give prices in EUR and MWH")

"""Day-ahead prices from XML documents of the ENTSO-E API: Publication_MarketDocument A44.

Source: ENTSO-E transparency platform, RESTful API; curve type A03 omits positions
whose price is that of the position before.
"""

from __future__ import annotations

import os
from collections import Counter
from xml.etree.ElementTree import Element

import pandas as pd

from vpp_gym.errors import InvalidInputError
from vpp_gym.scenarios.files.currency import conversions, rate_options, rates, stated_unit
from vpp_gym.scenarios.files.entsoe_areas import area_name
from vpp_gym.scenarios.files.entsoe_csv import STATED, chosen_value
from vpp_gym.scenarios.files.entsoe_periods import ALL_GIVEN, period_rows
from vpp_gym.scenarios.files.options import PriceRules
from vpp_gym.scenarios.files.price_rows import PriceRows, eur_per_kwh, price_rows
from vpp_gym.scenarios.files.raw import RawFile
from vpp_gym.scenarios.files.report import FileReport
from vpp_gym.scenarios.files.schema import DAY_AHEAD
from vpp_gym.scenarios.files.sequences import WITHOUT, chosen_rows
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
    rules: PriceRules | None = None,
) -> PriceRows:
    """Day-ahead prices of one bidding zone.

    Time series in PT15M and PT60M stay rows of their own length; where both cover
    the same time, `vpp_gym.scenarios.grid` asks which one to use.

    Args:
        path: an XML document of type A44.
        area: the zone, where the file has several, as a code or as "BZN|NL".
        sequence: which auction, where the file has several, e.g. "1"; see
            `vpp_gym.scenarios.files.sequences`.
        rules: what is accepted of prices.

    Raises:
        InvalidInputError: another document, currency or unit, or positions that
            do not fit the period.
    """
    raw, rules = RawFile.open(path), rules or PriceRules()
    root = xml_root(raw)
    _check_document(root, raw.name)
    contracts = Counter(_contract(one) for one in children(root, "TimeSeries"))
    table = _series_table(root, raw.name)
    options = {"Area": chosen_value(table["Area"], area, raw.name, area_name)}
    of_area = table[table["Area"] == options["Area"]]
    chosen = chosen_rows(_rows(of_area, raw.name), sequence, price=STATED, file=raw.name)
    rows, used = chosen.rows.reset_index(drop=True), set(chosen.rows["series"])
    options |= chosen.options(sequence)
    codes = rows.pop("currency")
    changed = {**conversions(codes), "omitted positions repeated": int(rows["repeated"].sum())}
    rows[DAY_AHEAD[0]] = eur_per_kwh(
        rows[STATED],
        rows["dt_h"],
        field=f"{raw.name} price.amount",
        rules=rules,
        rate=rates(codes, rules, field=f"{raw.name} unit", unit="/MWH"),
    )
    others = {kind: n for kind, n in sorted(contracts.items()) if kind != CONTRACT}
    report = FileReport.of(
        raw,
        KIND,
        options=options | rate_options(codes, rules),
        changed=changed,
        facts={
            "unit": stated_unit(codes),
            "time series left aside": contracts.total() - len(used),
            **{f"time series of contract {kind} left aside": n for kind, n in others.items()},
            **chosen.facts,
        },
    )
    rows = rows.drop(columns=[STATED, "Sequence", "series", "repeated"])
    return price_rows(rows, Tally(raw.name, len(rows)), report, zone=DUTCH, rules=rules)


def _rows(table: pd.DataFrame, file: str) -> pd.DataFrame:
    """Every position of every time series, with the Sequence and the currency of it."""
    periods = [
        period_rows(period, str(one["curve"]), file, amount=AMOUNT).assign(
            Sequence=one["Sequence"], currency=one["currency"], series=number
        )
        for number, one in table.iterrows()
        for period in children(one["series"], "Period")
    ]
    if not periods:
        raise InvalidInputError(file, "no Period", "give a document with prices")
    return pd.concat(periods, ignore_index=True)


def _contract(series: Element) -> str:
    """Contract type of a time series; day-ahead where it states none."""
    return text_of(series, "contract_MarketAgreement.type") or CONTRACT


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
        if _contract(series) != CONTRACT:
            continue
        area = needed(series, "in_Domain.mRID", file=file)
        if area != needed(series, "out_Domain.mRID", file=file):
            raise InvalidInputError(f"{file} out_Domain", area, "prices have one domain")
        found.append(
            {
                "currency": _currency(series, file),
                "Area": area,
                "Sequence": text_of(series, SEQUENCE) or WITHOUT,
                "curve": text_of(series, "curveType") or ALL_GIVEN,
                "series": series,
            }
        )
    if not found:
        raise InvalidInputError(file, "no day-ahead TimeSeries", "give a document with prices")
    return pd.DataFrame(found)


def _currency(series: Element, file: str) -> str:
    """Currency of a time series, whose prices are per MWh."""
    currency, unit = (
        needed(series, name, file=file)
        for name in ("currency_Unit.name", "price_Measure_Unit.name")
    )
    if unit != "MWH":
        raise InvalidInputError(f"{file} unit", f"{currency}/{unit}", "give prices in EUR and MWH")
    return currency

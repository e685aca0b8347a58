"""Day-ahead prices from XML documents of the ENTSO-E API: Publication_MarketDocument A44.

Source: ENTSO-E transparency platform, RESTful API; curve type A03 omits positions
whose price is that of the position before.
"""

from __future__ import annotations

import os
from collections import Counter
from xml.etree.ElementTree import Element

import numpy as np
import pandas as pd

from vpp_gym.errors import InvalidInputError
from vpp_gym.scenarios.files.currency import conversions, rate_options, rates, stated_unit
from vpp_gym.scenarios.files.entsoe_areas import area_name
from vpp_gym.scenarios.files.entsoe_csv import STATED, chosen_value
from vpp_gym.scenarios.files.numbers import number_cells, whole_cells
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
RESOLUTION_H = {"PT60M": 1.0, "PT1H": 1.0, "PT30M": 0.5, "PT15M": 0.25}
REPEATS_OMITTED, ALL_GIVEN = "A03", "A01"
SEQUENCE = "classificationSequence_AttributeInstanceComponent.position"
LONGEST_PERIOD_H = 24.0 * 400


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
        _period_rows(period, str(one["curve"]), file).assign(
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


def _period_rows(period: Element, curve: str, file: str) -> pd.DataFrame:
    """Every position of a period: start, dt_h, stated, and whether it was omitted.

    Raises:
        InvalidInputError: unknown resolution or curve, positions out of range,
            given twice, or omitted where the curve type forbids it.
    """
    if curve not in (REPEATS_OMITTED, ALL_GIVEN):
        raise InvalidInputError(f"{file} curveType", curve, "use A01 or A03")
    start, count, dt_h = _steps(period, file)
    points = list(children(period, "Point"))
    texts = [[needed(p, name, file=file) for p in points] for name in ("position", "price.amount")]
    positions, amounts = (
        pd.Series(cells, name=name, dtype=str)
        for cells, name in zip(texts, ("position", "price.amount"), strict=True)
    )
    position = whole_cells(positions, file=file, least=1, most=count)
    if not position.is_monotonic_increasing or position.duplicated().any() or not len(points):
        raise InvalidInputError(f"{file} position", f"after {start}", "count up, each once")
    price = number_cells(amounts, file=file, unit="EUR/MWh", missing=False)
    price.index = pd.Index(position)
    every = price.reindex(np.arange(1, count + 1))
    omitted = every.isna()
    if curve == REPEATS_OMITTED:
        every = every.ffill()
    return pd.DataFrame(
        {
            "start": pd.date_range(start, periods=count, freq=pd.Timedelta(hours=dt_h), unit="s"),
            "dt_h": dt_h,
            STATED: every.to_numpy(),
            "repeated": (omitted & every.notna()).to_numpy(),
        }
    )


def _steps(period: Element, file: str) -> tuple[pd.Timestamp, int, float]:
    """Start, number and length of the steps of a period."""
    resolution = needed(period, "resolution", file=file)
    if resolution not in RESOLUTION_H:
        raise InvalidInputError(f"{file} resolution", resolution, f"use {', '.join(RESOLUTION_H)}")
    dt_h = RESOLUTION_H[resolution]
    start, end = (
        _moment(needed(period, "timeInterval", n, file=file), file) for n in ("start", "end")
    )
    count = (end - start) / pd.Timedelta(hours=dt_h)
    if count != round(count) or not 0 < count * dt_h <= LONGEST_PERIOD_H:
        value = f"{start} to {end} in {resolution}"
        raise InvalidInputError(f"{file} timeInterval", value, "give whole steps")
    return start, round(count), dt_h


def _moment(text: str, file: str) -> pd.Timestamp:
    try:
        return pd.to_datetime(text, format="%Y-%m-%dT%H:%MZ", utc=True)
    except ValueError as error:
        raise InvalidInputError(f"{file} timeInterval", text, "use 2024-01-01T23:00Z") from error

"""Imbalance prices from XML documents of the ENTSO-E API: Balancing_MarketDocument A85.

A price of category A04 holds for excess balance, that is for a long party, one of A05 for
insufficient balance, a short party; a price without category holds for both.

Source: ENTSO-E transparency platform, RESTful API, 17.1.G imbalance prices; code list
PriceCategoryTypeList.
"""

from __future__ import annotations

import os
from collections import Counter
from xml.etree.ElementTree import Element

import pandas as pd

from vpp_gym.errors import InvalidInputError
from vpp_gym.scenarios.files.currency import conversions, rate_options, rates, stated_unit
from vpp_gym.scenarios.files.entsoe_areas import area_name
from vpp_gym.scenarios.files.entsoe_csv import chosen_value
from vpp_gym.scenarios.files.entsoe_periods import ALL_GIVEN, period_rows
from vpp_gym.scenarios.files.options import PriceRules
from vpp_gym.scenarios.files.price_rows import PriceRows, eur_per_kwh, price_rows
from vpp_gym.scenarios.files.raw import RawFile
from vpp_gym.scenarios.files.report import FileReport
from vpp_gym.scenarios.files.schema import IMBALANCE
from vpp_gym.scenarios.files.tally import Tally
from vpp_gym.scenarios.files.times import DUTCH
from vpp_gym.scenarios.files.xml_tree import children, needed, plain, text_of, xml_root

KIND = "entsoe imbalance xml"
ROOT, DOCUMENT = "Balancing_MarketDocument", "A85"
AMOUNT, CATEGORY = "imbalance_Price.amount", "imbalance_Price.category"
LONG, SHORT, BOTH = "A04", "A05", "one price"
AREAS = ("area_Domain.mRID", "controlArea_Domain.mRID")


def read_entsoe_imbalance(
    path: str | os.PathLike[str], *, area: str | None = None, rules: PriceRules | None = None
) -> PriceRows:
    """Imbalance prices of one area.

    Args:
        path: an XML document of type A85.
        area: the area, where the file has several, as a code or as "BZN|NL".
        rules: what is accepted of prices.

    Raises:
        InvalidInputError: another document, such as volumes (A86), another currency or
            unit, or one direction without the other.
    """
    raw, rules = RawFile.open(path), rules or PriceRules()
    root = xml_root(raw)
    if plain(root) != ROOT or text_of(root, "type") != DOCUMENT:
        value = f"{plain(root)} of type {text_of(root, 'type')}"
        raise InvalidInputError(raw.name, value, f"give a {ROOT} of type {DOCUMENT}: prices")
    series = list(children(root, "TimeSeries"))
    areas = pd.Series([_area(one, root) for one in series], name="Area", dtype=str)
    if areas.empty:
        raise InvalidInputError(raw.name, "no TimeSeries", "give a document with prices")
    chosen = chosen_value(areas, area, raw.name, area_name)
    used = [one for one, its in zip(series, areas, strict=True) if its == chosen]
    every = pd.concat([_series_rows(one, raw.name) for one in used], ignore_index=True)
    rows, facts = _both_directions(every, raw.name)
    codes = rows.pop("currency")
    for name in IMBALANCE:
        rows[name] = eur_per_kwh(
            rows[name],
            rows["dt_h"],
            field=f"{raw.name} {AMOUNT}",
            rules=rules,
            rate=rates(codes, rules, field=f"{raw.name} unit", unit="/MWH"),
        )
    report = FileReport.of(
        raw,
        KIND,
        options={"Area": chosen, **rate_options(codes, rules)},
        changed={
            **conversions(codes),
            "omitted positions repeated": int(every["repeated"].sum()),
        },
        facts={
            "unit": stated_unit(codes),
            "time series left aside": len(series) - len(used),
            **facts,
        },
    )
    return price_rows(rows, Tally(raw.name, len(rows)), report, zone=DUTCH, rules=rules)


def _area(series: Element, root: Element) -> str:
    """Code of the area of a time series, or of the whole document."""
    found = (text_of(place, name) for place in (series, root) for name in AREAS)
    return next(filter(None, found), "without")


def _series_rows(series: Element, file: str) -> pd.DataFrame:
    """Every position of a time series, with its category and currency."""
    names = ("currency_Unit.name", "price_Measure_Unit.name")
    currency, unit = (needed(series, name, file=file) for name in names)
    if unit != "MWH":
        raise InvalidInputError(f"{file} unit", f"{currency}/{unit}", "give prices per MWH")
    curve = text_of(series, "curveType") or ALL_GIVEN
    whole = text_of(series, CATEGORY)
    parts = []
    for period in children(series, "Period"):
        points: dict[str, list[Element]] = {}
        for point in children(period, "Point"):
            category = text_of(point, CATEGORY) or whole or BOTH
            points.setdefault(category, []).append(point)
        parts += [
            period_rows(period, curve, file, amount=AMOUNT, points=some).assign(category=category)
            for category, some in (points or {BOTH: []}).items()
        ]
    if not parts:
        raise InvalidInputError(file, "no Period", "give a document with prices")
    return pd.concat(parts, ignore_index=True).assign(currency=currency)


def _both_directions(rows: pd.DataFrame, file: str) -> tuple[pd.DataFrame, dict[str, int]]:
    """Both prices of each time, and how many prices were left aside."""
    counts = Counter(rows["category"])
    directions = {LONG, SHORT} & set(counts)
    if directions == {LONG, SHORT}:
        places = dict(zip(IMBALANCE, (SHORT, LONG), strict=True))
    elif BOTH in counts and not directions:
        places = dict.fromkeys(IMBALANCE, BOTH)
    else:
        remedy = f"prices are of {LONG} (long) and {SHORT} (short), or of no category"
        raise InvalidInputError(f"{file} {CATEGORY}", sorted(counts), remedy)
    keys = ["start", "dt_h", "currency"]
    wide = rows.iloc[:0][keys]
    for name, category in places.items():
        one = rows[rows["category"] == category][[*keys, "stated"]].drop_duplicates()
        if (twice := one.duplicated(keys)).any():
            when = str(one["start"][twice.idxmax()])
            remedy = f"two prices of {category} hold then: keep one document of each time"
            raise InvalidInputError(f"{file} Period", when, remedy)
        wide = wide.merge(one.rename(columns={"stated": name}), on=keys, how="outer")
    aside = sum(count for category, count in counts.items() if category not in places.values())
    return wide, {"prices of another category left aside": aside}

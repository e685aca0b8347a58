"""Dutch settlement prices as the API of TenneT answers in JSON.

Source: TenneT, publications API, settlement-prices: a Response with TimeSeries, whose Points
have isp, shortage, surplus and regulation_state. Times are Dutch clock times, or carry their
offset.
"""

from __future__ import annotations

import os
from typing import Any

import pandas as pd

from vpp_gym.errors import InvalidInputError
from vpp_gym.scenarios.files.json_document import json_document
from vpp_gym.scenarios.files.options import PriceRules
from vpp_gym.scenarios.files.price_rows import PriceRows
from vpp_gym.scenarios.files.raw import RawFile
from vpp_gym.scenarios.files.tennet import Names, settlement_prices
from vpp_gym.scenarios.files.times import DUTCH

START = "timeInterval_start"
JSON = Names(
    kind="tennet settlement json",
    date=START,
    quarter="isp",
    short="shortage",
    long="surplus",
    state="regulation_state",
    clock=START,
)
MARKS = ('"shortage"', '"surplus"', '"regulation_state"', '"isp"')
"""Names that every point has, and no other file of a known kind."""
UNITS = {"currency": "EUR", "price_measure": "MWH"}
OFFSET = r"(?:Z|[+-]\d{2}:?\d{2})$"


def read_tennet_json(path: str | os.PathLike[str], *, rules: PriceRules | None = None) -> PriceRows:
    """Settlement prices of an answer of the API.

    Args:
        path: JSON: an answer, or a list of answers.
        rules: what is accepted of prices.

    Raises:
        InvalidInputError: no answer with points, another unit, or quarters that no day has.
    """
    raw = RawFile.open(path)
    points = [point for series in _series(raw) for point in _points(series, raw.name)]
    if not points:
        raise InvalidInputError(raw.name, "no Points", "give an answer with prices")
    table = pd.DataFrame(
        [_cells(point, raw.name, number) for number, point in enumerate(points)],
        index=pd.RangeIndex(len(points), name="line"),
        dtype=str,
    )
    table[START] = _local(table[START], raw.name)
    rules = rules or PriceRules()
    return settlement_prices(raw, table, JSON, dates="year-first", decimal=".", rules=rules)


def _series(raw: RawFile) -> list[dict[str, Any]]:
    document = json_document(raw, numbers_as_text=True)
    answers = document if isinstance(document, list) else [document]
    found: list[dict[str, Any]] = []
    for answer in answers:
        body = answer.get("Response", answer) if isinstance(answer, dict) else None
        series = body.get("TimeSeries") if isinstance(body, dict) else None
        series = [series] if isinstance(series, dict) else series
        if not isinstance(series, list) or not all(isinstance(one, dict) for one in series):
            raise InvalidInputError(raw.name, "no TimeSeries", "give answers of settlement-prices")
        found += series
    return found


def _points(series: dict[str, Any], file: str) -> list[Any]:
    for name, value in series.items():
        for part, unit in UNITS.items():
            if part in name.lower() and str(value).upper() != unit:
                raise InvalidInputError(f"{file} {name}", value, unit)
    periods = series.get("Period")
    found: list[Any] = []
    for period in periods if isinstance(periods, list) else [periods]:
        points = period.get("Points", period.get("points")) if isinstance(period, dict) else None
        if not isinstance(points, list):
            raise InvalidInputError(f"{file} Period", period, "it must hold Points")
        found += points
    return found


def _cells(point: Any, file: str, number: int) -> dict[str, str]:
    """Texts of a point; one without price or state has no value there."""
    if not isinstance(point, dict):
        raise InvalidInputError(f"{file} Points[{number}]", point, "give settlement prices")
    point = {START: point.get(f"{START}_loc"), **point}
    cells = {}
    for name in JSON.columns:
        value = point.get(name)
        if name in (START, JSON.quarter) and value is None:
            raise InvalidInputError(f"{file} Points[{number}]", name, "each point must hold it")
        if isinstance(value, (dict, list)):
            raise InvalidInputError(f"{file} Points[{number}].{name}", value, "give a number")
        cells[name] = "" if value is None else str(value)
    return cells


def _local(cells: pd.Series, file: str) -> pd.Series:
    """Dutch clock times, also of times that carry an offset."""
    stated = cells.str.contains(OFFSET, regex=True)
    if not stated.any():
        return cells
    moments = pd.to_datetime(cells.where(stated), format="ISO8601", errors="coerce", utc=True)
    if moments.isna().any():
        line = moments.isna().idxmax()
        remedy = "write all times alike, as 2024-12-13T00:00:00Z"
        raise InvalidInputError(f"{file} Points[{line}].{START}", cells[line], remedy)
    return moments.dt.tz_convert(DUTCH).dt.strftime("%Y-%m-%dT%H:%M")

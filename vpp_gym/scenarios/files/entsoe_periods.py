"""Periods of the XML documents of ENTSO-E: a price for every position.

Source: ENTSO-E transparency platform, RESTful API; curve type A03 omits positions
whose price is that of the position before.
"""

from __future__ import annotations

from collections.abc import Iterable
from xml.etree.ElementTree import Element

import numpy as np
import pandas as pd

from vpp_gym.errors import InvalidInputError
from vpp_gym.scenarios.files.numbers import number_cells, whole_cells
from vpp_gym.scenarios.files.xml_tree import children, needed

RESOLUTION_H = {"PT60M": 1.0, "PT1H": 1.0, "PT30M": 0.5, "PT15M": 0.25}
REPEATS_OMITTED, ALL_GIVEN = "A03", "A01"
LONGEST_PERIOD_H = 24.0 * 400


def period_rows(
    period: Element,
    curve: str,
    file: str,
    *,
    amount: str,
    points: Iterable[Element] | None = None,
) -> pd.DataFrame:
    """Every position of a period: start, dt_h, stated, and whether it was omitted.

    Args:
        period: the element.
        curve: A01 or A03.
        file: name, for the error.
        amount: name of the element that holds a point's price.
        points: of the period that count; None: all.

    Raises:
        InvalidInputError: unknown resolution or curve, positions out of range,
            given twice, or omitted where the curve type forbids it.
    """
    if curve not in (REPEATS_OMITTED, ALL_GIVEN):
        raise InvalidInputError(f"{file} curveType", curve, "use A01 or A03")
    start, count, dt_h = _steps(period, file)
    points = list(children(period, "Point") if points is None else points)
    positions, amounts = (
        pd.Series([needed(one, name, file=file) for one in points], name=name, dtype=str)
        for name in ("position", amount)
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
            "stated": every.to_numpy(),
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

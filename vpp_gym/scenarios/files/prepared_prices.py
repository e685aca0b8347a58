"""Prepared price files with both markets on a clock that has 24 hours on every day."""

from __future__ import annotations

import os
from collections.abc import Sequence

import pandas as pd

from vpp_gym.scenarios.files.numbers import number_cells, whole_cells
from vpp_gym.scenarios.files.options import PriceRules
from vpp_gym.scenarios.files.price_rows import CONVERTED, PriceRows, eur_per_kwh, price_rows
from vpp_gym.scenarios.files.raw import RawFile, csv_cells
from vpp_gym.scenarios.files.report import FileReport
from vpp_gym.scenarios.files.schema import DAY_AHEAD, IMBALANCE
from vpp_gym.scenarios.files.tally import Tally
from vpp_gym.scenarios.files.times import time_cells

HOURLY, QUARTERS = "prepared hourly prices", "prepared quarterly prices"
PRICES = ("price_da", "price_imbalance")
COLUMNS = {HOURLY: ("Date", "Hour", *PRICES), QUARTERS: ("date", *PRICES)}


def recognised(header: Sequence[str]) -> str | None:
    """The form whose columns the first line of a CSV file names, if any."""
    return next((kind for kind, columns in COLUMNS.items() if set(columns) <= set(header)), None)


def read_prepared_hours(
    path: str | os.PathLike[str], *, rules: PriceRules | None = None
) -> PriceRows:
    """Hourly prices in EUR/kWh, from columns Date, Hour, price_da, price_imbalance.

    Raises:
        InvalidInputError: another form or unit.
    """
    raw = RawFile.open(path)
    cells = csv_cells(raw, COLUMNS[HOURLY])
    day = time_cells(cells["Date"], file=raw.name, order="year-first", date_only=True)
    hour = whole_cells(cells["Hour"], file=raw.name, least=0, most=23)
    rows = pd.DataFrame({"start": day + pd.to_timedelta(hour, unit="h"), "dt_h": 1.0})
    return _prices(raw, cells, rows, rules or PriceRules(), kind=HOURLY, per_mwh=1000.0)


def read_prepared_quarters(
    path: str | os.PathLike[str], *, rules: PriceRules | None = None
) -> PriceRows:
    """Quarter-hourly prices in EUR/MWh, from columns date, price_da, price_imbalance.

    Rows of the same time with different prices are averaged and counted.

    Raises:
        InvalidInputError: another form or unit.
    """
    raw = RawFile.open(path)
    cells = csv_cells(raw, COLUMNS[QUARTERS])
    start = time_cells(cells["date"], file=raw.name, order="year-first")
    rows = pd.DataFrame({"start": start, "dt_h": 0.25})
    return _prices(raw, cells, rows, rules or PriceRules(), kind=QUARTERS, per_mwh=1.0)


def _prices(
    raw: RawFile,
    cells: pd.DataFrame,
    rows: pd.DataFrame,
    rules: PriceRules,
    *,
    kind: str,
    per_mwh: float,
) -> PriceRows:
    stated = {
        name: number_cells(cells[name], file=raw.name, unit=_unit(per_mwh)) for name in PRICES
    }
    checked = {
        name: eur_per_kwh(
            prices * per_mwh,
            rows["dt_h"],
            field=f"{raw.name} in {_unit(per_mwh)}, {name}",
            rules=rules,
        )
        for name, prices in stated.items()
    }
    rows = rows.assign(
        **{DAY_AHEAD[0]: checked[PRICES[0]]}, **dict.fromkeys(IMBALANCE, checked[PRICES[1]])
    )
    tally = Tally(raw.name, len(rows))
    rows = tally.without(rows, "no_price", rows.isna().any(axis=1))
    rows = tally.without(rows, "repeats_another_row", rows.duplicated())
    merged = rows.groupby(["start", "dt_h"], as_index=False).mean()
    if len(merged) < len(rows):
        tally.dropped["averaged_with_a_row_of_the_same_time"] = len(rows) - len(merged)
    report = FileReport.of(
        raw,
        kind,
        changed={} if per_mwh == 1000.0 else {CONVERTED: len(merged)},
        facts={"unit": _unit(per_mwh), "clock": "24 hours on every day"},
    )
    return price_rows(merged, tally, report, zone=None, rules=rules)


def _unit(per_mwh: float) -> str:
    return "EUR/kWh" if per_mwh == 1000.0 else "EUR/MWh"

"""Prices as a file states them: a row a market time unit, in EUR/kWh."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from vpp_gym.errors import InvalidInputError
from vpp_gym.scenarios.files.numbers import number_cells
from vpp_gym.scenarios.files.options import Decimal
from vpp_gym.scenarios.files.report import Fact, FileReport
from vpp_gym.scenarios.files.schema import (
    DAY_AHEAD,
    IMBALANCE,
    PRICE_ROWS,
    checked_rows,
)
from vpp_gym.scenarios.files.tally import Tally

KWH_PER_MWH = 1000.0
CONVERTED = "EUR/MWh to EUR/kWh"
LEAST_MEDIAN, LARGEST_MEDIAN = 8.0, 1_500.0
"""EUR/MWh, of the absolute price over a week or more: a plausible market. The cheapest
month of the Dutch day-ahead market so far, April 2020, had a mean of 17."""
LEAST_PEAK = 15.0
"""EUR/MWh, of the largest absolute price in less than a week: a calm day stays above."""
WEEK_H = 168.0


@dataclass(frozen=True)
class PriceRows:
    """Prices of one file.

    Attributes:
        rows: start (UTC, or naive where zone is None), dt_h, and the price columns
            in EUR/kWh of the day-ahead market, of imbalance, or of both.
        zone: in which the market's days begin and end; None: a clock with 24
            hours on every day.
        report: what was dropped and changed.
    """

    rows: pd.DataFrame
    zone: str | None
    report: FileReport

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the price columns."""
        return tuple(name for name in (*DAY_AHEAD, *IMBALANCE) if name in self.rows)


def price_rows(
    rows: pd.DataFrame, tally: Tally, report: FileReport, *, zone: str | None
) -> PriceRows:
    """Rows that state a price, checked, in order of time, each once.

    Rows that repeat another are dropped and counted.

    Args:
        rows: start, dt_h and prices, indexed by line number.
        tally: of what was dropped so far.
        report: of the file, without counts.
        zone: of the market.

    Raises:
        InvalidInputError: rows that contradict one another, or too many unusable.
    """
    columns = [name for name in (*DAY_AHEAD, *IMBALANCE) if name in rows]
    rows = tally.without(rows, "no_price", rows[columns].isna().any(axis=1))
    rows = tally.without(rows, "repeats_another_row", rows.duplicated())
    tally.check()
    twice = rows.duplicated(["start", "dt_h"])
    if twice.any():
        line = twice.idxmax()
        remedy = "two rows give this time different prices: keep one of them"
        raise InvalidInputError(f"{report.file} line {line}", str(rows["start"][line]), remedy)
    rows = checked_rows(PRICE_ROWS, rows, report.file).sort_values("start", kind="stable")
    facts: dict[str, Fact] = {
        "first": str(rows["start"].iloc[0]),
        "last": str(rows["start"].iloc[-1]),
        "resolution": ", ".join(f"PT{round(60 * dt)}M" for dt in sorted(rows["dt_h"].unique())),
        **{f"negative {name}": int((rows[name] < 0).sum()) for name in columns},
    }
    report = report.model_copy(update={"rows": tally.rows, "dropped": dict(tally.dropped)})
    return PriceRows(rows.reset_index(drop=True), zone, report.with_facts(**facts))


def price_cells(
    cells: pd.Series,
    dt_h: pd.Series,
    *,
    file: str,
    decimal: Decimal = ".",
    missing: bool = True,
    trust_unit: bool = False,
) -> pd.Series:
    """EUR/kWh of text cells in EUR/MWh; NaN where the source says that there is no price.

    Args:
        cells: the name is the column's.
        dt_h: hours of each row.
        file: name, for the error.
        decimal: mark between whole and fraction.
        missing: whether a cell may be without price.
        trust_unit: see `eur_per_kwh`.

    Raises:
        InvalidInputError: a cell that is no number, or another unit.
    """
    stated = number_cells(cells, file=file, unit="EUR/MWh", decimal=decimal, missing=missing)
    return eur_per_kwh(stated, dt_h, field=f"{file} {cells.name}", trust_unit=trust_unit)


def eur_per_kwh(
    eur_per_mwh: pd.Series, dt_h: pd.Series, *, field: str, trust_unit: bool = False
) -> pd.Series:
    """EUR/kWh of prices in EUR/MWh that look like it.

    Args:
        eur_per_mwh: prices; NaN where none is known.
        dt_h: hours of each row.
        field: for the error.
        trust_unit: take the numbers as EUR/MWh whatever they look like.

    Raises:
        InvalidInputError: the numbers would be a market as nobody has seen it.
    """
    size = eur_per_mwh.abs()
    known_h = float(dt_h[size.notna()].sum())
    typical = float(size.median() if known_h >= WEEK_H else size.max())
    least = LEAST_MEDIAN if known_h >= WEEK_H else LEAST_PEAK
    if not trust_unit and known_h and not least <= typical <= LARGEST_MEDIAN:
        what = "median" if known_h >= WEEK_H else "largest"
        likely = "EUR/kWh or ct/kWh" if typical < least else "EUR/GWh or ct/MWh"
        raise InvalidInputError(
            field,
            f"{what} {typical:g}",
            f"this should be EUR/MWh and looks like {likely}; trust the unit if it is right",
        )
    return eur_per_mwh / KWH_PER_MWH

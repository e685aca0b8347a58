"""Prices as a file states them: a row a market time unit, in EUR/kWh."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from vpp_gym.errors import InvalidInputError
from vpp_gym.scenarios.files.numbers import number_cells
from vpp_gym.scenarios.files.options import Decimal, PriceRules
from vpp_gym.scenarios.files.report import Fact, FileReport
from vpp_gym.scenarios.files.runs import check_zero_end, run_facts
from vpp_gym.scenarios.files.schema import (
    DAY_AHEAD,
    IMBALANCE,
    PRICE_ROWS,
    checked_rows,
)
from vpp_gym.scenarios.files.tally import Tally
from vpp_gym.scenarios.files.two_prices import ordered_prices
from vpp_gym.scenarios.files.unit_check import check_unit

KWH_PER_MWH = 1000.0
CONVERTED = "EUR/MWh to EUR/kWh"


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
    rows: pd.DataFrame,
    tally: Tally,
    report: FileReport,
    *,
    zone: str | None,
    rules: PriceRules | None = None,
) -> PriceRows:
    """Rows that state a price, checked, in order of time, each once.

    Rows that repeat another are dropped and counted.

    Args:
        rows: start, dt_h and prices, indexed by line number.
        tally: of what was dropped so far.
        report: of the file, without counts.
        zone: of the market.
        rules: what is accepted of prices.

    Raises:
        InvalidInputError: rows that contradict one another, too many unusable, a long
            price above the short one, or zeros to the end.
    """
    rules = rules or PriceRules()
    columns = [name for name in (*DAY_AHEAD, *IMBALANCE) if name in rows]
    rows = tally.without(rows, "no_price", rows[columns].isna().any(axis=1))
    rows = tally.without(rows, "repeats_another_row", rows.duplicated())
    tally.check()
    twice = rows.duplicated(["start", "dt_h"])
    if twice.any():
        line = twice.idxmax()
        remedy = "two rows give this time different prices: keep one of them"
        raise InvalidInputError(f"{report.file} line {line}", str(rows["start"][line]), remedy)
    rows, ordered = ordered_prices(rows, rules.long_above_short, report.file)
    rows = checked_rows(PRICE_ROWS, rows, report.file).sort_values("start", kind="stable")
    check_zero_end(rows, zone, report.file, accepted=rules.accept_zeros)
    facts: dict[str, Fact] = {
        "first": str(rows["start"].iloc[0]),
        "last": str(rows["start"].iloc[-1]),
        "resolution": ", ".join(f"PT{round(60 * dt)}M" for dt in sorted(rows["dt_h"].unique())),
        **{f"negative {name}": int((rows[name] < 0).sum()) for name in columns},
        **run_facts(rows, zone),
    }
    counts = {"dropped": dict(tally.dropped), "changed": {**report.changed, **ordered}}
    report = report.model_copy(update={"rows": tally.rows, **counts})
    return PriceRows(rows.reset_index(drop=True), zone, report.with_facts(**facts))


def price_cells(
    cells: pd.Series,
    dt_h: pd.Series,
    *,
    file: str,
    rules: PriceRules,
    rate: pd.Series | float = 1.0,
    decimal: Decimal = ".",
) -> pd.Series:
    """EUR/kWh of text cells in EUR/MWh; NaN where the source says that there is no price.

    Args:
        cells: the name is the column's.
        dt_h: hours of each row.
        file: name, for the error.
        rules: see `eur_per_kwh`; so is the rate.
        rate: EUR per unit of the currency.
        decimal: mark between whole and fraction.

    Raises:
        InvalidInputError: a cell that is no number, or another unit.
    """
    stated = number_cells(cells, file=file, unit="EUR/MWh", decimal=decimal)
    return eur_per_kwh(stated, dt_h, field=f"{file} {cells.name}", rules=rules, rate=rate)


def eur_per_kwh(
    stated: pd.Series,
    dt_h: pd.Series,
    *,
    field: str,
    rules: PriceRules,
    rate: pd.Series | float = 1.0,
) -> pd.Series:
    """EUR/kWh of prices per MWh that look like it.

    Args:
        stated: prices per MWh; NaN where none is known.
        dt_h: hours of each row.
        field: for the error.
        rules: whether to trust the unit, or to accept a cheap market.
        rate: EUR per unit of the currency, of each row or of all.

    Raises:
        InvalidInputError: the numbers would be a market as nobody has seen it.
    """
    eur_per_mwh = stated * rate
    if not rules.trust_unit:
        check_unit(stated, eur_per_mwh, dt_h, field=field, cheap_market=rules.cheap_market)
    return eur_per_mwh / KWH_PER_MWH

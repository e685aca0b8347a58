"""Prices of a table whose columns a map states."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from vpp_gym.errors import InvalidInputError
from vpp_gym.scenarios.files.columns_map import StatedColumns, Table
from vpp_gym.scenarios.files.columns_numbers import stated_numbers
from vpp_gym.scenarios.files.columns_parts import PriceColumn
from vpp_gym.scenarios.files.columns_table import kept_cells, table_cells
from vpp_gym.scenarios.files.columns_times import price_times
from vpp_gym.scenarios.files.columns_units import EURO, eur_per_mwh_factor
from vpp_gym.scenarios.files.options import PriceRules
from vpp_gym.scenarios.files.price_rows import PriceRows, eur_per_kwh, price_rows
from vpp_gym.scenarios.files.raw import RawFile
from vpp_gym.scenarios.files.report import Fact, FileReport
from vpp_gym.scenarios.files.tally import Tally

QUARTER_H = 0.25
REPEATED = "rows of an hour or half an hour repeated in their quarters"


def read_stated_prices(
    path: str | os.PathLike[str],
    table: Table,
    stated: StatedColumns,
    *,
    rules: PriceRules | None = None,
) -> PriceRows:
    """Prices of a file in the columns, units and clock that a map states.

    Args:
        path: of the file.
        table: its entry of the map.
        stated: the map.
        rules: what is accepted of prices; the currencies are those of the map.

    Raises:
        InvalidInputError: a file that is not what the map says.
    """
    raw, rules = RawFile.open(path), rules or PriceRules()
    assert table.prices is not None, "the map was validated"
    prices = table.prices.stated
    every = table_cells(raw, table, _columns(table, prices))
    cells = kept_cells(every, table.keep, raw.name)
    parts = [_part(cells, table, group, raw.name) for group in _groups(prices)]
    rows = _merged([rows for rows, _ in parts], raw.name)
    tally = Tally(raw.name, len(rows) + sum(sum(dropped.values()) for _, dropped in parts))
    for _, dropped in parts:
        for reason, count in dropped.items():
            tally.dropped[reason] = tally.dropped.get(reason, 0) + count
    rates = stated.map.eur_per_unit
    for name, place in prices.items():
        factor = eur_per_mwh_factor(place.unit, place.money, rates, field=raw.name)
        factor = -factor if place.sign == "reversed" else factor
        field = f"{raw.name} {place.column} ({place.unit})"
        rows[name] = eur_per_kwh(rows[name], rows["dt_h"], field=field, rules=rules, rate=factor)
    report = FileReport.of(
        raw,
        f"columns map, {table.title}",
        options={
            **({} if table.area is None else {"Area": table.area}),
            **stated.options(table),
        },
        changed={f"{unit} to EUR/kWh": len(rows) for unit in {one.unit for one in prices.values()}},
        facts={
            "lines left aside by keep": len(every) - len(cells),
            **_facts(table, prices, rates),
        },
    )
    return _in_quarters(price_rows(rows, tally, report, zone=table.zone, rules=rules), table)


def _columns(table: Table, prices: Mapping[str, PriceColumn]) -> list[str]:
    time = table.time
    single = (time.date, time.period)
    return [
        *(time.start or ()),
        *(time.end or ()),
        *(name for name in single if name is not None),
        *table.keep,
        *(one.column for one in prices.values()),
        *(name for one in prices.values() for name in one.where),
    ]


def _groups(prices: Mapping[str, PriceColumn]) -> list[dict[str, PriceColumn]]:
    """Prices that stand in the same rows."""
    groups: list[dict[str, PriceColumn]] = []
    for name, place in prices.items():
        same = next((one for one in groups if next(iter(one.values())).where == place.where), None)
        if same is None:
            groups.append({name: place})
        else:
            same[name] = place
    return groups


def _part(
    cells: pd.DataFrame, table: Table, prices: Mapping[str, PriceColumn], file: str
) -> tuple[pd.DataFrame, dict[str, int]]:
    """start, dt_h and prices in their own unit of the rows that hold them, and what was dropped."""
    cells = kept_cells(cells, next(iter(prices.values())).where, file)
    tally = Tally(file, len(cells))
    rows = price_times(cells, table, tally)
    for name, place in prices.items():
        rows[name] = stated_numbers(
            cells[place.column].loc[rows.index], table, file=file, unit=place.unit
        )
    _check_spacing(rows, file)
    return rows, tally.dropped


def _check_spacing(rows: pd.DataFrame, file: str) -> None:
    """Refuse rows that are closer to one another than they are long."""
    starts = rows[["start", "dt_h"]].drop_duplicates("start").sort_values("start")
    apart_h = (starts["start"].shift(-1) - starts["start"]) / pd.Timedelta(hours=1)
    if (close := apart_h < starts["dt_h"]).any():
        line = close.idxmax()
        value = f"rows {apart_h[line]:g} h apart from {starts['start'][line]}"
        remedy = f"the map says that each is {starts['dt_h'][line]:g} h long: state the resolution"
        raise InvalidInputError(f"{file} line {line}", value, remedy)


def _merged(parts: Sequence[pd.DataFrame], file: str) -> pd.DataFrame:
    """Prices that stand below one another, side by side by their time."""
    if len(parts) == 1:
        return parts[0]
    keys = ["start", "dt_h"]
    wide = parts[0].iloc[:0][keys]
    for part in parts:
        once = part.drop_duplicates()
        if (twice := once.duplicated(keys)).any():
            line = twice.idxmax()
            remedy = "two rows give this time different prices: state keep or where"
            raise InvalidInputError(f"{file} line {line}", str(once["start"][line]), remedy)
        wide = wide.merge(once, on=keys, how="outer")
    return wide


def _facts(
    table: Table, prices: Mapping[str, PriceColumn], rates: Mapping[str, float]
) -> dict[str, Fact]:
    facts: dict[str, Fact] = {
        "unit": ", ".join(sorted({one.unit for one in prices.values()})),
        "clock": table.time.clock,
        **{f"column of {name}": one.column for name, one in prices.items()},
        **{f"sign of {name}": "reversed" for name, one in prices.items() if one.sign != "as_is"},
    }
    moneys = sorted({one.money for one in prices.values()} - {EURO})
    return facts | {f"EUR for one {money}": rates[money] for money in moneys}


def _in_quarters(prices: PriceRows, table: Table) -> PriceRows:
    """Rows of quarters, if the map allows to repeat a longer row's price in them."""
    times = (prices.rows["dt_h"] / QUARTER_H).round().astype(np.int64).to_numpy()
    if table.repeat == "refused" or (times == 1).all():
        return prices
    rows = prices.rows.loc[prices.rows.index.repeat(times)].reset_index(drop=True)
    number = rows.groupby(np.repeat(np.arange(len(times)), times)).cumcount()
    rows["start"] += pd.to_timedelta(15 * number, unit="min")
    rows["dt_h"] = QUARTER_H
    report = prices.report
    changed = {**report.changed, REPEATED: int((times > 1).sum())}
    rows = rows.astype({"start": prices.rows["start"].dtype})
    return PriceRows(rows, prices.zone, report.model_copy(update={"changed": changed}))

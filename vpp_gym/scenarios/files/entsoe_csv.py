"""Day-ahead prices from CSV files of the ENTSO-E transparency platform's web pages.

Both forms are read, also with decimal commas where a spreadsheet has put semicolons or
tabs between the cells: the new one with Area, Sequence and intraday columns, and the old
one, whose last column may name the zone. Times are market time units, "01/01/2024
00:00:00 - 01/01/2024 01:00:00", on the clock that the column's name states.
"""

from __future__ import annotations

import os
from collections.abc import Callable

import pandas as pd

from vpp_gym.errors import InvalidInputError
from vpp_gym.scenarios.files.currency import conversions, rate_options, rates, stated_unit
from vpp_gym.scenarios.files.entsoe_areas import area_name
from vpp_gym.scenarios.files.entsoe_header import CLOCKS, Header, header_of
from vpp_gym.scenarios.files.entsoe_times import market_units, on_the_clock
from vpp_gym.scenarios.files.numbers import MISSING, decimal_mark, number_cells
from vpp_gym.scenarios.files.options import PriceRules
from vpp_gym.scenarios.files.price_rows import PriceRows, eur_per_kwh, price_rows
from vpp_gym.scenarios.files.raw import RawFile, csv_cells
from vpp_gym.scenarios.files.report import FileReport
from vpp_gym.scenarios.files.schema import DAY_AHEAD
from vpp_gym.scenarios.files.sequences import WITHOUT, chosen_rows
from vpp_gym.scenarios.files.tally import Tally
from vpp_gym.scenarios.files.times import DUTCH

KIND = "entsoe day-ahead csv"
SEQUENCE, STATED = "Sequence", "stated"
INTRADAY = "Intraday Price"


def read_entsoe_csv(
    path: str | os.PathLike[str],
    *,
    area: str | None = None,
    sequence: str | None = None,
    rules: PriceRules | None = None,
) -> PriceRows:
    """Day-ahead prices of one bidding zone.

    Args:
        path: a CSV file with columns MTU (...) and Day-ahead Price (EUR/MWh).
        area: which, where the file has several, e.g. "BZN|NL".
        sequence: which, where the file has several, e.g. "Sequence 1"; see
            `vpp_gym.scenarios.files.sequences`.
        rules: what is accepted of prices.

    Raises:
        InvalidInputError: another format, currency or unit, or times that the
            stated clock never shows.
    """
    raw, rules = RawFile.open(path), rules or PriceRules()
    header = header_of(raw)
    table = csv_cells(raw, [header.time, header.price])
    lines, options = len(table), {}
    if (areas := header.areas(table)) is not None:
        options["Area"] = chosen_value(areas, area, raw.name, area_name)
        table = table[areas == options["Area"]]
    rows, tallies = _rows(table, header, raw.name)
    chosen = chosen_rows(rows, sequence, price=STATED, file=raw.name)
    rows, tally = chosen.rows.drop(columns=SEQUENCE), tallies[chosen.first]
    tally.rows += int((chosen.rows[SEQUENCE] != chosen.first).sum())
    if SEQUENCE in table:
        options |= chosen.options(sequence)
    codes, column = header.currencies(table.loc[rows.index])
    rows[DAY_AHEAD[0]] = eur_per_kwh(
        rows.pop(STATED),
        rows["dt_h"],
        field=f"{raw.name} {header.price}",
        rules=rules,
        rate=rates(codes, rules, field=f"{raw.name} {column}", unit=header.per(column)),
    )
    report = FileReport.of(
        raw,
        KIND,
        options=options | rate_options(codes, rules),
        changed=conversions(codes),
        facts={
            "unit": stated_unit(codes),
            "clock": header.clock,
            "rows of other areas or sequences": lines - tally.rows,
            "intraday prices left aside": _intraday(table),
            "byte order mark": raw.has_byte_order_mark,
            **chosen.facts,
        },
    )
    return price_rows(rows, tally, report, zone=DUTCH, rules=rules)


def chosen_value(
    column: pd.Series, chosen: str | None, file: str, name: Callable[[str], str] = str
) -> str:
    """The value asked for, or the only one there is.

    Args:
        column: of the values; the name is the column's.
        chosen: what was asked for.
        file: name, for the error.
        name: under which two values are the same.

    Raises:
        InvalidInputError: it is not there, or there are several to choose from.
    """
    values = sorted(column.unique())
    if chosen is None:
        if len(values) > 1:
            remedy = f"choose one with the option {str(column.name).lower()}"
            raise InvalidInputError(f"{file} {column.name}", values, remedy)
        return str(values[0])
    same = [one for one in values if name(one) == name(chosen)]
    if not same:
        raise InvalidInputError(f"{column.name}", chosen, f"{file} has {', '.join(values)}")
    return str(same[0])


def _rows(table: pd.DataFrame, header: Header, file: str) -> tuple[pd.DataFrame, dict[str, Tally]]:
    """start, dt_h, Sequence and the stated price, and what was left out, by sequence."""
    zone = CLOCKS[header.clock]
    rows = market_units(table[header.time], file, zone)
    cells = table[header.price]
    decimal = decimal_mark([cells], file=file) if header.commas_free else "."
    rows[STATED] = number_cells(cells, file=file, unit="EUR/MWh", decimal=decimal)
    rows[SEQUENCE] = table.get(SEQUENCE, WITHOUT)
    placed, tallies = [], {}
    for name, part in rows.groupby(SEQUENCE, sort=False):
        tallies[str(name)] = tally = Tally(file, len(part))
        placed.append(on_the_clock(part, tally, zone, STATED))
    return pd.concat(placed), tallies


def _intraday(table: pd.DataFrame) -> int:
    """Prices in the intraday column, which is not read."""
    columns = [name for name in table if str(name).startswith(INTRADAY)]
    return sum(int((~table[name].isin(MISSING)).sum()) for name in columns)

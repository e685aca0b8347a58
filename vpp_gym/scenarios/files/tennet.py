"""Dutch imbalance prices: settlement prices of TenneT, new CSV, old CSV and old XML.

Source: TenneT, settlement prices. A party that is short pays the price of shortage
("Consume", "take from system"), one that is long receives the price of surplus
("Feed", "feed into system"). Outside of regulation state 2 the two are one price, up
to the incentive component.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from vpp_gym.errors import InvalidInputError
from vpp_gym.scenarios.files.currency import conversions, rate_options, rates, stated_unit
from vpp_gym.scenarios.files.numbers import decimal_mark, number_cells, whole_cells
from vpp_gym.scenarios.files.options import EURO, DateOrder, Decimal, PriceRules
from vpp_gym.scenarios.files.price_rows import PriceRows, price_cells, price_rows
from vpp_gym.scenarios.files.raw import RawFile, csv_cells
from vpp_gym.scenarios.files.report import FileReport
from vpp_gym.scenarios.files.schema import IMBALANCE
from vpp_gym.scenarios.files.tally import Tally
from vpp_gym.scenarios.files.times import DUTCH, moments, time_cells
from vpp_gym.scenarios.files.xml_tree import children, plain, text_of, xml_root

AREA = "BZN|NL"
QUARTER_H, MOST_QUARTERS = 0.25, 100
STATES = (-1, 0, 1, 2)
DUAL_STATE = 2


@dataclass(frozen=True)
class Names:
    """What a form calls its columns; `clock` is the time at which the quarter begins."""

    kind: str
    date: str
    quarter: str
    short: str
    long: str
    state: str
    clock: str
    units: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """All of them."""
        prices = self.short, self.long, self.state
        return tuple(dict.fromkeys((self.date, self.quarter, *prices, self.clock, *self.units)))


NEW_CSV = Names(
    kind="tennet settlement csv",
    date="Timeinterval Start Loc",
    quarter="Isp",
    short="Price Shortage",
    long="Price Surplus",
    state="Regulation State",
    clock="Timeinterval Start Loc",
    units=("Currency Unit Name", "Price Measurement Unit Name"),
)
OLD_CSV = Names(
    kind="tennet settlement csv, old",
    date="Date",
    quarter="PTE",
    short="Consume",
    long="Feed",
    state="Regulation state",
    clock="period_from",
)
OLD_XML = Names(
    kind="tennet settlement xml, old",
    date="DATE",
    quarter="PTU",
    short="TAKE_FROM_SYSTEM",
    long="FEED_INTO_SYSTEM",
    state="REGULATION_STATE",
    clock="PERIOD_FROM",
)


def recognised(header: Sequence[str]) -> Names | None:
    """The form whose columns the first line of a CSV file names, if any."""
    return next((form for form in (NEW_CSV, OLD_CSV) if set(form.columns) <= set(header)), None)


def read_tennet_csv(
    path: str | os.PathLike[str],
    *,
    dates: DateOrder,
    decimal: Decimal | None = ".",
    rules: PriceRules | None = None,
) -> PriceRows:
    """Settlement prices of a CSV file, new or old.

    Args:
        path: of the file.
        dates: order of day, month and year; the new form has "year-first".
        decimal: mark between whole and fraction; None: as the file shows it.
        rules: what is accepted of prices.

    Raises:
        InvalidInputError: another form or unit, or quarters that no day has.
    """
    raw = RawFile.open(path)
    names = NEW_CSV if NEW_CSV.date in raw.text.split("\n", 1)[0] else OLD_CSV
    table = csv_cells(raw, names.columns)
    if decimal is None:
        decimal = decimal_mark([table[names.short], table[names.long]], file=raw.name)
    return settlement_prices(
        raw, table, names, dates=dates, decimal=decimal, rules=rules or PriceRules()
    )


def read_tennet_xml(
    path: str | os.PathLike[str],
    *,
    dates: DateOrder = "year-first",
    rules: PriceRules | None = None,
) -> PriceRows:
    """Settlement prices of an XML file of the old form.

    Raises:
        InvalidInputError: no records, another unit, or quarters that no day has.
    """
    raw = RawFile.open(path)
    records = [one for one in xml_root(raw) if plain(one) == "Record"]
    if not records:
        raise InvalidInputError(raw.name, "no Record", "give settlement prices of TenneT")
    for name in OLD_XML.columns:
        if not any(True for _ in children(records[0], name)):
            raise InvalidInputError(f"{raw.name} Record", name, "each record must hold it")
    cells = {name: [text_of(one, name) or "" for one in records] for name in OLD_XML.columns}
    table = pd.DataFrame(cells, index=pd.RangeIndex(1, len(records) + 1), dtype=str)
    return settlement_prices(
        raw, table, OLD_XML, dates=dates, decimal=".", rules=rules or PriceRules()
    )


def settlement_prices(
    raw: RawFile,
    table: pd.DataFrame,
    names: Names,
    *,
    dates: DateOrder,
    decimal: Decimal,
    rules: PriceRules,
) -> PriceRows:
    """Settlement prices of the text cells of any form.

    Raises:
        InvalidInputError: another unit, or quarters that no day has.
    """
    rows = pd.DataFrame({"start": _starts(raw, table, names, dates), "dt_h": QUARTER_H})
    state = _regulation_states(table[names.state], raw.name)
    codes, rate = _currencies(table, names, rules, raw.name)
    for column, name in zip(IMBALANCE, (names.short, names.long), strict=True):
        rows[column] = price_cells(
            table[name], rows["dt_h"], file=raw.name, rules=rules, rate=rate, decimal=decimal
        )
    tally = Tally(raw.name, len(rows))
    rows = tally.without(rows, "no_regulation_state", state.isna())
    dual = state[rows.index] == DUAL_STATE
    report = FileReport.of(
        raw,
        names.kind,
        options={"Area": AREA, "dates": dates, "decimal": decimal, **rate_options(codes, rules)},
        changed=conversions(codes[rows.index]),
        facts={
            "unit": stated_unit(codes),
            "quarters of regulation state 2": int(dual.sum()),
            "two prices in another state": int((~dual & _two_prices(rows)).sum()),
        },
    )
    return price_rows(rows, tally, report, zone=DUTCH, rules=rules)


def _currencies(
    table: pd.DataFrame, names: Names, rules: PriceRules, file: str
) -> tuple[pd.Series, pd.Series]:
    """Currency of each row and its rate; EUR in the forms that state none."""
    if not names.units:
        return pd.Series(EURO, table.index), pd.Series(1.0, table.index)
    currency, measure = names.units
    if (other := table[measure] != "MWh").any():
        line = other.idxmax()
        raise InvalidInputError(f"{file} line {line}, {measure}", table[measure][line], "MWh")
    return table[currency], rates(table[currency], rules, field=f"{file} {currency}")


def _starts(raw: RawFile, table: pd.DataFrame, names: Names, dates: DateOrder) -> pd.Series:
    """UTC at which each quarter begins, by its day and number."""
    day = time_cells(table[names.date], file=raw.name, order=dates, date_only=True)
    quarter = whole_cells(table[names.quarter], file=raw.name, least=1, most=MOST_QUARTERS)
    start = quarter_starts(day, quarter, raw.name)
    _check_clock(table[names.clock], start, raw.name)
    return start


def _regulation_states(cells: pd.Series, file: str) -> pd.Series:
    state = number_cells(cells, file=file, unit="-1, 0, 1 or 2")
    unknown = state.notna() & ~state.isin(STATES)
    if unknown.any():
        line = unknown.idxmax()
        remedy = f"regulation states are {', '.join(map(str, STATES))}"
        raise InvalidInputError(f"{file} line {line}", cells[line], remedy)
    return state


def _two_prices(rows: pd.DataFrame) -> pd.Series:
    short, long = (rows[name] for name in IMBALANCE)
    return (short != long) & short.notna() & long.notna()


def quarter_starts(day: pd.Series, quarter: pd.Series, file: str) -> pd.Series:
    """UTC at which each quarter begins, counted from 1 at local midnight.

    Raises:
        InvalidInputError: a quarter beyond the end of its day, which has 92, 96 or 100.
    """
    midnight = moments(day, DUTCH).utc
    start = midnight + pd.to_timedelta((quarter - 1) * 15, unit="min")
    late = start.dt.tz_convert(DUTCH).dt.tz_localize(None).dt.normalize() != day
    if late.any():
        line = late.idxmax()
        value = f"quarter {quarter[line]} of {day[line].date()}"
        raise InvalidInputError(f"{file} line {line}", value, "that day has fewer quarters")
    return start.astype("datetime64[s, UTC]")


def _check_clock(cells: pd.Series, start: pd.Series, file: str) -> None:
    """Refuse clock times that contradict the number of the quarter.

    On the days on which the clock changes, the number alone counts.
    """
    stated = cells.str.extract(r"(\d{1,2}):(\d{2})").astype("float64")
    minute = stated[0] * 60 + stated[1]
    local = start.dt.tz_convert(DUTCH).dt.tz_localize(None)
    begin = local.dt.normalize().dt.tz_localize(DUTCH)
    expected = (start - begin.dt.tz_convert("UTC")) / pd.Timedelta(minutes=1)
    ordinary = expected == local.dt.hour * 60 + local.dt.minute
    wrong = ordinary & (minute != expected)
    if wrong.any():
        line = wrong.idxmax()
        remedy = f"by its number this quarter begins at {local[line]:%H:%M}"
        raise InvalidInputError(f"{file} line {line}, {cells.name}", cells[line], remedy)

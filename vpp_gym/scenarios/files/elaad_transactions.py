"""Charging sessions from the open transactions of ElaadNL, as CSV or workbook.

Source: ElaadNL open charging transactions, public stations in the Netherlands.
"""

from __future__ import annotations

import os

import pandas as pd

from vpp_gym.errors import InvalidInputError
from vpp_gym.scenarios.files.numbers import decimal_mark, number_cells
from vpp_gym.scenarios.files.options import Clock, DateOrder, Decimal
from vpp_gym.scenarios.files.raw import RawFile
from vpp_gym.scenarios.files.report import FileReport
from vpp_gym.scenarios.files.session_rows import MOST_ODD_SHARE, SessionRows, session_rows
from vpp_gym.scenarios.files.sheet import sheet_cells
from vpp_gym.scenarios.files.tally import Tally
from vpp_gym.scenarios.files.times import DUTCH, moments, time_cells

KIND = "elaad transactions"
START, STOP = "UTCTransactionStart", "UTCTransactionStop"
NUMBERS = {
    "stay_h": ("ConnectedTime", "h"),
    "charge_h": ("ChargeTime", "h"),
    "metered_kwh": ("TotalEnergy", "kWh"),
    "max_kw": ("MaxPower", "kW"),
}
COLUMNS = ("TransactionId", START, STOP, *(name for name, _ in NUMBERS.values()))
TOLERANCE_H = 0.1


def read_elaad(
    path: str | os.PathLike[str],
    *,
    clock: Clock,
    dates: DateOrder,
    decimal: Decimal | None = ".",
) -> SessionRows:
    """Sessions of ElaadNL.

    Args:
        path: CSV with commas, semicolons or tabs, or a workbook.
        clock: "utc" takes the recorded times as the columns' names promise;
            "local" takes them as Dutch clock time, which users of the file of
            2019 report them to be.
        dates: order of day, month and year; "year-first" for the true times of a
            workbook.
        decimal: mark between whole and fraction; None: as the file shows it.

    Raises:
        InvalidInputError: another format or unit, or stays that contradict their
            own start and stop.
    """
    if clock not in ("local", "utc"):
        raise InvalidInputError("clock", clock, "use 'local' or 'utc'")
    raw = RawFile.open(path)
    cells = sheet_cells(raw, COLUMNS)
    start, stop = (time_cells(cells[n], file=raw.name, order=dates) for n in (START, STOP))
    rows = pd.DataFrame({"id": cells["TransactionId"], "start": start, **_plugs(cells)})
    if decimal is None:
        decimal = decimal_mark([cells[name] for name, _ in NUMBERS.values()], file=raw.name)
    for column, (name, unit) in NUMBERS.items():
        rows[column] = number_cells(cells[name], file=raw.name, unit=unit, decimal=decimal)
    tally = Tally(raw.name, len(rows))
    rows = tally.without(rows, "stop_before_start", stop < start)
    between_h = (stop - start)[rows.index] / pd.Timedelta(hours=1)
    odd = _contradictions(rows["stay_h"], between_h, raw.name)
    rows, facts = _on_the_clock(rows, tally, clock)
    report = FileReport.of(
        raw,
        KIND,
        options={"clock": clock, "dates": dates, "decimal": decimal},
        facts={"unit": "kWh", "stay differs from stop - start": odd, **facts},
    )
    return session_rows(rows, tally, report, zone=DUTCH)


def _plugs(cells: pd.DataFrame) -> dict[str, pd.Series]:
    """Connector of the charge point, and the driver's card, where the file names them."""
    found = {}
    if {"ChargePoint", "Connector"} <= set(cells):
        named = (cells[["ChargePoint", "Connector"]] != "").all(axis=1)
        found["plug"] = (cells["ChargePoint"] + "/" + cells["Connector"]).where(named, None)
    if "StartCard" in cells:
        found["card"] = cells["StartCard"]
    return found


def _on_the_clock(
    rows: pd.DataFrame, tally: Tally, clock: Clock
) -> tuple[pd.DataFrame, dict[str, int]]:
    """Rows with their start in UTC, and what the clock left open."""
    if clock == "utc":
        return rows.assign(start=rows["start"].dt.tz_localize("UTC")), {}
    found = moments(rows["start"], DUTCH)
    rows = tally.without(rows.assign(start=found.utc), "clock_skips_this_time", found.skipped)
    repeated = int(found.repeated[rows.index].sum())
    return rows, {"starts in the repeated hour, taken as its first": repeated}


def _contradictions(stay_h: pd.Series, between_h: pd.Series, file: str) -> int:
    """How many stays differ from stop - start; refused if many do."""
    odd = int(((stay_h - between_h).abs() > TOLERANCE_H).sum())
    if odd > MOST_ODD_SHARE * len(stay_h):
        raise InvalidInputError(
            f"{file} ConnectedTime",
            f"{odd} of {len(stay_h)} stays differ from stop - start",
            "give hours, and check the order of day and month",
        )
    return odd

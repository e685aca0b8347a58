"""Charging sessions of a table whose columns a map states."""

from __future__ import annotations

import os

import pandas as pd

from vpp_gym.scenarios.files.columns_map import StatedColumns, Table
from vpp_gym.scenarios.files.columns_numbers import stated_hours, stated_numbers
from vpp_gym.scenarios.files.columns_parts import DurationColumn, SessionColumns
from vpp_gym.scenarios.files.columns_table import kept_cells, table_cells
from vpp_gym.scenarios.files.columns_times import session_times
from vpp_gym.scenarios.files.columns_units import KW, KWH
from vpp_gym.scenarios.files.raw import RawFile
from vpp_gym.scenarios.files.report import FileReport
from vpp_gym.scenarios.files.session_rows import SessionRows, session_rows
from vpp_gym.scenarios.files.tally import Tally


def read_stated_sessions(
    path: str | os.PathLike[str], table: Table, stated: StatedColumns
) -> SessionRows:
    """Sessions of a file in the columns, units and clock that a map states.

    Args:
        path: of the file.
        table: its entry of the map.
        stated: the map.

    Raises:
        InvalidInputError: a file that is not what the map says.
    """
    raw = RawFile.open(path)
    assert table.sessions is not None, "the map was validated"
    places = table.sessions
    every = table_cells(raw, table, _columns(table, places))
    cells = kept_cells(every, table.keep, raw.name)
    tally = Tally(raw.name, len(cells))
    aside = len(every) - len(cells)
    rows, counts = session_times(cells, table, tally)
    cells = cells.loc[rows.index]
    rows = rows.assign(**_measured(cells, table, places, raw.name))
    if places.duration is None:
        rows = rows.assign(stay_h=(rows["end"] - rows["start"]) / pd.Timedelta(hours=1))
    rows = rows.assign(id=_names(cells, rows["start"], places), **_plugs(cells, places))
    report = FileReport.of(
        raw,
        f"columns map, {table.title}",
        options=stated.options(table),
        facts={
            "unit": places.energy.unit,
            "clock": table.time.clock,
            "lines left aside by keep": aside,
            **counts,
        },
    )
    return session_rows(rows.drop(columns="end"), tally, report, zone=table.zone)


def _columns(table: Table, places: SessionColumns) -> list[str]:
    single = (places.id, places.charge_point, places.connector, places.card)
    measured = (
        places.energy,
        places.duration,
        places.charge_time,
        places.power,
        places.battery,
    )
    return [
        *(table.time.start or ()),
        *(table.time.end or ()),
        *table.keep,
        *(name for name in single if name is not None),
        *(one.column for one in measured if one is not None),
    ]


def _measured(
    cells: pd.DataFrame, table: Table, places: SessionColumns, file: str
) -> dict[str, pd.Series]:
    """Energy, power and durations in kWh, kW and hours; NaN where nothing is stated."""
    energy, power = places.energy, places.power
    unknown = pd.Series(float("nan"), index=cells.index)

    def hours(place: DurationColumn | None) -> pd.Series:
        if place is None:
            return unknown
        return stated_hours(cells[place.column], table, file=file, unit=place.unit)

    kwh = stated_numbers(cells[energy.column], table, file=file, unit=energy.unit)
    measured = {
        "metered_kwh": kwh * KWH[energy.unit],
        "stay_h": hours(places.duration),
        "charge_h": hours(places.charge_time),
        "max_kw": unknown,
    }
    if power is not None:
        kw = stated_numbers(cells[power.column], table, file=file, unit=power.unit)
        measured["max_kw"] = kw * KW[power.unit]
    if places.battery is not None:
        battery = places.battery
        kwh = stated_numbers(cells[battery.column], table, file=file, unit=battery.unit)
        measured["battery_kwh"] = (kwh * KWH[battery.unit]).where(kwh > 0)
    return measured


def _names(cells: pd.DataFrame, start: pd.Series, places: SessionColumns) -> pd.Series:
    """The number of each session, or charge point, connector and start in its place."""
    if places.id is not None:
        return cells[places.id]
    return _plugs(cells, places)["plug"].str.cat(start.dt.strftime("%Y-%m-%dT%H:%M:%SZ"), sep=" ")


def _plugs(cells: pd.DataFrame, places: SessionColumns) -> dict[str, pd.Series]:
    """Connector of the charge point, and the driver's card, where the map names them."""
    found = {}
    if places.charge_point is not None:
        plug = cells[places.charge_point]
        if places.connector is not None:
            plug = plug.str.cat(cells[places.connector], sep="/")
        found["plug"] = plug
    if places.card is not None:
        found["card"] = cells[places.card]
    return found

"""Recorded sunshine as the yield of solar panels: kWh per kWp in every step.

The prepared file of the Dutch years 2018 and 2019 states radiation and the volume of 80
panels; volume is radiation times a constant. Neither the panels' peak power nor their
losses are stated, and the radiation sums to 1,640 kWh/m2 a year, more than falls on level
ground in the Netherlands. The file is therefore taken for its shape, and the size comes
from a stated yield.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from vpp_gym.errors import InvalidInputError
from vpp_gym.scenarios.files.numbers import number_cells
from vpp_gym.scenarios.files.options import Clock
from vpp_gym.scenarios.files.raw import RawFile, csv_cells
from vpp_gym.scenarios.files.report import FileReport
from vpp_gym.scenarios.files.times import DUTCH, moments, time_cells
from vpp_gym.scenarios.scenario import Scenario

KIND = "pv hourly"
COLUMNS = ("date", "radiation", "panel_size", "n_panels", "total_volume")
KWH_PER_KWP_YEAR = 875.0
"""Assumed yield of a Dutch roof, near what national statistics use."""
HOURS_PER_YEAR = 8766.0
SOLAR_NOON_UTC_H, TOLERANCE_H = 11.65, 0.5
"""Mean noon of the sun between 3.4 and 7.2 degrees east, and how far a file may be off."""


@dataclass(frozen=True)
class PvYield:
    """Yield of solar panels, hour by hour.

    Attributes:
        kwh_per_kwp: indexed by the hour's start on the file's clock.
        clock: of the index, UTC or Dutch clock time.
        report: of the file.
    """

    kwh_per_kwp: pd.Series
    clock: Clock
    report: FileReport

    def on_steps(self, scenario: Scenario) -> NDArray[np.float64]:
        """(T,) kWh per kWp in every step of a scenario.

        A scenario without time zone is taken to show the Dutch clock; in the hour
        that this clock skips, the hour before counts.

        Raises:
            InvalidInputError: the file does not cover the scenario.
        """
        times = _utc_times(scenario) if self.clock == "utc" else pd.Series(scenario.clock)
        hours = self.kwh_per_kwp.reindex(times.dt.floor("h"))
        if hours.isna().any():
            first, last = (str(self.kwh_per_kwp.index[i]) for i in (0, -1))
            missing = str(times[int(np.argmax(hours.isna()))])
            raise InvalidInputError("pv", missing, f"the file covers {first} to {last}")
        return hours.to_numpy() * scenario.dt_h


def _utc_times(scenario: Scenario) -> pd.Series:
    """(T,) naive UTC at which each step begins."""
    local, zone = pd.Series(scenario.clock), scenario.timezone
    if zone is None:
        return moments(local, DUTCH).utc.dt.tz_localize(None).ffill()
    first = moments(local.iloc[:1], zone).utc.dt.tz_localize(None).iloc[0]
    return first + pd.Series(pd.to_timedelta(np.arange(len(local)) * scenario.dt_h, unit="h"))


def recognises(header: Sequence[str]) -> bool:
    """Whether the first line of a CSV file names the columns of this kind."""
    return set(COLUMNS) <= set(header)


def read_pv(
    path: str | os.PathLike[str],
    *,
    clock: Clock,
    kwh_per_kwp_year: float = KWH_PER_KWP_YEAR,
) -> PvYield:
    """Hourly yield of solar panels.

    Args:
        path: CSV with columns date, radiation, panel_size, n_panels, total_volume.
        clock: of the dates; by the sun's course the Dutch file of 2018 and 2019 is in "utc".
        kwh_per_kwp_year: yield in a mean year of the file.

    Raises:
        InvalidInputError: another form, hours missing or negative, volumes that do
            not follow the radiation, or a clock that the sun contradicts.
    """
    if clock not in ("local", "utc"):
        raise InvalidInputError("clock", clock, "use 'local' or 'utc'")
    if not 0 < kwh_per_kwp_year < 3000:
        raise InvalidInputError("kwh_per_kwp_year", kwh_per_kwp_year, "give 0 to 3,000 kWh")
    raw = RawFile.open(path)
    hours, volume = _hours_and_volumes(raw)
    noon_h = _noon_utc_h(hours, volume, clock)
    if abs(noon_h - SOLAR_NOON_UTC_H) > TOLERANCE_H:
        value = f"{clock}: the sun would be highest at {noon_h:.1f} h UTC"
        raise InvalidInputError("clock", value, "choose the other clock, or another file")
    years = len(hours) / HOURS_PER_YEAR
    kwh_per_kwp = volume * (kwh_per_kwp_year * years / float(volume.sum()))
    report = FileReport.of(
        raw,
        KIND,
        rows=len(hours),
        changed={"MWh to kWh per kWp": len(hours)},
        options={"clock": clock, "kwh_per_kwp_year": f"{kwh_per_kwp_year:g}"},
        facts={
            "first": str(hours.iloc[0]),
            "last": str(hours.iloc[-1]),
            "stated volume MWh": round(float(volume.sum()), 3),
            "highest sun, hour UTC": round(noon_h, 2),
        },
    )
    return PvYield(kwh_per_kwp.set_axis(pd.DatetimeIndex(hours)), clock, report)


def _hours_and_volumes(raw: RawFile) -> tuple[pd.Series, pd.Series]:
    """Start of each hour, and what the panels make in it, in MWh."""
    cells = csv_cells(raw, COLUMNS)
    hours = time_cells(cells["date"], file=raw.name, order="year-first")
    radiation, volume = (
        number_cells(cells[name], file=raw.name, unit=unit, missing=False)
        for name, unit in (("radiation", "W/m2"), ("total_volume", "MWh"))
    )
    _check_hours(hours, raw.name)
    _check_volumes(radiation, volume, raw.name)
    return hours, volume


def _check_hours(hours: pd.Series, file: str) -> None:
    step = hours.diff().iloc[1:] != pd.Timedelta(hours=1)
    if step.any():
        line = step.idxmax()
        raise InvalidInputError(f"{file} line {line}", str(hours[line]), "give every hour once")


def _check_volumes(radiation: pd.Series, volume: pd.Series, file: str) -> None:
    """Volume is radiation times one constant, and neither is negative."""
    for name, values in (("radiation", radiation), ("total_volume", volume)):
        if (values < 0).any():
            line = (values < 0).idxmax()
            remedy = "give 0 or more"
            raise InvalidInputError(f"{file} line {line}, {name}", float(values[line]), remedy)
    if not ((volume > 0) & (radiation > 0)).any():
        raise InvalidInputError(f"{file} total_volume", "0 in all rows", "give hours with sun")
    sunny = radiation > 0
    ratio = float((volume[sunny] / radiation[sunny]).median())
    off = (volume - ratio * radiation).abs() > 0.01 * ratio * radiation.max()
    if off.any():
        line = off.idxmax()
        remedy = "volumes should be the radiation times one constant"
        raise InvalidInputError(f"{file} line {line}", float(volume[line]), remedy)


def _noon_utc_h(hours: pd.Series, volume: pd.Series, clock: Clock) -> float:
    """Hour of the day in UTC around which the yield lies."""
    utc = hours if clock == "utc" else moments(hours, DUTCH).utc.dt.tz_localize(None)
    known = utc.notna()
    middle = utc[known].dt.hour + 0.5
    return float((middle * volume[known]).sum() / volume[known].sum())

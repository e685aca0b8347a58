"""Recorded sessions on the steps of a scenario, with what each car needs."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from vpp_gym.errors import InvalidInputError
from vpp_gym.scenarios.demand import (
    Car,
    DemandRule,
    metered_arrival_soc,
    reference_arrival_soc,
)
from vpp_gym.scenarios.files.session_rows import SessionRows
from vpp_gym.scenarios.files.times import DUTCH, moments, same_clock
from vpp_gym.scenarios.grid import Span
from vpp_gym.scenarios.world_header import CarPower, SiteClock


def sessions_on_steps(
    sessions: SessionRows,
    span: Span,
    *,
    dt_h: float,
    demand: DemandRule,
    car: Car,
    car_power: CarPower,
    site_clock: SiteClock | None,
    shift_days: int,
) -> tuple[pd.DataFrame, dict[str, int]]:
    """Sessions of the span, ready for `Scenario.from_arrays`.

    A car arrives in the step that contains its start and stays for the recorded
    time, rounded up to steps.

    Args:
        sessions: of one file.
        span: days of the scenario.
        dt_h: hours per step.
        demand: "metered": reaching the target takes the metered energy.
            "reference": the car charged at full power for the recorded hours
            (Rahman et al. 2023); sessions without these are dropped.
        car: what is assumed about every car.
        car_power: "charger": nothing but the charger limits the power;
            "recorded": the largest power of the session does, too.
        site_clock: of chargers whose clock differs from that of the prices: "instant" keeps
            the moment, "local" the time on the clock (nine in the morning there
            becomes nine in the morning here).
        shift_days: added to every start; a multiple of 7 keeps the weekdays.

    Returns:
        Columns of `Scenario.from_arrays`, and counts of what was left out or changed.
    """
    rows, counts = _in_zone(sessions, span.zone, site_clock)
    rows = rows.assign(start=rows["start"] + pd.Timedelta(days=shift_days))
    inside = (rows["start"] >= span.begin) & (rows["start"] < span.end)
    counts["sessions outside of the days"] = int((~inside).sum())
    rows = rows[inside]
    if demand == "reference":
        counts["sessions without charge time"] = int(rows["charge_h"].isna().sum())
        rows = rows[rows["charge_h"].notna()]
    max_kw = _max_kw(rows, car_power, sessions.report.file)
    soc, uncapped = _arrival_soc(rows, demand, car, max_kw)
    counts["demands capped by stay, power or battery"] = int((soc > uncapped + 1e-12).sum())
    arrival = ((rows["start"] - span.begin) // pd.Timedelta(hours=dt_h)).to_numpy(dtype=np.int64)
    stay = np.ceil(rows["stay_h"].to_numpy() / dt_h).astype(np.int64)
    table = pd.DataFrame(
        {
            "arrival_step": arrival,
            "departure_step": arrival + stay,
            "arrival_soc": soc,
            "target_soc": car.target_soc,
            "capacity_kwh": car.capacity_kwh,
            "charge_kw": max_kw,
        }
    )
    return table, counts


def _in_zone(
    sessions: SessionRows, zone: str | None, site_clock: SiteClock | None
) -> tuple[pd.DataFrame, dict[str, int]]:
    """Sessions with their start on the clock of the prices: UTC, or naive without zone."""
    rows, there, here = sessions.rows, sessions.zone, zone or DUTCH
    if same_clock(there, here, rows["start"]):
        there = here
    if there != here and site_clock is None:
        value = f"{sessions.report.file} in {there}, prices in {here}"
        raise InvalidInputError("site_clock", value, "choose instant or local")
    clock = there if site_clock == "local" else here
    local = rows["start"].dt.tz_convert(clock).dt.tz_localize(None)
    if zone is None:
        return rows.assign(start=local), {}
    if clock == zone:
        return rows, {}
    found = moments(local, zone)
    counts = {"sessions at a time that the clock here skips": int(found.skipped.sum())}
    return rows.assign(start=found.utc)[~found.skipped], counts


def _max_kw(rows: pd.DataFrame, car_power: CarPower, file: str) -> NDArray[np.float64]:
    """(n,) kW limit of each car itself; inf: the charger limits."""
    if car_power == "charger":
        return np.full(len(rows), np.inf)
    unknown = rows["max_kw"].isna() | (rows["max_kw"] <= 0)
    if unknown.any():
        value = f"{int(unknown.sum())} sessions of {file} without power"
        raise InvalidInputError("car_power", value, "use car_power charger")
    return rows["max_kw"].to_numpy(dtype=np.float64)


def _arrival_soc(
    rows: pd.DataFrame, demand: DemandRule, car: Car, max_kw: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(n,) state of charge on arrival, and what it would be without limits."""
    stay_h = rows["stay_h"].to_numpy()
    if demand == "reference":
        hours = rows["charge_h"].to_numpy()
        soc = reference_arrival_soc(hours, stay_h, car)
        return soc, 1 - hours * car.charge_kw * car.charge_eff / car.capacity_kwh
    metered_kwh = rows["metered_kwh"].to_numpy()
    soc = metered_arrival_soc(metered_kwh, stay_h, car, max_kw)
    return soc, car.target_soc - metered_kwh * car.charge_eff / car.capacity_kwh

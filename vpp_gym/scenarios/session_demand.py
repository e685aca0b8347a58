"""Recorded sessions on the steps of a scenario, with what each car needs."""

from __future__ import annotations

from dataclasses import replace

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
from vpp_gym.scenarios.files.session_rows import SessionRows, without_energy
from vpp_gym.scenarios.files.times import DUTCH, moments, same_clock
from vpp_gym.scenarios.grid import Span
from vpp_gym.scenarios.scenario import NOBODY
from vpp_gym.scenarios.session_steps import Stays, stays_on_steps
from vpp_gym.scenarios.world_header import CarPower, Drivers, SiteClock, StaySteps, ZeroEnergy

WITHOUT_ENERGY = {
    "idle": "sessions without energy, idle on their charger",
    "keep": "sessions without energy, kept as batteries",
    "drop": "sessions without energy, left out",
}


def sessions_in_span(
    sessions: SessionRows, span: Span, *, site_clock: SiteClock | None, shift_days: int
) -> tuple[pd.DataFrame, dict[str, int]]:
    """Sessions of one file that begin within the days of a scenario.

    Args:
        sessions: of one file.
        span: days of the scenario.
        site_clock: of chargers whose clock differs from that of the prices: "instant" keeps
            the moment, "local" the time on the clock (nine in the morning there
            becomes nine in the morning here).
        shift_days: added to every start; a multiple of 7 keeps the weekdays.

    Returns:
        Rows with their start on the clock of the prices, and counts of what was left out.
    """
    rows, counts = _in_zone(sessions, span.zone, site_clock)
    rows = rows.assign(start=rows["start"] + pd.Timedelta(days=shift_days))
    inside = (rows["start"] >= span.begin) & (rows["start"] < span.end)
    counts["sessions outside of the days"] = int((~inside).sum())
    return rows[inside], counts


def sessions_on_steps(
    rows: pd.DataFrame,
    span: Span,
    *,
    dt_h: float,
    demand: DemandRule,
    car: Car,
    car_power: CarPower,
    zero_energy: ZeroEnergy = "idle",
    stays: StaySteps = "recorded",
    drivers: Drivers = "unknown",
) -> tuple[pd.DataFrame, dict[str, int]]:
    """Sessions of a site, ready for `Scenario.from_arrays`.

    Args:
        rows: of `sessions_in_span`, of one file or several; with a column file, counts are
            told apart by it.
        span: days of the scenario.
        dt_h: hours per step.
        demand: "metered": reaching the target takes the metered energy.
            "reference": the car charged at full power for the recorded hours
            (Rahman et al. 2023); sessions without these are dropped.
        car: what is assumed about every car of which the rows say nothing.
        car_power: "charger": nothing but the charger limits the power;
            "recorded": the largest power of the session does, too.
        zero_energy: sessions that took no energy, or nobody knows how much: "idle" cars
            occupy their charger, need nothing and cannot discharge; "keep" takes them for
            batteries that need nothing; "drop" leaves them out.
        stays: "recorded": as in `vpp_gym.scenarios.session_steps`; "rounded-up": from the
            step that contains the start on, rounded up to steps, whoever else is there. That
            is how the reference rule has it, in any case, and how synthetic cars stay.
        drivers: "card": stays with one card are one driver's, numbered as they come; "unknown":
            nobody is known.

    Returns:
        Columns of `Scenario.from_arrays`, and counts of what was left out or changed.
    """
    idle = _needs_nothing(rows, demand)
    counts = _counted(rows, idle, WITHOUT_ENERGY[zero_energy])
    if zero_energy == "drop":
        rows, idle = rows[~idle], idle[~idle]
    if demand == "reference":
        unknown = rows["charge_h"].isna().to_numpy() & ~(idle & (zero_energy == "idle"))
        counts |= _counted(rows, unknown, "sessions without charge time")
        rows, idle = rows[~unknown], idle[~unknown]
    max_kw, car = _max_kw(rows, car_power, idle), _with_batteries(car, rows)
    if stays == "rounded-up" or demand == "reference":
        steps = _rounded_up(rows, span, dt_h)
    else:
        steps = _as_recorded(rows, span, dt_h, np.minimum(max_kw, car.charge_kw))
    stay_h = np.minimum(rows["stay_h"].to_numpy(), (steps.departure - steps.arrival) * dt_h)
    soc, uncapped = _arrival_soc(rows, stay_h, demand, car, max_kw)
    soc = np.where(idle, car.target_soc, soc)
    outside = steps.arrival >= round((span.end - span.begin) / pd.Timedelta(hours=dt_h))
    for what, which in {
        "demands capped by stay, power or battery": (soc > uncapped + 1e-12) & ~idle,
        "arrivals that wait for the charger": steps.waited,
        "arrivals that wait beyond the last day": outside,
        "stays of which the last step is kept for its energy": steps.lengthened,
    }.items():
        counts |= _counted(rows, which, what)
    table = pd.DataFrame(
        {
            "arrival_step": steps.arrival,
            "departure_step": steps.departure,
            "arrival_soc": soc,
            "target_soc": car.target_soc,
            "capacity_kwh": car.capacity_kwh,
            "charge_kw": max_kw,
            "discharge_kw": np.where(idle & (zero_energy == "idle"), 0.0, np.inf),
        }
    )
    if drivers == "card":
        table["driver"] = _by_card(rows)
        counts["drivers known by their card"] = int(table["driver"].max()) + 1
    return table[~outside], counts


def _by_card(rows: pd.DataFrame) -> NDArray[np.int64]:
    """(n,) number of the driver in the order in which they come first; -1 without a card."""
    if "card" not in rows:
        return np.full(len(rows), NOBODY)
    cards = [one if isinstance(one, str) and one.strip() else None for one in rows["card"]]
    order = np.argsort(rows["start"].to_numpy(), kind="stable")
    numbers = np.empty(len(rows), dtype=np.int64)
    numbers[order] = pd.factorize(pd.Series(cards, dtype=object).iloc[order])[0]
    return numbers


def _counted(rows: pd.DataFrame, which: NDArray[np.bool_], what: str) -> dict[str, int]:
    """How many of the rows, for each file that they are of."""
    if "file" not in rows:
        return {what: int(which.sum())}
    found = pd.Series(which, index=rows.index).groupby(rows["file"], sort=False).sum()
    return {f"{file}: {what}": int(count) for file, count in found.items()}


def _needs_nothing(rows: pd.DataFrame, demand: DemandRule) -> NDArray[np.bool_]:
    """(n,) sessions without energy; the reference rule needs no energy where it knows hours."""
    nothing = without_energy(rows["metered_kwh"])
    if demand == "reference":
        nothing &= rows["metered_kwh"].notna() | ~(rows["charge_h"] > 0)
    return nothing.to_numpy(dtype=np.bool_)


def _rounded_up(rows: pd.DataFrame, span: Span, dt_h: float) -> Stays:
    arrival = _begin_s(rows, span) // round(3600 * dt_h)
    steps = np.ceil(rows["stay_h"].to_numpy() / dt_h).astype(np.int64)
    none = np.zeros(len(rows), dtype=np.bool_)
    return Stays(arrival, arrival + steps, none, none)


def _as_recorded(rows: pd.DataFrame, span: Span, dt_h: float, kw: NDArray[np.float64]) -> Stays:
    recorded_h = rows["stay_h"].to_numpy()
    plug = rows["plug"] if "plug" in rows else [None] * len(rows)
    return stays_on_steps(
        _begin_s(rows, span),
        np.round(3600 * recorded_h).astype(np.int64),
        round(3600 * dt_h),
        np.minimum(rows["metered_kwh"].fillna(0.0).to_numpy() / kw, recorded_h),
        [name if isinstance(name, str) else None for name in plug],
    )


def _begin_s(rows: pd.DataFrame, span: Span) -> NDArray[np.int64]:
    """(n,) seconds from the first moment of the days to each start."""
    return ((rows["start"] - span.begin) // pd.Timedelta(seconds=1)).to_numpy(dtype=np.int64)


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


def _with_batteries(car: Car, rows: pd.DataFrame) -> Car:
    """The car, with the battery of each session where it is stated."""
    if "battery_kwh" not in rows or rows["battery_kwh"].isna().all():
        return car
    stated = rows["battery_kwh"].to_numpy(dtype=np.float64)
    return replace(car, capacity_kwh=np.where(np.isnan(stated), car.capacity_kwh, stated))


def _max_kw(
    rows: pd.DataFrame, car_power: CarPower, idle: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """(n,) kW limit of each car itself; inf: the charger limits."""
    if car_power == "charger":
        return np.full(len(rows), np.inf)
    unknown = (rows["max_kw"].isna() | (rows["max_kw"] <= 0)).to_numpy()
    if (unknown & ~idle).any():
        value = f"{int((unknown & ~idle).sum())} sessions with energy, but without power"
        raise InvalidInputError("car_power", value, "use car_power charger")
    return np.where(unknown, np.inf, rows["max_kw"].to_numpy(dtype=np.float64))


def _arrival_soc(
    rows: pd.DataFrame,
    stay_h: NDArray[np.float64],
    demand: DemandRule,
    car: Car,
    max_kw: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(n,) state of charge on arrival, and what it would be without limits."""
    if demand == "reference":
        hours = rows["charge_h"].to_numpy()
        soc = reference_arrival_soc(hours, stay_h, car)
        return soc, 1 - hours * car.charge_kw * car.charge_eff / car.capacity_kwh
    metered_kwh = rows["metered_kwh"].to_numpy()
    soc = metered_arrival_soc(metered_kwh, stay_h, car, max_kw)
    return soc, car.target_soc - metered_kwh * car.charge_eff / car.capacity_kwh

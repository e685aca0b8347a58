"""Synthetic charging sessions: when cars come, how long they stay, what they need."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from vpp_gym.arrays import Floats, Ints
from vpp_gym.fleet.charging import Charging, line_curves
from vpp_gym.kernels import njit
from vpp_gym.scenarios.calibration import Calibration
from vpp_gym.scenarios.cars import DrawnCars, draw_cars, models_named
from vpp_gym.scenarios.demand import (
    CAPACITY_KWH,
    CHARGE_EFF,
    MIN_SOC,
    TARGET_SOC,
    metered_arrival_soc,
    reference_arrival_soc,
)
from vpp_gym.scenarios.quantiles import class_of, from_quantiles, guide_of, quantile
from vpp_gym.scenarios.scenario import Sessions
from vpp_gym.scenarios.site_mix import Week, stay_hours, week_of
from vpp_gym.scenarios.synthetic_params import CarParams, SiteMix
from vpp_gym.time_steps import step_minutes


def day_type(dates: NDArray[np.datetime64]) -> Ints:
    """(n,) 0 workday, 1 Saturday, 2 Sunday."""
    return np.maximum(weekday(dates) - 4, 0)


def weekday(dates: NDArray[np.datetime64]) -> Ints:
    """(n,) 0 Monday .. 6 Sunday; 1970-01-01 was a Thursday."""
    return (dates.astype("datetime64[D]").astype(np.int64) + 3) % 7


def draw_sessions(
    rng: np.random.Generator,
    fitted: Calibration,
    dates: NDArray[np.datetime64],
    *,
    sessions_per_day: float,
    dt_h: float,
    mix: SiteMix | None = None,
    metered_rng: np.random.Generator | None = None,
) -> Sessions:
    """Sessions that arrive on the given days.

    Times are drawn to the minute and then cut into steps as real data are, so
    that the same draws serve every `dt_h`.

    Args:
        rng: source of all draws.
        fitted: parameters.
        dates: (days,) consecutive dates.
        sessions_per_day: mean over a year.
        dt_h: hours per step.
        mix: of kinds of chargers; all public by default.
        metered_rng: of what cars need under the metered rule; None for the reference's.
    """
    week = week_of(fitted, mix or SiteMix())
    hour = _arrival_hours(rng, fitted, week, dates, sessions_per_day)
    draws = rng.random((7, len(hour)))
    minute = (draws[0] * 60).astype(np.int64)
    order = _by_minute(hour, minute)
    start_h = hour + minute[order] / 60
    stay_rank, charge_rank, full_rank = draws[1:4].take(order, axis=1)
    owner_draw, departure_draw, interest_draw = draws[4:].take(order, axis=1)
    day, hour_of_day = hour // 24, hour % 24
    stay_h = stay_hours(fitted, week, weekday(dates)[day], start_h - 24 * day, stay_rank)
    arrival = (60 * hour + minute[order]) // step_minutes(dt_h)
    n_steps = round(len(dates) * 24 / dt_h)
    departure = np.minimum(arrival + np.ceil(stay_h / dt_h).astype(np.int64), n_steps)
    limit_h = (departure - arrival) * dt_h
    if metered_rng is None:
        ranks = charge_rank, full_rank
        arrival_soc = _reference_soc(fitted, hour_of_day, stay_h, limit_h, *ranks)
        charge_kw = _of_all(np.inf, len(hour))
    else:
        arrival_soc, charge_kw = _metered_needs(metered_rng, fitted, np.minimum(stay_h, limit_h))
    return Sessions(
        arrival_step=arrival,
        departure_step=departure,
        arrival_soc=arrival_soc,
        target_soc=_of_all(TARGET_SOC, len(hour)),
        capacity_kwh=_of_all(CAPACITY_KWH, len(hour)),
        charge_kw=charge_kw,
        discharge_kw=_of_all(np.inf, len(hour)),
        owner_draw=owner_draw,
        departure_draw=departure_draw,
        interest_draw=interest_draw,
    )


def with_models(
    rng: np.random.Generator, sessions: Sessions, cars: CarParams, *, dt_h: float
) -> Sessions:
    """Sessions whose cars are models of the catalogue.

    Each needs the energy that it needs without, but no more than its battery's window holds and
    full power reaches in its stay.

    Args:
        rng: source of the models.
        sessions: as they were drawn.
        cars: which models, and where they charge.
        dt_h: hours per step.
    """
    models = models_named(cars.models, cars.plug)
    drawn = draw_cars(
        rng,
        len(sessions),
        models,
        cars.shares,
        plug=cars.plug,
        amperes=cars.amperes,
        phases=cars.phases,
    )
    needed_kwh = (sessions.target_soc - sessions.arrival_soc) * sessions.capacity_kwh
    target_kwh: Floats = sessions.target_soc * drawn.capacity_kwh
    stay_h = np.multiply(sessions.departure_step - sessions.arrival_step, dt_h, dtype=np.float64)
    least_kwh = least_arrival_kwh(target_kwh, stay_h, drawn)
    arrival_kwh = np.maximum(target_kwh - needed_kwh, least_kwh)
    return replace(
        sessions,
        arrival_soc=arrival_kwh / drawn.capacity_kwh,
        **drawn._asdict(),
    )


def least_arrival_kwh(target_kwh: Floats, stay_h: Floats, cars: DrawnCars) -> Floats:
    """(n,) least stored energy from which a stay at a car's full power reaches its target."""
    stored_kw = CHARGE_EFF * cars.charge_kw
    curves = line_curves(cars.capacity_kwh, stored_kw, cars.taper_soc, cars.taper_share)
    charging = Charging(cars.charge_kw, CHARGE_EFF, 1.0, curves)
    reach_kwh = target_kwh - charging.gain_before_kwh(target_kwh, stay_h)
    return np.maximum(reach_kwh, MIN_SOC * cars.capacity_kwh)


def _reference_soc(
    fitted: Calibration,
    hour: Ints,
    stay_h: Floats,
    limit_h: Floats,
    charge_rank: Floats,
    full_rank: Floats,
) -> Floats:
    """(n,) state of charge on arrival of cars that charge at the site's power."""
    stay_class = class_of(fitted.stay_edges_h, stay_h)
    charge_h = _charge_hours(
        fitted.levels,
        fitted.charge_h.reshape(-1, len(fitted.levels)),
        fitted.full_share.ravel(),
        fitted.period[hour] * fitted.full_share.shape[1] + stay_class,
        stay_h,
        charge_rank,
        full_rank,
    )
    return reference_arrival_soc(charge_h, limit_h)


def _metered_needs(
    rng: np.random.Generator, fitted: Calibration, stay_h: Floats
) -> tuple[Floats, Floats]:
    """(n,) state of charge on arrival and largest power [kW] of cars that stay so long.

    The power is drawn given the stay, and the share of stay and power that was used
    (the load factor) given both: no car needs more than its stay allows.

    Args:
        rng: source of both draws, not that of the stays.
        fitted: parameters.
        stay_h: (n,) hours.
    """
    power_rank, load_rank = rng.random((2, len(stay_h)))
    stay_class = class_of(fitted.load_stay_edges_h, stay_h)
    charge_kw = from_quantiles(fitted.levels, fitted.power_kw, stay_class, power_rank)
    row = class_of(fitted.power_edges_kw, charge_kw) * len(fitted.power_kw) + stay_class
    load_factor = from_quantiles(
        fitted.levels, fitted.load_factor.reshape(-1, len(fitted.levels)), row, load_rank
    )
    soc = metered_arrival_soc(load_factor * charge_kw * stay_h, stay_h, max_kw=charge_kw)
    return soc, charge_kw


def _of_all(value: float, n: int) -> Floats:
    """(n,) one value that all sessions share, and its memory."""
    return np.broadcast_to(np.float64(value), n)


@njit(allocates=True)
def _by_minute(hour: Ints, minute: Ints) -> Ints:
    """(n,) rows in order of time, of arrivals in order of hours; in one minute, as they were.

    As `np.argsort(hour + minute / 60, kind="stable")`: sorted by counting, first by
    minutes, then by hours.
    """
    by_minute = _sorted_by_counting(minute, np.arange(len(hour)))
    return _sorted_by_counting(hour, by_minute)


@njit(allocates=True, internal=True)
def _sorted_by_counting(key: Ints, rows: Ints) -> Ints:
    """(n,) the rows by their small whole keys; those of one key as they were."""
    place = np.zeros(key.max() + 2 if len(key) else 1, dtype=np.int64)
    for one in key:
        place[one + 1] += 1
    place = np.cumsum(place)
    ordered = np.empty_like(rows)
    for row in rows:
        ordered[place[key[row]]] = row
        place[key[row]] += 1
    return ordered


def _arrival_hours(
    rng: np.random.Generator,
    fitted: Calibration,
    week: Week,
    dates: NDArray[np.datetime64],
    sessions_per_day: float,
) -> Ints:
    """(n,) hours since the first midnight; Poisson around a Gamma factor of the day."""
    month = dates.astype("datetime64[M]").astype(np.int64) % 12
    per_day = sessions_per_day * fitted.month_factor[month] * week.weekday_factor[weekday(dates)]
    shape = 1 / fitted.day_dispersion
    per_day = per_day * rng.gamma(shape, 1 / shape, len(dates))
    rate = per_day[:, None] * week.hour_share[weekday(dates)]
    return np.repeat(np.arange(rate.size), rng.poisson(rate).ravel())


@njit(allocates=True)
def _charge_hours(
    levels: Floats,
    table: Floats,
    full_share: Floats,
    row: Ints,
    stay_h: Floats,
    rank: Floats,
    full_rank: Floats,
) -> Floats:
    """(n,) hours of charging at full power, never more than the stay.

    Args:
        levels: (k,) probabilities of the table.
        table: (rows, k) quantiles of hours, by period of the day and class of the stay.
        full_share: (rows,) share of cars that charge as long as they stay.
        row: (n,) of each car.
        stay_h: (n,) hours.
        rank: (n,) probability of each car in its row.
        full_rank: (n,) below the row's share: the car charges as long as it stays.
    """
    guide, charging_h = guide_of(levels), stay_h.copy()
    for i in range(len(stay_h)):
        if full_rank[i] >= full_share[row[i]]:
            partial = quantile(levels, guide, table, row[i], rank[i])
            charging_h[i] = min(partial, stay_h[i])
    return charging_h

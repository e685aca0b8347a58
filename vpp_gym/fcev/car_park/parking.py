"""Drivers of the car park: when they park, how far they drive, what they keep."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vpp_gym.arrays import Bools, Floats, close_arrays
from vpp_gym.fcev.calendar import HOURS, WEEKEND, day_types
from vpp_gym.fcev.car_park.contracts import draw_min_prices
from vpp_gym.fcev.car_park.params import CarParkParams


@dataclass(frozen=True)
class Drivers:
    """The drivers of one year.

    Attributes:
        at_work: (n,) parks in "work hours", else in "home hours".
        usual: (n, 2, 24) probability that the car is plugged in, by kind of day and hour.
        parked: (n, hours) the car is plugged in.
        trip_kg: (n, days) hydrogen used before the stay that begins on this day.
        usual_kg: (n,) level to which the driver refills when leaving.
        min_price_eur_per_kwh: (n,) of the contract.
    """

    at_work: Bools
    usual: Floats
    parked: Bools
    trip_kg: Floats
    usual_kg: Floats
    min_price_eur_per_kwh: Floats

    def __post_init__(self) -> None:
        close_arrays(self)


def draw_drivers(rng: np.random.Generator, params: CarParkParams, n_days: int) -> Drivers:
    """Drivers with constant habits; on some days they do not use the car park."""
    parking, n = params.parking, params.n_cars
    at_work = np.arange(n) < round(parking.work_share * n)
    begin, end = _habits(rng, params, at_work)
    weekends = ~at_work | (rng.random(n) < parking.weekend_share)
    comes = rng.random((n, n_days)) >= parking.absence
    comes &= (day_types(n_days) != WEEKEND) | weekends[:, None]
    distance = parking.trip_km + parking.trip_sd_km * rng.standard_normal((n, n_days))
    trip_kg = np.clip(params.fuel_cell.kg_per_km * distance, 0.0, params.longest_trip_kg)
    level = rng.uniform(*params.contract.usual_level, size=n)
    return Drivers(
        at_work=at_work,
        usual=_usual(begin, end, weekends, 1.0 - parking.absence),
        parked=_parked(begin, end, comes),
        trip_kg=trip_kg,
        usual_kg=level * params.fuel_cell.tank_kg,
        min_price_eur_per_kwh=draw_min_prices(rng, params),
    )


def _habits(rng: np.random.Generator, params: CarParkParams, at_work: Bools) -> tuple:
    """(n,) first hour of a stay, and the hour at which it ends, which may be tomorrow's."""
    parking = params.parking
    arrival = np.where(at_work, parking.work_arrival_h, parking.home_arrival_h)
    stay = np.where(at_work, parking.work_stay_h, parking.home_stay_h)
    noise = np.clip(rng.standard_normal((2, len(at_work))), -2.0, 2.0)
    begin = np.rint(arrival + parking.spread_h * noise[0]).astype(np.int64)
    end = begin + np.maximum(np.rint(stay + parking.spread_h * noise[1]).astype(np.int64), 1)
    # A stay ends before the next may begin.
    return begin, np.minimum(end, begin + HOURS - 2)


def _within(begin: NDArray[np.int64], end: NDArray[np.int64], shift: int) -> Bools:
    """(n, 24) the stay that began `shift` days ago covers the hour."""
    hour = np.arange(HOURS) + shift * HOURS
    return (hour >= begin[:, None]) & (hour < end[:, None])


def _parked(begin: NDArray[np.int64], end: NDArray[np.int64], comes: Bools) -> Bools:
    before = np.concatenate([comes[:, :1], comes[:, :-1]], axis=1)
    covered = comes[:, :, None] & _within(begin, end, 0)[:, None]
    covered |= before[:, :, None] & _within(begin, end, 1)[:, None]
    return covered.reshape(len(begin), -1)


def _usual(
    begin: NDArray[np.int64], end: NDArray[np.int64], weekends: Bools, attendance: float
) -> Floats:
    covered = _within(begin, end, 0) | _within(begin, end, 1)
    by_kind = np.stack([covered, covered & weekends[:, None]], axis=1)
    return np.where(by_kind, attendance, 0.0)


def share_gone(usual: Floats) -> Floats:
    """(2, 2, 24, 24) share of those plugged in at an hour of today gone by one of tomorrow.

    By the kinds of both days; 0 where nobody is plugged in.

    Args:
        usual: (n, 2, 24) probability that the car is plugged in, by kind of day and hour.
    """
    gone = np.zeros((2, 2, HOURS, HOURS))
    for today, tomorrow in np.ndindex(2, 2):
        both = np.concatenate([usual[:, today], usual[:, tomorrow]], axis=1)
        for hour in range(HOURS):
            stays = np.logical_and.accumulate(both[:, hour:] > 0, axis=1)[:, -HOURS:]
            expected = both[:, hour].sum()
            if expected > 0:
                gone[today, tomorrow, hour] = 1.0 - both[:, hour] @ stays / expected
    return gone


def usual_returns(usual: Floats, after_h: int) -> Floats:
    """(2, 2, 24) stays expected to begin after some hour of today and end by one of tomorrow.

    By the kinds of both days.

    Args:
        usual: (n, 2, 24) probability that the car is plugged in, by kind of day and hour.
        after_h: first hour of today that counts.
    """
    returns = np.zeros((2, 2, HOURS))
    for today, tomorrow in np.ndindex(2, 2):
        both = np.concatenate([usual[:, today, after_h - 1 :], usual[:, tomorrow]], axis=1)
        leaves = np.where(both[:, 1:] == 0, both[:, :-1], 0.0)
        here = np.logical_and.accumulate(both > 0, axis=1)[:, :-1]
        leaves[here] = 0.0  # their stay began before
        returns[today, tomorrow] = leaves.sum(axis=0).cumsum()[-HOURS:]
    return returns

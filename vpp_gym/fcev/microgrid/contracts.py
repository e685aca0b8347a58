"""Cars of the neighbourhood: when they are home, and what their contracts allow."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vpp_gym.arrays import Bools, Floats, Ints, close_arrays
from vpp_gym.fcev.calendar import HOURS, START, day_types
from vpp_gym.fcev.microgrid.params import MicrogridParams


@dataclass(frozen=True)
class Cars:
    """The cars of one year.

    Stays are counted by the day they begin on; the first column is the stay that is
    under way when the year begins.

    Attributes:
        parked: (n, hours) at home.
        open: (n, hours) within the interval of the contract.
        usual_open: (n, hours) the same by the constant schedule.
        open_h: (n, days + 1) hours of the interval, by stay.
        volume_kwh: (n, 2) maxVolume on weekdays and at weekends; inf: no limit.
        joins: (n, hours) uniform draws; a reward whose pull is larger brings the car in.
    """

    parked: Bools
    open: Bools
    usual_open: Bools
    open_h: Ints
    volume_kwh: Floats
    joins: Floats

    def __post_init__(self) -> None:
        close_arrays(self)


def kinds_of_days(n_days: int) -> Ints:
    """(n_days + 2,) kind of each day, from the day before the year to the day after."""
    return day_types(n_days + 2, START - np.timedelta64(1, "D"))


def draw_cars(rng: np.random.Generator, params: MicrogridParams, n_days: int) -> Cars:
    """Cars with schedules constant over weekdays and weekends, and their contracts."""
    n, kinds = params.n_cars, kinds_of_days(n_days)
    leave, back = _schedule(rng, params)
    delay, share, volume_kwh = _terms(rng, params)
    shift = np.rint(params.schedule.day_spread_h * rng.standard_normal((2, n, n_days + 2)))
    usual = np.stack([leave[:, kinds], back[:, kinds]])
    actual = usual + shift.astype(np.int64)
    actual[1] = np.maximum(actual[1], actual[0] + 1)
    parked, opened, open_h = _stays(actual, delay[:, kinds], share[:, kinds], n_days)
    _, usual_open, _ = _stays(usual, delay[:, kinds], share[:, kinds], n_days)
    return Cars(parked, opened, usual_open, open_h, volume_kwh, rng.random(parked.shape))


def _schedule(rng: np.random.Generator, params: MicrogridParams) -> tuple[Ints, Ints]:
    """(n, 2) hours of leaving and of coming back, by kind of day."""
    plan, n = params.schedule, params.n_cars
    mean = np.array([[plan.leave_h, plan.weekend_leave_h], [plan.return_h, plan.weekend_return_h]])
    noise = np.clip(rng.standard_normal((2, n, 2)), -2.0, 2.0)
    leave, back = np.rint(mean[:, None] + plan.spread_h * noise).astype(np.int64)
    stays_home = np.arange(n) < round(plan.home_share * n)
    leave[stays_home, 0], back[stays_home, 0] = plan.noon_away_h
    return leave, np.maximum(back, leave + 1)


def _terms(rng: np.random.Generator, params: MicrogridParams) -> tuple[Ints, Floats, Floats]:
    """(n, 2) delay in hours, share of the parked time, and maxVolume, by kind of day."""
    contract, shape = params.contract, (params.n_cars, 2)
    delay = rng.gamma(contract.delay_shape, contract.delay_scale_h, shape)
    share = rng.uniform(*contract.duration_share, size=shape)
    volume_kwh = rng.uniform(*contract.volume_kwh, size=shape)
    if contract.family == "control_based":
        return np.zeros(shape, np.int64), np.ones(shape), np.full(shape, np.inf)
    return np.rint(delay).astype(np.int64), share, volume_kwh


def _stays(away: Ints, delay: Ints, share: Floats, n_days: int) -> tuple[Bools, Bools, Ints]:
    """Hours at home, hours within the interval, and the interval's length by stay.

    Args:
        away: (2, n, days + 2) hours of leaving and coming back, by day, from the day
            before the year on.
        delay: (n, days + 2) hours from coming back to the start of the interval.
        share: (n, days + 2) of the parked time that the interval lasts.
        n_days: of the year.
    """
    begin = away[1, :, :-1]
    end = away[0, :, 1:] + HOURS
    start = np.minimum(begin + delay[:, :-1], end)
    stop = np.minimum(start + np.rint(share[:, :-1] * (end - begin)).astype(np.int64), end)
    return _hours(begin, end, n_days), _hours(start, stop, n_days), stop - start


def _hours(begin: Ints, end: Ints, n_days: int) -> Bools:
    """(n, 24 * days) hours of intervals; column s of begin and end is the day s - 1."""
    hour = np.arange(2 * HOURS)
    covered = (hour >= begin[:, :, None]) & (hour < end[:, :, None])
    today = covered[:, 1:, :HOURS] | covered[:, :-1, HOURS:]
    return today[:, :n_days].reshape(len(begin), -1)

"""Forecasts that repeat the past: the same period yesterday, a week ago, or on such days."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vpp_gym.arrays import Floats, Ints
from vpp_gym.errors import InvalidInputError
from vpp_gym.policies.price_history import (
    period_means,
    period_means_of,
    periods_ahead,
    with_price_now,
)
from vpp_gym.policies.price_scenarios import SampledPaths
from vpp_gym.views import Snapshot

SATURDAY = 5
EPOCH_WEEKDAY = 3
"""1970-01-01 was a Thursday; Monday counts 0."""


@dataclass
class Persistence(SampledPaths):
    """The price of the same period so many days ago; later days repeat the last one known.

    Without so long a history: the mean of the period, see `HourOfDayMean`.

    Attributes:
        days: 1 is yesterday, 7 the same weekday.
    """

    days: int = 1
    privileged: bool = False

    def __post_init__(self) -> None:
        if self.days < 1:
            raise InvalidInputError("days", self.days, "give at least 1")
        self.name = f"persistence_{self.days}d"

    def forecast(self, snapshot: Snapshot, n_steps: int) -> tuple[Floats, Floats]:
        """(n_steps,) short and long price [EUR/kWh], this step first."""
        period = self.days * len(snapshot.expected_load_kwh)
        past = snapshot.im_short_past_eur_per_kwh, snapshot.im_long_past_eur_per_kwh
        if len(past[0]) < period:
            periods = periods_ahead(snapshot, n_steps)
            short, long = (period_means(snapshot, prices)[periods] for prices in past)
        else:
            rows = len(past[0]) - period + np.arange(n_steps) % period
            short, long = (prices[rows] for prices in past)
        return with_price_now(snapshot, short, long)

    def past_shocks(self, snapshot: Snapshot) -> tuple[Floats, float]:
        """(p,) past differences between such days [EUR/kWh]; 0 before there were two."""
        period = self.days * len(snapshot.expected_load_kwh)
        mid = 0.5 * (snapshot.im_short_past_eur_per_kwh + snapshot.im_long_past_eur_per_kwh)
        shocks = np.zeros(len(mid))
        shocks[period:] = mid[period:] - mid[: max(len(mid) - period, 0)]
        return shocks, 0.0


@dataclass
class DayTypeMean(SampledPaths):
    """Mean price of each period over the history, working days and weekends apart.

    Lines never seen on such a day get the mean over all days.
    """

    name: str = "day_type_mean"
    privileged: bool = False

    def forecast(self, snapshot: Snapshot, n_steps: int) -> tuple[Floats, Floats]:
        """(n_steps,) short and long price [EUR/kWh], this step first."""
        periods, weekend = (
            periods_ahead(snapshot, n_steps),
            is_weekend(snapshot, np.arange(n_steps)),
        )
        short, long = (
            self._means(snapshot, prices)[weekend, periods]
            for prices in (snapshot.im_short_past_eur_per_kwh, snapshot.im_long_past_eur_per_kwh)
        )
        return with_price_now(snapshot, short, long)

    def past_shocks(self, snapshot: Snapshot) -> tuple[Floats, float]:
        """(p,) past prices less the mean of their period and day type [EUR/kWh]."""
        mid = 0.5 * (snapshot.im_short_past_eur_per_kwh + snapshot.im_long_past_eur_per_kwh)
        weekend = is_weekend(snapshot, np.arange(-len(mid), 0))
        return mid - self._means(snapshot, mid)[weekend, snapshot.period_past], 0.0

    def _means(self, snapshot: Snapshot, past: Floats) -> Floats:
        """(2, periods) means on working days and on weekends."""
        means = np.tile(period_means(snapshot, past), (2, 1))
        weekend = is_weekend(snapshot, np.arange(-len(past), 0))
        for kind in (0, 1):
            own = weekend == kind
            period = snapshot.period_past[own]
            seen = np.bincount(period, minlength=means.shape[1]) > 0
            means[kind, seen] = period_means_of(means.shape[1], period, past[own])[seen]
        return means


def is_weekend(snapshot: Snapshot, steps: Ints) -> Ints:
    """(n,) 1 where a step, counted from this one, lies on a Saturday or Sunday, else 0."""
    seconds = np.round(steps * snapshot.dt_h * 3600).astype(np.int64)
    days = (snapshot.time.astype("datetime64[s]") + seconds).astype("datetime64[D]")
    weekday = (days.astype(np.int64) + EPOCH_WEEKDAY) % 7
    return (weekday >= SATURDAY).astype(np.int64)

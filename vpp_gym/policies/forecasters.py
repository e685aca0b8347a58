"""Forecasts of imbalance prices from what a snapshot knows, and privileged references.

A forecast is a pair (short, long) of (n_steps,) EUR/kWh: the price a short
party will pay and the one a long party will get, from this step on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from vpp_gym.arrays import Floats, Ints
from vpp_gym.errors import InvalidInputError
from vpp_gym.markets.settlement import applied_prices
from vpp_gym.params import VPPParams
from vpp_gym.policies.history import (
    deviation_now,
    expected_residual,
    levels_before,
    period_means,
    period_means_of,
)
from vpp_gym.scenarios.scenario import Scenario
from vpp_gym.views import HISTORY_DAYS, Snapshot

HOUR_SHARE, QUARTER_SHARE = 0.3, 0.5
"""Share of the past mean by period that is expected to last, with steps of an hour and of less."""
LEVEL_PHI = 0.65
"""How much of the level is left after an hour, with steps of less than an hour."""
SATURDAY = 5
EPOCH_WEEKDAY = 3
"""1970-01-01 was a Thursday; Monday counts 0."""


class Forecaster(Protocol):
    """What schedulers and bidders ask about prices.

    Attributes:
        name: label in results.
        privileged: whether it may see the future.
    """

    name: str
    privileged: bool

    def forecast(self, snapshot: Snapshot, n_steps: int) -> tuple[Floats, Floats]:
        """(n_steps,) short and long price [EUR/kWh], this step first."""
        ...


class SampledPaths:
    """Base of forecasters that sample price paths from their own past errors.

    A path is the forecast plus errors e_h = l_h + shock_h, where l_h = persistence
    (l_{h-1} + lasting shock_{h-1}): all of a shock lasts, or a share. Shocks are drawn from
    the past in blocks of a day (block bootstrap), each beginning at the same period of the
    day: every hour keeps its own volatility, and a day its course.
    """

    def forecast(self, snapshot: Snapshot, n_steps: int) -> tuple[Floats, Floats]:
        """(n_steps,) short and long price [EUR/kWh], this step first."""
        raise NotImplementedError

    def past_shocks(self, snapshot: Snapshot) -> tuple[Floats, float]:
        """(p,) past shocks of the middle price [EUR/kWh], and the persistence of errors."""
        raise NotImplementedError

    def lasting(self, snapshot: Snapshot) -> float:
        """Share of a shock that persists."""
        return 1.0

    def scenarios(
        self, snapshot: Snapshot, n_steps: int, n_samples: int, rng: np.random.Generator
    ) -> tuple[Floats, Floats]:
        """(n_samples, n_steps) short and long prices [EUR/kWh], this step first.

        Without two days of history every path is the forecast itself.

        Raises:
            InvalidInputError: fewer than one step or sample.
        """
        for name, number in (("n_steps", n_steps), ("n_samples", n_samples)):
            if number < 1:
                raise InvalidInputError(name, number, "give at least 1")
        short, long = self.forecast(snapshot, n_steps)
        shocks, persistence = self.past_shocks(snapshot)
        lasting = self.lasting(snapshot)
        known = snapshot.im_short_now_eur_per_kwh is not None
        blocks = day_blocks(snapshot, n_steps, n_samples, rng)
        errors = np.zeros((n_samples, n_steps))
        if blocks is not None:
            drawn, level = shocks[blocks] - shocks.mean(), np.zeros(n_samples)
            for h in range(int(known), n_steps):
                level = persistence * level
                errors[:, h] = level + drawn[:, h]
                level = level + lasting * drawn[:, h]
        return short + errors, long + errors


@dataclass
class HourOfDayMean(SampledPaths):
    """Mean price of each period of the day over the snapshot's history.

    Periods without history get the mean of all; with no history at all, the
    day-ahead prices stand in.

    Attributes:
        by_period_eur_per_kwh: (periods,) a climatology to use instead of the history.

    Source: Rahman et al. 2023, Sec. 4 (there one constant day for all years).
    """

    by_period_eur_per_kwh: Floats | None = None
    name: str = "hour_of_day_mean"
    privileged: bool = False

    def forecast(self, snapshot: Snapshot, n_steps: int) -> tuple[Floats, Floats]:
        """(n_steps,) short and long price [EUR/kWh], this step first."""
        periods = periods_ahead(snapshot, n_steps)
        if self.by_period_eur_per_kwh is not None:
            short = np.asarray(self.by_period_eur_per_kwh, dtype=np.float64)[periods]
            long = short.copy()
        else:
            short = period_means(snapshot, snapshot.im_short_past_eur_per_kwh)[periods]
            long = period_means(snapshot, snapshot.im_long_past_eur_per_kwh)[periods]
        return with_price_now(snapshot, short, long)

    def past_shocks(self, snapshot: Snapshot) -> tuple[Floats, float]:
        """(p,) past prices less the mean of their period [EUR/kWh]; errors do not last."""
        mid = 0.5 * (snapshot.im_short_past_eur_per_kwh + snapshot.im_long_past_eur_per_kwh)
        by_period = self.by_period_eur_per_kwh
        means = period_means(snapshot, mid) if by_period is None else np.asarray(by_period, float)
        return mid - means[snapshot.period_past], 0.0


@dataclass
class DayAheadAnchored(SampledPaths):
    """Day-ahead price, plus a daily profile, plus a deviation that decays.

    forecast(t + h) = anchor(t + h) + profile(t + h) + phi^h (mid - DA - profile)(last step),
    where mid is the middle of the short and the long price. The anchor is the
    known day-ahead price, then the snapshot's forecast to the end of tomorrow,
    then the recent mean of the same period. The profile is a share of the mean past
    mid - DA of the same period. Short and long lie half the mean past spread above
    and below.

    Within the hour prices scatter around a level that lasts. With steps of less than an hour
    an exponentially weighted mean of past deviations therefore stands for that of the last
    step, to which each step contributes the share `gain` of its news: an ARMA(1, 1) process.
    It lasts at a fixed rate: estimates from a month forecast worse.

    phi is estimated from the snapshot's own history and shrunk towards a prior that
    weighs as much as `prior_h` hours of history. The defaults were chosen on the Dutch
    prices of 2018 alone; there the profile saves the rolling MPC 0.5 % (t = 2 over
    weeks), and nothing else that was tried did. Those for quarter hours were chosen on the
    recorded quarters of 2018 and on synthetic training years; the R2 of either hardly
    changes from 0.6 to 0.7, from 0.15 to 0.25 and from 0.4 to 0.6.

    Attributes:
        phi: fixed autocorrelation at one hour; None estimates it, or is 0.65 with steps of
            less than an hour.
        prior_phi: autocorrelation at one hour before any evidence.
        gain: share of a quarter hour's news that moves the level.
        prior_h: weight of the prior in hours of history.
        period_share: share of the past mean by period that is expected to last, with
            a full history; less in proportion where it is shorter. None: 0.3, or 0.5 with
            steps of less than an hour.
    """

    phi: float | None = None
    prior_phi: float = 0.5
    gain: float = 0.2
    prior_h: float = 168.0
    period_share: float | None = None
    name: str = "day_ahead_anchored"
    privileged: bool = False

    def forecast(self, snapshot: Snapshot, n_steps: int) -> tuple[Floats, Floats]:
        """(n_steps,) short and long price [EUR/kWh], this step first."""
        mid, half_spread = self.path(snapshot, n_steps)
        return with_price_now(snapshot, mid + half_spread, mid - half_spread)

    def path(self, snapshot: Snapshot, n_steps: int) -> tuple[Floats, float]:
        """(n_steps,) middle of both prices before this step's is known, and half their spread.

        Both in EUR/kWh.
        """
        mid = day_ahead_anchor(snapshot, n_steps)
        short_past = snapshot.im_short_past_eur_per_kwh
        half_spread = 0.0
        if len(short_past):
            mid_past = 0.5 * (short_past + snapshot.im_long_past_eur_per_kwh)
            half_spread = half_spread_of(short_past, mid_past)
            residual = mid_past - snapshot.da_past_eur_per_kwh
            mid = mid + self._expected_residual(snapshot, residual, n_steps)
        return mid, half_spread

    def past_shocks(self, snapshot: Snapshot) -> tuple[Floats, float]:
        """(p,) innovations of the autoregression over the past [EUR/kWh], and phi."""
        mid = 0.5 * (snapshot.im_short_past_eur_per_kwh + snapshot.im_long_past_eur_per_kwh)
        residual, periods = mid - snapshot.da_past_eur_per_kwh, len(snapshot.expected_load_kwh)
        if not len(residual):
            return residual, 0.0
        share, *rules = self._settings(snapshot, len(residual))
        profile = share * period_means_of(periods, snapshot.period_past, residual)
        _, phi = deviation_now(residual, snapshot.period_past, profile, *rules)
        deviation = residual - profile[snapshot.period_past]
        return deviation - phi * levels_before(deviation, phi, self.lasting(snapshot)), phi

    def lasting(self, snapshot: Snapshot) -> float:
        """Share of a step's news that moves the level: all of it with steps of an hour."""
        return self._gain(snapshot.dt_h)

    def _gain(self, dt_h: float) -> float:
        return 1.0 if dt_h >= 1 else 1.0 - (1.0 - self.gain) ** (4 * dt_h)

    def _expected_residual(self, snapshot: Snapshot, residual: Floats, n_steps: int) -> Floats:
        """(n_steps,) EUR/kWh: the profile, plus the decaying last deviation from it."""
        return expected_residual(
            residual,
            snapshot.period_past,
            periods_ahead(snapshot, n_steps),
            len(snapshot.expected_load_kwh),
            *self._settings(snapshot, len(residual)),
        )

    def _settings(self, snapshot: Snapshot, steps: int) -> tuple[float, float, float, float, float]:
        """Share kept in the profile, phi if fixed else NaN, its prior and weight, and the gain."""
        share, *rules = self.settings(snapshot.dt_h)
        phi, prior_phi, prior_steps, gain = rules
        share = share * steps / (HISTORY_DAYS * len(snapshot.expected_load_kwh))
        return share, phi, prior_phi, prior_steps, gain

    def settings(self, dt_h: float) -> tuple[float, float, float, float, float]:
        """The numbers behind a forecast, at a number of hours per step.

        Returns:
            Share kept in the profile with a full history, phi if it is fixed and else NaN, its
            prior and the prior's weight in steps, and the gain; each per step.
        """
        by_hours = dt_h >= 1
        share, phi = self.period_share, self.phi
        if share is None:
            share = HOUR_SHARE if by_hours else QUARTER_SHARE
        if phi is None and not by_hours:
            phi = LEVEL_PHI
        return (
            share,
            np.nan if phi is None else phi**dt_h,
            self.prior_phi**dt_h,
            self.prior_h / dt_h,
            self._gain(dt_h),
        )


@dataclass
class Persistence(SampledPaths):
    """The price of the same period some days ago; beyond them the last days repeat.

    With a shorter history it is the mean of the period, see `HourOfDayMean`.

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
        """(p,) past differences to so many days before [EUR/kWh]; 0 without such a day."""
        period = self.days * len(snapshot.expected_load_kwh)
        mid = 0.5 * (snapshot.im_short_past_eur_per_kwh + snapshot.im_long_past_eur_per_kwh)
        shocks = np.zeros(len(mid))
        shocks[period:] = mid[period:] - mid[: max(len(mid) - period, 0)]
        return shocks, 0.0


@dataclass
class DayTypeMean(SampledPaths):
    """Mean price of each period over the history, working days and weekends apart.

    Periods without history on such days get the mean over all days.
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


@dataclass
class NoisyOracle:
    """The realised price times 1 + sd N(0, 1), drawn once per step. Privileged.

    sd = 0 is the perfect forecast. Beyond the scenario's end its last day repeats.

    Source: Rahman et al. 2023, Sec. 6: samples around the realised value, sd 10 %.
    """

    sd: float = 0.0
    seed: int = 0
    name: str = "noisy_oracle"
    privileged: bool = True
    _prices: tuple[Floats, Floats] | None = None
    _start: int = 0

    def reveal(self, scenario: Scenario, params: VPPParams, start_step: int, end_step: int) -> None:
        """Receive the future."""
        short, long = applied_prices(
            params.market.imbalance_pricing,
            scenario.da_eur_per_kwh,
            scenario.im_short_eur_per_kwh,
            scenario.im_long_eur_per_kwh,
        )
        mid = 0.5 * (short + long)
        rng = np.random.default_rng(self.seed)
        shift = np.abs(mid) * self.sd * rng.standard_normal(len(mid))
        self._prices, self._start = (short + shift, long + shift), start_step

    def forecast(self, snapshot: Snapshot, n_steps: int) -> tuple[Floats, Floats]:
        """(n_steps,) short and long price [EUR/kWh], this step first."""
        if self._prices is None:
            raise InvalidInputError("forecaster", self.name, "call reveal before the run")
        rows = self._start + snapshot.step + np.arange(n_steps)
        length = len(self._prices[0])
        day = min(len(snapshot.expected_load_kwh), length)
        late = np.maximum(rows - length, -1)
        rows = np.where(late < 0, rows, length - day + late % day)
        return self._prices[0][rows], self._prices[1][rows]


@dataclass
class PerfectForecast(NoisyOracle):
    """The realised prices. Privileged."""

    name: str = "perfect_forecast"


def periods_ahead(snapshot: Snapshot, n_steps: int) -> Ints:
    """(n_steps,) place in the clock day of this step and the following ones."""
    known = snapshot.period[:n_steps]
    beyond = n_steps - len(known)
    if beyond <= 0:
        return known
    periods_per_day = len(snapshot.expected_load_kwh)
    after = (known[-1] + 1 + np.arange(beyond)) % periods_per_day
    return np.concatenate([known, after])


def day_ahead_anchor(snapshot: Snapshot, n_steps: int) -> Floats:
    """(n_steps,) EUR/kWh: known day-ahead prices, their forecast, then period means."""
    known = snapshot.da_eur_per_kwh[:n_steps]
    if n_steps <= len(known):
        return known
    means = period_means(snapshot, snapshot.da_past_eur_per_kwh)
    return np.concatenate([known, means[periods_ahead(snapshot, n_steps)[len(known) :]]])


def half_spread_of(short_eur_per_kwh: Floats, mid_eur_per_kwh: Floats) -> float:
    """Half of how far the short price lay above the long one in the past, on average."""
    return float((short_eur_per_kwh - mid_eur_per_kwh).mean())


def with_price_now(snapshot: Snapshot, short: Floats, long: Floats) -> tuple[Floats, Floats]:
    """The forecast with this step's price in its place, where that is known already."""
    if snapshot.im_short_now_eur_per_kwh is not None and len(short):
        short, long = short.copy(), long.copy()
        short[0] = snapshot.im_short_now_eur_per_kwh
        long[0] = snapshot.im_long_now_eur_per_kwh
    return short, long


def is_weekend(snapshot: Snapshot, steps: Ints) -> Ints:
    """(n,) 1 where a step, counted from this one, lies on a Saturday or Sunday, else 0."""
    seconds = np.round(steps * snapshot.dt_h * 3600).astype(np.int64)
    days = (snapshot.time.astype("datetime64[s]") + seconds).astype("datetime64[D]")
    weekday = (days.astype(np.int64) + EPOCH_WEEKDAY) % 7
    return (weekday >= SATURDAY).astype(np.int64)


def day_blocks(
    snapshot: Snapshot, n_steps: int, n_samples: int, rng: np.random.Generator
) -> Ints | None:
    """(n_samples, n_steps) places in the history: whole days in a row, from the same period.

    None where the history holds no whole day from that period on.
    """
    periods = len(snapshot.expected_load_kwh)
    period = int(periods_ahead(snapshot, 1)[0])
    starts = np.flatnonzero(snapshot.period_past == period)
    starts = starts[starts + periods <= len(snapshot.period_past)]
    if not len(starts):
        return None
    n_blocks = -(-n_steps // periods)
    first = starts[rng.integers(len(starts), size=(n_samples, n_blocks))]
    return (first[:, :, None] + np.arange(periods)).reshape(n_samples, -1)[:, :n_steps]

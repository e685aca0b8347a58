"""Forecasts of imbalance prices from what a snapshot knows, and privileged references.

A forecast is a pair (short, long) of (n_steps,) EUR/kWh: the price a short
party will pay and the one a long party will get, from this step on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from vpp_gym.arrays import Floats
from vpp_gym.errors import InvalidInputError
from vpp_gym.markets.settlement import applied_prices
from vpp_gym.params import VPPParams
from vpp_gym.policies.price_history import (
    day_ahead_anchor,
    deviation_now,
    expected_residual,
    period_means,
    period_means_of,
    periods_ahead,
    with_price_now,
)
from vpp_gym.policies.price_scenarios import SampledPaths
from vpp_gym.scenarios.scenario import Scenario
from vpp_gym.views import HISTORY_DAYS, Snapshot


class Forecaster(Protocol):
    """What schedulers and bidders ask about prices."""

    name: str
    privileged: bool

    def forecast(self, snapshot: Snapshot, n_steps: int) -> tuple[Floats, Floats]:
        """(n_steps,) short and long price [EUR/kWh], this step first."""
        ...


@dataclass
class HourOfDayMean(SampledPaths):
    """Mean price of each period of the day over the snapshot's history.

    Lines never seen get the mean of all; with no history at all, the
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
        by_line = self.by_period_eur_per_kwh
        means = period_means(snapshot, mid) if by_line is None else np.asarray(by_line, float)
        return mid - means[snapshot.period_past], 0.0


@dataclass
class DayAheadAnchored(SampledPaths):
    """Day-ahead price, plus a habit of the hour, plus an autoregressive residual.

    forecast(t + h) = anchor(t + h) + habit(t + h) + phi^h (mid - DA - habit)(last step),
    where mid is the middle of the short and the long price. The anchor is the
    known day-ahead price, then the snapshot's forecast to the end of tomorrow,
    then the recent mean of the same period. The habit is a share of the mean past
    mid - DA of the same period. Short and long lie half the mean past spread above
    and below.

    phi is estimated from the snapshot's own history, and drawn towards the prior
    as if the prior had been seen over `prior_h` hours. The defaults were chosen on
    the Dutch prices of 2018 alone; there the habit saves the rolling MPC 0.5 %
    (t = 2 over weeks), and nothing else that was tried did.

    Attributes:
        phi: fixed autocorrelation at one hour; None estimates it.
        prior_phi: autocorrelation at one hour before any evidence.
        prior_h: weight of the prior in hours of history.
        period_share: share of the past mean by period that is expected to last, with
            a full history; less in proportion where it is shorter.
    """

    phi: float | None = None
    prior_phi: float = 0.5
    prior_h: float = 168.0
    period_share: float = 0.3
    name: str = "day_ahead_anchored"
    privileged: bool = False

    def forecast(self, snapshot: Snapshot, n_steps: int) -> tuple[Floats, Floats]:
        """(n_steps,) short and long price [EUR/kWh], this step first."""
        mid = day_ahead_anchor(snapshot, n_steps)
        short_past = snapshot.im_short_past_eur_per_kwh
        half_spread = 0.0
        if len(short_past):
            mid_past = 0.5 * (short_past + snapshot.im_long_past_eur_per_kwh)
            half_spread = float((short_past - mid_past).mean())
            residual = mid_past - snapshot.da_past_eur_per_kwh
            mid = mid + self._expected_residual(snapshot, residual, n_steps)
        return with_price_now(snapshot, mid + half_spread, mid - half_spread)

    def past_shocks(self, snapshot: Snapshot) -> tuple[Floats, float]:
        """(p,) what past deviations held beyond the share phi of the one before, and phi."""
        mid = 0.5 * (snapshot.im_short_past_eur_per_kwh + snapshot.im_long_past_eur_per_kwh)
        residual, periods = mid - snapshot.da_past_eur_per_kwh, len(snapshot.expected_load_kwh)
        if not len(residual):
            return residual, 0.0
        share, fixed, prior, prior_steps = self._settings(snapshot, len(residual))
        habit = share * period_means_of(periods, snapshot.period_past, residual)
        _, phi = deviation_now(residual, snapshot.period_past, habit, fixed, prior, prior_steps)
        deviation = residual - habit[snapshot.period_past]
        return deviation - phi * np.concatenate([deviation[:1], deviation[:-1]]), phi

    def _expected_residual(self, snapshot: Snapshot, residual: Floats, n_steps: int) -> Floats:
        """(n_steps,) EUR/kWh: the habit of the period and the last deviation from it, decaying."""
        return expected_residual(
            residual,
            snapshot.period_past,
            periods_ahead(snapshot, n_steps),
            len(snapshot.expected_load_kwh),
            *self._settings(snapshot, len(residual)),
        )

    def _settings(self, snapshot: Snapshot, steps: int) -> tuple[float, float, float, float]:
        """Share of the habit, fixed phi or NaN, its prior, and the prior's weight, per step."""
        dt_h = snapshot.dt_h
        return (
            self.period_share * steps / (HISTORY_DAYS * len(snapshot.expected_load_kwh)),
            np.nan if self.phi is None else self.phi**dt_h,
            self.prior_phi**dt_h,
            self.prior_h / dt_h,
        )


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


def PerfectForecast() -> NoisyOracle:  # noqa: N802  (reads as the class it stands for)
    """The realised prices. Privileged."""
    return NoisyOracle(sd=0.0, name="perfect_forecast")

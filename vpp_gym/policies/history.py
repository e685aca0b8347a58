"""What past steps tell: means and deviations by period of the day, and values of past days."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from vpp_gym.arrays import Floats, Ints
from vpp_gym.errors import InvalidInputError
from vpp_gym.kernels import njit, total
from vpp_gym.views import LOAD_MEMORY_DAYS, Snapshot


def period_means(snapshot: Snapshot, past_eur_per_kwh: Floats) -> Floats:
    """(periods,) mean of past prices by period of the day [EUR/kWh].

    Args:
        snapshot: of the step in which the forecast is made.
        past_eur_per_kwh: (p,) prices of the snapshot's past steps; where there are none,
            the mean of its day-ahead prices stands in.
    """
    periods = len(snapshot.expected_load_kwh)
    if not len(past_eur_per_kwh):
        return period_means_of(periods, snapshot.period, snapshot.da_eur_per_kwh)
    return period_means_of(periods, snapshot.period_past, past_eur_per_kwh)


@njit(allocates=True)
def period_means_of(periods: int, period: Ints, values: Floats) -> Floats:
    """(periods,) mean value by period; periods without any get the mean of all."""
    means, count = np.zeros(periods), np.zeros(periods)
    for i in range(len(values)):
        means[period[i]] += values[i]
        count[period[i]] += 1.0
    overall = total(means) / max(len(values), 1)
    for k in range(periods):
        means[k] = means[k] / count[k] if count[k] > 0.0 else overall
    return means


@njit(allocates=True)
def expected_residual(
    residual: Floats,
    period_past: Ints,
    period_ahead: Ints,
    periods: int,
    share: float,
    fixed_phi: float,
    prior_phi: float,
    prior_steps: float,
    gain: float,
) -> Floats:
    """Residuals to come: a profile by period of the day, and a decaying deviation from it.

    With a gain of 1 the deviation is an AR(1) process, else an ARMA(1, 1) one: a level that
    lasts, under scatter that does not.

    Args:
        residual: (p,) past residuals, p >= 1.
        period_past: (p,) their place in the clock day.
        period_ahead: (n,) place in the clock day of the steps to come.
        periods: periods of a day.
        share: of the past mean by period that the profile keeps.
        fixed_phi: autocorrelation at one step; NaN estimates it, within [0, 1).
        prior_phi: prior of that estimate.
        prior_steps: weight of the prior, in steps of history.
        gain: share of what a new deviation shows beyond the level that moves the level.

    Returns:
        (n,) in the residual's unit.
    """
    profile = share * period_means_of(periods, period_past, residual)
    rules = fixed_phi, prior_phi, prior_steps, gain
    last, phi = deviation_now(residual, period_past, profile, *rules)
    expected = np.empty(len(period_ahead))
    for h in range(len(period_ahead)):
        last *= phi
        expected[h] = profile[period_ahead[h]] + last
    return expected


@njit
def deviation_now(
    residual: Floats,
    period_past: Ints,
    profile: Floats,
    fixed_phi: float,
    prior_phi: float,
    prior_steps: float,
    gain: float,
) -> tuple[float, float]:
    """Level of the residual's deviations from its profile, and how it lasts from step to step.

    With a gain of 1 they are the last deviation and the autocorrelation of deviations. Else
    the level is an exponentially weighted mean of past deviations, which decays at the prior
    rate, and the next deviation is regressed on it.

    Args:
        residual: (p,) past residuals, p >= 1.
        period_past: (p,) their place in the clock day.
        profile: (periods,) residual to expect by period.
        fixed_phi: autocorrelation at one step; NaN estimates it, within [0, 1).
        prior_phi: prior of that estimate.
        prior_steps: weight of the prior, in steps of history.
        gain: in (0, 1], share of what a deviation shows beyond the level that moves the level.
    """
    steps = len(residual) - 1
    energy, evidence = 0.0, 0.0
    kept = (1.0 - gain) * (prior_phi if np.isnan(fixed_phi) else fixed_phi)
    before = gain * (residual[0] - profile[period_past[0]])
    for i in range(1, steps + 1):
        deviation = residual[i] - profile[period_past[i]]
        energy += before * before
        evidence += before * deviation
        before = kept * before + gain * deviation
    phi = fixed_phi
    if np.isnan(phi):
        weight = prior_steps * energy / max(steps, 1)
        phi = (evidence + weight * prior_phi) / (energy + weight) if energy > 0.0 else prior_phi
        phi = min(max(phi, 0.0), 0.999)
    return before, phi


@njit(allocates=True)
def levels_before(deviation: Floats, phi: float, gain: float) -> Floats:
    """(p,) level of the deviations before each step; before the first, its own deviation.

    Args:
        deviation: (p,) from the profile.
        phi: how the level lasts from step to step.
        gain: share of a deviation's news that moves the level.
    """
    levels = np.empty(len(deviation))
    level = deviation[0] if len(deviation) else 0.0
    for i in range(len(deviation)):
        levels[i] = level
        level = (1.0 - gain) * phi * level + gain * deviation[i]
    return levels


class Passed(NamedTuple):
    """What is learnt in a step, by who learns from every step of a run.

    Attributes:
        step: of the run.
        period: its place in the clock day.
        connected: EVs in it.
        expected_load_kwh: (periods,) mean net load by period, with the step before.
        settled: place in the clock day of the step before; None: there is none.
        da_eur_per_kwh: its day-ahead price.
        short_eur_per_kwh: its imbalance price of a short party.
        long_eur_per_kwh: of a long one.
    """

    step: int
    period: int
    connected: int
    expected_load_kwh: Floats
    settled: int | None = None
    da_eur_per_kwh: float = 0.0
    short_eur_per_kwh: float = 0.0
    long_eur_per_kwh: float = 0.0

    @classmethod
    def of(cls, snapshot: Snapshot) -> Passed:
        """What a snapshot tells of it."""
        at = snapshot.step, int(snapshot.period[0]), len(snapshot.session)
        if not len(snapshot.period_past):
            return cls(*at, snapshot.expected_load_kwh)
        return cls(
            *at,
            snapshot.expected_load_kwh,
            int(snapshot.period_past[-1]),
            float(snapshot.da_past_eur_per_kwh[-1]),
            float(snapshot.im_short_past_eur_per_kwh[-1]),
            float(snapshot.im_long_past_eur_per_kwh[-1]),
        )


class PeriodHistory(NamedTuple):
    """The last values of each period of the day.

    Attributes:
        values: (days, periods) newest first.
        kept: (periods,) how many of those rows are filled.
    """

    values: Floats
    kept: Ints

    @classmethod
    def of(
        cls, days: int, periods: int, period: ArrayLike = (), value: ArrayLike = ()
    ) -> PeriodHistory:
        """Of a history, oldest first, that may be empty; so many days are kept."""
        places, past = np.asarray(period, dtype=np.int64), np.asarray(value, dtype=np.float64)
        values, kept = np.zeros((days, periods)), np.zeros(periods, dtype=np.int64)
        for each in range(periods):
            last = past[places == each][::-1][:days]
            values[: len(last), each], kept[each] = last, len(last)
        return cls(values, kept)

    def after(self, period: int, value: float) -> PeriodHistory:
        """With one more value of a period; the oldest one beyond the days is forgotten."""
        values, kept = self.values.copy(), self.kept.copy()
        values[1:, period] = self.values[:-1, period]
        values[0, period] = value
        kept[period] = min(kept[period] + 1, len(values))
        return PeriodHistory(values, kept)

    def rows(self, days: int | None = None) -> Floats:
        """(n, periods) newest first; as many days as the rarest period has, or so many of them."""
        return self.values[: int(self.kept.min())][:days]


class SpreadHistory(NamedTuple):
    """Imbalance prices minus the day-ahead price [EUR/kWh], beyond what a snapshot holds.

    Attributes:
        short: of a short party.
        long: of a long party.
    """

    short: PeriodHistory
    long: PeriodHistory

    @classmethod
    def at(cls, snapshot: Snapshot, days: int) -> SpreadHistory:
        """What the snapshot holds, of so many days at most."""
        periods, period = len(snapshot.expected_load_kwh), snapshot.period_past
        da = snapshot.da_past_eur_per_kwh
        return cls(
            PeriodHistory.of(days, periods, period, snapshot.im_short_past_eur_per_kwh - da),
            PeriodHistory.of(days, periods, period, snapshot.im_long_past_eur_per_kwh - da),
        )

    def after(self, passed: Passed) -> SpreadHistory:
        """With the step that was settled last."""
        assert passed.settled is not None
        da = passed.da_eur_per_kwh
        return SpreadHistory(
            self.short.after(passed.settled, passed.short_eur_per_kwh - da),
            self.long.after(passed.settled, passed.long_eur_per_kwh - da),
        )

    def samples(
        self, share: float, *, days: int, neighbours: int, dual: bool
    ) -> tuple[Floats, Floats]:
        """(s, periods) samples of the short and of the long spread for each period of a day.

        The mean of both by period is shrunk towards zero. There are as many days as the
        rarest period has; without one, zeros are the only sample.

        Args:
            share: of that mean which is kept.
            days: most past days to take.
            neighbours: periods before and after whose values count as samples, too.
            dual: under dual pricing the short price is never below the day-ahead price,
                the long one never above.
        """
        short, long = self.short.rows(days), self.long.rows(days)
        if not len(short):
            return np.zeros((1, short.shape[1])), np.zeros((1, short.shape[1]))
        chance = (1 - share) * 0.5 * (short + long).mean(axis=0)
        short, long = short - chance, long - chance
        if dual:
            short, long = np.maximum(short, 0.0), np.minimum(long, 0.0)
        return with_neighbours(short, neighbours), with_neighbours(long, neighbours)


class LoadHistory(NamedTuple):
    """Net loads of past days by period, read back from the running mean in snapshots.

    Attributes:
        expected_kwh: (periods,) mean net load in the last snapshot.
        seen: (periods,) steps of each period that are in the past of the run.
        loads: net load [kWh] of the last days of each period.
        step: of the run, in the last snapshot.
    """

    expected_kwh: Floats
    seen: Ints
    loads: PeriodHistory
    step: int

    @classmethod
    def at(cls, snapshot: Snapshot, days: int) -> LoadHistory:
        """An empty history that begins with the snapshot, be it in the middle of a run."""
        periods = len(snapshot.expected_load_kwh)
        past = snapshot.period_past[len(snapshot.period_past) - snapshot.step :]
        past = past if snapshot.step <= len(snapshot.period_past) else snapshot.period_past
        return cls(
            snapshot.expected_load_kwh,
            np.bincount(past, minlength=periods),
            PeriodHistory.of(days, periods),
            snapshot.step,
        )

    def after(self, passed: Passed) -> LoadHistory:
        """With the step that was settled last.

        The mean moved by (load - mean) / days, which is solved for the load.

        Raises:
            InvalidInputError: steps between were not seen, so that their loads are lost.
        """
        if passed.step != self.step + 1:
            remedy = "ask the bidder in every step, and give its state back"
            raise InvalidInputError("snapshot.step", passed.step, remedy)
        assert passed.settled is not None
        period = passed.settled
        seen = self.seen.copy()
        seen[period] += 1
        days = min(int(seen[period]), LOAD_MEMORY_DAYS)
        old, new = self.expected_kwh[period], passed.expected_load_kwh[period]
        loads = self.loads.after(period, old + (new - old) * days)
        return LoadHistory(passed.expected_load_kwh, seen, loads, passed.step)

    def samples_kwh(self, neighbours: int) -> Floats:
        """(s, periods) samples of the net load for each period of a day.

        There are as many days as the rarest period has; without one, the mean in the last
        snapshot is the only sample.

        Args:
            neighbours: periods before and after whose loads count as samples, too.
        """
        recent = self.loads.rows()
        if not len(recent):
            return self.expected_kwh[None]
        return with_neighbours(recent, neighbours)


class Occupancy(NamedTuple):
    """Mean number of connected EVs by period of the day, and the days behind it."""

    mean: Floats
    days: Ints

    @classmethod
    def of(cls, periods: int) -> Occupancy:
        """Before anything was seen."""
        return cls(np.zeros(periods), np.zeros(periods, dtype=np.int64))

    def after(self, period: int, connected: int) -> Occupancy:
        """With one more day's count in a period; the mean reaches back `LOAD_MEMORY_DAYS`."""
        mean, days = self.mean.copy(), self.days.copy()
        days[period] = min(days[period] + 1, LOAD_MEMORY_DAYS)
        mean[period] += (connected - mean[period]) / days[period]
        return Occupancy(mean, days)

    def expected(self) -> Floats:
        """(periods,) EVs; periods not seen yet get the mean of the others."""
        seen = self.days > 0
        return np.where(seen, self.mean, self.mean[seen].mean() if seen.any() else 0.0)


def with_neighbours(rows: Floats, neighbours: int) -> Floats:
    """(n (2 neighbours + 1), periods) samples of each period and of those before and after.

    Args:
        rows: (n, periods) one sample each.
        neighbours: periods on either side; the first follows the last.
    """
    shifts = range(-neighbours, neighbours + 1)
    return np.concatenate([np.roll(rows, shift, axis=1) for shift in shifts])


def past_spread_by_day(snapshot: Snapshot) -> Floats:
    """(days, periods) EUR/kWh: imbalance minus day-ahead price, less its overall mean.

    Rows as in `by_past_day`.
    """
    mid = 0.5 * (snapshot.im_short_past_eur_per_kwh + snapshot.im_long_past_eur_per_kwh)
    spread = mid - snapshot.da_past_eur_per_kwh
    return by_past_day(snapshot, spread - spread.mean() if len(spread) else spread)


def by_past_day(snapshot: Snapshot, values: Floats) -> Floats:
    """(days, periods) of a (p,) history.

    Row d holds, for every period, its d-th last occurrence; as many rows as the
    rarest period has. Without a full day of history there is one row of zeros.
    """
    periods, period = len(snapshot.expected_load_kwh), snapshot.period_past
    days = int(np.bincount(period, minlength=periods).min()) if len(period) else 0
    if days == 0:
        return np.zeros((1, periods))
    by_period = [values[period == each][-days:] for each in range(periods)]
    return np.stack(by_period, axis=1)[::-1]

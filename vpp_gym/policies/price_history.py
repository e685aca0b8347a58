"""What forecasters share: the periods to come, the day-ahead anchor, means and residuals."""

from __future__ import annotations

import numpy as np

from vpp_gym.arrays import Floats, Ints
from vpp_gym.kernels import njit, total
from vpp_gym.views import Snapshot


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


def period_means(snapshot: Snapshot, past_eur_per_kwh: Floats) -> Floats:
    """(periods,) mean of a history by period; without history, the mean day-ahead price."""
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
    line_ahead: Ints,
    periods: int,
    share: float,
    fixed_phi: float,
    prior_phi: float,
    prior_steps: float,
) -> Floats:
    """Residuals to come: a habit by period, and an AR(1) deviation from it.

    Args:
        residual: (p,) past residuals, p >= 1.
        period_past: (p,) their place in the clock day.
        line_ahead: (n,) place in the clock day of the steps to come.
        periods: periods of a day.
        share: of the past mean by period that is the habit.
        fixed_phi: autocorrelation at one step; NaN estimates it, within [0, 1).
        prior_phi: what the estimate is drawn towards.
        prior_steps: and with the weight of how many steps.

    Returns:
        (n,) in the residual's unit.
    """
    habit = share * period_means_of(periods, period_past, residual)
    last, phi = deviation_now(residual, period_past, habit, fixed_phi, prior_phi, prior_steps)
    expected = np.empty(len(line_ahead))
    for h in range(len(line_ahead)):
        last *= phi
        expected[h] = habit[line_ahead[h]] + last
    return expected


@njit
def deviation_now(
    residual: Floats,
    period_past: Ints,
    habit: Floats,
    fixed_phi: float,
    prior_phi: float,
    prior_steps: float,
) -> tuple[float, float]:
    """Last deviation of the residual from its habit, and the autocorrelation of deviations.

    Args:
        residual: (p,) past residuals, p >= 1.
        period_past: (p,) their place in the clock day.
        habit: (periods,) residual to expect by period.
        fixed_phi: autocorrelation at one step; NaN estimates it, within [0, 1).
        prior_phi: what the estimate is drawn towards.
        prior_steps: and with the weight of how many steps.
    """
    steps = len(residual) - 1
    energy, evidence = 0.0, 0.0
    before = residual[0] - habit[period_past[0]]
    for i in range(1, steps + 1):
        deviation = residual[i] - habit[period_past[i]]
        energy += before * before
        evidence += before * deviation
        before = deviation
    phi = fixed_phi
    if np.isnan(phi):
        weight = prior_steps * energy / max(steps, 1)
        phi = (evidence + weight * prior_phi) / (energy + weight) if energy > 0.0 else prior_phi
        phi = min(max(phi, 0.0), 0.999)
    return before, phi


def with_price_now(snapshot: Snapshot, short: Floats, long: Floats) -> tuple[Floats, Floats]:
    """Replace the first step by this step's price, where the world tells it."""
    if snapshot.im_short_now_eur_per_kwh is not None and len(short):
        short, long = short.copy(), long.copy()
        short[0] = snapshot.im_short_now_eur_per_kwh
        long[0] = snapshot.im_long_now_eur_per_kwh
    return short, long

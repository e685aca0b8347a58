"""What forecasters share: the lines to come, the day-ahead anchor, means and residuals."""

from __future__ import annotations

import numpy as np
from numba import njit

from vpp_gym.views import Floats, Ints, Snapshot


def lines_ahead(snapshot: Snapshot, n_steps: int) -> Ints:
    """(n_steps,) place in the clock day of this step and the following ones."""
    known = snapshot.line[:n_steps]
    beyond = n_steps - len(known)
    if beyond <= 0:
        return known
    lines_per_day = len(snapshot.expected_load_kwh)
    after = (known[-1] + 1 + np.arange(beyond)) % lines_per_day
    return np.concatenate([known, after])


def day_ahead_anchor(snapshot: Snapshot, n_steps: int) -> Floats:
    """(n_steps,) EUR/kWh: known day-ahead prices, their outlook, then line means."""
    known = snapshot.da_eur_per_kwh[:n_steps]
    if n_steps <= len(known):
        return known
    means = line_means(snapshot, snapshot.da_past_eur_per_kwh)
    return np.concatenate([known, means[lines_ahead(snapshot, n_steps)[len(known) :]]])


def line_means(snapshot: Snapshot, past_eur_per_kwh: Floats) -> Floats:
    """(lines,) mean of a history by line; without history, the mean day-ahead price."""
    lines = len(snapshot.expected_load_kwh)
    if not len(past_eur_per_kwh):
        return line_means_of(lines, snapshot.line, snapshot.da_eur_per_kwh)
    return line_means_of(lines, snapshot.line_past, past_eur_per_kwh)


@njit(cache=True)
def line_means_of(lines: int, line: Ints, values: Floats) -> Floats:
    """(lines,) mean value by line; lines without any get the mean of all."""
    total, count = np.zeros(lines), np.zeros(lines)
    for i in range(len(values)):
        total[line[i]] += values[i]
        count[line[i]] += 1.0
    overall = total.sum() / max(len(values), 1)
    for k in range(lines):
        total[k] = total[k] / count[k] if count[k] > 0.0 else overall
    return total


@njit(cache=True)
def expected_residual(
    residual: Floats,
    line_past: Ints,
    line_ahead: Ints,
    lines: int,
    share: float,
    fixed_phi: float,
    prior_phi: float,
    prior_steps: float,
) -> Floats:
    """Residuals to come: a habit by line, and an AR(1) deviation from it.

    Args:
        residual: (p,) past residuals, p >= 1.
        line_past: (p,) their place in the clock day.
        line_ahead: (n,) place in the clock day of the steps to come.
        lines: lines of a day.
        share: of the past mean by line that is the habit.
        fixed_phi: autocorrelation at one step; NaN estimates it, within [0, 1).
        prior_phi: what the estimate is drawn towards.
        prior_steps: and with the weight of how many steps.

    Returns:
        (n,) in the residual's unit.
    """
    habit = share * line_means_of(lines, line_past, residual)
    last, phi = deviation_now(residual, line_past, habit, fixed_phi, prior_phi, prior_steps)
    expected = np.empty(len(line_ahead))
    for h in range(len(line_ahead)):
        last *= phi
        expected[h] = habit[line_ahead[h]] + last
    return expected


@njit(cache=True)
def deviation_now(
    residual: Floats,
    line_past: Ints,
    habit: Floats,
    fixed_phi: float,
    prior_phi: float,
    prior_steps: float,
) -> tuple[float, float]:
    """Last deviation of the residual from its habit, and the autocorrelation of deviations.

    Args:
        residual: (p,) past residuals, p >= 1.
        line_past: (p,) their place in the clock day.
        habit: (lines,) residual to expect by line.
        fixed_phi: autocorrelation at one step; NaN estimates it, within [0, 1).
        prior_phi: what the estimate is drawn towards.
        prior_steps: and with the weight of how many steps.
    """
    steps = len(residual) - 1
    energy, evidence = 0.0, 0.0
    before = residual[0] - habit[line_past[0]]
    for i in range(1, steps + 1):
        deviation = residual[i] - habit[line_past[i]]
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

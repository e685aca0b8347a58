"""The course of prices that `DayAheadAnchored` expects, from arrays of a whole scenario.

What `vpp_gym.policies.forecasters` works out from one snapshot, these kernels work out at any
step of a scenario, bit for bit alike: environments and the training of forecasters ask for it
hundreds of thousands of times.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from vpp_gym.arrays import Floats, Ints
from vpp_gym.kernels import njit
from vpp_gym.policies.history import expected_residual, period_means_of
from vpp_gym.views import HISTORY_DAYS


class Anchoring(NamedTuple):
    """The numbers behind a forecast, as `DayAheadAnchored.settings` returns them."""

    share: float
    phi: float
    prior_phi: float
    prior_steps: float
    gain: float


class Moment(NamedTuple):
    """A step of a scenario, and what is known in it; positions in arrays of the scenario.

    Attributes:
        since: first step that is remembered, see `HISTORY_DAYS`.
        t: the step.
        known: first step whose day-ahead price is not known.
        end: first step after tomorrow.
        periods: of a day.
    """

    since: int
    t: int
    known: int
    end: int
    periods: int


@njit(allocates=True)
def anchored_path(
    da: Floats,
    da_forecast: Floats,
    period: Ints,
    residual: Floats,
    at: Moment,
    n_steps: int,
    how: Anchoring,
) -> tuple[Floats, Floats]:
    """Day-ahead prices as far as known or expected, and the middle of the imbalance prices.

    Args:
        da: (T,) day-ahead prices [EUR/kWh].
        da_forecast: (T,) their forecast of the day before.
        period: (T,) place in the clock day.
        residual: (T,) middle of the imbalance prices less the day-ahead price; what lies
            behind the step is not read.
        at: the step.
        n_steps: how many steps are asked for, this one first.
        how: the numbers behind the forecast.

    Returns:
        Both (n_steps,) EUR/kWh.
    """
    past, ahead = at.t - at.since, at.end - at.t
    shown = np.empty(ahead)
    for i in range(ahead):
        k = at.t + i
        shown[i] = da[k] if k < at.known else da_forecast[k]
    anchor, periods = np.empty(n_steps), np.empty(n_steps, np.int64)
    for i in range(min(n_steps, ahead)):
        anchor[i], periods[i] = shown[i], period[at.t + i]
    if n_steps > ahead:
        if past > 0:
            means = period_means_of(at.periods, period[at.since : at.t], da[at.since : at.t])
        else:
            means = period_means_of(at.periods, period[at.t : at.end], shown)
        for i in range(ahead, n_steps):
            periods[i] = (period[at.end - 1] + 1 + i - ahead) % at.periods
            anchor[i] = means[periods[i]]
    if past == 0:
        return anchor, anchor.copy()
    mid = anchor + expected_residual(
        residual[at.since : at.t],
        period[at.since : at.t],
        periods,
        at.periods,
        how.share * past / (HISTORY_DAYS * at.periods),
        how.phi,
        how.prior_phi,
        how.prior_steps,
        how.gain,
    )
    return anchor, mid

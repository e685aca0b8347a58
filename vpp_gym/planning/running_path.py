"""The prices that a planner expects, carried on from step to step of a run.

What `vpp_gym.policies.market_path` works out anew in each step, from all prices that are
remembered, changes little from one step to the next: one price enters, one is forgotten. These
kernels keep the sums by period of the day and add again only what has changed, in the same order,
so that the bits are the same.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from vpp_gym.arrays import Floats, Ints
from vpp_gym.kernels import njit
from vpp_gym.planning.kernel import Paths
from vpp_gym.planning.past import Past, half_spread_at
from vpp_gym.planning.spec import PlannerSpec
from vpp_gym.policies.forecast_net import STEPS_AHEAD, correction_of, inputs_of
from vpp_gym.policies.history import period_means_of
from vpp_gym.policies.market_path import Moment, anchored_path
from vpp_gym.simulation.dataset import Dataset
from vpp_gym.simulation.state import Rules, State
from vpp_gym.views import HISTORY_DAYS

BACK = (160, 256)
"""Steps from which the level of deviations is worked out, where so many are enough to know it."""


class Window(NamedTuple):
    """The remembered past of a run, by period of the day; one run at a time.

    Attributes:
        at: (1,) position for which it holds; -1: none.
        since: (1,) first position that is remembered.
        steps: (L,) how many.
        residual: (L,) sum of imbalance less day-ahead prices [EUR/kWh].
        da: (L,) sum of day-ahead prices [EUR/kWh].
        profile: (L,) residual to expect [EUR/kWh].
        place: (H,) period of each step ahead.
    """

    at: Ints
    since: Ints
    steps: Ints
    residual: Floats
    da: Floats
    profile: Floats
    place: Ints


def window_for(periods: int, horizon: int) -> Window:
    """An empty window for days of so many periods and plans of at most so many steps."""
    residual, da, profile = np.zeros((3, periods))
    at, since = np.full(1, -1, np.int64), np.zeros(1, np.int64)
    steps, place = np.zeros(periods, np.int64), np.zeros(horizon, np.int64)
    return Window(at, since, steps, residual, da, profile, place)


def windows_for(n_envs: int, periods: int, horizon: int) -> Window:
    """The same for each run of a batch, with a leading axis B of all arrays."""
    one = window_for(periods, horizon)
    return Window._make(np.repeat(array[None], n_envs, axis=0) for array in one)


@njit(inline="source")
def _of_run(b: int, windows: Window) -> Window:
    """The window of run b."""
    return Window(
        windows.at[b],
        windows.since[b],
        windows.steps[b],
        windows.residual[b],
        windows.da[b],
        windows.profile[b],
        windows.place[b],
    )


@njit(internal=True)
def open_window(b: int, dataset: Dataset, state: State, periods: int, window: Window) -> None:
    """Fill the window for the present step of run b."""
    run = state.run[b]
    since = max(run.first, run.position - HISTORY_DAYS * periods)
    window.at[0], window.since[0] = run.position, since
    for p in range(periods):
        window.steps[p], window.residual[p], window.da[p] = 0, 0.0, 0.0
    for k in range(since, run.position):
        _remember(k, dataset, window)


@njit(internal=True)
def move_window(
    b: int, dataset: Dataset, state: State, periods: int, past: Past, window: Window
) -> None:
    """Move the window on to the present step of run b, one behind that which it was filled for."""
    run = state.run[b]
    t = run.position
    window.at[0] = t
    _remember(t - 1, dataset, window)
    before = window.since[0]
    since = max(run.first, t - HISTORY_DAYS * periods)
    if since == before:
        return
    window.since[0] = since
    p = dataset.period[before]
    window.steps[p], window.residual[p], window.da[p] = 0, 0.0, 0.0
    k = past.next_same[before]
    while k < t:
        _remember(k, dataset, window)
        k = past.next_same[k]


@njit(inline="always")
def _remember(k: int, dataset: Dataset, window: Window) -> None:
    p = dataset.period[k]
    window.steps[p] += 1
    window.residual[p] += dataset.residual_eur_per_kwh[k]
    window.da[p] += dataset.da_eur_per_kwh[k]


@njit(allocates=True, nogil=True)
def expect(
    dataset: Dataset,
    rules: Rules,
    state: State,
    spec: PlannerSpec,
    past: Past,
    windows: Window,
    out: Paths,
) -> None:
    """Fill the rows of runs that have moved since.

    Args:
        dataset: the scenarios.
        rules: parameters.
        state: of the batch.
        spec: of the planner.
        past: of the dataset.
        windows: of the runs, carried on where they hold for the step before.
        out: (B, >= `STEPS_AHEAD`) and as long as the longest stay.
    """
    for b in range(len(out.made_at)):
        run = state.run[b]
        t = run.position
        if out.made_at[b] == t or t > run.last:
            continue
        n_steps = STEPS_AHEAD
        for k in range(run.connected):
            n_steps = max(n_steps, state.ev[b, state.lot[b, k]].departure - t)
        window = _of_run(b, windows)
        if window.at[0] >= run.first and window.at[0] == t - 1:
            move_window(b, dataset, state, spec.periods, past, window)
        elif window.at[0] != t:
            open_window(b, dataset, state, spec.periods, window)
        expect_run(b, n_steps, dataset, rules, state, spec, past, window, out)
        out.made_at[b] = t


@njit(allocates=True, internal=True)
def expect_run(
    b: int,
    n_steps: int,
    dataset: Dataset,
    rules: Rules,
    state: State,
    spec: PlannerSpec,
    past: Past,
    window: Window,
    out: Paths,
) -> None:
    """Fill row b of the paths for the present step of run b.

    Args:
        b: run of the batch.
        n_steps: how many steps are asked for, this one first.
        dataset: the scenarios.
        rules: parameters.
        state: of the batch.
        spec: of the planner.
        past: of the dataset.
        window: of the present step.
        out: of the batch.
    """
    run = state.run[b]
    t, since = run.position, window.since[0]
    step = dataset.steps[t]
    known = step.tomorrow_end if dataset.period[t] > rules.gate_period else step.today_end
    if spec.learned or spec.shows_inputs:
        n_steps = max(n_steps, STEPS_AHEAD)
    anchor, mid = out.da[b], out.short[b]
    at = Moment(since, t, known, step.tomorrow_end, spec.periods)
    if np.isnan(spec.anchoring.phi) or not _is_full(window):
        both = anchored_path(
            dataset.da_eur_per_kwh,
            dataset.da_forecast_eur_per_kwh,
            dataset.period,
            dataset.residual_eur_per_kwh,
            at,
            n_steps,
            spec.anchoring,
        )
        for i in range(n_steps):
            anchor[i], mid[i] = both[0][i], both[1][i]
    else:
        _anchor(dataset, at, n_steps, window, anchor)
        _add_expected(dataset, at, n_steps, spec, past, window, anchor, mid)
    if spec.by_period:
        _expect_means(b, n_steps, dataset, at, out)
    else:
        _expect_spread(b, n_steps, dataset, at, spec, past, out)
    if spec.knows_price:
        out.short[b, 0], out.long[b, 0] = step.short_eur_per_kwh, step.long_eur_per_kwh


@njit(allocates=True, internal=True)
def _expect_spread(
    b: int,
    n_steps: int,
    dataset: Dataset,
    at: Moment,
    spec: PlannerSpec,
    past: Past,
    out: Paths,
) -> None:
    """Fill short and long price around the middle, which stands in place of the short price."""
    anchor, mid = out.da[b], out.short[b]
    half_spread = half_spread_at(at.since, at.t, past)
    if spec.learned or spec.shows_inputs:
        last = 0.0
        if at.t > at.since:
            settled = dataset.steps[at.t - 1]
            last = settled.short_eur_per_kwh - settled.long_eur_per_kwh
        seen = inputs_of(
            dataset.residual_eur_per_kwh[at.since : at.t],
            anchor,
            mid,
            dataset.period[at.t],
            dataset.steps[at.t].weekday,
            half_spread,
            last,
        )
        for i in range(len(seen)):
            out.inputs[b, i] = seen[i]
        if spec.learned:
            correction = correction_of(seen, spec.net)
            for i in range(STEPS_AHEAD):
                mid[i] += correction[i]
    for i in range(n_steps):
        middle = mid[i]
        out.short[b, i] = middle + half_spread
        out.long[b, i] = middle - half_spread


@njit(allocates=True, internal=True)
def _expect_means(b: int, n_steps: int, dataset: Dataset, at: Moment, out: Paths) -> None:
    """Fill means of short and long price by period: see `HourOfDayMean`."""
    first, n = at.since, at.t - at.since
    if n == 0:
        first, n = at.t, at.end - at.t
    short, long = np.empty(n), np.empty(n)
    for i in range(n):
        if first < at.t:
            settled = dataset.steps[first + i]
            short[i], long[i] = settled.short_eur_per_kwh, settled.long_eur_per_kwh
        else:
            short[i] = long[i] = _day_ahead(first + i, dataset, at)
    period = dataset.period[first : first + n]
    short, long = (
        period_means_of(at.periods, period, short),
        period_means_of(at.periods, period, long),
    )
    for i in range(n_steps):
        p = _period_ahead(i, dataset, at)
        out.short[b, i], out.long[b, i] = short[p], long[p]


@njit(inline="always")
def _day_ahead(k: int, dataset: Dataset, at: Moment) -> float:
    """The day-ahead price of a step until the end of tomorrow, known or expected."""
    known: float = dataset.da_eur_per_kwh[k]
    return known if k < at.known else dataset.da_forecast_eur_per_kwh[k]


@njit(inline="always")
def _period_ahead(i: int, dataset: Dataset, at: Moment) -> int:
    """Place in the clock day of the step that lies i steps ahead."""
    beyond = at.t + i - at.end
    if beyond < 0:
        own: int = dataset.period[at.t + i]
        return own
    return (dataset.period[at.end - 1] + 1 + beyond) % at.periods


@njit(internal=True)
def _is_full(window: Window) -> bool:
    """Whether every period is remembered."""
    for p in range(len(window.steps)):
        if window.steps[p] == 0:
            return False
    return True


@njit(internal=True)
def _anchor(dataset: Dataset, at: Moment, n_steps: int, window: Window, anchor: Floats) -> None:
    """Fill the day-ahead prices, known or expected, and the periods of the steps ahead."""
    ahead = at.end - at.t
    for i in range(min(n_steps, ahead)):
        anchor[i], window.place[i] = _day_ahead(at.t + i, dataset, at), dataset.period[at.t + i]
    for i in range(ahead, n_steps):
        p = window.place[i] = _period_ahead(i, dataset, at)
        anchor[i] = window.da[p] / window.steps[p]


@njit(internal=True)
def _add_expected(
    dataset: Dataset,
    at: Moment,
    n_steps: int,
    spec: PlannerSpec,
    past: Past,
    window: Window,
    anchor: Floats,
    mid: Floats,
) -> None:
    """Fill the middle of the imbalance prices: see `expected_residual`."""
    how = spec.anchoring
    share = how.share * (at.t - at.since) / (HISTORY_DAYS * at.periods)
    for p in range(at.periods):
        window.profile[p] = share * (window.residual[p] / window.steps[p])
    if np.isnan(past.level[at.t]):
        most = past.most[0]
        past.level[at.t] = _level(dataset, at, how.phi, how.gain, most, window.profile)
    last = past.level[at.t]
    for i in range(n_steps):
        last *= how.phi
        mid[i] = anchor[i] + (window.profile[window.place[i]] + last)


@njit
def _level(
    dataset: Dataset, at: Moment, phi: float, gain: float, most: float, profile: Floats
) -> float:
    """Level of the deviations from the profile: see `deviation_now`.

    A step maps larger levels to larger ones, rounding included. Where the least and the largest
    level that may have been some time ago have become the same number, it is the level, whatever
    it was then.
    """
    residual, period, kept = dataset.residual_eur_per_kwh, dataset.period, (1.0 - gain) * phi
    for back in BACK:
        if at.t - at.since <= back + 1:
            break
        low, high = -most, most
        for k in range(at.t - back, at.t):
            news = gain * (residual[k] - profile[period[k]])
            low, high = kept * low + news, kept * high + news
        if low == high and low != 0.0:
            return low
    level = gain * (residual[at.since] - profile[period[at.since]])
    for k in range(at.since + 1, at.t):
        deviation = residual[k] - profile[period[k]]
        level = kept * level + gain * deviation
    return level

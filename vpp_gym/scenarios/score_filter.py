"""Kalman filter of scores that are sums of autoregressions, seen without noise.

Source: Kalman 1960, A New Approach to Linear Filtering and Prediction Problems,
doi:10.1115/1.3662552.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from vpp_gym.arrays import Floats, Ints
from vpp_gym.kernels import njit
from vpp_gym.scenarios.synthetic_quarters import PER_HOUR, seen, stepped

SETTLED = 1e-13
"""Change of the covariance from one hour to the next below which it is that of all later hours."""
MOST_STEPS = 40_000
LEAST_KEPT = 192
"""Steps ahead for which variances are kept."""


class ScoreFilter:
    """What past scores tell of the next ones.

    Args:
        processes: (c, 6) as of `QuarterImbalance.im_processes`.
        observed: (T,) sums of the processes, from a full hour on.
    """

    def __init__(self, processes: Floats, observed: Floats) -> None:
        self.steps = stepped(processes)
        self._gains, self._variances, self._covariances = _covariances(
            self.steps.tobytes(), len(self.steps)
        )
        self.n_steps = len(observed)
        self._row = self._rows(self.n_steps)
        self._kept: dict[int, Floats] = {}
        self._means = _filtered(self.steps, self._gains, self._row, observed)

    def next_scores(self) -> tuple[Floats, Floats]:
        """(T,) each: mean and variance of every score, given all before."""
        weights = self.steps[:, 4:].T[np.arange(self.n_steps) % PER_HOUR]
        mean = (weights * self._means).sum(axis=1)
        return mean, self._variances[self._row]

    def ahead(self, step: int, n: int) -> tuple[Floats, Floats]:
        """(n,) each: mean and variance of the scores from `step` on, given all before it."""
        return _means_ahead(self.steps, self._means[step], step, n), self._variances_ahead(step, n)

    def _variances_ahead(self, step: int, n: int) -> Floats:
        """(n,) variances; kept for the four quarters of an hour once they have settled."""
        row = int(self._row[step])
        if row < len(self._covariances) - PER_HOUR:
            return _variances_ahead(self.steps, self._covariances[row], step, n)
        if len(self._kept.get(row, ())) < n:
            most = max(n, LEAST_KEPT)
            self._kept[row] = _variances_ahead(self.steps, self._covariances[row], step, most)
        return self._kept[row][:n]

    def at_gate(self, gate: int, per_day: int) -> tuple[Floats, Floats]:
        """Mean and variance of every score, given those before step `gate` of the day before.

        On the first day nothing is known.

        Returns:
            (T,) each.
        """
        mean = np.zeros(self.n_steps)
        variance = np.empty(self.n_steps)
        first = np.arange(min(per_day, self.n_steps)) % PER_HOUR
        variance[: len(first)] = (self.steps[:, 4:] ** 2).sum(axis=0)[first]
        for begin in range(per_day, self.n_steps, per_day):
            known = begin - per_day + gate
            end = min(begin + per_day, self.n_steps)
            found = self.ahead(known, end - known)
            mean[begin:end], variance[begin:end] = (one[begin - known :] for one in found)
        return mean, variance

    def _rows(self, n: int) -> Ints:
        """(n,) rows of the covariances: they repeat hour by hour once they have settled."""
        step = np.arange(n)
        kept = len(self._covariances)
        return np.where(step < kept, step, kept - PER_HOUR + step % PER_HOUR)


@lru_cache(maxsize=8)
def _covariances(steps: bytes, n_coordinates: int) -> tuple[Floats, Floats, Floats]:
    """Gains (k, c), variances of the next score (k,) and covariances (k, c, c) before it.

    They do not depend on what is seen. The last hour's stand for all later hours.
    """
    rows = np.frombuffer(steps).reshape(n_coordinates, -1)
    move = np.diag(rows[:, 0])
    other = np.arange(n_coordinates) + rows[:, 3].astype(np.int64)
    move[np.arange(n_coordinates), other] += np.where(rows[:, 3] == 0, 0.0, rows[:, 1])
    new = np.diag(rows[:, 2] ** 2)
    before = np.eye(n_coordinates)
    gains, variances, covariances = [], [], []
    for step in range(MOST_STEPS):
        weight = rows[:, 4 + step % PER_HOUR]
        told = before @ weight
        variance = float(weight @ told)
        gains.append(told / variance)
        variances.append(variance)
        covariances.append(before)
        left = before - np.outer(told, told) / variance
        before = move @ left @ move.T + new
        before = (before + before.T) / 2
        if step % PER_HOUR == PER_HOUR - 1 and step > PER_HOUR:
            last, hour_before = covariances[-PER_HOUR:], covariances[-2 * PER_HOUR : -PER_HOUR]
            if np.abs(np.subtract(last, hour_before)).max() < SETTLED:
                break
    return np.array(gains), np.array(variances), np.array(covariances)


@njit(allocates=True)
def _filtered(steps: Floats, gains: Floats, row: Ints, observed: Floats) -> Floats:
    """(T, c) expected coordinates at each step, given the scores before."""
    c = len(steps)
    means, now = np.zeros((len(observed), c)), np.zeros(c)
    for t in range(len(observed)):
        means[t] = now
        surprise = observed[t] - seen(steps, now, t % PER_HOUR)
        for i in range(c):
            now[i] += gains[row[t], i] * surprise
        moved = np.empty(c)
        for i in range(c):
            moved[i] = steps[i, 0] * now[i] + steps[i, 1] * now[i + int(steps[i, 3])]
        now = moved
    return means


@njit(allocates=True)
def _means_ahead(steps: Floats, mean: Floats, first: int, n: int) -> Floats:
    """(n,) expected scores from step `first` on.

    Args:
        steps: of `stepped`.
        mean: (c,) expected coordinates at the first.
        first: step.
        n: steps.
    """
    c, means, now = len(steps), np.empty(n), mean.copy()
    moved = np.empty(c)
    for t in range(n):
        means[t] = seen(steps, now, (first + t) % PER_HOUR)
        for i in range(c):
            moved[i] = steps[i, 0] * now[i] + steps[i, 1] * now[i + int(steps[i, 3])]
        now[:] = moved
    return means


@njit(allocates=True)
def _variances_ahead(steps: Floats, covariance: Floats, first: int, n: int) -> Floats:
    """(n,) variances of the scores from step `first` on.

    Args:
        steps: of `stepped`.
        covariance: (c, c) of the coordinates at the first.
        first: step.
        n: steps.
    """
    c, variances = len(steps), np.zeros(n)
    before, half = covariance.copy(), np.empty((len(steps), len(steps)))
    for t in range(n):
        weight = 4 + (first + t) % PER_HOUR
        for i in range(c):
            for j in range(c):
                variances[t] += steps[i, weight] * before[i, j] * steps[j, weight]
        for i in range(c):
            other = i + int(steps[i, 3])
            for j in range(c):
                half[i, j] = steps[i, 0] * before[i, j] + steps[i, 1] * before[other, j]
        for j in range(c):
            other = j + int(steps[j, 3])
            for i in range(c):
                before[i, j] = steps[j, 0] * half[i, j] + steps[j, 1] * half[i, other]
            before[j, j] += steps[j, 2] * steps[j, 2]
    return variances

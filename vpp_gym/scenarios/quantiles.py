"""Values from tables of quantiles, at probabilities or at normal scores.

Each kernel gives the bits of the NumPy calls that its docstring names, in one pass over
memory. A guide table (Chen and Asau 1974, AIIE Transactions 6) gives the place from which
to search: one or two comparisons find a place.
"""

from __future__ import annotations

import numpy as np

from vpp_gym.arrays import Floats, Ints
from vpp_gym.kernels import njit

GUIDES_PER_EDGE = 8
LEAST_SPAN = 1e-12
"""Of edges that all lie in one point."""


@njit(allocates=True)
def class_of(edges: Floats, values: Floats) -> Ints:
    """(n,) how many edges lie below each value, as `np.searchsorted(edges, values)`.

    >>> class_of(np.array([1.0, 2.0]), np.array([0.5, 2.0, 9.0]))
    array([0, 1, 2])
    """
    guide, below = guide_of(edges), np.empty(len(values), dtype=np.int64)
    for i in range(len(values)):
        below[i] = _n_below(edges, guide, values[i])
    return below


@njit(allocates=True)
def from_quantiles(levels: Floats, table: Floats, row: Ints, at: Floats) -> Floats:
    """(n,) values at probabilities `at` of the quantile functions in the table's rows.

    >>> from_quantiles(np.array([0.0, 1.0]), np.array([[2.0, 4.0]]), np.array([0]), np.array([0.5]))
    array([3.])
    """
    guide, values = guide_of(levels), np.empty(len(at))
    for i in range(len(at)):
        values[i] = quantile(levels, guide, table, row[i], at[i])
    return values


@njit
def quantile(levels: Floats, guide: Ints, table: Floats, row: int, at: float) -> float:
    """Value at probability `at` of the table's row, with the guide of its levels."""
    right = min(max(_n_below(levels, guide, at), 1), len(levels) - 1)
    left = right - 1
    share = (at - levels[left]) / (levels[right] - levels[left])
    low, high = table[row, left], table[row, right]
    return low + min(max(share, 0.0), 1.0) * (high - low)


@njit(allocates=True)
def from_scores(scores: Floats, table: Floats, row: Ints, at: Floats) -> Floats:
    """(n,) values at normal scores `at`: `np.interp(at[i], scores, table[row[i]])` of each.

    >>> from_scores(np.array([-1.0, 1.0]), np.array([[2.0, 4.0]]), np.array([0]), np.array([0.5]))
    array([3.5])
    """
    guide, values, last = guide_of(scores), np.empty(len(at)), len(scores) - 1
    for i in range(len(at)):
        right = min(_n_below(scores, guide, at[i]), last)
        left = max(right - 1, 0)
        low, high = table[row[i], left], table[row[i], right]
        if right == 0 or at[i] >= scores[right]:
            values[i] = high
        else:
            slope = (high - low) / (scores[right] - scores[left])
            values[i] = slope * (at[i] - scores[left]) + low
    return values


@njit(allocates=True, internal=True)
def guide_of(edges: Floats) -> Ints:
    """(k + 1,) how many of the rising edges lie below points that part their span in k."""
    points = GUIDES_PER_EDGE * len(edges)
    step = max(edges[-1] - edges[0], LEAST_SPAN) / points
    guide, below = np.empty(points + 1, dtype=np.int64), 0
    for k in range(points + 1):
        while below < len(edges) and edges[below] < edges[0] + k * step:
            below += 1
        guide[k] = below
    return guide


@njit(internal=True)
def _n_below(edges: Floats, guide: Ints, value: float) -> int:
    """How many of the rising edges lie below the value, sought from where the guide points."""
    span = max(edges[-1] - edges[0], LEAST_SPAN)
    point = (value - edges[0]) * (len(guide) - 1) / span
    below = guide[int(min(max(point, 0.0), len(guide) - 1.0))]
    while below < len(edges) and edges[below] < value:
        below += 1
    while below > 0 and edges[below - 1] >= value:
        below -= 1
    return below

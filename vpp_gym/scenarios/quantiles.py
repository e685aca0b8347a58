"""Values from tables of quantiles."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def from_quantiles(levels: Floats, table: Floats, row: NDArray[np.int64], at: Floats) -> Floats:
    """(n,) values at probabilities `at` of the quantile functions in the table's rows.

    >>> from_quantiles(np.array([0.0, 1.0]), np.array([[2.0, 4.0]]), np.array([0]), np.array([0.5]))
    array([3.])
    """
    right = np.clip(np.searchsorted(levels, at), 1, len(levels) - 1)
    left = right - 1
    share = np.clip((at - levels[left]) / (levels[right] - levels[left]), 0, 1)
    low, high = table[row, left], table[row, right]
    return low + share * (high - low)

"""Whether prices and limits can be used, in one pass each; `limits` tells what is wrong."""

from __future__ import annotations

import numpy as np

from vpp_gym.arrays import Floats
from vpp_gym.kernels import njit


@njit
def all_finite(prices: Floats) -> bool:
    """Whether no price of an array (n, T) is nan or inf."""
    for row in range(prices.shape[0]):
        for i in range(prices.shape[1]):
            if not np.isfinite(prices[row, i]):
                return False
    return True


@njit
def all_powers(limit_kwh: Floats) -> bool:
    """Whether every limit of an array (n, T) is finite and not negative."""
    for row in range(limit_kwh.shape[0]):
        for i in range(limit_kwh.shape[1]):
            if not 0.0 <= limit_kwh[row, i] < np.inf:
                return False
    return True


@njit
def is_fleet(table: Floats) -> bool:
    """Whether every row (n, 8) is an EV: the fields of `limits.Ev`, in their order."""
    for row in range(len(table)):
        ev = table[row]
        for k in range(8):
            if not (np.isfinite(ev[k]) or (k == 6 and ev[k] == np.inf)):
                return False
        whole = ev[5] == np.rint(ev[5]) and ev[7] == np.rint(ev[7])
        if not whole or ev[7] < 1.0 or ev[1] > ev[2]:
            return False
    return True

"""Waves of the year, on which seasons are fitted."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vpp_gym.arrays import Floats

DAYS_PER_YEAR = 365.0
HARMONICS = 2


def waves(dates: NDArray[np.datetime64]) -> Floats:
    """(days, 4) sine and cosine of the year, then of the half-year.

    >>> waves(np.array(["2019-01-01"], dtype="datetime64[D]"))
    array([[0., 1., 0., 1.]])
    """
    year = dates.astype("datetime64[Y]").astype("datetime64[D]")
    angle = 2 * np.pi * (dates - year).astype(np.float64) / DAYS_PER_YEAR
    turns = np.multiply.outer(angle, np.arange(1, HARMONICS + 1))
    return np.stack([np.sin(turns), np.cos(turns)], axis=2).reshape(len(dates), -1)

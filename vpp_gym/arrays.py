"""The array types of the package, for type hints."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Records = NDArray[np.void]
"""Structured arrays: one record for each EV, step, session or offer."""
Observations = NDArray[np.float32]
Dates = NDArray[np.datetime64]

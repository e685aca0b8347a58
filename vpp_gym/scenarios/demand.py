"""What a charging session needs: state of charge on arrival from hours of charging.

Source: Rahman et al. 2023, Sec. 7, and its published preprocessing.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

CAPACITY_KWH = 80.0
MIN_SOC = 0.03
TARGET_SOC = 0.97
CHARGE_KW = 11.0
CHARGE_EFF = 0.98
MAX_ENERGY_KWH = TARGET_SOC * CAPACITY_KWH


def reference_arrival_soc(charge_h: Floats, stay_h: Floats) -> Floats:
    """(n,) arrival SoC of cars taken to have charged at 11 kW for the recorded hours.

    Battery energy min(charge, stay) * 11 * 0.98, at most 77.6 kWh, below a full 80 kWh.

    >>> reference_arrival_soc(np.array([3.1, 20.0]), np.array([3.11, 30.0]))
    array([0.582275, 0.03    ])
    """
    energy_kwh = np.minimum(charge_h, stay_h) * CHARGE_KW * CHARGE_EFF
    return 1 - np.minimum(energy_kwh, MAX_ENERGY_KWH) / CAPACITY_KWH


def metered_arrival_soc(metered_kwh: Floats, stay_h: Floats) -> Floats:
    """(n,) arrival SoC from which the target takes the metered energy.

    Never more than a stay at 11 kW and the battery's window allow.

    >>> metered_arrival_soc(np.array([10.0]), np.array([3.0]))
    array([0.8475])
    """
    energy_kwh = np.minimum(metered_kwh, stay_h * CHARGE_KW) * CHARGE_EFF
    return TARGET_SOC - np.minimum(energy_kwh, (TARGET_SOC - MIN_SOC) * CAPACITY_KWH) / CAPACITY_KWH

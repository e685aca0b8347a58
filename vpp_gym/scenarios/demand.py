"""What a charging session needs: state of charge on arrival from hours or energy of charging.

Source: Rahman et al. 2023, Sec. 7, and its published preprocessing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from vpp_gym.arrays import Floats

DemandRule = Literal["reference", "metered"]

CAPACITY_KWH = 80.0
MIN_SOC = 0.03
TARGET_SOC = 0.97
CHARGE_KW = 11.0
CHARGE_EFF = 0.98


@dataclass(frozen=True)
class Car:
    """What is assumed about cars, of which a file of sessions knows nothing.

    Attributes:
        capacity_kwh: battery; or (n,) that of each car.
        min_soc: no car arrives emptier.
        target_soc: that every driver asks for.
        charge_kw: with which it charges.
        charge_eff: of charging.
    """

    capacity_kwh: float | Floats = CAPACITY_KWH
    min_soc: float = MIN_SOC
    target_soc: float = TARGET_SOC
    charge_kw: float = CHARGE_KW
    charge_eff: float = CHARGE_EFF


REFERENCE_CAR = Car()
"""Of Rahman et al. 2023."""


def reference_arrival_soc(charge_h: Floats, stay_h: Floats, car: Car = REFERENCE_CAR) -> Floats:
    """(n,) arrival SoC of cars taken to have charged at full power for the recorded hours.

    Battery energy min(charge, stay) * 11 * 0.98, at most 77.6 kWh, below a full 80 kWh.

    >>> reference_arrival_soc(np.array([3.1, 20.0]), np.array([3.11, 30.0]))
    array([0.582275, 0.03    ])
    """
    energy_kwh = np.minimum(charge_h, stay_h) * car.charge_kw * car.charge_eff
    return 1 - np.minimum(energy_kwh, car.target_soc * car.capacity_kwh) / car.capacity_kwh


def metered_arrival_soc(
    metered_kwh: Floats,
    stay_h: Floats,
    car: Car = REFERENCE_CAR,
    max_kw: Floats | float = np.inf,
) -> Floats:
    """(n,) arrival SoC from which the target takes the metered energy.

    Never more than a stay at full power and the battery's window allow.

    >>> metered_arrival_soc(np.array([10.0]), np.array([3.0]))
    array([0.8475])
    """
    charge_kw = np.minimum(car.charge_kw, max_kw)
    energy_kwh = np.minimum(metered_kwh, stay_h * charge_kw) * car.charge_eff
    window_kwh = (car.target_soc - car.min_soc) * car.capacity_kwh
    return car.target_soc - np.minimum(energy_kwh, window_kwh) / car.capacity_kwh

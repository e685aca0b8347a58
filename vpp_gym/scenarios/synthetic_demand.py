"""What synthetic sessions need under the metered rule: energy, and the car's own power."""

from __future__ import annotations

import numpy as np

from vpp_gym.arrays import Floats
from vpp_gym.scenarios.calibration import Calibration
from vpp_gym.scenarios.demand import metered_arrival_soc
from vpp_gym.scenarios.quantiles import class_of, from_quantiles


def metered_needs(
    rng: np.random.Generator, fitted: Calibration, stay_h: Floats
) -> tuple[Floats, Floats]:
    """(n,) state of charge on arrival and largest power [kW] of cars that stay so long.

    The power is drawn given the stay, and the share of stay and power that was used
    (the load factor) given both: no car needs more than its stay allows.

    Args:
        rng: source of both draws, not that of the stays.
        fitted: parameters.
        stay_h: (n,) hours.
    """
    power_rank, load_rank = rng.random((2, len(stay_h)))
    stay_class = class_of(fitted.load_stay_edges_h, stay_h)
    charge_kw = from_quantiles(fitted.levels, fitted.power_kw, stay_class, power_rank)
    row = class_of(fitted.power_edges_kw, charge_kw) * len(fitted.power_kw) + stay_class
    load_factor = from_quantiles(
        fitted.levels, fitted.load_factor.reshape(-1, len(fitted.levels)), row, load_rank
    )
    soc = metered_arrival_soc(load_factor * charge_kw * stay_h, stay_h, max_kw=charge_kw)
    return soc, charge_kw

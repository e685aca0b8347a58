"""Laxity: the slack between the time that is left and the time that is needed."""

from __future__ import annotations

import numpy as np

from vpp_gym.kernels import njit


@njit
def laxity_h(time_left_h: float, charging_h: float) -> float:
    """Hours an EV can wait and still reach its target at full power.

    Args:
        time_left_h: hours to the departure.
        charging_h: that full power takes to the target, see `vpp_gym.fleet.charging`.

    Returns:
        Hours; negative: the target is out of reach.

    Source: Rahman et al. 2023, Sec. 3.

    >>> round(laxity_h(4.0, (77.6 - 46.582) / (11.0 * 0.98)), 4)
    1.1226
    """
    return time_left_h - charging_h


FAR_H = 1e9
"""Laxities beyond this are equal: those of EVs that cannot charge are infinite."""
GRID_H = 1e-6
"""Laxities closer than this are equal when EVs are ranked: rounding must not decide who charges."""


@njit
def on_grid(hours: float) -> float:
    """Laxity to compare EVs by, rounded to `GRID_H`.

    Equal EVs differ by the rounding of sums. Without the grid their rank, and who of them
    charges, would depend on the order in which numbers were added up.

    >>> on_grid(1.0000000001) == on_grid(0.9999999999)
    True
    """
    return np.floor(min(max(hours, -FAR_H), FAR_H) / GRID_H + 0.5) * GRID_H


@njit
def dischargeable_kwh(
    laxity_h: float,
    charge_kw: float,
    discharge_kw: float,
    charge_eff: float,
    discharge_eff: float,
) -> float:
    """Largest export that still lets an EV reach its target in time.

    Exporting e kWh takes e / discharge_kw hours, and recharging what the
    battery lost takes e / (discharge_eff * charge_eff * charge_kw) more;
    together they must fit in the laxity.

    Args:
        laxity_h: hours of slack.
        charge_kw: largest charging power at the meter.
        discharge_kw: largest discharging power at the meter.
        charge_eff: fraction of the metered energy that is stored.
        discharge_eff: fraction of the energy taken out that reaches the meter.

    Returns:
        kWh at the meter, zero where the laxity is not positive.

    Source: Rahman et al. 2023, Sec. 6.3, xi_max.

    >>> round(dischargeable_kwh(4.0, 11.0, 11.0, 0.98, 0.98), 3)
    21.556
    """
    if laxity_h <= 0.0 or discharge_kw <= 0.0:
        return 0.0
    hours_per_kwh = 1.0 / discharge_kw + 1.0 / (discharge_eff * charge_eff * charge_kw)
    return laxity_h / hours_per_kwh

"""The battery: what a kilowatt-hour at the meter does to the stored energy."""

from __future__ import annotations

from vpp_gym.kernels import njit


@njit
def stored_after_kwh(
    stored_kwh: float, net_load_kwh: float, charge_eff: float, discharge_eff: float
) -> float:
    """Stored energy after a step.

    Args:
        stored_kwh: before the step.
        net_load_kwh: at the meter; + charges, - discharges.
        charge_eff: fraction of the metered energy that is stored.
        discharge_eff: fraction of the energy taken out that reaches the meter.

    Returns:
        kWh stored after the step.

    Source: Rahman et al. 2023, Sec. 3.

    >>> round(stored_after_kwh(10.0, 5.0, 0.9, 0.9), 9)
    14.5
    >>> round(stored_after_kwh(10.0, -4.5, 0.9, 0.9), 9)
    5.0
    """
    if net_load_kwh >= 0.0:
        return stored_kwh + charge_eff * net_load_kwh
    return stored_kwh + net_load_kwh / discharge_eff

"""Hydrogen and electricity: what a fuel cell gives and an electrolyser makes."""

from __future__ import annotations

from vpp_gym.kernels import njit


@njit(internal=True)
def hydrogen_kg(v2g_kwh: float, kwh_per_kg: float) -> float:
    """Hydrogen that a fuel cell uses for some electricity: 4.48 kg for 90 kWh at 20.094 kWh/kg.

    Source: Park Lee et al. 2018, Sec. 4.3.1: 30 to 90 kWh are 1.5 to 4.5 kg.
    """
    return v2g_kwh / kwh_per_kg


@njit
def available_kwh(tank_kg: float, keep_kg: float, kwh_per_kg: float, v2g_kw: float) -> float:
    """Electricity that a car can give in an hour and still keep its level.

    Args:
        tank_kg: level of the tank.
        keep_kg: level that stays.
        kwh_per_kg: of the fuel cell.
        v2g_kw: power of the fuel cell.

    Returns:
        kWh, zero where the tank is at or below the level.

    >>> available_kwh(5.6, 1.0, 20.0, 10.0), available_kwh(1.25, 1.0, 20.0, 10.0)
    (10.0, 5.0)
    """
    return min(max(tank_kg - keep_kg, 0.0) * kwh_per_kg, v2g_kw)


@njit
def electrolysed_kg(power_kwh: float, efficiency: float, hhv_kwh_per_kg: float) -> float:
    """Hydrogen that an electrolyser makes from some electricity.

    >>> electrolysed_kg(39.4, 0.75, 39.4)
    0.75
    """
    return power_kwh * efficiency / hhv_kwh_per_kg

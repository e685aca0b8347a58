"""What chargers and cars take besides while they charge or discharge."""

from __future__ import annotations

from vpp_gym.kernels import njit


@njit(inline="always")
def standby_of_kwh(net_load_kwh: float, least_kwh: float, standby_kwh: float) -> float:
    """Standby of a step in which one car is charged or discharged.

    Less than the least energy is that power during a part of the step.

    Args:
        net_load_kwh: at the meter, + charges.
        least_kwh: of a step at the least power; not read without standby.
        standby_kwh: of a whole step.
    """
    if standby_kwh == 0.0:
        return 0.0
    return standby_kwh * min(abs(net_load_kwh) / least_kwh, 1.0)

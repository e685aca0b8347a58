"""The flexibility envelope: how much one EV can take or give in a step."""

from __future__ import annotations

from vpp_gym.kernels import njit


@njit
def dispatch_limits_kwh(
    stored_kwh: float,
    target_kwh: float,
    min_kwh: float,
    max_kwh: float,
    charge_kwh: float,
    discharge_kwh: float,
    contract_kwh: float,
    steps_left: int,
    charge_eff: float,
    discharge_eff: float,
    guarantee: bool,
) -> tuple[float, float]:
    """Least and largest net load of one EV in this step.

    With `guarantee` the target stays within reach: after the step the laxity
    is not negative. Where the target is out of reach already, both limits are
    full charging.

    Args:
        stored_kwh: stored now.
        target_kwh: to be stored at departure.
        min_kwh: lower limit of the stored energy.
        max_kwh: upper limit of the stored energy.
        charge_kwh: most the charger can take in a step, at the meter.
        discharge_kwh: most it can give in a step, at the meter.
        contract_kwh: what the contract still lets the VPP discharge in this step.
        steps_left: steps to the departure, this one included, >= 1.
        charge_eff: fraction of the metered energy that is stored.
        discharge_eff: fraction of the energy taken out that reaches the meter.
        guarantee: the target must stay within reach.

    Returns:
        (lo, hi) kWh at the meter, lo <= hi; negative exports.
    """
    hi = min(charge_kwh, max(max_kwh - stored_kwh, 0.0) / charge_eff)
    spare_kwh = max(stored_kwh - min_kwh, 0.0)
    if guarantee:
        needed_next_kwh = target_kwh - charge_eff * charge_kwh * (steps_left - 1)
        if needed_next_kwh > stored_kwh:
            return min((needed_next_kwh - stored_kwh) / charge_eff, hi), hi
        spare_kwh = min(spare_kwh, stored_kwh - needed_next_kwh)
    return -min(discharge_kwh, contract_kwh, spare_kwh * discharge_eff), hi

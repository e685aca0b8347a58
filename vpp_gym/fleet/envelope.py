"""The flexibility envelope: how much one EV can take or give in a step."""

from __future__ import annotations

from vpp_gym.kernels import njit


@njit
def dispatch_limits_kwh(
    stored_kwh: float,
    needed_kwh: float,
    min_kwh: float,
    max_kwh: float,
    charge_kwh: float,
    discharge_kwh: float,
    contract_kwh: float,
    charge_eff: float,
    discharge_eff: float,
) -> tuple[float, float]:
    """Least and largest net load of one EV in this step.

    A guarantee asks for enough energy after the step to keep the target within reach: then the
    laxity is not negative. Where the target is out of reach already, both limits are full
    charging.

    Args:
        stored_kwh: stored now.
        needed_kwh: to be stored after the step, see `vpp_gym.fleet.charging`; -inf
            without a guarantee.
        min_kwh: lower limit of the stored energy.
        max_kwh: upper limit of the stored energy.
        charge_kwh: most that the EV can take in this step, at the meter.
        discharge_kwh: most it can give in a step, at the meter.
        contract_kwh: what the contract still lets the VPP discharge in this step.
        charge_eff: fraction of the metered energy that is stored.
        discharge_eff: fraction of the energy taken out that reaches the meter.

    Returns:
        (lo, hi) kWh at the meter, lo <= hi; negative exports.
    """
    hi = min(charge_kwh, max(max_kwh - stored_kwh, 0.0) / charge_eff)
    spare_kwh = max(stored_kwh - min_kwh, 0.0)
    if needed_kwh > stored_kwh:
        return min((needed_kwh - stored_kwh) / charge_eff, hi), hi
    spare_kwh = min(spare_kwh, stored_kwh - needed_kwh)
    return -min(discharge_kwh, contract_kwh, spare_kwh * discharge_eff), hi

"""What a connected EV can still charge: the curves of the dataset, asked by EV and steps."""

from __future__ import annotations

from typing import Any

from vpp_gym.fleet import charging
from vpp_gym.fleet.laxity import dischargeable_kwh
from vpp_gym.kernels import njit
from vpp_gym.simulation.dataset import Dataset
from vpp_gym.simulation.state import Rules

Record = Any
"""One row of a record array: EV."""


@njit
def gain_kwh(ev: Record, energy_kwh: float, steps: int, dataset: Dataset, rules: Rules) -> float:
    """Energy stored in so many steps at full power, from some stored energy on."""
    return gain_in_kwh(ev, energy_kwh, steps * rules.dt_h, dataset, rules)


@njit(internal=True)
def gain_in_kwh(
    ev: Record, energy_kwh: float, hours: float, dataset: Dataset, rules: Rules
) -> float:
    """Energy stored in so many hours at full power, from some stored energy on."""
    full_kw = rules.charge_eff * ev.charge_kw
    if dataset.curves.shape[2] == 0:
        return full_kw * hours
    return charging.gain_kwh(energy_kwh, hours, full_kw, dataset.curves[ev.session])


@njit
def gain_before_kwh(
    ev: Record, target_kwh: float, steps: int, dataset: Dataset, rules: Rules
) -> float:
    """Energy stored in the last so many steps at full power before a target is reached."""
    full_kw, hours = rules.charge_eff * ev.charge_kw, steps * rules.dt_h
    if dataset.curves.shape[2] == 0:
        return full_kw * hours
    return charging.gain_before_kwh(target_kwh, hours, full_kw, dataset.curves[ev.session])


@njit
def charging_h(ev: Record, target_kwh: float, dataset: Dataset, rules: Rules) -> float:
    """Hours at full power to a target; negative where more is stored."""
    full_kw = rules.charge_eff * ev.charge_kw
    if dataset.curves.shape[2] == 0:
        return (target_kwh - ev.energy_kwh) / full_kw
    return charging.charging_h(ev.energy_kwh, target_kwh, full_kw, dataset.curves[ev.session])


@njit
def tapers(ev: Record, dataset: Dataset, rules: Rules) -> bool:
    """Whether the EV's battery ever takes less than its charger allows."""
    if dataset.curves.shape[2] == 0:
        return False
    return charging.tapers(rules.charge_eff * ev.charge_kw, dataset.curves[ev.session])


@njit
def step_kwh(ev: Record, dataset: Dataset, rules: Rules) -> float:
    """Most that the EV can charge in a step, at the meter; the battery's limit apart."""
    if not tapers(ev, dataset, rules):
        return ev.charge_kw * rules.dt_h
    return gain_kwh(ev, ev.energy_kwh, 1, dataset, rules) / rules.charge_eff


@njit
def exportable_kwh(ev: Record, laxity_h: float, dataset: Dataset, rules: Rules) -> float:
    """Largest export that still lets the EV reach its target within some hours of slack."""
    if not tapers(ev, dataset, rules):
        return dischargeable_kwh(
            laxity_h, ev.charge_kw, ev.discharge_kw, rules.charge_eff, rules.discharge_eff
        )
    return charging.exportable_kwh(
        laxity_h,
        ev.energy_kwh,
        ev.discharge_kw,
        rules.discharge_eff,
        rules.charge_eff * ev.charge_kw,
        dataset.curves[ev.session],
    )

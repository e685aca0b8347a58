"""What a plan knows of one car: its limits, its contract, and how likely it leaves early."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from vpp_gym.arrays import Floats
from vpp_gym.fleet.charging import gain_kwh
from vpp_gym.kernels import njit
from vpp_gym.planning.spec import PlannerSpec
from vpp_gym.simulation.dataset import Dataset
from vpp_gym.simulation.state import Rules


@njit(inline="always")
def write_limits(ev: Any, t: int, own: Floats) -> None:
    """Fill the (8,) limits of an EV, in the order of `vpp_gym.solvers.limits.Ev`."""
    running = t < ev.contract_end
    max_kwh = ev.battery_max_kwh if running else ev.target_kwh
    own[0] = ev.energy_kwh
    own[1] = min(max(ev.min_kwh, ev.keep_kwh), max_kwh)
    own[2], own[3], own[4] = max_kwh, ev.target_kwh, ev.target_kwh
    own[5] = max(ev.contract_end - t, 0)
    own[6] = ev.contract_kwh if running else 0.0
    own[7] = max(ev.departure - t, 1)


@njit(inline="always")
def is_planned(ev: Any, spec: PlannerSpec) -> bool:
    """Whether an EV is planned, or waits until it must charge."""
    return ev.contract_end > 0 or not spec.contracts_only


@njit(inline="always")
def is_by_step(ev: Any, t: int) -> bool:
    """Whether a running contract opens later, or asks for a price."""
    asks = ev.contract_start > t or ev.min_price_eur_per_kwh > -np.inf
    return t < ev.contract_end and asks


@njit(inline="always")
def write_discharge(ev: Any, t: int, dt_h: float, by_step: bool, da: Floats, out: Floats) -> None:
    """Fill limits of discharging: one, or by step where some contract opens later or asks."""
    running = t < ev.contract_end
    power_kwh, wait = ev.discharge_kw * dt_h, max(ev.contract_start - t, 0)
    for i in range(len(out)):
        allowed = not by_step
        if by_step:
            allowed = i >= (wait if running else 0) and da[i] >= ev.min_price_eur_per_kwh
        out[i] = power_kwh if allowed else 0.0


@njit(inline="always")
def write_selling(ev: Any, long: Floats, da: Floats, out: Floats) -> None:
    """Fill what discharging earns after what the owner is paid."""
    least = ev.min_price_eur_per_kwh
    for i in range(len(out)):
        above = max(da[i] - least, 0.0) if np.isfinite(least) else 0.0
        out[i] = long[i] - ev.tariff_eur_per_kwh - ev.margin * above


@njit(inline="always")
def missed_kwh_eur(t: int, dataset: Dataset, rules: Rules) -> float:
    """What a kWh costs that a driver misses who leaves early."""
    missing_eur = rules.early_shortfall_share * dataset.steps[t].shortfall_eur_per_kwh
    missing_eur += rules.retail_eur_per_kwh / rules.charge_eff
    return missing_eur


@njit(internal=True)
def hazard_after(stay: int, step: int, spec: PlannerSpec, hazards: Floats) -> float:
    """Probability that a driver who is there leaves after a step of the declared stay.

    See `vpp_gym.fleet.departures.early_hazard`.
    """
    kept = stay < len(hazards)
    if kept and hazards[stay, step] >= 0.0:
        known: float = hazards[stay, step]
        return known
    before = math.pow(step / (stay - 1), spec.early_exponent)
    after = math.pow((step + 1) / (stay - 1), spec.early_exponent)
    still_there, hazard = 1.0 - spec.early_prob * before, 1.0
    if still_there > 0.0:
        hazard = spec.early_prob * (after - before) / still_there
    if kept:
        hazards[stay, step] = hazard
    return hazard


@njit(internal=True)
def write_kinks(
    ev: Any,
    t: int,
    dataset: Dataset,
    rules: Rules,
    spec: PlannerSpec,
    missing_eur: float,
    hazards: Floats,
    eur: Floats,
    due_kwh: Floats,
    stays: Floats,
) -> None:
    """Fill what it costs to hold too little when the driver of an EV leaves early: see `Kinks`."""
    behind, left = t - ev.arrival, max(ev.departure - t, 1)
    stay, full_kwh = behind + left, rules.charge_eff * (ev.charge_kw * rules.dt_h)
    stays[0] = 1.0
    for i in range(len(eur)):
        most_kwh = full_kwh * (behind + i + 1)
        if dataset.curves.shape[2] > 0:
            hours, full_kw = (behind + i + 1) * rules.dt_h, full_kwh / rules.dt_h
            curve = dataset.curves[ev.session]
            most_kwh = gain_kwh(ev.arrival_kwh, hours, full_kw, curve)
        due_kwh[i] = min(ev.target_kwh, ev.arrival_kwh + most_kwh)
        hazard = 0.0
        if left > 1 and behind + i + 1 < stay:
            hazard = hazard_after(stay, behind + i, spec, hazards)
        eur[i] = stays[i] * hazard * missing_eur
        stays[i + 1] = stays[i] * (1.0 - hazard)


@njit(inline="always")
def write_curve(ev: Any, dataset: Dataset, rules: Rules, curve: Floats) -> None:
    """Fill (2, K) how an EV tapers: stored kWh, and most stored in a step."""
    for j in range(curve.shape[1]):
        curve[0, j] = dataset.curves[ev.session, 0, j]
        curve[1, j] = dataset.curves[ev.session, 1, j] * rules.dt_h


@njit(inline="always")
def falls(ev: Any, dataset: Dataset) -> bool:
    """Whether an EV charges more slowly the fuller it is."""
    knots = dataset.curves.shape[2]
    if knots == 0:
        return False
    return dataset.curves[ev.session, 1, knots - 1] < dataset.curves[ev.session, 1, 0]

"""A solver's answer made feasible, or refused."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vpp_gym.arrays import Floats
from vpp_gym.errors import SolveFailedError
from vpp_gym.solvers.schedule_data import Instance, ScheduleRules

MISSED_KWH = 1e-3
"""Hard targets count as missed beyond this, after the repair."""


@dataclass(frozen=True)
class Solution:
    """A schedule that respects every limit.

    Attributes:
        net_load_kwh: (n, H) at the meter, + takes from the grid.
        objective_eur: cost of exactly this schedule, quadratic terms included.
        status: of the solver, with its name.
        solve_time_s: wall time of the solve.
        repair_kwh: largest change that feasibility asked of any EV in any step.
    """

    net_load_kwh: Floats
    objective_eur: float
    status: str
    solve_time_s: float
    repair_kwh: float


def solution_of(
    instance: Instance,
    rules: ScheduleRules,
    charge_kwh: Floats,
    discharge_kwh: Floats,
    status: str,
    solve_time_s: float,
) -> Solution:
    """The feasible schedule next to a solver's answer.

    Args:
        instance: the data that were solved.
        rules: the program's rules.
        charge_kwh: (n, H) answer.
        discharge_kwh: (n, H) answer.
        status: of the solver.
        solve_time_s: wall time.

    Raises:
        SolveFailedError: a hard target is missed, or the answer is not a number.
    """
    if not (np.isfinite(charge_kwh).all() and np.isfinite(discharge_kwh).all()):
        raise SolveFailedError(f"{status}: the answer is not finite")
    net_load, end_kwh = repaired(instance, rules, charge_kwh, discharge_kwh)
    missing = float(np.max(instance.target_kwh - end_kwh, initial=0.0))
    if rules.shortfall_eur_per_kwh is None and missing > MISSED_KWH:
        raise SolveFailedError(f"{status}: a target is missed by {missing:.3g} kWh")
    cut = tuple(slice(length) for length in instance.shape)
    repair_kwh = np.abs(net_load - (charge_kwh - discharge_kwh))[cut]
    return Solution(
        net_load_kwh=net_load[cut],
        objective_eur=schedule_cost_eur(instance, rules, net_load, end_kwh),
        status=status,
        solve_time_s=solve_time_s,
        repair_kwh=float(repair_kwh.max(initial=0.0)),
    )


def repaired(
    instance: Instance, rules: ScheduleRules, charge_kwh: Floats, discharge_kwh: Floats
) -> tuple[Floats, Floats]:
    """Net load (n, H) within every limit, and the energy (n,) stored at the end.

    Step by step: what an EV does both ways at once becomes the one move that leaves
    its battery the same; then the limits of charger, battery, contract and site.
    """
    net_load = np.zeros_like(charge_kwh)
    energy, contract = instance.energy_kwh.copy(), instance.contract_kwh.copy()
    for t in range(charge_kwh.shape[1]):
        change = rules.charge_eff * charge_kwh[:, t] - discharge_kwh[:, t] / rules.discharge_eff
        room_up = np.maximum(instance.max_kwh - energy, 0.0) / rules.charge_eff
        room_down = np.maximum(energy - instance.min_kwh, 0.0) * rules.discharge_eff
        charge = np.minimum(np.maximum(change, 0.0) / rules.charge_eff, room_up)
        charge = np.minimum(charge, instance.charge_max_kwh[:, t])
        discharge = np.minimum(np.maximum(-change, 0.0) * rules.discharge_eff, room_down)
        discharge = np.minimum(discharge, np.minimum(instance.discharge_max_kwh[:, t], contract))
        charge, discharge = _within_site(charge, discharge, rules.site_limit_kwh)
        energy += rules.charge_eff * charge - discharge / rules.discharge_eff
        contract -= discharge
        net_load[:, t] = charge - discharge
    return net_load, energy


def _within_site(charge: Floats, discharge: Floats, limit_kwh: float) -> tuple[Floats, Floats]:
    """Charging, or discharging, cut in proportion to the site's limit."""
    total_in, total_out = charge.sum(), discharge.sum()
    if total_in - total_out > limit_kwh:
        charge = charge * ((limit_kwh + total_out) / total_in)
    elif total_out - total_in > limit_kwh:
        discharge = discharge * ((limit_kwh + total_in) / total_out)
    return charge, discharge


def schedule_cost_eur(
    instance: Instance, rules: ScheduleRules, net_load_kwh: Floats, end_kwh: Floats
) -> float:
    """What a schedule costs in EUR: trade, shortfall, ramps and wear."""
    charge, discharge = np.maximum(net_load_kwh, 0.0), np.maximum(-net_load_kwh, 0.0)
    if rules.pooled:
        position = net_load_kwh.sum(axis=0) + instance.committed_kwh
        bought, sold = np.maximum(position, 0.0), np.maximum(-position, 0.0)[None]
    else:
        bought, sold = charge.sum(axis=0), discharge
    horizon = instance.shape[1]
    ramps = np.diff(net_load_kwh.sum(axis=0)[:horizon])
    short = np.maximum(instance.target_kwh - end_kwh, 0.0).sum()
    return float(
        instance.buy @ bought
        - (instance.sell * sold).sum()
        + (rules.shortfall_eur_per_kwh or 0.0) * short
        + rules.ramp_eur_per_kwh2 * (ramps @ ramps)
        + rules.wear_eur_per_kwh2 * (discharge**2).sum()
    )

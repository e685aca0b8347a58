"""The plan of one EV stated to scipy's HiGHS, at the meter, with matrices of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, linprog, milp
from scipy.sparse import block_diag

COST = ("energy_kwh", "target_kwh", "charge_eff", "discharge_eff", "shortfall_eur_per_kwh")
Case = Mapping[str, Any]  # arguments of plan_ev, prices included


def caps(case: Case) -> tuple[np.ndarray, np.ndarray]:
    """Most that can be charged and discharged in each step."""
    steps = np.arange(len(case["buy"]))
    charge = np.broadcast_to(np.asarray(case["charge_kwh"], float), steps.shape)
    return charge, np.where(steps < case["discharge_steps"], case["discharge_kwh"], 0.0)


def end_rows(case: Case) -> tuple[np.ndarray, np.ndarray]:
    """Change of the energy after each step, per kWh of [charge, discharge]."""
    past = np.tril(np.ones((len(case["buy"]),) * 2))
    return case["charge_eff"] * past, -past / case["discharge_eff"]


def lp_of(case: Case) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """c, A, b, upper of the LP over [charge, discharge, shortfall]; may do both at once."""
    n, most = len(case["buy"]), caps(case)
    up, down = end_rows(case)
    stored = np.hstack([up, down, np.zeros((n, 1))])
    total = np.r_[np.zeros(n), np.ones(n), 0.0]
    demand = np.r_[-up[-1], -down[-1], -1.0]
    a = np.vstack([stored, -stored, total, demand])
    b = np.r_[
        np.full(n, case["max_kwh"] - case["energy_kwh"]),
        np.full(n, case["energy_kwh"] - case["min_kwh"]),
        min(case["contract_kwh"], most[1].sum()),  # scipy takes no inf
        case["energy_kwh"] - case["target_kwh"],
    ]
    cost = np.r_[case["buy"], -np.asarray(case["sell"]), case["shortfall_eur_per_kwh"]]
    return cost, a, b, np.r_[*most, np.inf]


def lp_costs(cases: Sequence[Case]) -> np.ndarray:
    """Optimal cost of each case, all solved as one block-diagonal LP."""
    blocks = [lp_of(case) for case in cases]
    cost = np.concatenate([block[0] for block in blocks])
    answer = linprog(
        cost,
        A_ub=block_diag([block[1] for block in blocks], format="csc"),
        b_ub=np.concatenate([block[2] for block in blocks]),
        bounds=np.stack([np.zeros(len(cost)), np.concatenate([b[3] for b in blocks])], axis=1),
        options={"primal_feasibility_tolerance": 1e-9, "dual_feasibility_tolerance": 1e-9},
    )
    assert answer.status == 0, answer.message
    ends = np.cumsum([len(block[0]) for block in blocks])[:-1]
    return np.array([part.sum() for part in np.split(cost * answer.x, ends)])


def milp_cost(case: Case) -> float:
    """Optimal cost by branch and cut, over [charge, discharge, charging, shortfall].

    Never both at once; above its limit an EV may not charge, below not discharge.
    """
    n = len(case["buy"])
    charge, discharge = caps(case)
    up, down = end_rows(case)
    zero, one, column = np.zeros((n, n)), np.eye(n), np.zeros((n, 1))
    energy = case["energy_kwh"]
    low, high = min(case["min_kwh"], energy), max(case["max_kwh"], energy)
    late = np.arange(n) >= case["discharge_steps"]
    late_max = min(case.get("late_max_kwh", case["max_kwh"]), case["max_kwh"])
    over = np.diag(high - np.where(late, late_max, case["max_kwh"]))
    under = np.where(discharge > 0, case["min_kwh"] - low, 0.0)
    nothing, ones = np.zeros(n), np.ones(n)
    rows = [
        LinearConstraint(np.hstack([one, zero, -np.diag(charge), column]), ub=0.0),
        LinearConstraint(np.hstack([zero, one, np.diag(discharge), column]), ub=discharge),
        LinearConstraint(np.hstack([up, down, over, column]), ub=high - energy),
        LinearConstraint(np.hstack([up, down, np.diag(under), column]), lb=low + under - energy),
        LinearConstraint(np.r_[nothing, ones, nothing, 0.0], ub=case["contract_kwh"]),
        LinearConstraint(np.r_[up[-1], down[-1], nothing, 1.0], lb=case["target_kwh"] - energy),
    ]
    answer = milp(
        np.r_[case["buy"], -np.asarray(case["sell"]), nothing, case["shortfall_eur_per_kwh"]],
        constraints=rows,
        bounds=Bounds(0.0, np.r_[charge, discharge, ones, np.inf]),
        integrality=np.r_[np.zeros(2 * n), ones, 0.0],
        options={"mip_rel_gap": 0.0},
    )
    assert answer.status == 0, answer.message
    return answer.fun


def violation_kwh(net_load: np.ndarray, case: Case) -> float:
    """Largest violation of any limit of the EV, stepping through the plan."""
    charge, discharge = np.maximum(net_load, 0.0), np.maximum(-net_load, 0.0)
    charge_cap, discharge_cap = caps(case)
    worst = [0.0, *(charge - charge_cap), *(discharge - discharge_cap)]
    worst.append(discharge.sum() - case["contract_kwh"])
    energy = case["energy_kwh"]
    for i in range(len(net_load)):
        energy += case["charge_eff"] * charge[i] - discharge[i] / case["discharge_eff"]
        early = i < case["discharge_steps"]
        limit = case["max_kwh"] if early else case.get("late_max_kwh", case["max_kwh"])
        worst.append(energy - limit if charge[i] > 0 else 0.0)
        worst.append(case["min_kwh"] - energy if discharge[i] > 0 else 0.0)
    return max(worst)

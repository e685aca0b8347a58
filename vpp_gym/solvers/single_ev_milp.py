"""One EV's plan as a mixed-integer program: for price series the exact search cannot finish."""

from __future__ import annotations

from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array, diags_array, eye_array, hstack

from vpp_gym.arrays import Floats
from vpp_gym.errors import SolveFailedError
from vpp_gym.fleet.charging import NO_CURVE
from vpp_gym.solvers.budget import SOLVED, best_plan
from vpp_gym.solvers.leaving import Kinks
from vpp_gym.solvers.limits import Ev, Rules
from vpp_gym.solvers.segments import Stay
from vpp_gym.solvers.stay import ANY, BELOW, IDLE, charges_late, dearest_first, stay_of

TIME_LIMIT_S = 60.0
TOLERANCE_KWH = 1e-6


def milp_plan(
    buy: Floats,
    sell: Floats,
    charge_kwh: Floats,
    discharge_kwh: Floats,
    ev: Ev,
    rules: Rules,
    kinks: Kinks | None = None,
) -> Floats:
    """Optimal net load (T,) kWh at the meter, by HiGHS branch and cut.

    HiGHS decides in which steps the EV may charge and in which discharge, and when
    an EV that starts outside its window is back inside; with that fixed the problem
    is convex, and the recursion gives the plan to the last digit.

    Args:
        buy: (T,) EUR/kWh at the meter.
        sell: (T,) EUR/kWh at the meter.
        charge_kwh: (T,) or (1,) limit at the meter.
        discharge_kwh: (T,) or (1,) limit at the meter.
        ev: its other limits.
        rules: efficiencies and penalty.
        kinks: of this EV, where it may leave earlier.

    Raises:
        SolveFailedError: no proven optimum.
    """
    steps = len(buy)
    leave_eur, due_kwh = np.zeros(0), np.zeros(0)
    if kinks is not None:
        stays, leave_eur, due_kwh = kinks.stays[0], kinks.eur_per_kwh[0], kinks.due_kwh[0]
        buy, sell = buy * stays, sell * stays
        rules = rules._replace(shortfall_eur_per_kwh=rules.shortfall_eur_per_kwh * stays[-1])
    problem = buy, sell, dearest_first(buy), charge_kwh, discharge_kwh, ev, rules
    may_rise, energy_kwh = _directions(stay_of(*problem, 0, ANY, leave_eur, due_kwh, NO_CURVE), ev)
    best, best_eur = np.zeros(steps), np.inf
    for back, late in product((_step_back_inside(energy_kwh, ev), steps + 1), (ANY, BELOW, IDLE)):
        stay = stay_of(*problem, back, late, leave_eur, due_kwh, NO_CURVE)
        decided = stay._replace(
            rise_kwh=np.where(may_rise, stay.rise_kwh, 0.0),
            fall_kwh=np.where(may_rise, 0.0, stay.fall_kwh),
        )
        plan = np.empty(steps)
        status, cost_eur = best_plan(decided, 1, plan)
        if status == SOLVED and cost_eur < best_eur and not charges_late(plan, ev):
            best, best_eur = plan, cost_eur
    if not np.isfinite(best_eur):
        raise SolveFailedError("the directions that HiGHS chose for an EV leave no plan")
    return np.where(best > 0, best / rules.charge_eff, best * rules.discharge_eff)


def _step_back_inside(energy_kwh: Floats, ev: Ev) -> int:
    """First step with the energy inside the window, 0 where it starts there."""
    if ev.min_kwh <= ev.energy_kwh <= ev.max_kwh:
        return 0
    inside = (energy_kwh >= ev.min_kwh - TOLERANCE_KWH) & (energy_kwh <= ev.max_kwh + TOLERANCE_KWH)
    return int(np.argmax(inside)) + 1 if inside.any() else len(energy_kwh) + 1


def _directions(stay: Stay, ev: Ev) -> tuple[NDArray[np.bool_], Floats]:
    """(T,) steps in which the optimum may charge, and (T,) stored energy after each step.

    Columns: rise, fall, rising (binary), shortfall, and missing after each step to what is due.
    """
    n, m = len(stay.rise_eur), len(stay.leave_eur)
    one, none, column = eye_array(n), csr_array((n, n)), csr_array((n, 1 + m))
    gap = csr_array(np.eye(1, 1 + m))
    sums, last = csr_array(np.tril(np.ones((n, n)))), csr_array(np.ones((1, n)))
    lower = np.minimum(stay.lower_kwh[1:], ev.energy_kwh) - ev.energy_kwh
    upper = np.maximum(stay.upper_kwh[1:], ev.energy_kwh) - ev.energy_kwh
    late = np.arange(n) >= ev.discharge_steps
    limit = np.where(late, min(ev.late_max_kwh, ev.max_kwh), ev.max_kwh) - ev.energy_kwh
    above = np.maximum(upper - limit, 0.0)
    below = np.where(stay.fall_kwh > 0.0, max(ev.min_kwh - ev.energy_kwh, 0.0), 0.0)
    rows = [
        # Rise only where rising, fall only where not.
        LinearConstraint(hstack([one, none, -diags_array(stay.rise_kwh), column]), ub=0.0),
        LinearConstraint(hstack([none, one, diags_array(stay.fall_kwh), column]), ub=stay.fall_kwh),
        # Who rises is not above the limit afterwards, who may fall not below the window.
        LinearConstraint(hstack([sums, -sums, diags_array(above), column]), ub=upper),
        LinearConstraint(hstack([sums, -sums, diags_array(below), column]), lb=lower + below),
        LinearConstraint(hstack([0 * last, last, 0 * last, 0 * gap]), ub=stay.budget_kwh),
        LinearConstraint(hstack([last, -last, 0 * last, gap]), lb=ev.target_kwh - ev.energy_kwh),
    ]
    if m:
        missing = hstack([sums, -sums, none, csr_array((n, 1)), one])
        rows.append(LinearConstraint(missing, lb=stay.due_kwh - ev.energy_kwh))
    missing_eur = np.r_[stay.leave_eur[: m - 1], 0.0] if m else stay.leave_eur
    answer = milp(
        np.r_[stay.rise_eur, -stay.fall_eur, np.zeros(n), stay.shortfall_eur, missing_eur],
        constraints=rows,
        bounds=Bounds(0.0, np.r_[stay.rise_kwh, stay.fall_kwh, np.ones(n), np.full(1 + m, np.inf)]),
        integrality=np.r_[np.zeros(2 * n), np.ones(n), np.zeros(1 + m)],
        options={"time_limit": TIME_LIMIT_S, "mip_rel_gap": 0.0},
    )
    if answer.status != 0:
        raise SolveFailedError(f"HiGHS on the plan of one EV: {answer.message}")
    rise, fall, rising = answer.x[: 3 * n].reshape(3, n)
    return rising > 0.5, ev.energy_kwh + np.cumsum(rise - fall)

"""One EV's plan as a mixed-integer program: for price series the exact search cannot finish."""

from __future__ import annotations

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array, diags_array, eye_array, hstack

from vpp_gym.errors import SolveFailedError
from vpp_gym.solvers.budget import SOLVED, best_plan
from vpp_gym.solvers.limits import Ev, Rules
from vpp_gym.solvers.segments import Floats, Stay
from vpp_gym.solvers.stay import dearest_first, stay_of

TIME_LIMIT_S = 60.0


def milp_plan(buy: Floats, sell: Floats, charge_kwh: Floats, ev: Ev, rules: Rules) -> Floats:
    """Optimal net load (T,) kWh at the meter, by HiGHS branch and cut.

    HiGHS decides in which steps the EV may charge and in which discharge; with
    that fixed the problem is convex, and the recursion gives the exact plan.

    Raises:
        SolveFailedError: no proven optimum.
    """
    stay = _widest_stay(buy, sell, charge_kwh, ev, rules)
    may_rise = _rising_steps(stay, ev)
    fixed = _with_directions(stay, ev, may_rise)
    plan = np.empty(len(buy))
    status, _ = best_plan(fixed, 1, plan)
    if status != SOLVED:
        raise SolveFailedError("the directions HiGHS chose for an EV leave no plan")
    return np.where(plan > 0, plan / rules.charge_eff, plan * rules.discharge_eff)


def _widest_stay(buy: Floats, sell: Floats, charge_kwh: Floats, ev: Ev, rules: Rules) -> Stay:
    """The stay with its window of energy reaching to the energy at the start."""
    stay = stay_of(buy, sell, dearest_first(buy), charge_kwh, ev, rules, 0)
    return stay._replace(
        lower_kwh=np.minimum(stay.lower_kwh, ev.energy_kwh),
        upper_kwh=np.maximum(stay.upper_kwh, ev.energy_kwh),
    )


def _rising_steps(stay: Stay, ev: Ev) -> np.ndarray:
    """(T,) steps in which the optimum may charge: columns rise, fall, rising, short."""
    n = len(stay.rise_eur)
    one, none, column = eye_array(n), csr_array((n, n)), csr_array((n, 1))
    sums = csr_array(np.tril(np.ones((n, n))))
    lower, upper = stay.lower_kwh[1:] - stay.energy_kwh, stay.upper_kwh[1:] - stay.energy_kwh
    inside_low, inside_high = ev.min_kwh - stay.energy_kwh, ev.max_kwh - stay.energy_kwh
    above, below = max(-inside_high, 0.0), max(inside_low, 0.0)
    last = csr_array(np.ones((1, n)))
    rows = [
        # Rise only where rising, fall only where not.
        LinearConstraint(hstack([one, none, -diags_array(stay.rise_kwh), column]), ub=0.0),
        LinearConstraint(hstack([none, one, diags_array(stay.fall_kwh), column]), ub=stay.fall_kwh),
        LinearConstraint(hstack([sums, -sums, none, column]), lower, upper),
        # Who may rise is not above the window afterwards, who may fall not below it.
        LinearConstraint(hstack([sums, -sums, above * one, column]), ub=upper),
        LinearConstraint(
            hstack([sums, -sums, below * one, column]), lb=np.minimum(lower + below, inside_low)
        ),
        LinearConstraint(hstack([0 * last, last, 0 * last, [[0.0]]]), ub=stay.budget_kwh),
        LinearConstraint(
            hstack([last, -last, 0 * last, [[1.0]]]), lb=stay.target_kwh - stay.energy_kwh
        ),
    ]
    cost = np.r_[stay.rise_eur, -stay.fall_eur, np.zeros(n), stay.shortfall_eur]
    bounds = Bounds(0.0, np.r_[stay.rise_kwh, stay.fall_kwh, np.ones(n), np.inf])
    integrality = np.r_[np.zeros(2 * n), np.ones(n), 0]
    answer = milp(
        cost,
        constraints=rows,
        bounds=bounds,
        integrality=integrality,
        options={"time_limit": TIME_LIMIT_S, "mip_rel_gap": 0.0},
    )
    if answer.status != 0:
        raise SolveFailedError(f"HiGHS on the plan of one EV: {answer.message}")
    return answer.x[2 * n : 3 * n] > 0.5


def _with_directions(stay: Stay, ev: Ev, may_rise: np.ndarray) -> Stay:
    """The stay with every step's direction decided."""
    lower, upper = stay.lower_kwh.copy(), stay.upper_kwh.copy()
    upper[1:][may_rise] = np.minimum(upper[1:][may_rise], ev.max_kwh)
    lower[1:][~may_rise] = np.maximum(lower[1:][~may_rise], ev.min_kwh)
    return stay._replace(
        rise_kwh=np.where(may_rise, stay.rise_kwh, 0.0),
        fall_kwh=np.where(may_rise, 0.0, stay.fall_kwh),
        lower_kwh=lower,
        upper_kwh=upper,
    )

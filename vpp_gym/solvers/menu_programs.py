"""Programs (7) and (8) of the contract design, as the paper states them.

They cross-check `vpp_gym.contracts.design.design_menu`, which is exact and far
faster, and design menus for other concave values of energy than kappa * log(1 + w / saturation).
Both are cone programs, solved by Clarabel.
"""

from __future__ import annotations

from collections.abc import Callable

import cvxpy as cp
import numpy as np

from vpp_gym.arrays import Floats
from vpp_gym.contracts.design import least_payoff_eur
from vpp_gym.contracts.menu import Menu, ir_residuals
from vpp_gym.contracts.problem import DesignProblem
from vpp_gym.errors import InvalidInputError, SolveFailedError

Value = Callable[[cp.Expression], cp.Expression]
"""What w kWh are worth to the VPP, (m,) EUR of (m,) kWh: concave, in atoms of cvxpy."""


def solve_full_program(problem: DesignProblem, *, value: Value | None = None) -> Menu:
    """Menu from program (7), with all m (m - 1) incentive constraints.

    All payoffs are raised by what the solver left the least satisfied owner
    short of zero utility: else that owner would not sign.

    Args:
        problem: from `vpp_gym.contracts.problem.design_problem`.
        value: as in `solve_reduced_program`.

    Raises:
        InvalidInputError: the value is not known to be concave.
        SolveFailedError: the solver did not reach the optimum.

    Source: Rahman et al. 2023, program (7).
    """
    m = len(problem.owner_types)
    w, g = cp.Variable(m), cp.Variable(m)
    cost = problem.wear_eur_per_kwh / problem.owner_types
    own_utility = g - cp.multiply(cost, w)
    program = cp.Problem(
        cp.Maximize(problem.type_prob @ (_value_eur(problem, value, w) - g)),  # (7)
        [
            own_utility >= 0,  # individual rationality
            *(own_utility[k] >= g - cost[k] * w for k in range(m)),  # incentive compatibility
            *rising(w, problem.energy_cap_kwh),
            *rising(g),
        ],
    )
    energy_kwh, payoff_eur = solved(program, w, g, name="program (7)")
    energy_kwh = within(energy_kwh, problem.energy_cap_kwh)
    short_eur = -ir_residuals(_menu(problem, energy_kwh, payoff_eur)).min()
    return _menu(problem, energy_kwh, payoff_eur + max(0.0, short_eur))


def solve_reduced_program(problem: DesignProblem, *, value: Value | None = None) -> Menu:
    """Menu from program (8), in which the payoffs follow from the energies.

    Args:
        problem: from `vpp_gym.contracts.problem.design_problem`.
        value: of w kWh to the VPP, in place of kappa * log(1 + w / saturation), the
            default: concave, in atoms of cvxpy, element by element. Examples:
            `lambda w: 0.1 * cp.sqrt(w)`, `lambda w: 0.03 * cp.minimum(w, 20)`.

    Raises:
        InvalidInputError: the value is not known to be concave.
        SolveFailedError: the solver did not reach the optimum.

    Source: Rahman et al. 2023, program (8); with another value the payoffs still
    follow from the energies, as that argument never looks at the value.
    """
    m = len(problem.owner_types)
    w, g = cp.Variable(m), cp.Variable(m)
    cost = problem.wear_eur_per_kwh / problem.owner_types
    program = cp.Problem(
        cp.Maximize(problem.type_prob @ (_value_eur(problem, value, w) - g)),  # (8)
        [
            g[0] == cost[0] * w[0],  # the lowest type gains nothing
            *(g[k] - g[k - 1] == cost[k] * (w[k] - w[k - 1]) for k in range(1, m)),
            *rising(w, problem.energy_cap_kwh),
        ],
    )
    (energy_kwh,) = solved(program, w, name="program (8)")
    energy_kwh = within(energy_kwh, problem.energy_cap_kwh)
    payoff_eur = least_payoff_eur(
        energy_kwh, problem.owner_types, wear_eur_per_kwh=problem.wear_eur_per_kwh
    )
    return _menu(problem, energy_kwh, payoff_eur)


def _value_eur(problem: DesignProblem, value: Value | None, w: cp.Variable) -> cp.Expression:
    if value is None:
        return problem.kappa_eur * cp.log1p(w / problem.saturation_kwh)
    value_eur = value(w)
    if value_eur.shape != w.shape or not value_eur.is_concave():
        found = f"shape {value_eur.shape}, {value_eur.curvature.lower()}"
        raise InvalidInputError("value", found, "give a concave function of each energy by itself")
    return value_eur


def rising(x: cp.Variable, cap: float | None = None) -> list[cp.Constraint]:
    """0 <= x_1 <= ... <= x_M <= cap."""
    rows = [x[0] >= 0]
    if x.size > 1:
        rows.append(cp.diff(x) >= 0)
    if cap is not None:
        rows.append(x[-1] <= cap)
    return rows


def solved(program: cp.Problem, *variables: cp.Variable, name: str) -> list[Floats]:
    """Optimal values of the variables."""
    try:
        program.solve(solver=cp.CLARABEL)
    except cp.error.SolverError as error:
        raise SolveFailedError(f"{name}: Clarabel failed: {error}") from error
    if program.status != cp.OPTIMAL:
        raise SolveFailedError(f"{name}: Clarabel ended with status {program.status}")
    return [np.asarray(variable.value, dtype=np.float64) for variable in variables]


def within(energy_kwh: Floats, cap_kwh: float) -> Floats:
    """The solver's energies, made to satisfy their bounds and order exactly."""
    return np.maximum.accumulate(np.clip(energy_kwh, 0.0, cap_kwh))


def _menu(problem: DesignProblem, energy_kwh: Floats, payoff_eur: Floats) -> Menu:
    return Menu(
        energy_kwh,
        payoff_eur,
        problem.owner_types,
        problem.type_prob,
        problem.wear_eur_per_kwh,
    )

"""A problem with a known answer, to see whether a solver is there and works."""

from __future__ import annotations

import cvxpy as cp

from vpp_gym.errors import SolveFailedError

SOLVERS = ("HIGHS", "OSQP", "CLARABEL")
COST_EUR = 1.4


def trial_cost_eur(solver: str) -> float:
    """Least cost of 10 kWh in two hours at 0.1 and 0.2 EUR/kWh, 6 kWh an hour at most.

    Six are bought in the cheap hour and four in the dear one: `COST_EUR`.

    Args:
        solver: cvxpy's name, one of `SOLVERS`.

    Returns:
        EUR; OSQP, which works by first-order steps, comes within 0.01.

    Raises:
        SolveFailedError: the solver is not installed, or found no optimum.

    >>> round(trial_cost_eur("HIGHS"), 9)
    1.4
    """
    charge_kwh = cp.Variable(2, nonneg=True)
    program = cp.Problem(
        cp.Minimize(charge_kwh @ [0.1, 0.2]), [cp.sum(charge_kwh) == 10, charge_kwh <= 6]
    )
    try:
        program.solve(solver=solver)
    except cp.error.SolverError as error:
        raise SolveFailedError(f"{solver}: {error}") from error
    if program.status != cp.OPTIMAL:
        raise SolveFailedError(f"{solver} ended with status {program.status}")
    return float(program.value)

"""The variable-term design as a program over all contracts at once, and with bundles.

The first is the definition that `vpp_gym.contracts.variable_term` solves
exactly; the second shows what its form gives away.
"""

from __future__ import annotations

from dataclasses import replace

import cvxpy as cp
import numpy as np

from vpp_gym.arrays import Floats
from vpp_gym.contracts.variable_term_menu import VariableTermMenu, ir_residuals
from vpp_gym.contracts.variable_term_problem import VariableTermProblem
from vpp_gym.solvers.menu_programs import rising, solved, within


def solve_joint_program(problem: VariableTermProblem) -> VariableTermMenu:
    """Menu (w_i, l_j, g_ij) with a row of incentive compatibility for each pair of owners.

    All payoffs are raised by what the solver left the least satisfied owner
    short of zero utility: else that owner would not sign.

    Raises:
        SolveFailedError: the solver did not reach the optimum.

    Source: Sales-Ortiz and Ardakanian, e-Energy 2024.
    """
    rows, columns = problem.type_prob.shape
    w, l = cp.Variable(rows), cp.Variable(columns)  # noqa: E741
    g = cp.Variable(rows * columns)
    program = _program(
        problem,
        energy=np.kron(np.eye(rows), np.ones((columns, 1))) @ w,
        term=np.kron(np.ones((rows, 1)), np.eye(columns)) @ l,
        payoff=g,
        more=[*rising(w), *rising(l)],
    )
    energy_kwh, term_h, payoff_eur = solved(program, w, l, g, name="joint program")
    energy_kwh = within(energy_kwh, problem.energy_cap_kwh)[:, np.newaxis]
    return _menu(problem, energy_kwh, within(term_h, problem.term_cap_h), payoff_eur)


def solve_bundled_program(problem: VariableTermProblem) -> VariableTermMenu:
    """Menu (w_ij, l_ij, g_ij): the energy may depend on the term type and vice versa.

    At least as good as the paper's form, which it contains. Each of its
    contracts must be deliverable on its own where there is a power.

    Raises:
        SolveFailedError: the solver did not reach the optimum.
    """
    w, l, g = (cp.Variable(problem.type_prob.size) for _ in range(3))  # noqa: E741
    program = _program(problem, energy=w, term=l, payoff=g, more=[w >= 0, l >= 0])
    energy_kwh, term_h, payoff_eur = solved(program, w, l, g, name="bundled program")
    shape = problem.type_prob.shape
    return _menu(
        problem,
        np.clip(energy_kwh, 0.0, problem.energy_cap_kwh).reshape(shape),
        np.clip(term_h, 0.0, problem.term_cap_h).reshape(shape),
        payoff_eur,
    )


def _program(
    problem: VariableTermProblem,
    *,
    energy: cp.Expression,
    term: cp.Expression,
    payoff: cp.Expression,
    more: list[cp.Constraint],
) -> cp.Problem:
    """Profit, rationality, incentives and limits; contracts in rows, term types fastest."""
    n = problem.type_prob.size
    rows, columns = problem.type_prob.shape
    wear = np.repeat(problem.wear_eur_per_kwh / problem.energy_types, columns)
    tied = np.tile(problem.tied_eur_per_h / problem.term_types, rows)
    utility = payoff - cp.multiply(wear, energy) - cp.multiply(tied, term)
    # Column: the owner; row: the contract taken instead of the own one.
    taken = (
        cp.reshape(payoff, (n, 1), order="C") @ np.ones((1, n))
        - cp.reshape(energy, (n, 1), order="C") @ wear[np.newaxis]
        - cp.reshape(term, (n, 1), order="C") @ tied[np.newaxis]
    )
    value = problem.energy_kappa_eur * cp.log1p(energy) + problem.term_kappa_eur * cp.log1p(term)
    conditions = [
        utility >= 0,  # individual rationality
        np.ones((n, 1)) @ cp.reshape(utility, (1, n), order="C") >= taken,  # incentives
        *more,
    ]
    limits = ((energy, problem.energy_cap_kwh), (term, problem.term_cap_h))
    conditions += [amount <= cap for amount, cap in limits if np.isfinite(cap)]
    if np.isfinite(problem.power_kw):
        conditions.append(energy <= problem.power_kw * term)
    return cp.Problem(cp.Maximize(problem.type_prob.ravel() @ (value - payoff)), conditions)


def _menu(
    problem: VariableTermProblem, energy_kwh: Floats, term_h: Floats, payoff_eur: Floats
) -> VariableTermMenu:
    """Menu in which every owner gains at least nothing."""
    shape = problem.type_prob.shape
    menu = VariableTermMenu(
        energy_kwh=np.broadcast_to(energy_kwh, shape),
        term_h=np.broadcast_to(term_h, shape),
        payoff_eur=payoff_eur.reshape(shape),
        type_prob=problem.type_prob,
        energy_types=problem.energy_types,
        term_types=problem.term_types,
        wear_eur_per_kwh=problem.wear_eur_per_kwh,
        tied_eur_per_h=problem.tied_eur_per_h,
    )
    short_eur = max(0.0, -ir_residuals(menu).min())
    return replace(menu, payoff_eur=menu.payoff_eur + short_eur)

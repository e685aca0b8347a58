"""Exact design of a variable-term menu: two fixed-term designs, joined by at most one number.

The program of Sales-Ortiz and Ardakanian (2024) gives owner (i, j), who perceives
a_i = c_1 / theta_w,i per kWh and b_j = c_2 / theta_l,j per hour (both falling),
the contract (w_i, l_j, g_ij). It falls apart into an energy menu and a term
menu, for any joint distribution of the two types, correlated ones included:

1. Let u_ij = g_ij - a_i w_i - b_j l_j be the rent of owner (i, j). Individual
   rationality is u >= 0, and the incentive row "(i, j) rather takes (k, m)" is
   u_ij - u_km >= (a_k - a_i) w_k + (b_m - b_j) l_m.
2. Let U and H be the least rents of the two one-dimensional menus: U_1 = H_1 = 0,
   U_i - U_{i-1} = (a_{i-1} - a_i) w_{i-1}, and H likewise. As w and l rise with
   the type, U_i - U_k >= (a_k - a_i) w_k for all i, k, and H likewise. The sum
   of two such rows is the row of step 1: the rents U_i + H_j satisfy them all.
3. No others are smaller: u_11 >= 0, and the rows "(i, j) takes (i - 1, j)" and
   "(i, j) takes (i, j - 1)", added up along any path from (1, 1), give
   u_ij >= U_i + H_j.
4. So whatever the probabilities, the cheapest payoffs of given w and l are
   g_ij = g_i + h_j, the sum of the two menus' payoffs. The expected profit is then
   sum_i p_i (kappa_1 log(1 + w_i) - g_i) + sum_j q_j (kappa_2 log(1 + l_j) - h_j)
   with the marginals p and q: two fixed-term designs.

What breaks it:

- A link between energy and term. If every contract must be deliverable,
  w_i <= power * l_j, the two menus share the one number that caps w and, divided
  by the power, bounds l from below; it is found by bisection on the derivative
  of a concave function. Where the bound is slack, nothing changes.
- Contracts in which the energy may depend on the term type as well, (w_ij, l_ij).
  Such bundles are another program and can earn more, also when the types are
  independent: see `vpp_gym.solvers.variable_term_programs.solve_bundled_program`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from vpp_gym.arrays import Floats
from vpp_gym.contracts.design import least_payoff_eur, optimal_energy_kwh
from vpp_gym.contracts.variable_term_menu import VariableTermMenu
from vpp_gym.contracts.variable_term_problem import VariableTermProblem, variable_term_problem


def design_variable_term_menu(
    energy_types: ArrayLike, term_types: ArrayLike, type_prob: ArrayLike, **numbers: float
) -> VariableTermMenu:
    """The optimal incentive-compatible menu, exact for any joint distribution.

    Args:
        energy_types: (I,) positive, strictly increasing.
        term_types: (J,) positive, strictly increasing.
        type_prob: (I, J) non-negative, summing to one.
        **numbers: as in `variable_term_problem`.

    Raises:
        InvalidInputError: naming the field, the value and the remedy.

    Source: Sales-Ortiz and Ardakanian, e-Energy 2024; the module's docstring
    proves that it is exact.

    >>> menu = design_variable_term_menu(
    ...     (0.75, 1, 1.25), (0.75, 1, 1.25), [[1 / 9] * 3] * 3,
    ...     energy_kappa_eur=0.4, term_kappa_eur=0.6,
    ...     wear_eur_per_kwh=0.01, tied_eur_per_h=0.05,
    ... )
    >>> menu.energy_kwh[:, 0].round(2).tolist(), menu.term_h[0].round(2).tolist()
    ([19.0, 32.33, 49.0], [5.0, 9.0, 14.0])
    >>> menu.payoff_eur[0].round(3).tolist()
    [0.587, 0.787, 0.987]
    """
    return exact_menu(variable_term_problem(energy_types, term_types, type_prob, **numbers))


def exact_menu(problem: VariableTermProblem) -> VariableTermMenu:
    """The optimal menu of a validated problem."""
    energy_prob, term_prob = problem.type_prob.sum(axis=1), problem.type_prob.sum(axis=0)
    energy_kwh = optimal_energy_kwh(
        problem.energy_types,
        energy_prob,
        problem.energy_kappa_eur,
        problem.wear_eur_per_kwh,
        problem.energy_cap_kwh,
    )
    term_h = optimal_energy_kwh(  # the same design: hours for kWh
        problem.term_types,
        term_prob,
        problem.term_kappa_eur,
        problem.tied_eur_per_h,
        problem.term_cap_h,
    )
    if energy_kwh[-1] / problem.power_kw > term_h[0]:
        limit_kwh = _shared_limit_kwh(problem, energy_kwh, term_h)
        energy_kwh = np.minimum(energy_kwh, limit_kwh)
        term_h = np.maximum(term_h, limit_kwh / problem.power_kw)
    return priced_menu(problem, energy_kwh, term_h)


def priced_menu(
    problem: VariableTermProblem, energy_kwh: Floats, term_h: Floats
) -> VariableTermMenu:
    """Menu of given energies and terms at the least payoffs that owners accept.

    Args:
        problem: types and costs.
        energy_kwh: (I,) non-decreasing.
        term_h: (J,) non-decreasing.
    """
    for_energy_eur = least_payoff_eur(
        energy_kwh, problem.energy_types, wear_eur_per_kwh=problem.wear_eur_per_kwh
    )
    for_term_eur = least_payoff_eur(
        term_h, problem.term_types, wear_eur_per_kwh=problem.tied_eur_per_h
    )
    shape = problem.type_prob.shape
    return VariableTermMenu(
        energy_kwh=np.broadcast_to(energy_kwh[:, np.newaxis], shape),
        term_h=np.broadcast_to(term_h, shape),
        payoff_eur=np.add.outer(for_energy_eur, for_term_eur),
        type_prob=problem.type_prob,
        energy_types=problem.energy_types,
        term_types=problem.term_types,
        wear_eur_per_kwh=problem.wear_eur_per_kwh,
        tied_eur_per_h=problem.tied_eur_per_h,
    )


def _shared_limit_kwh(problem: VariableTermProblem, energy_kwh: Floats, term_h: Floats) -> float:
    """Where the gain of more energy no longer pays for the longer shortest term."""
    low = problem.power_kw * term_h[0]
    high = min(energy_kwh[-1], problem.power_kw * problem.term_cap_h)
    energy_tail = _tail(problem.type_prob.sum(axis=1))
    term_tail = _tail(problem.type_prob.sum(axis=0))
    while low < (middle := 0.5 * (low + high)) < high:
        shortest_h = middle / problem.power_kw
        i = int(np.searchsorted(energy_kwh, middle, side="right"))
        j = int(np.searchsorted(term_h, shortest_h, side="left"))
        # Types from i on are capped, those below j are bounded from below.
        more_energy = energy_tail[i] * problem.energy_kappa_eur / (1 + middle)
        if i < len(energy_kwh):
            more_energy -= energy_tail[i] * problem.wear_eur_per_kwh / problem.energy_types[i]
        longer = (1 - term_tail[j]) * problem.term_kappa_eur / (1 + shortest_h)
        longer -= problem.tied_eur_per_h / problem.term_types[0]
        if j < len(term_h):
            longer += term_tail[j] * problem.tied_eur_per_h / problem.term_types[j]
        if more_energy + longer / problem.power_kw > 0:
            low = middle
        else:
            high = middle
    return low


def _tail(prob: Floats) -> Floats:
    """(n + 1,) probability of each type or one above it."""
    return np.append(np.cumsum(prob[::-1])[::-1], 0.0)

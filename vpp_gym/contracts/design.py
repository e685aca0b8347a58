"""Exact design of a fixed-term menu in O(m), by pooling adjacent types."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from vpp_gym.arrays import Floats
from vpp_gym.contracts.menu import Menu
from vpp_gym.contracts.problem import design_problem
from vpp_gym.kernels import njit


def design_menu(
    owner_types: ArrayLike,
    type_prob: ArrayLike,
    *,
    kappa_eur: float,
    wear_eur_per_kwh: float,
    energy_cap_kwh: float,
    saturation_kwh: float = 1.0,
) -> Menu:
    """The optimal incentive-compatible menu, exact for any distribution of types.

    With the payoffs of program (8) eliminated, the menu maximises
    sum_m pi_m * kappa * log(1 + w_m / s) - gamma * v_m * w_m over
    0 <= w_1 <= ... <= w_M <= cap, where Pi_m = pi_m + ... + pi_M and
    v_m = Pi_m / theta_m - Pi_{m+1} / theta_{m+1}. A run of types that share one
    w has its optimum at kappa * sum(pi) / (gamma * sum(v)) - s, so the solution
    is the isotonic regression of pi / v with weights v, clipped to [0, cap].

    Types above the last one with positive probability do not enter the
    objective (there v = 0); each gets the w that is worth most to the VPP should
    such an owner come after all, kappa * theta / gamma - s, clipped.

    Args:
        owner_types: (m,) positive, strictly increasing.
        type_prob: (m,) non-negative, summing to one.
        kappa_eur: scale of the VPP's value kappa * log(1 + w / s) of w kWh, > 0.
        wear_eur_per_kwh: true wear cost of discharging, >= 0; at 0 every
            contract asks for the cap and pays nothing.
        energy_cap_kwh: most that a contract may ask for: power times term.
        saturation_kwh: s, the energy from which on the value flattens; 1 in the paper.

    Raises:
        InvalidInputError: naming the field, the value and the remedy.

    Source: Rahman et al. 2023, Sec. 4, programs (7) and (8).

    >>> menu = design_menu(
    ...     (1, 2, 3), (1 / 3, 1 / 3, 1 / 3),
    ...     kappa_eur=0.05, wear_eur_per_kwh=0.5 / 160, energy_cap_kwh=33,
    ... )
    >>> menu.energy_kwh.round(6).tolist()
    [7.0, 23.0, 33.0]
    """
    problem = design_problem(
        owner_types,
        type_prob,
        kappa_eur=kappa_eur,
        wear_eur_per_kwh=wear_eur_per_kwh,
        energy_cap_kwh=energy_cap_kwh,
        saturation_kwh=saturation_kwh,
    )
    energy_kwh, payoff_eur = _optimal_menu(*problem)
    for column in (energy_kwh, payoff_eur):
        column.setflags(write=False)
    return Menu(
        energy_kwh, payoff_eur, problem.owner_types, problem.type_prob, problem.wear_eur_per_kwh
    )


def least_payoff_eur(
    energy_kwh: ArrayLike, owner_types: ArrayLike, *, wear_eur_per_kwh: float
) -> Floats:
    """Smallest payoffs under which every type signs its own contract.

    Args:
        energy_kwh: (m,) non-decreasing.
        owner_types: (m,) positive, strictly increasing.
        wear_eur_per_kwh: true wear cost of discharging.

    Returns:
        (m,) EUR, non-decreasing.

    Source: Rahman et al. 2023, equality constraints of program (8).
    """
    return _payoff_eur(
        np.asarray(energy_kwh, dtype=np.float64),
        np.asarray(owner_types, dtype=np.float64),
        float(wear_eur_per_kwh),
    )


@njit(allocates=True)
def _payoff_eur(energy_kwh: Floats, types: Floats, wear: float) -> Floats:
    payoff_eur = np.empty(types.size)
    owed_eur, energy_below_kwh = 0.0, 0.0
    for m in range(types.size):
        owed_eur += (energy_kwh[m] - energy_below_kwh) * wear / types[m]
        energy_below_kwh = energy_kwh[m]
        payoff_eur[m] = owed_eur
    return payoff_eur


@njit(allocates=True)
def optimal_energy_kwh(
    types: Floats, prob: Floats, kappa: float, wear: float, cap: float, saturation: float = 1.0
) -> Floats:
    """Energies of the optimal menu: the isotonic fit that `design_menu` explains.

    The arguments are those of `design_menu`, not checked. A cap of infinity is
    none, if there is wear.
    """
    n = prob.size
    while prob[n - 1] == 0.0:
        n -= 1
    energy_kwh = np.empty(types.size)
    ratio = _isotonic_ratio(prob[:n], _cost_weights(types[:n], prob[:n]))
    for m in range(types.size):
        # The ratio is pi / v; types beyond n have pi = v = 0 and the limit theta.
        best = kappa * (ratio[m] if m < n else types[m])
        wanted_kwh = best / wear - saturation if wear > 0.0 else np.inf
        energy_kwh[m] = min(max(wanted_kwh, 0.0), cap)
        if m > 0:
            energy_kwh[m] = max(energy_kwh[m], energy_kwh[m - 1])
    return energy_kwh


@njit(allocates=True, internal=True)
def _cost_weights(types: Floats, prob: Floats) -> Floats:
    """v_m, as a sum of non-negative terms: nothing cancels."""
    weight = np.empty(types.size)
    above, type_above = 0.0, types[-1]
    for m in range(types.size - 1, -1, -1):
        weight[m] = (prob[m] + above * (type_above - types[m]) / type_above) / types[m]
        above += prob[m]
        type_above = types[m]
    return weight


@njit(allocates=True, internal=True)
def _isotonic_ratio(prob: Floats, weight: Floats) -> Floats:
    """Non-decreasing fit of prob / weight, weighted: pool adjacent violators.

    The fit of a pooled block is sum(prob) / sum(weight).
    """
    n = prob.size
    first = np.empty(n + 1, dtype=np.int64)
    prob_sum, weight_sum, fit = np.empty(n), np.empty(n), np.empty(n)
    blocks = 0
    for m in range(n):
        start, p, v = m, prob[m], weight[m]
        value = _ratio(p, v)
        while blocks > 0 and fit[blocks - 1] >= value:
            blocks -= 1
            start = first[blocks]
            p += prob_sum[blocks]
            v += weight_sum[blocks]
            value = _ratio(p, v)
        first[blocks], prob_sum[blocks], weight_sum[blocks], fit[blocks] = start, p, v, value
        blocks += 1
    first[blocks] = n
    ratio = np.empty(n)
    for block in range(blocks):
        ratio[first[block] : first[block + 1]] = fit[block]
    return ratio


@njit
def _ratio(prob: float, weight: float) -> float:
    return prob / weight if weight > 0.0 else np.inf


@njit(allocates=True)
def _optimal_menu(
    types: Floats, prob: Floats, kappa: float, wear: float, cap: float, saturation: float
) -> tuple[Floats, Floats]:
    energy_kwh = optimal_energy_kwh(types, prob, kappa, wear, cap, saturation)
    return energy_kwh, _payoff_eur(energy_kwh, types, wear)

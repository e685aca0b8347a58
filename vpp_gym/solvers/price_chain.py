"""Markov chain of what the price is expected to be above its path: the states of a plan."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from vpp_gym.solvers.segments import Floats


class PriceChain(NamedTuple):
    """States that an operator may find itself in, and how they follow one another.

    Attributes:
        now_eur: expected deviation of this step's price, EUR/kWh.
        state_eur: (k,) expected deviation in each state of a later step, rising.
        first: (k,) probability of each state in the next step.
        move: (k, k) probability of the next state (column) from each (row).
    """

    now_eur: float
    state_eur: Floats
    first: Floats
    move: Floats


def certain_chain() -> PriceChain:
    """One state without deviation: the price follows its path."""
    return PriceChain(0.0, np.zeros(1), np.ones(1), np.ones((1, 1)))


@njit(cache=True)
def chain_of(
    now_eur: float, phi: float, past_eur: Floats, shocks_eur: Floats, n_states: int, n_shocks: int
) -> PriceChain:
    """Chain of y' = phi y + shock, over states that the past has visited.

    Shocks are centred and grouped into equally likely means. What falls between two
    states goes to both, so that the mean stays right; what falls beyond the outermost
    goes to it.

    Args:
        now_eur: y of this step.
        phi: share of y that is expected to last for a step.
        past_eur: (p,) earlier y, p >= 1; the states are their quantiles.
        shocks_eur: (q,) earlier shocks, q >= 1.
        n_states: at most so many states.
        n_shocks: groups of shocks.
    """
    state = np.unique(np.quantile(past_eur, np.linspace(0.0, 1.0, n_states)))
    shock = grouped_means(np.sort(shocks_eur - shocks_eur.mean()), n_shocks)
    move = np.zeros((len(state), len(state)))
    for k in range(len(state)):
        share_out(state, phi * state[k] + shock, move[k])
    first = np.zeros(len(state))
    share_out(state, phi * now_eur + shock, first)
    return PriceChain(now_eur, state, first, move)


@njit(cache=True)
def grouped_means(ordered: Floats, n_groups: int) -> Floats:
    """(at most n_groups,) mean of each group of an ordered array, cut into equal parts."""
    groups = min(n_groups, len(ordered))
    edges = (np.arange(groups + 1) * len(ordered)) // groups
    means = np.empty(groups)
    for g in range(groups):
        means[g] = ordered[edges[g] : edges[g + 1]].mean()
    return means


@njit(cache=True)
def share_out(state: Floats, values: Floats, share: Floats) -> None:
    """Add the weight of equally likely values to the states next to them.

    Args:
        state: (k,) rising.
        values: (m,) in the unit of the states.
        share: (k,) out: weights added.
    """
    weight, last = 1.0 / len(values), len(state) - 1
    for value in values:
        k = np.searchsorted(state, value)
        if k == 0 or k > last:
            share[min(k, last)] += weight
        else:
            part = (value - state[k - 1]) / (state[k] - state[k - 1])
            share[k - 1] += weight * (1.0 - part)
            share[k] += weight * part

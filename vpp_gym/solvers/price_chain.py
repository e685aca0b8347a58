"""Markov chain of what the price is expected to be above its path: the states of a plan."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from vpp_gym.arrays import Floats


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


def chain_of(
    now_eur: float, phi: float, past_eur: Floats, shocks_eur: Floats, n_states: int, n_shocks: int
) -> PriceChain:
    """Chain of y' = phi y + shock, over states that the past has visited.

    Shocks are grouped into equally likely means and centred. What falls between two
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
    shock = grouped_means(shocks_eur, n_shocks)
    y = np.append(state, now_eur)
    share = shared_out(state, phi * y[:, None] + (shock - shock.mean()))
    return PriceChain(now_eur, state, share[-1], share[:-1])


def grouped_means(values: Floats, n_groups: int) -> Floats:
    """(at most n_groups,) mean of each group of the ordered values, cut into equal parts."""
    groups = min(n_groups, len(values))
    edges = (np.arange(groups + 1) * len(values)) // groups
    return np.add.reduceat(np.sort(values), edges[:-1]) / np.diff(edges)


def shared_out(state: Floats, values: Floats) -> Floats:
    """Weight of the states next to equally likely values.

    Args:
        state: (k,) rising.
        values: (n, m) in the unit of the states.

    Returns:
        (n, k) rows that sum to 1.
    """
    n, k = len(values), len(state)
    if k == 1:
        return np.ones((n, 1))
    inside = np.clip(values, state[0], state[-1])
    above = np.clip(np.searchsorted(state, inside), 1, k - 1)
    part = (inside - state[above - 1]) / (state[above] - state[above - 1])
    cell = above + k * np.arange(n)[:, None]
    total = np.bincount(cell.ravel(), part.ravel(), minlength=n * k)
    total += np.bincount(cell.ravel() - 1, 1.0 - part.ravel(), minlength=n * k)
    return total.reshape(n, k) / values.shape[1]

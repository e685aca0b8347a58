"""Markov chain of what the price is expected to be above its path: the states of a plan."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from vpp_gym.arrays import Floats
from vpp_gym.kernels import njit


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
    shock = grouped_means(shocks_eur, n_shocks)
    return _chain(now_eur, phi, np.sort(past_eur), shock - shock.sum() / len(shock), n_states)


@njit(allocates=True)
def _chain(
    now_eur: float, phi: float, past_eur: Floats, shock_eur: Floats, n_states: int
) -> PriceChain:
    """The chain of a past and of shocks that are sorted and centred."""
    state = distinct_quantiles(past_eur, n_states)
    k, m = len(state), len(shock_eur)
    following = np.empty((k + 1, m))
    for s in range(k + 1):
        y = state[s] if s < k else now_eur
        for q in range(m):
            following[s, q] = phi * y + shock_eur[q]
    share = shared_out(state, following)
    return PriceChain(now_eur, state, share[k], share[:k])


@njit(allocates=True)
def distinct_quantiles(ordered: Floats, n: int) -> Floats:
    """(at most n,) quantiles at equal distances, least first, rounded as `np.quantile` does.

    Args:
        ordered: (p,) rising, p >= 1.
        n: >= 1; the outermost are the least and the largest value.
    """
    found, count = np.empty(n), 0
    last, step = len(ordered) - 1, 1.0 / max(n - 1, 1)
    for i in range(n):
        at = float(last) if 0 < i == n - 1 else last * (i * step)
        value = ordered[int(at)]
        if at < last:
            value = _between(value, ordered[int(at) + 1], at - int(at))
        if count == 0 or value != found[count - 1]:
            found[count] = value
            count += 1
    return found[:count]


@njit(internal=True)
def _between(low: float, high: float, part: float) -> float:
    """On the way from one value to another, reckoned from the nearer of both."""
    way = high - low
    return high - way * (1.0 - part) if part >= 0.5 else low + way * part


def grouped_means(values: Floats, n_groups: int) -> Floats:
    """(at most n_groups,) mean of each group of the ordered values, cut into equal parts."""
    groups = min(n_groups, len(values))
    edges = (np.arange(groups + 1) * len(values)) // groups
    return np.add.reduceat(np.sort(values), edges[:-1]) / (edges[1:] - edges[:-1])


@njit(allocates=True)
def shared_out(state: Floats, values: Floats) -> Floats:
    """Weight of the states next to equally likely values.

    Args:
        state: (k,) rising.
        values: (n, m) in the unit of the states.

    Returns:
        (n, k) rows that sum to 1.
    """
    n, m = values.shape
    k = len(state)
    if k == 1:
        return np.ones((n, 1))
    weight, below = np.zeros((n, k)), np.zeros((n, k))
    for r in range(n):
        for q in range(m):
            inside = min(max(values[r, q], state[0]), state[k - 1])
            above = _first_from(state, inside)
            part = (inside - state[above - 1]) / (state[above] - state[above - 1])
            weight[r, above] += part
            below[r, above - 1] += 1.0 - part
        for s in range(k):
            weight[r, s] = (weight[r, s] + below[r, s]) / m
    return weight


@njit(internal=True)
def _first_from(state: Floats, value: float) -> int:
    """The first of the states behind the outermost that is not below a value; else the last."""
    low, high = 1, len(state) - 1
    while low < high:
        middle = (low + high) // 2
        if state[middle] < value:
            low = middle + 1
        else:
            high = middle
    return low

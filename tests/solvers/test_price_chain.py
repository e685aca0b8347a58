"""The chain of prices gives what NumPy gives step by step, bit for bit."""

from __future__ import annotations

import numpy as np
import pytest

from vpp_gym.solvers.price_chain import chain_of, distinct_quantiles, grouped_means, shared_out


def plain_shares(state, values) -> np.ndarray:
    """Weights of the states next to values, all values at once."""
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


def some_past(rng, n: int) -> np.ndarray:
    """(n,) values with or without ties, of one size or of many, or all alike."""
    values = rng.normal(0.0, 0.03, n)
    kind = rng.integers(4)
    if kind == 1:
        return np.round(values, 2)
    if kind == 2:
        return values * 10.0 ** rng.integers(-8, 8, n)
    return np.full(n, values[0]) if kind == 3 else values


@pytest.mark.parametrize("n", [1, 2, 3, 9, 13, 300])
def test_quantiles_are_those_of_numpy_without_repetitions(n):
    rng = np.random.default_rng(n)
    for length in (*range(1, 30), *rng.integers(30, 3000, 30).tolist()):
        past = some_past(rng, length)
        expected = np.unique(np.quantile(past, np.linspace(0.0, 1.0, n)))
        np.testing.assert_array_equal(distinct_quantiles(np.sort(past), n), expected)


@pytest.mark.parametrize("k", [1, 2, 3, 13])
def test_shares_are_added_as_numpy_adds_them(k):
    rng = np.random.default_rng(k)
    state = np.sort(rng.normal(size=k))
    values = rng.normal(size=(20, 24))
    values[0, :k] = state
    np.testing.assert_array_equal(shared_out(state, values), plain_shares(state, values))


@pytest.mark.parametrize("seed", range(40))
def test_the_chain_is_that_of_numpy(seed):
    rng = np.random.default_rng(seed)
    past, shocks = (some_past(rng, int(rng.integers(1, 3000))) for _ in range(2))
    now, phi = rng.normal(0.0, 0.05), rng.random()
    n_states, n_shocks = int(rng.choice([1, 4, 13])), int(rng.choice([1, 24, 200]))
    chain = chain_of(now, phi, past, shocks, n_states, n_shocks)
    state = np.unique(np.quantile(past, np.linspace(0.0, 1.0, n_states)))
    shock = grouped_means(shocks, n_shocks)
    following = phi * np.append(state, now)[:, None] + (shock - shock.mean())
    share = plain_shares(state, following)
    assert chain.now_eur == now
    np.testing.assert_array_equal(chain.state_eur, state)
    np.testing.assert_array_equal(chain.first, share[-1])
    np.testing.assert_array_equal(chain.move, share[:-1])

"""Sharing within groups of EVs: against the greedy order in plain Python and linear programs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linprog

from tests.worlds import examples
from vpp_gym.fleet.disaggregation import hand_out
from vpp_gym.fleet.groups import narrow
from vpp_gym.kernels import records

GROUP = np.dtype([("first", np.int64), ("end", np.int64)])


def narrowed(room, key, rank, groups, slack):
    """The room that is left; `groups` are (first, end), those within others before them."""
    n, m = len(room), len(groups)
    table = records(m, GROUP)
    for g, ends in enumerate(groups):
        table["first"][g], table["end"][g] = ends
    left = np.array(room, dtype=float)
    work = np.empty((3, n))
    given = np.array(rank, float), m, table
    narrow(n, *given, np.array(slack, float), np.array(key, float), left, *work)
    return left


def random_tree(rng, n):
    """Up to four groups of n places as (first, end), one within another, inner ones first."""
    ranges = [(0, n)]
    for _ in range(int(rng.integers(0, 4))):
        first, end = ranges[rng.integers(len(ranges))]
        a, b = sorted(rng.integers(first, end + 1, 2).tolist())
        # What would cross another group is left out.
        if b > a and all(c <= a < b <= d or a <= c < d <= b or b <= c or d <= a for c, d in ranges):
            ranges.append((a, b))
    return sorted(ranges, key=lambda ends: ends[1] - ends[0])


def instance(seed):
    """Room and distinct keys of up to seven EVs, groups and their slack, and an amount."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 8))
    groups = random_tree(rng, n)
    room = rng.choice([0.0, 2.75, 5.5, 11.0], n)
    slack = rng.choice([0.0, 3.0, 7.0, 20.0, np.inf], len(groups))
    rank = rng.permutation(n) - int(rng.random() < 0.3)  # -1: in no group
    return room, rng.permutation(n).astype(float), rank, groups, slack


def greedy(room, key, rank, groups, slack):
    """One EV after the other takes what it can within all its groups."""
    left, taken = list(slack), np.zeros(len(room))
    for k in np.argsort(key):
        own = [g for g, (first, end) in enumerate(groups) if first <= rank[k] < end]
        taken[k] = min([room[k], *(left[g] for g in own)])
        for g in own:
            left[g] -= taken[k]
    return taken


@examples(300)
@given(st.integers(0, 2**32 - 1))
def test_the_narrowed_room_is_what_the_greedy_order_takes(seed):
    room, key, rank, groups, slack = instance(seed)
    left = narrowed(room, key, rank, groups, slack)
    np.testing.assert_allclose(left, greedy(room, key, rank, groups, slack), atol=1e-9)


@examples(60)
@given(st.integers(0, 2**32 - 1), st.floats(0, 1))
def test_handing_a_number_out_is_the_best_by_a_linear_program(seed, share):
    """Each EV is worth twice the one behind it: the optimum serves the lowest keys first."""
    room, key, rank, groups, slack = instance(seed)
    left = narrowed(room, key, rank, groups, slack)
    amount, n = share * left.sum(), len(room)
    given = np.empty(n)
    zero = np.zeros(n)
    hand_out(amount, n, zero, left, key, False, given, *np.empty((3, n)))
    rows = [[float(first <= place < end) for place in rank] for first, end in groups]
    best = linprog(
        -(2.0**-key),
        A_ub=np.array([*rows, np.ones(n)]),
        b_ub=np.minimum([*slack, amount], 1e6),
        bounds=[(0.0, most) for most in room],
    )
    assert best.status == 0
    np.testing.assert_allclose(given, best.x, atol=1e-6)
    most = linprog(
        -np.ones(n),
        A_ub=np.array(rows),
        b_ub=np.minimum(slack, 1e6),
        bounds=[(0.0, most) for most in room],
    )
    assert left.sum() == pytest.approx(-most.fun, abs=1e-6)


def test_equal_keys_share_in_proportion_and_others_wait():
    """8 kWh for 2, 6 and 8 kWh of room: the first two have the lowest key, then the third."""
    left = narrowed([2.0, 6.0, 8.0], [1.0, 1.0, 2.0], [0, 1, 2], [(0, 3)], [4.0])
    np.testing.assert_allclose(left, [1.0, 3.0, 0.0])
    left = narrowed([2.0, 6.0, 8.0], [1.0, 1.0, 2.0], [0, 1, 2], [(0, 3)], [12.0])
    np.testing.assert_allclose(left, [2.0, 6.0, 4.0])


def test_a_group_within_another_is_cut_first():
    """The two in the inner group share its 3 kWh; the outer one's 5 leave 2 for the third."""
    room, rank = [4.0, 4.0, 4.0], [0, 1, 2]
    left = narrowed(room, [1.0, 1.0, 2.0], rank, [(0, 2), (0, 3)], [3.0, 5.0])
    np.testing.assert_allclose(left, [1.5, 1.5, 2.0])


def test_many_evs_are_narrowed_as_few_are():
    rng = np.random.default_rng(3)
    room, key = rng.random(80), rng.permutation(80).astype(float)
    tree = [(0, 40), (40, 80), (0, 80)]
    slack = np.array([5.0, 9.0, 11.0])
    left = narrowed(room, key, np.arange(80), tree, slack)
    np.testing.assert_allclose(left, greedy(room, key, np.arange(80), tree, slack), atol=1e-9)

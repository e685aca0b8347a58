"""Sharing one connection: what the latest plan serves, against a linear program."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linprog

from tests.worlds import examples
from vpp_gym.fleet.shared import give_way, level_out

SEED = st.integers(0, 2**32 - 1)


def latest_plan(
    need: np.ndarray, full: np.ndarray, steps: np.ndarray, room: np.ndarray, first: int
) -> np.ndarray:
    """(n,) what is left for the steps before `first`, going backwards from the last one."""
    left, take = need.copy(), np.empty(len(need))
    for s in range(len(room) - 1, first - 1, -1):
        there = np.where(steps > s, full, 0.0)
        total = level_out(len(need), left, left / full, there, float(room[s]), take)
        assert total == pytest.approx(take.sum(), abs=1e-12)
        assert total == pytest.approx(min(room[s], np.minimum(left, there).sum()), abs=1e-9)
        assert (take >= 0).all()
        assert (take <= there + 1e-12).all()
        assert (take <= left + 1e-12).all()
        left -= take
    return left


def most_served(
    need: np.ndarray, full: np.ndarray, steps: np.ndarray, room: np.ndarray, first: int
) -> float:
    """What a linear program serves in the steps from `first` on."""
    n, horizon = len(need), len(room)
    bounds = [
        (0.0, full[k] if first <= s < steps[k] else 0.0) for k in range(n) for s in range(horizon)
    ]
    of_cars = np.kron(np.eye(n), np.ones(horizon))
    of_steps = np.kron(np.ones(n), np.eye(horizon))
    found = linprog(
        -np.ones(n * horizon),
        A_ub=np.vstack([of_cars, of_steps]),
        b_ub=np.concatenate([need, room]),
        bounds=bounds,
    )
    assert found.status == 0
    return float(-found.fun)


def instance(seed: int) -> tuple[np.ndarray, ...]:
    """Up to six cars over up to eight steps, needs within their own reach, tight rooms."""
    rng = np.random.default_rng(seed)
    n, horizon = int(rng.integers(1, 7)), int(rng.integers(1, 9))
    full = rng.choice([1.0, 2.0, 2.75, 5.5], n)
    steps = rng.integers(1, horizon + 1, n)
    need = full * steps * rng.choice([0.0, 0.3, 0.7, 1.0], n)
    room = rng.choice([0.0, 1.0, 3.0, 6.0, np.inf], horizon, p=[0.1, 0.3, 0.3, 0.2, 0.1])
    return need, full, steps, np.minimum(room, 1e3)


@examples(400)
@given(SEED, st.integers(0, 1))
def test_from_the_last_step_to_the_first_as_much_is_served_as_can_be(seed, first):
    need, full, steps, room = instance(seed)
    left = latest_plan(need, full, steps, room, first)
    served = most_served(need, full, steps, room, first)
    assert need.sum() - left.sum() == pytest.approx(served, abs=1e-7)


@examples(400)
@given(SEED)
def test_one_more_car_can_be_promised_what_is_not_lacking_then(seed):
    """The earlier cars stay served: the most for the newcomer is what a program finds."""
    need, full, steps, room = instance(seed)
    wish = need[-1]
    without = np.append(need[:-1], 0.0)
    before = latest_plan(without, full, steps, room, 0).sum()
    lacking = latest_plan(need, full, steps, room, 0).sum() - before
    least = most_served(without, full, steps, room, 0)
    most = most_served(need, full, steps, room, 0)
    assert wish - lacking == pytest.approx(most - least, abs=1e-7)


def test_remaining_times_are_brought_down_to_one_level():
    """Needs of 4, 2 and 1 steps at powers 1, 2 and 1, room for 2: 3, 1.5 and 1 steps are left."""
    take = np.empty(3)
    need, full = np.array([4.0, 4.0, 1.0]), np.array([1.0, 2.0, 1.0])
    assert level_out(3, need, need / full, full, 2.0, take) == pytest.approx(2.0)
    np.testing.assert_allclose(take, [1.0, 1.0, 0.0], atol=1e-12)


@examples(200)
@given(SEED)
def test_a_cut_takes_the_lowest_keys_first(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 40))
    room, key = rng.choice([0.0, 1.0, 2.5], n), rng.integers(0, 5, n).astype(float)
    amount = float(rng.uniform(0, 1.2) * room.sum())
    move, sorted_kwh, keys = np.empty(n), np.empty(n), key.copy()
    cut = give_way(amount, n, room, keys, move, sorted_kwh, np.empty(n))
    assert cut == pytest.approx(min(amount, room.sum()), abs=1e-9)
    assert move.sum() == pytest.approx(cut, abs=1e-9)
    assert (move >= 0).all()
    assert (move <= room + 1e-12).all()
    for k in range(n):
        if move[k] > 1e-9:
            assert (move[key < key[k]] >= room[key < key[k]] - 1e-9).all()


def test_nothing_to_cut_cuts_nothing():
    move = np.full(2, 7.0)
    assert give_way(3.0, 2, np.zeros(2), np.zeros(2), move, np.empty(2), np.empty(2)) == 0.0
    assert move.tolist() == [0.0, 0.0]

"""A batch shared by threads is the same batch."""

from __future__ import annotations

import pickle
import threading
import time

import gymnasium as gym
import numpy as np
import pytest

from vpp_gym.envs import stepper
from vpp_gym.envs.threads import Threads
from vpp_gym.errors import InvalidInputError


def batch(**options):
    return gym.make_vec(
        "VPPDayAhead-v0",
        num_envs=5,
        vectorization_mode="vector_entry_point",
        episode_days=1,
        **options,
    )


@pytest.fixture
def shared(monkeypatch):
    """Even a small batch is shared."""
    monkeypatch.setattr(stepper, "PLACES", 1)


def parts(envs):
    return len(envs.unwrapped.core._stepper._parts)


def test_a_batch_too_small_to_be_shared_is_stepped_by_one_thread():
    assert parts(batch(threads=3)) == 1
    chargers = stepper.PLACES // 2
    large = gym.make_vec(
        "VPPDayAhead-v0",
        num_envs=4,
        vectorization_mode="vector_entry_point",
        params={"site": {"n_chargers": chargers}},
        threads=3,
    )
    assert parts(large) == 2


@pytest.mark.usefixtures("shared")
def test_any_number_of_threads_gives_the_same_bits():
    one, three = batch(), batch(threads=3)
    assert (parts(one), parts(three)) == (1, 3)
    one.action_space.seed(0)
    np.testing.assert_array_equal(one.reset(seed=3)[0], three.reset(seed=3)[0])
    for _ in range(60):
        actions = one.action_space.sample()
        for left, right in zip(one.step(actions)[:4], three.step(actions)[:4], strict=True):
            np.testing.assert_array_equal(left, right)


@pytest.mark.usefixtures("shared")
def test_a_threaded_batch_can_be_copied_while_it_runs():
    envs = batch(threads=2)
    envs.reset(seed=1)
    actions = envs.action_space.sample()
    envs.step(actions)
    twin = pickle.loads(pickle.dumps(envs.unwrapped))
    np.testing.assert_array_equal(envs.step(actions)[0], twin.step(actions)[0])


@pytest.mark.parametrize("threads", [0, 1.5, "two"])
def test_threads_are_a_whole_number(threads):
    with pytest.raises(InvalidInputError, match="threads"):
        batch(threads=threads)


def test_what_a_thread_raises_is_raised_when_all_are_done():
    done = []

    def task(part):
        if part == 1:
            raise KeyError(part)
        done.append(part)

    threads = Threads(3)
    for _ in range(2):
        with pytest.raises(KeyError):
            threads.each(task)
    assert sorted(done) == [0, 0, 2, 2]


def test_threads_end_with_what_they_work_for():
    before = threading.active_count()
    threads = Threads(3)
    threads.each(lambda part: None)
    assert threading.active_count() == before + 2
    del threads
    for _ in range(100):
        if threading.active_count() == before:
            break
        time.sleep(0.05)
    assert threading.active_count() == before

"""A batch shared by threads is the same batch."""

from __future__ import annotations

import pickle

import gymnasium as gym
import numpy as np
import pytest

from vpp_gym.errors import InvalidInputError


def batch(**options):
    return gym.make_vec(
        "VPPDayAhead-v0",
        num_envs=5,
        vectorization_mode="vector_entry_point",
        episode_days=1,
        **options,
    )


def test_any_number_of_threads_gives_the_same_bits():
    one, three = batch(), batch(threads=3)
    one.action_space.seed(0)
    np.testing.assert_array_equal(one.reset(seed=3)[0], three.reset(seed=3)[0])
    for _ in range(60):
        actions = one.action_space.sample()
        for left, right in zip(one.step(actions)[:4], three.step(actions)[:4], strict=True):
            np.testing.assert_array_equal(left, right)


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

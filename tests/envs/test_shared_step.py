"""Threads that share a step wait for each other in compiled code, sleep and are woken."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import gymnasium as gym
import numpy as np
import pytest

from vpp_gym.envs import shared_step, stepper
from vpp_gym.kernels import COMPILED

pytestmark = pytest.mark.skipif(not COMPILED, reason="threads wait in compiled code only")
SLEEPS_S = 0.02
"""Long enough for a thread that waits to fall asleep."""


@pytest.fixture(autouse=True)
def shared(monkeypatch):
    """Even a small batch is shared."""
    monkeypatch.setattr(stepper, "PLACES", 1)


def batch(threads):
    kind = "vector_entry_point"
    envs = gym.make_vec("VPPDayAhead-v0", 5, vectorization_mode=kind, threads=threads)
    envs.action_space.seed(0)
    envs.reset(seed=3)
    return envs


def step_of(envs):
    """The shared step of a batch that has been stepped."""
    step = envs.unwrapped.core._stepper._step
    assert isinstance(step, shared_step.SharedStep)
    return step


def signals(envs):
    return step_of(envs)._numbers[:, shared_step.SIGNAL].tolist()


def same(one, two, actions):
    for left, right in zip(one.step(actions)[:4], two.step(actions)[:4], strict=True):
        np.testing.assert_array_equal(left, right)


def test_threads_fall_asleep_and_are_woken_with_the_same_bits():
    one, three = batch(1), batch(3)
    for pause_s in [0.0, SLEEPS_S, 0.0, 0.0, SLEEPS_S, 0.0]:
        same(one, three, one.action_space.sample())
        assert shared_step.ASKED not in signals(three)
        time.sleep(pause_s)
    time.sleep(SLEEPS_S)
    assert signals(three) == [shared_step.ASLEEP] * 2


def test_a_thread_that_is_woken_for_nothing_sleeps_again():
    one, two = batch(1), batch(2)
    same(one, two, one.action_space.sample())
    time.sleep(SLEEPS_S)
    step = step_of(two)
    step._threads.begin(step._serve)
    step._threads.each(lambda part: None)  # the second thread has come back
    assert signals(two) == [shared_step.ASLEEP]
    same(one, two, one.action_space.sample())


def test_a_thread_that_was_not_woken_is_woken_again(monkeypatch):
    one, two = batch(1), batch(2)
    same(one, two, one.action_space.sample())
    time.sleep(SLEEPS_S)
    threads, begun = step_of(two)._threads, []
    begin = threads.begin
    monkeypatch.setattr(
        threads,
        "begin",
        lambda task: begun.append(task) or (begin(task) if len(begun) > 1 else None),
    )
    same(one, two, one.action_space.sample())
    assert len(begun) == 2


def test_after_an_interrupt_no_thread_is_at_work_and_steps_go_on(monkeypatch):
    one, two = batch(1), batch(2)
    actions = one.action_space.sample()
    same(one, two, actions)
    step = step_of(two)

    def interrupted(*args):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(step, "_step", interrupted)
        with pytest.raises(KeyboardInterrupt):
            two.step(actions)
    assert shared_step.ASKED not in signals(two)
    one.reset(seed=7)
    two.reset(seed=7)
    same(one, two, actions)


def test_a_thread_is_waited_for_when_it_takes_long(monkeypatch):
    two = batch(2)
    actions = two.action_space.sample()
    two.step(actions)
    step, looks = step_of(two), []
    answered = step._answered

    def late(numbers):
        looks.append(answered(numbers))
        return len(looks) > 3

    monkeypatch.setattr(step, "_answered", late)
    two.step(actions)
    assert len(looks) == 4


FORKED = """
import os, sys
import gymnasium as gym, numpy as np
import vpp_gym
from vpp_gym.envs import stepper

stepper.PLACES = 1
envs = gym.make_vec("VPPDayAhead-v0", 4, vectorization_mode="vector_entry_point", threads=2)
envs.reset(seed=0)
actions = np.zeros(envs.action_space.shape, np.float32)
envs.step(actions)
if (child := os.fork()) == 0:
    reward = envs.step(actions)[1]
    os._exit(0 if np.isfinite(reward).all() else 1)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system forks no programs")
def test_a_forked_program_has_threads_of_its_own():
    command = [sys.executable, "-W", "ignore", "-c", FORKED]
    assert subprocess.run(command, timeout=300, check=False).returncode == 0

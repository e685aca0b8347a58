"""Rewards of wrappers are those of the batches that agents are trained on."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import pytest

import vpp_gym
from vpp_gym.errors import InvalidInputError
from vpp_gym.markets.ledger import LEDGER, POSITION
from vpp_gym.wrappers import GainReward, LoadReward

DISPATCH, FEW, TWO = "VPPDispatch-v0", {"episode_days": 1}, {"episode_days": 2}


def test_the_load_reward_leaves_out_the_position():
    plain, env = gym.make(DISPATCH, **TWO), LoadReward(gym.make(DISPATCH, **TWO))
    plain.reset(seed=0)
    env.reset(seed=0)
    left_out = 0.0
    for step in range(2 * 96):
        action = np.array([np.sin(step)], np.float32)
        _, whole, _, _, info = plain.step(action)
        reward = env.step(action)[1]
        position_eur = LEDGER.part_eur(POSITION.name, info)
        assert reward == pytest.approx(whole - position_eur)
        left_out += abs(position_eur)
    assert left_out > 1
    with pytest.raises(InvalidInputError, match="only electric vehicles"):
        LoadReward(gym.make("FCEVMicrogrid-v0"))


def test_the_gain_is_zero_for_the_reference_and_else_the_difference():
    env = GainReward(gym.make(DISPATCH, **FEW), reference=[0.0])
    first, _ = env.reset(seed=4)
    assert all(env.step(np.zeros(1, np.float32))[1] == 0.0 for _ in range(96))
    second, _ = env.reset()
    assert not np.array_equal(first, second)
    gain = sum(env.step(np.ones(1, np.float32))[1] for _ in range(96))
    env.reset(seed=4)
    again, _ = env.reset()
    np.testing.assert_array_equal(second, again)
    own = [gym.make(DISPATCH, **FEW) for _ in range(2)]
    drawn = int(np.random.default_rng(4).integers(2**31))
    for one in own:
        one.reset(seed=drawn)
    full, idle = (
        sum(one.step(np.full(1, level, np.float32))[1] for _ in range(96))
        for one, level in zip(own, (1, 0), strict=True)
    )
    assert gain == pytest.approx(full - idle)
    with pytest.raises(InvalidInputError, match="reference"):
        GainReward(gym.make(DISPATCH), reference=[0.0, 1.0])


def test_stable_baselines_judges_an_agent_as_if_they_were_not_there():
    env = GainReward(LoadReward(gym.make(DISPATCH, scenario="synthetic:train", **FEW)))
    bare = gym.make(DISPATCH, scenario="synthetic:train", **FEW)
    half = lambda observation: np.array([0.5], np.float32)  # noqa: E731
    given = {"scenario": "synthetic:validation", "end_step": 96}
    wrapped, plain = (vpp_gym.evaluate(half, one, **given) for one in (env, bare))
    assert wrapped.days["profit_eur"].sum() == plain.days["profit_eur"].sum()

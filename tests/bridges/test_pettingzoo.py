"""Chargers as agents: PettingZoo's own test, and the same run as with one agent."""

from __future__ import annotations

import warnings

import gymnasium as gym
import numpy as np
import pytest

pytest.importorskip("pettingzoo", reason="pettingzoo is not installed")

import vpp_gym
from vpp_gym.bridges.pettingzoo import ChargersParallelEnv

FEW = {"episode_days": 1, "params": {"site": {"n_chargers": 5}}}
BATTERY = {"site": {"n_chargers": 2}, "storage": {"kwh": 20.0, "kw": 10.0}}


def test_the_library_finds_nothing_wrong():
    from pettingzoo.test import parallel_api_test, parallel_seed_test

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of Gymnasium's, about spaces of tests
        parallel_api_test(ChargersParallelEnv(**FEW), num_cycles=200)
        parallel_seed_test(lambda: ChargersParallelEnv(**FEW), num_cycles=5)


def test_a_team_is_one_agent_with_as_many_entries():
    team, single = ChargersParallelEnv(**FEW), gym.make("VPPDispatch-v0", control="per_ev", **FEW)
    seen, infos = team.reset(seed=3)
    flat, _ = single.reset(seed=3)
    rng, masked = np.random.default_rng(0), 0
    while team.agents:
        np.testing.assert_array_equal(team.state(), flat)
        layout = single.unwrapped.core.layout
        for i, agent in enumerate(team.agents):
            connected = flat[layout.slices["ev_connected"]][i]
            assert seen[agent][-13] == connected
            masked += int(infos[agent]["action_mask"][0] == 0)
            assert not (connected == 0 and infos[agent]["action_mask"][0])
        actions = {agent: rng.uniform(-1, 1, 1).astype(np.float32) for agent in team.agents}
        seen, rewards, _, over, infos = team.step(actions)
        flat, reward, _, truncated, info = single.step(np.concatenate(list(actions.values())))
        assert set(rewards.values()) == {reward}
        assert set(over.values()) == {truncated}
        assert team.terms == info
    assert truncated
    assert masked > 0


def test_the_battery_is_an_agent_that_sees_no_charger():
    env = ChargersParallelEnv(episode_days=1, params=BATTERY)
    assert env.possible_agents == ["charger_0", "charger_1", "battery"]
    seen, _ = env.reset(seed=0)
    assert len(seen["battery"]) == len(seen["charger_0"]) - 13
    assert all(env.observation_space(agent).contains(seen[agent]) for agent in env.agents)
    *_, infos = env.step({"battery": np.ones(1)})
    assert env.terms["storage_charge_kwh"] > 0
    assert set(infos) == set(env.possible_agents)


def test_a_team_is_judged_like_any_model():
    env = ChargersParallelEnv(**FEW)
    act = lambda seen: {agent: np.ones(1, np.float32) for agent in seen}  # noqa: E731
    given = {"scenario": "synthetic:validation", "end_step": 96}
    team = vpp_gym.evaluate(env.as_model(act), env.env, **given)
    rule = vpp_gym.evaluate("charge_on_arrival", env.env, **given)
    assert team.days["charge_kwh"].sum() == pytest.approx(rule.days["charge_kwh"].sum())

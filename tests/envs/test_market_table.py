"""Columns that are made once are those that would be made in every step."""

from __future__ import annotations

import pickle

import gymnasium as gym
import numpy as np
import pytest

from vpp_gym.envs.market_table import MARKET_COLUMNS, NO_TABLE
from vpp_gym.scenarios.synthetic import SyntheticSource


@pytest.mark.parametrize("lag", [0, 1])
@pytest.mark.parametrize("dt_h", [1.0, 0.25])
def test_the_table_holds_what_would_be_written(monkeypatch, dt_h, lag):
    """Over the end of an episode, and to the end of a scenario with another one behind it."""

    def batch():
        envs = gym.make_vec(
            "VPPDayAhead-v0",
            num_envs=2,
            vectorization_mode="vector_entry_point",
            scenario=SyntheticSource("test", n_scenarios=2, days=3, dt_h=dt_h),
            params={"market": {"imbalance_lag_steps": lag}},
            episode_days=None,
        )
        return envs, [envs.reset(seed=5)[0]]

    made, seen = batch()
    live, written = batch()
    monkeypatch.setattr(live.unwrapped.core._markets, "of", lambda dataset: NO_TABLE)
    made.action_space.seed(1)
    over = 0
    for _ in range(round(2.5 * 24 / dt_h)):
        actions = made.action_space.sample()
        for envs, kept in ((made, seen), (live, written)):
            observed, _, _, truncated, _ = envs.step(actions)
            kept.append(observed.copy())
        over += truncated.sum()
    np.testing.assert_array_equal(np.array(seen), np.array(written))
    assert over > 0
    table = made.unwrapped.core._markets.of(made.unwrapped.core.simulation.dataset)
    assert table.made.any()
    assert np.array(seen)[:, :, :MARKET_COLUMNS].any()


def test_a_copy_has_no_table_and_sees_the_same():
    envs = gym.make_vec("VPPDayAhead-v0", num_envs=2, vectorization_mode="vector_entry_point")
    envs.reset(seed=1)
    twin = pickle.loads(pickle.dumps(envs.unwrapped))
    core = twin.core
    assert not core._markets.of(core.simulation.dataset).made.any()
    actions = envs.action_space.sample()
    np.testing.assert_array_equal(envs.step(actions)[0], twin.step(actions)[0])

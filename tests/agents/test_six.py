"""A plain agent of Stable-Baselines3 in each environment gets its row with one command."""

from __future__ import annotations

import json

import gymnasium as gym
import pytest
from stable_baselines3 import PPO
from stable_baselines3.common.vec_env import DummyVecEnv, VecNormalize
from typer.testing import CliRunner

import vpp_gym  # noqa: F401 - registers the environments
from vpp_gym.agents import agent_of
from vpp_gym.boards import board_of
from vpp_gym.cli import app
from vpp_gym.cli.ids import env_ids

BY_RULE = {"scheduler": "charge_on_arrival"}
ARGUMENTS = {"VPPBidding-v0": BY_RULE, "VPPContracts-v0": BY_RULE}


@pytest.mark.parametrize("env_id", env_ids(stays=True))
def test_a_zip_with_statistics_gets_its_row(env_id, tmp_path):
    arguments = ARGUMENTS.get(env_id, {})
    env = VecNormalize(DummyVecEnv([lambda: gym.make(env_id, **arguments)]))
    model = PPO("MlpPolicy", env, n_steps=16, batch_size=16, n_epochs=1, seed=0, device="cpu")
    model.learn(16)
    model.save(tmp_path / "ppo.zip")
    env.save(str(tmp_path / "vecnormalize.pkl"))
    words = ["evaluate", tmp_path / "ppo.zip", "--env", env_id, "--worlds", "1", "--days", "7"]
    words += ["--vecnormalize", tmp_path / "vecnormalize.pkl", "--trust", "--json"]
    words += [word for name, value in arguments.items() for word in ("--set", f"{name}={value}")]
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert result.exit_code == 0, result.output
    row = json.loads(result.stdout)
    assert row["board"] == board_of(agent_of(model, env)).name
    assert row["row"]["policy"] == "ppo"
    assert row["row"]["rank"] >= 1
    assert {"gain_eur", "gain_eur_low", "gain_eur_high", "score"} <= set(row["row"])
    others = [one for one in row["rows"] if one["policy"] != "ppo"]
    assert all(0 <= one["own_better"] <= 1 for one in others)

"""Train a Stable-Baselines3 agent for some seconds, and score it against a rule and the optimum.

python examples/train_agent.py

Such a short training is worth little; `vpp-gym train` trains the leaderboard's agents.
"""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import pandas as pd
from stable_baselines3 import PPO

import vpp_gym
from vpp_gym.agents import agent_of
from vpp_gym.evaluation import leaderboard

ENV_ID = "VPPDispatch-v0"


def trained(timesteps: int, seed: int = 0) -> Any:
    """An agent that dispatches a fleet without contracts; its bids buy the expected load."""
    env = gym.make(
        ENV_ID,
        scenario="synthetic:train",
        params={"contract": {"families": ()}},
    )
    model = PPO("MlpPolicy", env, n_steps=512, batch_size=128, seed=seed, device="cpu")
    model.learn(timesteps)
    return agent_of(model, env, name="ppo")


def compare(agent: Any, days: int) -> pd.DataFrame:
    """The leaderboard of the agent and both reference policies, in another year."""
    policies = (agent, "charge_on_arrival", "hindsight")
    results = [
        vpp_gym.evaluate(policy, "synthetic:validation", end_step=96 * days) for policy in policies
    ]
    rows = pd.concat([result.days for result in results], ignore_index=True)
    return leaderboard(rows, privileged=["hindsight"])


if __name__ == "__main__":
    columns = ["rank", "policy", "profit_eur", "score", "demand_satisfaction"]
    board = compare(trained(timesteps=2_048), days=14)
    print(board[columns].round(3).to_string(index=False))

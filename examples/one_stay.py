"""Train an agent on single stays for some seconds, and let it charge a whole fleet.

python examples/one_stay.py

Such a short training is worth little: a million steps, which take some minutes, beat charging
on arrival by far.
"""

from __future__ import annotations

import gymnasium as gym
import pandas as pd
from stable_baselines3 import PPO

import vpp_gym
from vpp_gym.evaluation import StayAgent, leaderboard


def trained(timesteps: int, seed: int = 0) -> StayAgent:
    """PPO as it comes, on one car at a time."""
    env = gym.make("VPPStay-v0", scenario="synthetic:train")
    model = PPO("MlpPolicy", env, seed=seed, device="cpu")
    model.learn(timesteps)
    return StayAgent(model, name="ppo_stay")


def compare(agent: StayAgent, days: int) -> pd.DataFrame:
    """The agent on the fleet of another year, beside a rule, a planner and the optimum."""
    policies = (agent, "charge_on_arrival", "rolling_mpc_tariff", "hindsight")
    results = [
        vpp_gym.evaluate(policy, "synthetic:validation", end_step=96 * days) for policy in policies
    ]
    rows = pd.concat([result.days for result in results], ignore_index=True)
    return leaderboard(rows, privileged=["hindsight"])


if __name__ == "__main__":
    columns = ["rank", "policy", "profit_eur", "score", "demand_satisfaction"]
    board = compare(trained(timesteps=4_096), days=14)
    print(board[columns].round(3).to_string(index=False))

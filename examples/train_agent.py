"""An agent of Stable-Baselines3, trained for seconds and scored beside a rule and the optimum.

python examples/train_agent.py

So short a training is worth little; `python -m agents.train` is the one behind the leaderboard.
"""

from __future__ import annotations

import gymnasium as gym
import pandas as pd
from stable_baselines3 import PPO

import vpp_gym
from vpp_gym.evaluation import leaderboard, markdown_table
from vpp_gym.evaluation.agent import EnvironmentAgent
from vpp_gym.evaluation.tables import BRIEF
from vpp_gym.policies.baselines import baselines
from vpp_gym.scenarios.synthetic import SyntheticSource

ENV_ID = "VPPDispatch-v0"


def trained(timesteps: int, seed: int = 0) -> EnvironmentAgent:
    """An agent that dispatches a fleet without contracts; its schedules buy the expected load."""
    env = gym.make(
        ENV_ID,
        scenario="synthetic:train",
        params={"contract": {"families": ()}},
        guarantee=True,  # whatever it does, every target stays within reach
    )
    model = PPO("MlpPolicy", env, n_steps=512, batch_size=128, seed=seed, device="cpu")
    model.learn(timesteps)
    return EnvironmentAgent(model, name="ppo", env_id=ENV_ID, term_h=0, guarantee=True, dt_h=1.0)


def compare(agent: EnvironmentAgent, days: int) -> pd.DataFrame:
    """The leaderboard of the agent and the ends of the scale, in a year it was not trained on."""
    scenario = SyntheticSource("validation", days=days).scenario(0)
    known = baselines()
    policies = [agent, known["charge_on_arrival"], known["hindsight"]]
    results = [vpp_gym.evaluate(policy, scenario) for policy in policies]
    rows = pd.concat([result.days for result in results], ignore_index=True)
    return leaderboard(rows, privileged=["hindsight"])


if __name__ == "__main__":
    board = compare(trained(timesteps=2_048), days=14)
    print(markdown_table(board.to_dict("records"), BRIEF))

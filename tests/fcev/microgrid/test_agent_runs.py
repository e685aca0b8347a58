"""Agents of the microgrid through whole stretches of days."""

from __future__ import annotations

import numpy as np

from tests.fcev.microgrids import random_grid
from vpp_gym.evaluation import EnvironmentAgent
from vpp_gym.fcev.evaluation import evaluate_microgrid
from vpp_gym.fcev.microgrid.agent_runs import play_microgrid
from vpp_gym.fcev.microgrid.policies import ArticleOrder


class Idle:
    """Always the same action."""

    def predict(self, observation, state=None, episode_start=None, deterministic=True):
        return np.zeros((len(observation), 4)), state


def test_an_agent_that_does_nothing_books_what_the_articles_order_does():
    """Every stretch is the same run as the rule's over the same days, to the bit."""
    grid = random_grid(8)
    agent = EnvironmentAgent(
        Idle(), name="idle", env_id="FCEVMicrogrid-v0", settings={"volumes": True, "rewards": True}
    )
    records = play_microgrid(agent, grid.scenarios[0], grid.params, (0, 2), days=2)
    for k, day in enumerate((0, 2)):
        _, expected = evaluate_microgrid(
            ArticleOrder(), grid.scenarios[0], grid.params, start_day=day, end_day=day + 2
        )
        np.testing.assert_array_equal(records[k], expected)

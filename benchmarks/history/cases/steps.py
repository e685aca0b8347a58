"""What a step costs, for airspeed velocity: the same code measures each commit.

Only names that commits have in common are used.
"""

from __future__ import annotations

from typing import Any

import gymnasium as gym

from vpp_gym.evaluation import evaluate
from vpp_gym.scenarios.synthetic import SyntheticSource

SESSIONS_PER_DAY = {7: 27.4, 37: 148.0}
"""By the cars that are connected at a time, about."""
CHARGERS = 50
WARM_UP = 40
"""Steps until lots are as full as they get, and everything is compiled."""


def _settings(cars: int) -> dict[str, Any]:
    source = SyntheticSource("train", 1, sessions_per_day=SESSIONS_PER_DAY[cars], days=14, dt_h=1.0)
    return {"scenario": source, "params": {"site": {"n_chargers": CHARGERS}}}


class Batch:
    """A step of a batch of sites, by the hour, with automatic resets."""

    params = ([7, 37], [16, 1_024])
    param_names = ("cars", "environments")
    timeout = 600

    def setup(self, cars: int, environments: int) -> None:
        """Fill the lots."""
        self.envs = gym.make_vec(
            "VPPDayAhead-v0",
            num_envs=environments,
            vectorization_mode="vector_entry_point",
            **_settings(cars),
        )
        self.envs.reset(seed=0)
        self.envs.action_space.seed(0)
        self.actions = self.envs.action_space.sample()
        for _ in range(WARM_UP):
            self.envs.step(self.actions)

    def time_step(self, cars: int, environments: int) -> None:
        """All sites decide once."""
        self.envs.step(self.actions)


class Single:
    """A step of one site through `gym.make`."""

    params = (7, 37)
    param_names = ("cars",)
    timeout = 600

    def setup(self, cars: int) -> None:
        """Fill the lot."""
        self.env = gym.make("VPPDayAhead-v0", **_settings(cars))
        self.env.reset(seed=0)
        self.env.action_space.seed(0)
        self.action = self.env.action_space.sample()
        for _ in range(WARM_UP):
            self.time_step(cars)

    def time_step(self, cars: int) -> None:
        """Decide once, and begin again where the episode is over."""
        if self.env.step(self.action)[3]:
            self.env.reset()


class Planner:
    """A fortnight of a planner, simulator included."""

    params = ("rolling_mpc", "hazard_mpc", "learned_mpc_price")
    param_names = ("policy",)
    timeout = 600

    def setup(self, policy: str) -> None:
        """Draw the fortnight, and compile."""
        self.scenario = SyntheticSource("train", 1, days=14).scenario(0)
        evaluate(policy, self.scenario, end_step=96)

    def time_fortnight(self, policy: str) -> None:
        """Plan and settle every quarter of an hour."""
        evaluate(policy, self.scenario)

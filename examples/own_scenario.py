"""Make a scenario of your own from arrays, and run an episode in it.

python examples/own_scenario.py
"""

from __future__ import annotations

import gymnasium as gym
import numpy as np

import vpp_gym


def two_days() -> vpp_gym.Scenario:
    """Two days of night and day prices, and three cars that stay overnight."""
    hour = np.arange(48) % 24
    da_eur_per_kwh = np.where((hour >= 22) | (hour < 6), 0.03, 0.08)
    return vpp_gym.Scenario.from_arrays(
        da_eur_per_kwh=da_eur_per_kwh,
        im_eur_per_kwh=da_eur_per_kwh + 0.01,  # or im_short_... and im_long_..., if they differ
        sessions={
            "arrival_step": [17, 18, 20],  # steps from the first midnight
            "departure_step": [31, 32, 44],
            "arrival_soc": [0.40, 0.50, 0.30],
            "capacity_kwh": [60.0, 80.0, 80.0],
        },
        start="2019-05-06",
        name="two days",
    )


def charge_at_night(scenario: vpp_gym.Scenario) -> dict[str, float]:
    """Money and energy terms of an episode in which cars wait for the cheap hours, by name."""
    env = gym.make(
        "VPPDayAhead-v0",
        scenario=scenario,
        params={
            "contract": {"families": ()},  # no V2G contracts
            "owner": {"early_departure_prob": 0, "late_departure_prob": 0},  # as declared
        },
        bids="expected_load",  # the action is the dispatch only
        observation="dict",
        episode_days=None,  # from the first gate closure, 12:00, to the end
    )
    observation, _ = env.reset(seed=0)
    booked: dict[str, float] = {}
    over = False
    while not over:
        price_eur_per_kwh = observation["da_level"][0] + observation["da_ahead"][0]
        # 0 idles: it charges only what cannot wait.
        action = np.array([1.0 if price_eur_per_kwh < 0.05 else 0.0], dtype=np.float32)
        observation, _, _, over, terms = env.step(action)
        for name, value in terms.items():
            booked[name] = booked.get(name, 0.0) + value
    return booked


if __name__ == "__main__":
    for name, value in charge_at_night(two_days()).items():
        if value:
            print(f"{name:15} {value:9.3f}")

"""Bids alone: what it earns to lean on the spread that was seen the day before.

python examples/bidding.py
"""

from __future__ import annotations

from collections.abc import Callable

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

import vpp_gym  # noqa: F401  (registers the environments)

Sheet = NDArray[np.float64]


def buy_the_expected_load(seen: dict[str, NDArray[np.float32]]) -> Sheet:
    """No bet: every period buys the mean load of that period."""
    return np.zeros(len(seen["expected_load"]))


def follow_the_spread(seen: dict[str, NDArray[np.float32]]) -> Sheet:
    """Sells less where imbalance was dearer than day-ahead when the period was settled last."""
    return -np.sign(seen["im_residual_by_period"])


def weekly_eur(
    env: gym.Env, policy: Callable[[dict[str, NDArray[np.float32]]], Sheet], weeks: int
) -> list[float]:
    """Profit of each of the same weeks; a step is a day, from gate closure to gate closure."""
    profits = []
    for seed in range(weeks):
        seen, _ = env.reset(seed=seed)
        profit_eur, over = 0.0, False
        while not over:
            seen, reward_eur, _, over, _ = env.step(policy(seen))
            profit_eur += float(reward_eur)
        profits.append(profit_eur)
    return profits


def main() -> None:
    """Print both policies, with a rolling MPC that dispatches."""
    env = gym.make("VPPBidding-v0", observation="dict")
    for policy in (buy_the_expected_load, follow_the_spread):
        profits = weekly_eur(env, policy, weeks=4)
        weeks = " ".join(f"{profit:7.1f}" for profit in profits)
        print(f"{policy.__name__:22} {np.mean(profits):7.1f} EUR a week, of {weeks}")
    print("Four weeks are far too few to tell such bets apart.")


if __name__ == "__main__":
    main()

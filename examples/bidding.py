"""Compare two rules for bids: buy the expected load, or speculate on the last price spread.

python examples/bidding.py
"""

from __future__ import annotations

from collections.abc import Callable

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

import vpp_gym  # noqa: F401  (registers the environments)

Bids = NDArray[np.float64]
"""One bid per delivery period of tomorrow, in [-1, 1]."""


def buy_the_expected_load(seen: dict[str, NDArray[np.float32]]) -> Bids:
    """No speculation: every period buys the mean load of that period."""
    return np.zeros(len(seen["expected_load"]))


def follow_the_spread(seen: dict[str, NDArray[np.float32]]) -> Bids:
    """Sells less if imbalance cost more than day-ahead when the period was last settled."""
    return -np.sign(seen["im_residual_by_period"])


def weekly_eur(
    env: gym.Env, policy: Callable[[dict[str, NDArray[np.float32]]], Bids], weeks: int
) -> list[float]:
    """Profit of each week; a step is a day, from gate closure to gate closure."""
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
    """Print what both rules earn while a rolling MPC dispatches."""
    env = gym.make("VPPBidding-v0", observation="dict", reward="profit")
    for policy in (buy_the_expected_load, follow_the_spread):
        profits = weekly_eur(env, policy, weeks=4)
        weeks = " ".join(f"{profit:7.1f}" for profit in profits)
        print(f"{policy.__name__:22} mean {np.mean(profits):7.1f} EUR a week ({weeks})")
    print("Four weeks are far too few to tell which rule is better.")


if __name__ == "__main__":
    main()

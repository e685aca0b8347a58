"""Compare contract offers to owners, while a scheduler dispatches and a bidder bids.

python examples/contracts.py
"""

from __future__ import annotations

from collections import defaultdict

import gymnasium as gym
import numpy as np

import vpp_gym  # noqa: F401  (registers the environments)


def booked(env: gym.Env, action: list[float], seed: int) -> dict[str, float]:
    """Money and energy terms of a week with the same offer on every day, by name."""
    env.reset(seed=seed)
    total: dict[str, float] = defaultdict(float)
    over = False
    while not over:
        _, profit_eur, _, over, terms = env.step(np.array(action))
        for name, value in (terms | {"profit_eur": profit_eur}).items():
            total[name] += value
    return total


def main() -> None:
    """Print two fixed-term menus, and tariffs that pay per kWh discharged.

    Cars that arrive in the very first step, before any action, are offered the default
    contracts. A few contracts are therefore signed even if the action offers none.
    """
    by_the_kwh = gym.make("VPPContracts-v0", reward="profit")  # the posted tariff
    fixed = gym.make("VPPContracts-v0", family="fixed_term", reward="profit")
    offers = {
        "none": (fixed, [0.0, 0.0, -1.0, 0.0]),
        "menu of 3 h": (fixed, [0.0, 0.0, 0.0, 0.0]),
        "menu of 10 h": (fixed, [0.0, 0.0, 1 / 3, 0.0]),
        "0.045 EUR per kWh": (by_the_kwh, [0.0, 0.0]),
        "0.2 EUR per kWh": (by_the_kwh, [1.0, 0.0]),
    }
    for name, (env, action) in offers.items():
        week = booked(env, action, seed=0)
        print(
            f"{name:17} {week['profit_eur']:7.1f} EUR, {week['contracts']:4.0f} contracts, "
            f"{week['payoff_eur']:6.1f} EUR to owners, {week['discharge_kwh']:5.0f} kWh V2G"
        )


if __name__ == "__main__":
    main()

"""Compare three bidders under the same rule for the dispatch.

python examples/dispatch.py
"""

from __future__ import annotations

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

import vpp_gym  # noqa: F401  (registers the environments)


def charge_in_the_cheap_half(seen: dict[str, NDArray[np.float32]]) -> NDArray[np.float64]:
    """All cars charge if this hour is cheaper than the median ahead, else only if they must."""
    prices = seen["da_ahead"]
    return np.array([1.0 if prices[0] <= np.median(prices) else 0.0])  # 0 idles


def week_eur(bidder: str, seed: int) -> dict[str, float]:
    """Profit of a week and its parts from both markets."""
    env = gym.make("VPPDispatch-v0", bidder=bidder, observation="dict", reward="profit")
    seen, _ = env.reset(seed=seed)
    total = {"profit_eur": 0.0, "da_eur": 0.0, "im_eur": 0.0}
    over = False
    while not over:
        seen, profit_eur, _, over, terms = env.step(charge_in_the_cheap_half(seen))
        total["profit_eur"] += float(profit_eur)
        total["da_eur"] += terms["da_eur"]
        total["im_eur"] += terms["im_eur"]
    return total


if __name__ == "__main__":
    for bidder in ("zero", "expected_load", "wait_and_see"):
        shown = ", ".join(f"{name} {value:8.1f}" for name, value in week_eur(bidder, 0).items())
        print(f"{bidder:14} {shown}")

"""Run many episodes at once: one call steps a batch of environments.

python examples/vector_env.py
"""

from __future__ import annotations

import time
from collections.abc import Callable

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

import vpp_gym  # noqa: F401  (registers the environments)
from vpp_gym.scenarios.synthetic import SyntheticSource


def make_batch(num_envs: int) -> gym.vector.VectorEnv:
    """Weeks from four synthetic years; the action is the dispatch only."""
    return gym.make_vec(
        "VPPDayAhead-v0",
        num_envs=num_envs,
        vectorization_mode="vector_entry_point",
        scenario=SyntheticSource("train", n_scenarios=4),
        bids="expected_load",
        reward="profit",
    )


def weekly_profit_eur(
    envs: gym.vector.VectorEnv, act: Callable[[], NDArray[np.floating]]
) -> NDArray[np.float64]:
    """(num_envs,) profit in EUR of one episode per environment; always the same weeks."""
    envs.reset(seed=0)
    profit_eur = np.zeros(envs.num_envs)
    over = np.zeros(envs.num_envs, dtype=bool)
    while not over.any():  # all episodes are equally long
        _, reward_eur, _, over, _ = envs.step(act())
        profit_eur += reward_eur
    return profit_eur


def main() -> None:
    """Print the profit of four policies, and how long 256 weeks take."""
    envs = make_batch(num_envs=256)
    rng = np.random.default_rng(0)
    largest = np.ones((envs.num_envs, 1))
    policies: dict[str, Callable[[], NDArray[np.floating]]] = {
        "charge": lambda: largest,  # all that every fleet can
        "idle": lambda: 0 * largest,  # only what cannot wait
        "discharge": lambda: -largest,  # all that contracts and targets allow
        "random": lambda: rng.uniform(-1, 1, largest.shape),
    }
    for name, act in policies.items():
        begun = time.perf_counter()
        profit_eur = weekly_profit_eur(envs, act)
        seconds = time.perf_counter() - begun
        spread = profit_eur.std()
        print(f"{name:9} {profit_eur.mean():7.1f} EUR a week (sd {spread:5.1f}), {seconds:.2f} s")


if __name__ == "__main__":
    main()

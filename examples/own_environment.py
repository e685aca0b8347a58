"""Make an environment of your own over the simulator: a site that pays for each new load peak.

python examples/own_environment.py
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from vpp_gym import Decisions, Scenario, Simulation
from vpp_gym.markets.ledger import MONEY
from vpp_gym.scenarios.named import as_source

Array = NDArray[np.float32]


class PeakFeeEnv(gym.Env[Array, Array]):
    """Charge a fleet; each kW by which its load exceeds the highest load so far costs a fee.

    Observation: sine and cosine of the time of day; day-ahead price in 0.1 EUR/kWh; least and
    largest load of this step, and the highest so far, as shares of the power of all chargers.
    Action: load between the least (-1) and the largest (+1). All charging targets are met.
    Reward: profit less the fee, EUR.

    Args:
        scenario: prices and charging sessions, in steps of an hour.
        fee_eur_per_kw: for each kW of a new peak.
        days: length of an episode, which starts at midnight of a random day.
    """

    def __init__(self, scenario: Scenario, fee_eur_per_kw: float = 1.0, days: int = 7) -> None:
        rules = {"guarantee": True, "contract": {"families": ()}}  # no V2G contracts
        self.simulation = Simulation(scenario, rules)
        self.fee_eur_per_kw, self.days = fee_eur_per_kw, days
        self.observation_space = gym.spaces.Box(-10.0, 10.0, (6,), np.float32)
        self.action_space = gym.spaces.Box(-1.0, 1.0, (1,), np.float32)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Array, dict[str, Any]]:
        """Start at midnight of a random day, with no car connected."""
        super().reset(seed=seed)
        day_of_step = self.simulation.scenarios[0].day
        day = self.np_random.integers(day_of_step[-1] - self.days)
        start, end = np.searchsorted(day_of_step, (day, day + self.days)).tolist()
        self.simulation.reset(start_step=start, end_step=end + 1)  # the last look needs a price
        self.steps_left, self.peak_kw = end - start, 0.0
        return self._observe(), {}

    def step(self, action: Array) -> tuple[Array, float, bool, bool, dict[str, Any]]:
        """Charge for an hour."""
        load_kwh = self.least_kwh + (float(action[0]) + 1) / 2 * (self.most_kwh - self.least_kwh)
        booked = self.simulation.step(Decisions(fleet_kwh=load_kwh))[0]
        fee_eur = self.fee_eur_per_kw * max(load_kwh - self.peak_kw, 0.0)  # kWh in an hour: kW
        self.peak_kw = max(self.peak_kw, load_kwh)
        self.steps_left -= 1
        reward = float(booked[: len(MONEY)].sum()) - fee_eur
        return self._observe(), reward, False, self.steps_left == 0, {"fee_eur": fee_eur}

    def _observe(self) -> Array:
        seen = self.simulation.snapshot()
        self.least_kwh, self.most_kwh = float(seen.lo_kwh.sum()), float(seen.hi_kwh.sum())
        angle = 2 * np.pi * seen.period[0] / 24
        site = seen.params.site
        loads = np.array([self.least_kwh, self.most_kwh, self.peak_kw])
        shares = loads / (site.n_chargers * site.charge_kw)
        price = 10 * seen.da_eur_per_kwh[0]
        return np.array([np.sin(angle), np.cos(angle), price, *shares], dtype=np.float32)


def at_once(_: Array) -> Array:
    """All cars charge on arrival."""
    return np.ones(1, dtype=np.float32)


def below_the_peak(seen: Array) -> Array:
    """The load stays at 30 % of the power of all chargers, or at the peak so far."""
    least, most, peak = seen[3:]
    wanted = max(0.3, peak)
    return np.clip([2 * (wanted - least) / max(most - least, 1e-6) - 1], -1, 1).astype(np.float32)


def weekly_eur(
    env: PeakFeeEnv, policy: Callable[[Array], Array], weeks: int
) -> NDArray[np.float64]:
    """(2,) mean reward of a week and the fees in it, EUR."""
    total = np.zeros(2)
    for seed in range(weeks):
        seen, _ = env.reset(seed=seed)
        over = False
        while not over:
            seen, reward, _, over, info = env.step(policy(seen))
            total += reward, info["fee_eur"]
    return total / weeks


if __name__ == "__main__":
    environment = PeakFeeEnv(as_source("synthetic:train", dt_h=1.0).scenario(0))
    print(f"{'policy':16}{'EUR a week':>12}{'fees':>12}")
    for rule in (at_once, below_the_peak):
        profit_eur, fees_eur = weekly_eur(environment, rule, weeks=8)
        print(f"{rule.__name__:16}{profit_eur:12.1f}{-fees_eur:12.1f}")

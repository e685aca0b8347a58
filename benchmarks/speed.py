"""Measures speed: environment steps per second, and what a year costs each policy.

    python -m benchmarks.speed [--seconds 2] [--json]

Each figure is the best of several stretches, after a warm-up that compiles; other
work on the machine lowers it. Resets and automatic resets are included.
"""

from __future__ import annotations

import json
import platform
import sys
from collections.abc import Callable
from importlib.metadata import version
from time import perf_counter
from typing import Annotated, Any

import gymnasium as gym
import numpy as np
import typer
from rich.console import Console
from rich.table import Table

import vpp_gym
from vpp_gym.evaluation import evaluate
from vpp_gym.policies.baselines import baselines
from vpp_gym.scenarios.synthetic import SyntheticSource

STRETCHES = 5
CHARGERS = 50


def best_rate(step: Callable[[], Any], counts: float, seconds: float) -> float:
    """Largest rate of `counts` things per call over a few stretches of time."""
    step()
    rates = []
    for _ in range(STRETCHES):
        calls, begin = 0, perf_counter()
        while (spent := perf_counter() - begin) < seconds / STRETCHES or calls == 0:
            step()
            calls += 1
        rates.append(calls * counts / spent)
    return max(rates)


def scalar_rate(seconds: float) -> float:
    """Steps per second through `gym.make`, with resets."""
    env = gym.make("VPPDayAhead-v0", params={"site": {"n_chargers": CHARGERS}})
    actions = _actions(env.action_space, 168)

    def episode() -> None:
        env.reset()
        for action in actions:
            env.step(action)

    env.reset(seed=0)
    for _ in range(64):  # build the years that episodes are drawn from
        env.reset()
    return best_rate(episode, len(actions), seconds)


def batch_rate(seconds: float, num_envs: int, n_chargers: int = CHARGERS, **options: Any) -> float:
    """Environment steps per second in a batch, with automatic resets."""
    step = batch_step(num_envs, n_chargers, **options)
    for _ in range(24):
        step()
    return best_rate(step, num_envs, seconds)


def batch_step(num_envs: int, n_chargers: int = CHARGERS, **options: Any) -> Callable[[], Any]:
    """One step of a batch whose runs are spread over the week, so that resets spread, too."""
    envs = gym.make_vec(
        "VPPDayAhead-v0",
        num_envs=num_envs,
        vectorization_mode="vector_entry_point",
        params={"site": {"n_chargers": n_chargers}},
        **options,
    )
    envs.reset(seed=0)
    for run in range(num_envs):
        envs.unwrapped.core.place(  # type: ignore[attr-defined]
            np.array([run]), [np.random.default_rng(run)], {"episode_days": 1 + run % 7}
        )
    action = envs.action_space.sample()
    return lambda: envs.step(action)


def microgrid_rate(seconds: float, num_envs: int) -> float:
    """Environment steps per second of microgrids in a batch, with automatic resets."""
    envs = gym.make_vec(
        "FCEVMicrogrid-v0",
        num_envs=num_envs,
        vectorization_mode="vector_entry_point",
        volumes=True,
        rewards=True,
    )
    envs.reset(seed=0)
    action = envs.action_space.sample()
    return best_rate(lambda: envs.step(action), num_envs, seconds)


def car_park_rate(seconds: float, num_envs: int, control: str) -> float:
    """Days per second of car parks of 500 cars in a batch, with automatic resets."""
    envs = gym.make_vec(
        "FCEVCarPark-v0",
        num_envs=num_envs,
        vectorization_mode="vector_entry_point",
        control=control,
    )
    envs.reset(seed=0)
    action = np.zeros(envs.action_space.shape or (), dtype=np.float32)
    return best_rate(lambda: envs.step(action), num_envs, seconds)


def large_fleet_rate(seconds: float) -> float:
    """EV-steps per second: connected EVs times steps, at 10,000 chargers."""
    source = SyntheticSource("train", n_scenarios=1, sessions_per_day=27.4 * 1000, days=14)
    envs = gym.make_vec(
        "VPPDayAhead-v0",
        num_envs=4,
        vectorization_mode="vector_entry_point",
        scenario=source,
        params={"site": {"n_chargers": 10_000}},
    )
    envs.reset(seed=0)
    action = envs.action_space.sample()
    state = envs.unwrapped.core.simulation.state  # type: ignore[attr-defined]
    for _ in range(30):
        envs.step(action)
    moved, spent = 0, 0.0
    while spent < seconds:
        moved += int(state.occupied.sum())
        begin = perf_counter()
        envs.step(action)
        spent += perf_counter() - begin
    return moved / spent


def year_seconds() -> dict[str, float]:
    """Wall time of a year of about 27 sessions a day, for each baseline."""
    scenario = SyntheticSource("test").scenario(0)
    seconds = {}
    for name, policy in baselines().items():
        evaluate(policy, scenario, end_step=48)  # compiles
        begin = perf_counter()
        evaluate(policy, scenario)
        seconds[name] = perf_counter() - begin
    return seconds


def _actions(space: gym.Space[Any], n: int) -> list[Any]:
    space.seed(0)
    return [space.sample() for _ in range(n)]


def measure(seconds: float) -> dict[str, Any]:
    """All figures."""
    rates = {
        "gym.make": scalar_rate(seconds),
        "batch of 64": batch_rate(seconds, 64),
        "batch of 1024": batch_rate(seconds, 1024),
        "batch of 1024, two threads": batch_rate(seconds, 1024, threads=2),
        "batch of 1024, bids from the expected load": batch_rate(
            seconds, 1024, bids="expected_load"
        ),
        "batch of 1024, per EV": batch_rate(seconds, 1024, control="per_ev"),
        "batch of 1024, quarter hours": batch_rate(seconds, 1024, dt_h=0.25),
        "batch of 4, 10000 chargers, EV-steps": large_fleet_rate(seconds),
        "microgrids of fuel-cell cars, batch of 256": microgrid_rate(seconds, 256),
        "car parks of 500 fuel-cell cars, batch of 256, days": car_park_rate(
            seconds, 256, "hourly"
        ),
        "the same, by the shape of the orders": car_park_rate(seconds, 256, "shape"),
    }
    return {
        "steps_per_second": rates,
        "batch_of_1024_over_gym_make": rates["batch of 1024"] / rates["gym.make"],
        "year_seconds": year_seconds(),
        "machine": {"processor": platform.machine(), "python": platform.python_version()},
        "versions": {name: version(name) for name in ("numpy", "numba", "gymnasium")},
        "vpp_gym": vpp_gym.__version__,
    }


def main(
    seconds: Annotated[float, typer.Option(min=0.1, help="Seconds for each rate.")] = 2.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Measure the speed of the environments and the policies on this machine."""
    figures = measure(seconds)
    if as_json:
        sys.stdout.write(json.dumps(figures, indent=2) + "\n")
        return
    rates = Table("environment", "steps per second", title=f"{CHARGERS} chargers unless said")
    for name, rate in figures["steps_per_second"].items():
        rates.add_row(name, f"{rate:,.0f}")
    years = Table("policy", "seconds", title="one year, hourly, 27 sessions a day")
    for name, spent in figures["year_seconds"].items():
        years.add_row(name, f"{spent:.1f}")
    Console().print(rates, years)


if __name__ == "__main__":
    typer.run(main)

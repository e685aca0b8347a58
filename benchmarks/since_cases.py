"""What `benchmarks.since` measures at a commit: fixed runs, by names that commits have in common.

Run as a script with the tree of a commit on the path: lines of JSON say what, and are answered.
"""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Callable
from importlib import import_module
from time import perf_counter
from typing import Any

import gymnasium as gym
import numpy as np

from vpp_gym.evaluation import evaluate
from vpp_gym.scenarios.synthetic import SyntheticSource

SESSIONS_PER_DAY = {7: 27.4, 37: 148.0, 1_000: 2_740.0, 10_000: 27_400.0}
"""By the cars that are connected at a time, about."""
WARM_UP = 30
"""Steps until lots are as full as they get."""
WEEK_H = 168

Stretch = Callable[[], float]
"""Runs the same steps again; seconds of one step of one environment."""


def environments(case: dict[str, Any]) -> tuple[Stretch, float]:
    """A stretch of steps of a batch, or of `gym.make`; and how many cars are connected."""
    cars, n_envs, steps = case["cars"], case["environments"], case["steps"]
    settings: dict[str, Any] = {
        "scenario": SyntheticSource(
            "train", 1, sessions_per_day=SESSIONS_PER_DAY[cars], days=14, dt_h=1.0
        ),
        "params": {"site": {"n_chargers": max(50, cars)}},
    }
    if n_envs == 1:
        envs: Any = gym.make("VPPDayAhead-v0", **settings)
    else:
        settings |= {"vectorization_mode": "vector_entry_point", "threads": case["threads"]}
        envs = gym.make_vec("VPPDayAhead-v0", n_envs, **settings)
    envs.action_space.seed(0)
    action, core = envs.action_space.sample(), envs.unwrapped.core

    def begin() -> None:
        envs.reset(seed=0)
        for days in range(1, 8 * (n_envs > 1)):  # so that resets are spread over the week
            runs = np.arange(days - 1, n_envs, 7)
            if runs.size:
                generators = [np.random.default_rng(run) for run in runs.tolist()]
                core.place(runs, generators, {"episode_days": days})
        for _ in range(WARM_UP):
            step()

    def step() -> None:
        ended = envs.step(action)[3]
        if n_envs == 1 and ended:
            envs.reset()

    def stretch() -> float:
        begin()
        since = perf_counter()
        for _ in range(steps):
            step()
        return (perf_counter() - since) / steps / n_envs

    begin()
    connected = []
    for _ in range(steps):
        step()
        connected.append(core.simulation.state.occupied.sum() / n_envs)
    return stretch, float(np.mean(connected))


def days(case: dict[str, Any]) -> tuple[Stretch, float]:
    """Three days of a batch of environments whose step is a day, with the default scheduler."""
    settings = {"threads": case["threads"]} if case["threads"] > 1 else {}
    source = SyntheticSource("train", 1, sessions_per_day=SESSIONS_PER_DAY[7], days=28, dt_h=1.0)
    kind, n_envs = "vector_entry_point", case["environments"]
    envs: Any = gym.make_vec(
        case["env_id"], n_envs, vectorization_mode=kind, scenario=source, **settings
    )
    shape = envs.action_space.shape

    def stretch() -> float:
        rng = np.random.default_rng(0)
        envs.reset(seed=0)
        since = perf_counter()
        for _ in range(3):
            envs.step(rng.uniform(-1, 1, shape).astype(np.float32))
        return (perf_counter() - since) / 3 / n_envs

    stretch()
    return stretch, 0.0


def planner(case: dict[str, Any]) -> tuple[Stretch, float]:
    """Four weeks of a policy at quarter hours, the simulator included."""
    source = SyntheticSource("train", 1, sessions_per_day=SESSIONS_PER_DAY[7], days=28, dt_h=0.25)
    scenario, name = source.scenario(0), case["policy"]
    evaluate(_policy(name), scenario, end_step=192)

    def stretch() -> float:
        policy = _policy(name)
        since = perf_counter()
        evaluate(policy, scenario)
        return (perf_counter() - since) / scenario.n_steps

    return stretch, 0.0


def _policy(name: str) -> Any:
    """A fresh policy by its name."""
    try:
        module = import_module("vpp_gym.policies.baselines")
    except ImportError:  # the first commits
        return import_module("vpp_gym.policies.operator").baselines()[name]
    return module.baseline(name)


KINDS = {"environments": environments, "days": days, "planner": planner}


def main() -> None:
    """Answer each line: seconds of the best stretch, and cars."""
    warnings.simplefilter("ignore")
    for line in sys.stdin:
        case = json.loads(line)
        stretch, cars = KINDS[case["kind"]](case)
        best, until = stretch(), perf_counter() + case["seconds"]
        while perf_counter() < until:
            best = min(best, stretch())
        sys.stdout.write(json.dumps({"best_s": best, "cars": cars}) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()

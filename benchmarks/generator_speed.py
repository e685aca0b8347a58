"""What drawing synthetic years costs, beside stepping the environments trained in them.

    python -m benchmarks.generator_speed [--seconds 2]

Environments draw their episodes from the 32 training years of the default source. A year
is built when an episode first falls into it, and then kept: all of it is paid once. Both
sides are measured in the same run, each as the best of several stretches.
"""

from __future__ import annotations

import json
import sys
from itertools import count
from typing import Annotated

import typer

from benchmarks.speed import CHARGERS, batch_rate, best_rate
from vpp_gym.scenarios.synthetic import N_SCENARIOS, SyntheticSource

NUM_ENVS = 1024
HOURS_PER_YEAR = 8760
FLEETS = {1.0: 365, 27.4: 365, 1_000.0: 365, 10_000.0: 60, 100_000.0: 7}
"""Sessions a day and the days that are drawn, so that each takes a few seconds at most."""
TARGET_SHARE = 0.05


def years_per_second(seconds: float) -> float:
    """Default training years drawn in a second."""
    source, index = SyntheticSource("train", n_scenarios=100_000), count()
    return best_rate(lambda: source.scenario(next(index)), 1, seconds)


def sessions_per_second(sessions_per_day: float, days: int, seconds: float) -> float:
    """Sessions drawn in a second, prices of their days included."""
    seeds = count()
    drawn = []

    def draw() -> None:
        source = SyntheticSource(sessions_per_day=sessions_per_day, days=days, seed=next(seeds))
        drawn.append(len(source.scenario(0).sessions))

    draw()
    per_call = drawn[0]
    return best_rate(draw, per_call, seconds)


def measure(seconds: float) -> dict[str, float]:
    """Costs in seconds, and what part of stepping the environments they are."""
    year_s = 1 / years_per_second(seconds)
    stepping_s = NUM_ENVS * HOURS_PER_YEAR / batch_rate(seconds, NUM_ENVS)
    training_s = N_SCENARIOS["train"] * year_s
    return {
        "year_s": year_s,
        "stepping_a_year_s": stepping_s,
        "one_year_share": year_s / stepping_s,
        "training_years_share": training_s / stepping_s,
        "a_year_for_each_environment_share": NUM_ENVS * year_s / stepping_s,
    }


def main(
    seconds: Annotated[float, typer.Option(min=0.1, help="Time spent on each rate.")] = 2.0,
    fleets: Annotated[bool, typer.Option(help="Also fleets of 1 to 100,000 a day.")] = True,
) -> None:
    """Measure, and print JSON."""
    found: dict[str, object] = {
        "num_envs": NUM_ENVS,
        "chargers": CHARGERS,
        "target_share": TARGET_SHARE,
        **measure(seconds),
    }
    if fleets:
        found["sessions_per_second"] = {
            f"{n:g} a day, {days} days": sessions_per_second(n, days, seconds)
            for n, days in FLEETS.items()
        }
    sys.stdout.write(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    typer.run(main)

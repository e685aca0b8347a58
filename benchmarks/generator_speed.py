"""What drawing synthetic years costs, beside stepping the environments trained in them.

    python -m benchmarks.generator_speed [--seconds 6]

Environments draw their episodes from the 32 training years of the default source. A year
is built when an episode first falls into it, laid in the simulator's dataset, and then kept:
all of it is paid once. Most of it would be paid if each environment had a year of its own;
that is what the target is for. Drawing, placing and stepping take turns, each counts as
the best of its turns, in processor time: other work on the machine hits all three.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from itertools import count
from time import process_time
from typing import Annotated, Any

import typer

from benchmarks.speed import CHARGERS, batch_step, best_rate
from vpp_gym.params import VPPParams
from vpp_gym.scenarios.scenario import Scenario
from vpp_gym.scenarios.synthetic import N_SCENARIOS, SyntheticSource
from vpp_gym.simulation.dataset import build_dataset

NUM_ENVS = 1024
DT_H = 0.25
STEPS_PER_YEAR = round(8760 / DT_H)
YEARS_A_TURN, STEPS_A_TURN = 16, 24
FLEETS = {1.0: 365, 27.4: 365, 1_000.0: 365, 10_000.0: 60, 100_000.0: 7}
"""Sessions a day and the days that are drawn, so that each takes a few seconds at most."""
TARGET_SHARE = 0.05


def sessions_per_second(sessions_per_day: float, days: int, seconds: float) -> float:
    """Sessions drawn in a second, prices of their days included."""
    seeds = count()
    drawn = []

    def draw() -> None:
        source = SyntheticSource(
            dt_h=DT_H, sessions_per_day=sessions_per_day, days=days, seed=next(seeds)
        )
        drawn.append(len(source.scenario(0).sessions))

    draw()
    per_call = drawn[0]
    return best_rate(draw, per_call, seconds)


def least_times(turns: dict[str, Callable[[], Any]], seconds: float) -> dict[str, float]:
    """Processor time of each piece of work, the best of its turns after a first one."""
    for work in turns.values():
        work()
    spent: dict[str, list[float]] = {name: [] for name in turns}
    while sum(map(sum, spent.values())) < seconds:
        for name, work in turns.items():
            begin = process_time()
            work()
            spent[name].append(process_time() - begin)
    return {name: min(times) for name, times in spent.items()}


def measure(seconds: float) -> dict[str, float]:
    """Seconds that a year takes to draw, to place and to step, and memory of the first two."""
    source, index, params = (
        SyntheticSource("train", n_scenarios=100_000, dt_h=DT_H),
        count(),
        VPPParams(),
    )
    years: list[Scenario] = []

    def draw() -> None:
        years[:] = [source.scenario(next(index)) for _ in range(YEARS_A_TURN)]

    one_step = batch_step(NUM_ENVS, dt_h=DT_H)
    least = least_times(
        {
            "draw": draw,
            "place": lambda: build_dataset(years, params),
            "step": lambda: [one_step() for _ in range(STEPS_A_TURN)],
        },
        seconds,
    )
    dataset = build_dataset(years, params)
    return {
        "draw_a_year_s": least["draw"] / YEARS_A_TURN,
        "place_a_year_s": least["place"] / YEARS_A_TURN,
        "step_a_year_s": least["step"] / STEPS_A_TURN * STEPS_PER_YEAR / NUM_ENVS,
        "dataset_of_a_year_mb": sum(getattr(part, "nbytes", 0) for part in dataset)
        / YEARS_A_TURN
        / 1e6,
    }


def shares(found: dict[str, float]) -> dict[str, dict[str, float | bool]]:
    """What part of stepping all environments for a year their years cost, by their number."""
    draw, place = (found[f"{name}_a_year_s"] / found["step_a_year_s"] for name in ("draw", "place"))
    years = {"training_years": N_SCENARIOS["train"], "one_year_each": NUM_ENVS}
    return {
        name: {
            "years": n,
            "draw_share": draw * n / NUM_ENVS,
            "draw_and_place_share": (draw + place) * n / NUM_ENVS,
            "target_share": TARGET_SHARE,
            "meets_target": draw * n / NUM_ENVS < TARGET_SHARE,
        }
        for name, n in years.items()
    }


def main(
    seconds: Annotated[
        float, typer.Option(min=0.1, help="Seconds of processor time for each figure.")
    ] = 6.0,
    fleets: Annotated[
        bool, typer.Option(help="Also measure fleets of 1 to 100,000 cars a day.")
    ] = True,
) -> None:
    """Measure, and print JSON."""
    costs = measure(seconds)
    found: dict[str, object] = {"num_envs": NUM_ENVS, "chargers": CHARGERS, **costs}
    found["of_stepping"] = shares(costs)
    if fleets:
        found["sessions_per_second"] = {
            f"{n:g} a day, {days} days": sessions_per_second(n, days, seconds / len(FLEETS))
            for n, days in FLEETS.items()
        }
    sys.stdout.write(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    typer.run(main)

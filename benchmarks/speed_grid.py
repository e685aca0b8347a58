"""Measures steps a second of batches of sites, from one site to 8,192 and from 7 cars to 10,000.

    python -m benchmarks.speed_grid [--seconds 0.5] [--gigabytes 1] [--out FOLDER]

Each rate is the best of a few stretches, with automatic resets, in the default world by the hour.
Beside it stands a roof that is measured in the same moment on the same memory: a kernel that does
no more than to read and write the record of every connected car. `python docs/build_speed.py`
puts the results on the page.
"""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from time import perf_counter
from typing import Annotated, Any, NamedTuple

import gymnasium as gym
import numpy as np
import typer
from rich.console import Console

from benchmarks.differences import RESULTS, write_table
from benchmarks.speed import best_rate
from vpp_gym.errors import InvalidInputError
from vpp_gym.files.trial import check_folder
from vpp_gym.kernels import njit
from vpp_gym.scenarios.synthetic import SyntheticSource
from vpp_gym.simulation.state import State


class Site(NamedTuple):
    """A site, and how busy it is.

    Attributes:
        cars: about so many are connected at a time.
        chargers: it has.
        sessions_per_day: that arrive.
    """

    cars: int
    chargers: int
    sessions_per_day: float


SITES = (
    Site(7, 50, 27.4),
    Site(37, 50, 148.0),
    Site(1_000, 1_300, 3_860.0),
    Site(10_000, 13_000, 38_600.0),
)
BATCHES = (1, 16, 64, 1_024, 8_192)
THREADS = (1, 2)
CHARGER_BYTES = 260
"""Of the state, about: to leave out what does not fit the memory."""
WARM_UP = 30
"""Steps until lots are as full as they get."""
TITLE = "Steps a second"


@njit
def least_work(state: State, moved_kwh: float) -> None:
    """Read and write the record of every connected car: what any step has to do at least."""
    for b in range(len(state.run)):
        for k in range(state.run[b].connected):
            ev = state.ev[b, state.lot[b, k]]
            room = ev.target_kwh - ev.energy_kwh + ev.contract_kwh + ev.keep_kwh
            ev.laxity_h += moved_kwh * room
            ev.hi_kwh += moved_kwh * ev.departure


def batch(site: Site, num_envs: int, threads: int) -> gym.vector.VectorEnv:
    """A batch whose episodes end at different times."""
    envs: Any = gym.make_vec(
        "VPPDayAhead-v0",
        num_envs=num_envs,
        vectorization_mode="vector_entry_point",
        scenario=_source(site),
        params={"site": {"n_chargers": site.chargers}},
        threads=threads,
    )
    envs.reset(seed=0)
    for days in range(1, 8):
        runs = np.arange(days - 1, num_envs, 7)
        if runs.size:
            generators = [np.random.default_rng(run) for run in runs.tolist()]
            envs.unwrapped.core.place(runs, generators, {"episode_days": days})
    return envs


def _source(site: Site) -> SyntheticSource:
    return SyntheticSource("train", 1, sessions_per_day=site.sessions_per_day, days=14, dt_h=1.0)


def scalar(site: Site) -> tuple[Callable[[], Any], Any]:
    """A step of `gym.make`, with resets; and its core."""
    env: Any = gym.make(
        "VPPDayAhead-v0", scenario=_source(site), params={"site": {"n_chargers": site.chargers}}
    )
    env.reset(seed=0)
    env.action_space.seed(0)
    action = env.action_space.sample()

    def step() -> None:
        if env.step(action)[3]:
            env.reset()

    return step, env.unwrapped.core


def measured(site: Site, num_envs: int, threads: int, seconds: float) -> dict[str, Any]:
    """One row of the table."""
    if num_envs == 1:
        step, core = scalar(site)
    else:
        envs: Any = batch(site, num_envs, threads)
        action, core = envs.action_space.sample(), envs.unwrapped.core

        def step() -> None:
            envs.step(action)

    for _ in range(WARM_UP):
        step()
    connected: list[float] = []
    state = core.simulation.state

    def counted() -> None:
        step()
        if len(connected) < 200:
            connected.append(state.run["connected"].mean())

    env_steps = best_rate(counted, num_envs, seconds)
    cars = float(np.mean(connected))
    while not state.run["connected"].any():  # the roof counts cars, too
        step()
    least_work(state, 0.0)
    roof = best_rate(lambda: least_work(state, 0.0), state.run["connected"].sum(), seconds / 5)
    size = sum(part.nbytes for part in state)
    return {
        "cars": site.cars,
        "chargers": site.chargers,
        "environments": num_envs,
        "threads": threads,
        "connected": cars,
        "env_steps_per_s": env_steps,
        "car_steps_per_s": env_steps * cars,
        "roof_car_steps_per_s": roof,
        "state_bytes_per_charger": size / (num_envs * site.chargers),
    }


def copy_gb_per_s() -> float:
    """Speed of copying memory, read and written bytes together."""
    source = np.zeros(32 * 2**20)
    target = np.empty_like(source)
    return best_rate(lambda: np.copyto(target, source), 2 * source.nbytes / 1e9, 0.5)


def machine() -> str:
    """What it was measured on."""
    names = ("numpy", "numba", "gymnasium")
    versions = ", ".join(f"{name} {version(name)}" for name in names)
    return f"{_processor()}, {os.cpu_count()} CPUs; Python {platform.python_version()}, {versions}"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.machine()


def main(
    seconds: Annotated[float, typer.Option(min=0.05, help="Seconds for each rate.")] = 0.5,
    gigabytes: Annotated[float, typer.Option(min=0.01, help="Largest state measured.")] = 1.0,
    out: Annotated[Path, typer.Option(help="Folder of the tables.")] = RESULTS,
) -> None:
    """Measure every size of batch and site, and write the table."""
    check_folder(out, "out")
    begin, rows, load = perf_counter(), [], os.getloadavg()[0]
    for site in SITES:
        for num_envs in BATCHES:
            if num_envs * site.chargers * CHARGER_BYTES > gigabytes * 1e9:
                continue
            counts = THREADS if num_envs > 1 else (1,)
            rows += [measured(site, num_envs, threads, seconds) for threads in counts]
        Console().print(f"{site.cars} cars: done after {perf_counter() - begin:.0f} s")
    notes = (
        "Best of five stretches each, in the default world by the hour, automatic resets "
        "included; one environment is stepped through `gym.make`, more in one batch. The roof is "
        "one thread that only reads and writes the records of the connected cars. Batches whose "
        f"state is larger than {gigabytes:g} GB are left out. Copying memory: "
        f"{copy_gb_per_s():.1f} GB/s. Machine: {machine()}; its load before was {load:.1f}."
    )
    command = f"python -m benchmarks.speed_grid --seconds {seconds:g} --gigabytes {gigabytes:g}"
    write_table("speed", rows, title=TITLE, notes=notes, command=command, folder=out)


if __name__ == "__main__":
    try:
        typer.run(main)
    except InvalidInputError as refused:
        sys.exit(str(refused))

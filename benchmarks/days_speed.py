"""Days a second of the environments whose step is a day: compiled plans against policies.

    python -m benchmarks.days_speed [--seconds 5] [--out FOLDER]

Both columns are measured in turns in one run, in the same batch with the same scheduler, the
rolling MPC: once planned in compiled code, once by the policy, run by run. Rewards must be the
same, bit for bit. Automatic resets are included; other work on the machine lowers both columns,
and the ratio less. `python docs/build_speed.py` puts the results on the page.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from time import perf_counter
from typing import Annotated, Any

import gymnasium as gym
import numpy as np
import typer
from rich.console import Console

from benchmarks.differences import RESULTS, write_table
from benchmarks.speed_grid import machine
from vpp_gym.errors import InvalidInputError
from vpp_gym.files.trial import check_folder
from vpp_gym.policies.forecasters import DayAheadAnchored
from vpp_gym.policies.scheduler import RollingScheduler

ENVIRONMENTS = ("VPPBidding-v0", "VPPContracts-v0")
CASES = ((1, 1), (16, 1), (64, 1), (64, 2))
"""Environments in a batch, and threads."""
CHECKED_DAYS = 2
TITLE = "Days a second of environments whose step is a day"


class OneByOne(RollingScheduler):
    """The scheduler, of a class of its own, for which no compiled planner is known."""

    def __init__(self) -> None:
        super().__init__(name="rolling_mpc", forecaster=DayAheadAnchored(), term_h=0)


class Batch:
    """A batch that is stepped with random actions, and how long that took.

    Args:
        env_id: of the environments.
        num_envs: in the batch.
        more: keywords of the environment.
    """

    def __init__(self, env_id: str, num_envs: int, **more: Any) -> None:
        kind = "vector_entry_point"
        self._envs = gym.make_vec(env_id, num_envs=num_envs, vectorization_mode=kind, **more)
        self._envs.reset(seed=0)
        self._rng = np.random.default_rng(0)
        self._days, self._seconds = 0, 0.0

    def step(self) -> np.ndarray:
        """(B,) rewards of the next day."""
        shape = self._envs.action_space.shape
        actions = self._rng.uniform(-1, 1, shape).astype(np.float32)
        begin = perf_counter()
        rewards = self._envs.step(actions)[1]
        self._seconds += perf_counter() - begin
        self._days += self._envs.num_envs
        return rewards

    def forget(self) -> None:
        """Count from here on."""
        self._days, self._seconds = 0, 0.0

    @property
    def rate(self) -> float:
        """Days a second."""
        return self._days / self._seconds


def measured(env_id: str, num_envs: int, threads: int, seconds: float) -> dict[str, Any]:
    """One row: days a second either way, and their ratio."""
    compiled = Batch(env_id, num_envs, threads=threads)
    policies = Batch(env_id, num_envs, scheduler=OneByOne)
    for _ in range(CHECKED_DAYS):
        np.testing.assert_array_equal(compiled.step(), policies.step())
    for batch in (compiled, policies):
        batch.forget()
    begin, turns = perf_counter(), 0
    while perf_counter() - begin < seconds or turns == 0:
        policies.step()
        turns += 1
        until = perf_counter() + seconds / 20
        compiled.step()
        while perf_counter() < until:
            compiled.step()
    return {
        "environment": env_id,
        "batch": num_envs,
        "threads": threads,
        "days_per_second": compiled.rate,
        "one_by_one": policies.rate,
        "ratio": compiled.rate / policies.rate,
    }


def main(
    seconds: Annotated[float, typer.Option(min=0.1, help="Seconds for each row.")] = 5.0,
    out: Annotated[Path, typer.Option(help="Folder of the table.")] = RESULTS,
) -> None:
    """Measure days a second with compiled plans and with policies one by one; write the table."""
    check_folder(out, "out")
    load, rows = os.getloadavg()[0], []
    for env_id in ENVIRONMENTS:
        for case in CASES:
            rows.append(measured(env_id, *case, seconds))
            Console().print(f"{env_id}, {case[0]} environments: {rows[-1]['ratio']:.1f} times")
    notes = (
        "The rolling MPC in the default world of quarter hours, random actions, automatic resets "
        "included, both ways in turns; rewards are the same, bit for bit. Machine: "
        f"{machine()}; its load before was {load:.1f}."
    )
    command = f"python -m benchmarks.days_speed --seconds {seconds:g}"
    write_table("days_speed", rows, title=TITLE, notes=notes, command=command, folder=out)


if __name__ == "__main__":
    try:
        typer.run(main)
    except InvalidInputError as refused:
        sys.exit(str(refused))

"""How long a new user waits for the first step: programs that find no compiled kernels, and some.

    python -m benchmarks.first_step [--out FOLDER]

Each row has a folder of kernels of its own. A fresh program imports the package, makes one
environment and steps it once; a second program does the same with what the first has compiled.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import typer
from rich.console import Console

from benchmarks.differences import RESULTS, write_table
from benchmarks.fingerprint import ROOT
from benchmarks.speed_grid import machine
from vpp_gym.cli.ids import env_ids
from vpp_gym.errors import InvalidInputError
from vpp_gym.files.trial import check_folder

PROGRAM = """
import json, sys
from time import perf_counter
since = perf_counter()
import gymnasium as gym
import vpp_gym
env_id, settings = json.loads(sys.argv[1])
env = gym.make(env_id, **settings)
env.reset(seed=0)
env.step(env.action_space.sample())
print(perf_counter() - since)
"""
AT_A_SITE = {"scenario": "site:train"}
TITLE = "Seconds until the first step"


def cases() -> list[tuple[str, str, dict[str, Any]]]:
    """Name, environment and settings of each row."""
    plain = [(env_id, env_id, dict[str, Any]()) for env_id in env_ids(stays=True)]
    return [*plain, ("VPPDayAhead-v0 at a site", "VPPDayAhead-v0", AT_A_SITE)]


def seconds(env_id: str, settings: dict[str, Any], folder: Path) -> float:
    """What a fresh program takes from its first import to its first step.

    Args:
        env_id: environment.
        settings: of `gym.make`.
        folder: of compiled kernels.

    Raises:
        InvalidInputError: it does not get there.
    """
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "NUMBA_CACHE_DIR": str(folder)}
    command = [sys.executable, "-c", PROGRAM, json.dumps([env_id, settings])]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or ["no message"]
        raise InvalidInputError("environment", env_id, f"it cannot be stepped: {last[0]}")
    return float(done.stdout)


def row(name: str, env_id: str, settings: dict[str, Any]) -> dict[str, Any]:
    """The row of one environment, with a folder of kernels of its own."""
    with TemporaryDirectory() as folder:
        first, again = (seconds(env_id, settings, Path(folder)) for _ in range(2))
    return {"what": name, "first_s": first, "again_s": again}


def main(
    out: Annotated[Path, typer.Option(help="Folder of the table.")] = RESULTS,
) -> None:
    """Measure how long the first step of each environment takes; write the table."""
    check_folder(out, "out")
    load, found, console = os.getloadavg()[0], [], Console()
    for case in cases():
        found.append(row(*case))
        console.print(f"{case[0]}: {found[-1]['first_s']:.0f} s, then {found[-1]['again_s']:.1f} s")
    notes = (
        "From the first import to the first step of one environment, in a fresh program. First: no "
        "kernel is compiled yet. Again: the next program, with what the first one has kept on "
        "disk. An environment whose kernels another one has compiled waits for the rest only. "
        f"Machine: {machine()}; its load before was {load:.1f}."
    )
    command = "python -m benchmarks.first_step"
    write_table("first_step", found, title=TITLE, notes=notes, command=command, folder=out)


if __name__ == "__main__":
    try:
        typer.run(main)
    except InvalidInputError as refused:
        sys.exit(str(refused))

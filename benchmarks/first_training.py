"""Trains agents for 100,000 steps with the settings of `vpp-gym train`, as a first try has it.

    python -m benchmarks.first_training [--env ID]... [--again]

What is validated is what `vpp-gym train --env ID --timesteps 100000 --seed N` prints: EUR a year
above the reference action, mean of the validation years. The tests' worlds are not touched. What
is there already is kept; `docs/build_training.py` writes the table.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.leaderboard import RESULTS
from vpp_gym.errors import InvalidInputError
from vpp_gym.files.folders import scratch_folder
from vpp_gym.files.reader import read_text
from vpp_gym.files.writer import write_text

FILE = "first_training.csv"
STEPS = 100_000
RUNS: dict[str, tuple[int, tuple[int, ...]]] = {
    "VPPDispatch-v0": (STEPS, (0, 1, 2)),
    "VPPDayAhead-v0": (STEPS, (0,)),
    "VPPStay-v0": (STEPS, (0,)),
    "FCEVCarPark-v0": (STEPS, (0,)),
    "FCEVMicrogrid-v0": (STEPS, (0,)),
    "VPPContracts-v0": (5_000, (0,)),
    "VPPBidding-v0": (5_000, (0,)),
}
"""Environment steps and seeds. A step of the last two is a day, and takes as long as one."""
COLUMNS = ("env", "seed", "steps", "first_eur", "last_eur", "best_eur", "best_steps")


def trained(env_id: str, steps: int, seed: int) -> dict[str, str]:
    """A row: first, last and best validation."""
    from vpp_gym.training.request import run_settings
    from vpp_gym.training.trainer import Trainer
    from vpp_gym.training.validation import GAIN

    run = run_settings(env_id, timesteps=steps, seed=seed)
    with scratch_folder() as folder:
        progress = Trainer(run, folder).train()
    first, *_, last = progress.history
    best = max(progress.history, key=lambda entry: entry[GAIN])
    values = (
        env_id,
        seed,
        progress.steps,
        *(f"{entry[GAIN]:.0f}" for entry in (first, last, best)),
        int(best["steps"]),
    )
    return dict(zip(COLUMNS, map(str, values), strict=True))


def rows(path: Path) -> list[dict[str, str]]:
    """Rows of a file; none where there is no file yet."""
    if not path.exists():
        return []
    return list(csv.DictReader(read_text(path).splitlines()))


def written(found: list[dict[str, str]]) -> str:
    """The file of some rows, in the order of `RUNS`."""
    order = list(RUNS)
    found = sorted(found, key=lambda row: (order.index(row["env"]), int(row["seed"])))
    lines = [",".join(COLUMNS), *(",".join(row[name] for name in COLUMNS) for row in found)]
    return "\n".join(lines) + "\n"


def main(
    env: Annotated[list[str] | None, typer.Option(help="Only these environments.")] = None,
    again: Annotated[bool, typer.Option("--again", help="Also what is there already.")] = False,
    results: Annotated[Path, typer.Option(help="Folder of the result.")] = RESULTS,
) -> None:
    """Train what is missing, and add its rows to the file."""
    asked = env or list(RUNS)
    if unknown := [one for one in asked if one not in RUNS]:
        raise InvalidInputError("env", unknown[0], f"use one of {', '.join(RUNS)}")
    path = results / FILE
    for env_id in asked:
        steps, seeds = RUNS[env_id]
        for seed in seeds:
            others = [row for row in rows(path) if (row["env"], row["seed"]) != (env_id, str(seed))]
            if len(others) < len(rows(path)) and not again:
                continue
            row = trained(env_id, steps, seed)
            write_text(path, written([*others, row]))
            print(*row.values(), flush=True)


if __name__ == "__main__":
    try:
        typer.run(main)
    except InvalidInputError as refused:
        sys.exit(str(refused))

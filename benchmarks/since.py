"""How much faster steps, days and plans are than at an earlier commit, in one run.

    python -m benchmarks.since [--commit ac99b1e6] [--rounds 5] [--seconds 0.5] [--out FOLDER]

The tree of the commit is taken out of the repository's history into a folder of its own. Fresh
programs of either tree run the same cases in turns, with the same packages; a row gives the best
of all rounds. What a program finds in the caches of the processor depends on where its memory
happens to lie, so that several programs are needed. `python docs/build_speed.py` puts the results
on the page.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import typer
from rich.console import Console

from benchmarks.differences import RESULTS, write_table
from benchmarks.earlier import take_out
from benchmarks.fingerprint import ROOT
from benchmarks.speed_grid import machine
from vpp_gym.errors import InvalidInputError
from vpp_gym.files.trial import check_folder

FIRST = "ac99b1e6"
"""The last commit before steps were made faster."""
CASES_FILE = Path(__file__).with_name("since_cases.py")
STEPS = (
    (7, 1, 1), (7, 16, 1), (7, 256, 1), (7, 256, 2), (7, 1_024, 1), (7, 1_024, 2),
    (37, 16, 1), (37, 1_024, 1), (37, 1_024, 2), (1_000, 16, 1), (1_000, 16, 2),
    (10_000, 4, 1), (10_000, 4, 2),
)  # fmt: skip
"""Connected cars, about, environments and threads."""
DAYS = tuple(
    (env_id, 64, threads) for env_id in ("VPPBidding-v0", "VPPContracts-v0") for threads in (1, 2)
)
POLICIES = (
    "charge_on_arrival",
    "algorithm_1_3h",
    "rolling_mpc",
    "rolling_mpc_3h",
    "stochastic_mpc",
    "rolling_mpc+two_stage",
    "hindsight",
)
TITLE = "Rates beside those of an earlier commit"


def cases() -> list[dict[str, Any]]:
    """What is measured."""
    found: list[dict[str, Any]] = []
    for cars, environments, threads in STEPS:
        case = {"kind": "environments", "what": "VPPDayAhead-v0", "cars": cars}
        steps = 120 if cars < 1_000 else 24
        found.append({**case, "environments": environments, "threads": threads, "steps": steps})
    for env_id, environments, threads in DAYS:
        case = {"kind": "days", "what": f"{env_id}, days", "env_id": env_id}
        # The first commits have no threads here.
        found.append({**case, "environments": environments, "threads": threads})
    for name in POLICIES:
        case = {"kind": "planner", "what": f"{name}, quarter hours", "policy": name}
        found.append({**case, "environments": 1, "threads": 1})
    return found


def measured(
    tree: Path, asked: Sequence[Mapping[str, Any]], seconds: float
) -> list[dict[str, float]]:
    """Answers of a fresh program that finds the package in a tree."""
    environment = {**os.environ, "PYTHONPATH": str(tree), "OMP_NUM_THREADS": "1"}
    lines = "".join(json.dumps({**case, "seconds": seconds}) + "\n" for case in asked)
    command = [sys.executable, str(CASES_FILE)]
    done = subprocess.run(
        command, cwd=tree, env=environment, input=lines, capture_output=True, text=True, check=False
    )
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or ["no message"]
        raise InvalidInputError("commit", str(tree), f"its cases do not run: {last[0]}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def single_threaded(case: Mapping[str, Any]) -> dict[str, Any]:
    """The case as commits run it whose days know no threads."""
    return {**case, "threads": 1} if case["kind"] == "days" else dict(case)


def rows(
    then: Sequence[Sequence[Mapping[str, float]]],
    now: Sequence[Sequence[Mapping[str, float]]],
) -> list[dict[str, Any]]:
    """A row for each case, from the answers of all rounds."""
    result = []
    for k, case in enumerate(cases()):
        before, after = (min(answers[k]["best_s"] for answers in each) for each in (then, now))
        cars_then, cars_now = then[0][k]["cars"], now[0][k]["cars"]
        ratio = before / after
        result.append(
            {
                "what": case["what"],
                "environments": case["environments"],
                "threads": case["threads"],
                "cars_then": cars_then,
                "cars_now": cars_now,
                "then_per_s": 1.0 / before,
                "now_per_s": 1.0 / after,
                "ratio": ratio,
                "ratio_of_car_steps": ratio * cars_now / cars_then if cars_then else ratio,
            }
        )
    return result


def main(
    commit: Annotated[str, typer.Option(help="The earlier commit.")] = FIRST,
    rounds: Annotated[int, typer.Option(min=1, help="Programs of each tree.")] = 5,
    seconds: Annotated[float, typer.Option(min=0.01, help="Of each case in a round.")] = 0.5,
    out: Annotated[Path, typer.Option(help="Folder of the table.")] = RESULTS,
) -> None:
    """Measure what a commit and the present tree take for the same; write the table."""
    check_folder(out, "out")
    load, asked, console = os.getloadavg()[0], cases(), Console()
    with TemporaryDirectory() as folder:
        take_out(commit, Path(folder), "vpp_gym")
        trees = {
            "then": (Path(folder), [single_threaded(case) for case in asked]),
            "now": (ROOT, asked),
        }
        for tree, of_tree in trees.values():
            measured(tree, of_tree, 0.01)  # compiles
        answers: dict[str, list[list[dict[str, float]]]] = {name: [] for name in trees}
        for done in range(rounds):
            for name in sorted(trees, reverse=bool(done % 2)):
                answers[name].append(measured(*trees[name], seconds))
            console.print(f"round {done + 1} of {rounds}")
    notes = (
        f"Then is commit {commit}, with the same packages. Best of {rounds} fresh programs each, "
        "in turns. Environments by the hour, in each tree's own default world: the earlier one has "
        "no early departures, and fewer cars connected at as many arrivals; the last column counts "
        "steps of connected cars. Days of the earlier tree know no threads, and run on one. "
        "Policies run four weeks at quarter hours, simulator included, 27 cars a day. Machine: "
        f"{machine()}; its load before was {load:.1f}."
    )
    command = (
        f"python -m benchmarks.since --commit {commit} --rounds {rounds} --seconds {seconds:g}"
    )
    found = rows(answers["then"], answers["now"])
    write_table("since", found, title=TITLE, notes=notes, command=command, folder=out)


if __name__ == "__main__":
    try:
        typer.run(main)
    except InvalidInputError as refused:
        sys.exit(str(refused))

"""Trains an agent for any environment with Stable-Baselines3.

    python -m agents.train --env FCEVMicrogrid-v0 --set volumes=true --seed 0

Settings that worked are kept by environment in `agents.hyperparameters`; docs/training.md
tells how a run is watched, interrupted, resumed and used.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from agents.changes import read_changes
from agents.policy import TRAINED
from agents.request import RunRequest, saved_runs
from agents.screen import (
    console,
    print_begin,
    print_outcome,
    print_settings,
    progress_bar,
    resume_command,
)
from agents.settings import BEST, CHECKPOINT, DAY_AHEAD, RunSettings
from agents.worlds import FAMILIES
from vpp_gym.errors import InvalidInputError

INTERRUPTED = 130


def main(
    env: Annotated[
        str | None, typer.Option(help=f"One of {', '.join(FAMILIES)}; {DAY_AHEAD} if not given.")
    ] = None,
    algo: Annotated[str | None, typer.Option(help="ppo (if not given) or sac.")] = None,
    world: Annotated[
        str | None, typer.Option(help="Years to train on: synthetic (if not given) or real.")
    ] = None,
    timesteps: Annotated[int | None, typer.Option(min=1, help="Environment steps.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="0 if not given.")] = None,
    change: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="NAME=VALUE",
            help="An argument of the environment (volumes=true, params.contract.term_h=3), or a "
            "setting of a section (ppo.gamma=0.9, world.n_envs=8). May be given several times.",
        ),
    ] = None,
    list_settings: Annotated[
        bool, typer.Option("--list-settings", help="List all that --set can change, and end.")
    ] = False,
    validate_every: Annotated[
        int | None, typer.Option(min=1, help="Environment steps between validations.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="Of the policy.")] = None,
    run_dir: Annotated[
        Path | None, typer.Option(help="Folder of the run; runs/NAME-seedSEED if not given.")
    ] = None,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume",
            help="Go on from the checkpoint. Other options are not needed; what is given must "
            "be the saved run's, but --timesteps may extend a run that is at its end.",
        ),
    ] = False,
    keep: Annotated[
        bool, typer.Option("--keep", help="Copy the best policy to agents/trained.")
    ] = False,
) -> None:
    """Train an agent; the best policy on the validation years is kept."""
    changes = read_changes(change or ())
    request = RunRequest(env, algo, world, name, seed, timesteps, validate_every, changes)
    if list_settings:
        print_settings(request.new_run())
        return
    _require_learner()
    folder = run_dir or request.folder()
    run, done = _saved(request, folder) if resume else (_new(request, folder), 0)
    print_begin(run, folder, done)
    try:
        _train(run, folder, resume)
    except KeyboardInterrupt:
        console.print(_after_interruption(folder), soft_wrap=True)
        raise typer.Exit(INTERRUPTED) from None
    if keep:
        _keep(run, folder)


def _require_learner() -> None:
    for package in ("torch", "stable_baselines3"):
        if find_spec(package) is None:
            raise InvalidInputError(package, None, "training needs it: pip install '.[train]'")


def _new(request: RunRequest, folder: Path) -> RunSettings:
    """Settings of a run in a folder that has none yet."""
    run = request.new_run()
    if (folder / CHECKPOINT).exists():
        remedy = f"it has a run: go on with `{resume_command(folder)}`, or name another --run-dir"
        raise InvalidInputError("run_dir", str(folder), remedy)
    return run


def _saved(request: RunRequest, folder: Path) -> tuple[RunSettings, int]:
    """Settings of the run in a folder, and the steps that it has done."""
    from agents.checkpoint import checkpoint_progress, checkpoint_settings

    if not (folder / CHECKPOINT).is_file():
        known = f"these have: {', '.join(saved_runs())}" if saved_runs() else "runs/ has none"
        remedy = f"it has no {CHECKPOINT} to resume from; {known}"
        raise InvalidInputError("run_dir", str(folder), remedy)
    saved, done = checkpoint_settings(folder), checkpoint_progress(folder).steps
    run = request.resumed_run(saved, done=done)
    if done >= run.timesteps:
        more = resume_command(folder, "--timesteps", 2 * run.timesteps)
        console.print(
            f"the run is at its end: {done:,} of {run.timesteps:,} steps; `{more}` extends it",
            soft_wrap=True,
        )
    return run, done


def _train(run: RunSettings, folder: Path, resume: bool) -> None:
    from agents.training import Trainer

    with progress_bar(run) as report:
        progress = Trainer(run, folder, resume=resume, report=report).train()
    print_outcome(progress, folder)


def _after_interruption(folder: Path) -> str:
    if not (folder / CHECKPOINT).is_file():
        return "interrupted before the first validation: nothing is kept"
    return f"interrupted: the last checkpoint is kept, go on with `{resume_command(folder)}`"


def _keep(run: RunSettings, folder: Path) -> None:
    from agents.export import publish

    kept = publish(folder / BEST, run, TRAINED)
    console.print(f"kept: {kept.relative_to(TRAINED.parent)}", soft_wrap=True)


if __name__ == "__main__":
    try:
        typer.run(main)
    except InvalidInputError as refused:
        sys.exit(str(refused))
    except OSError as failed:
        sys.exit(f"{failed}; what was written before is kept: make room or name another --run-dir")

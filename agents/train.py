"""Trains an agent for any environment with Stable-Baselines3.

    python -m agents.train --env FCEVMicrogrid-v0 --set volumes=true --seed 0

Settings that worked are kept by environment in `agents.hyperparameters`.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from agents.checkpoint import CHECKPOINT, Progress, checkpoint_settings
from agents.export import publish
from agents.hyperparameters import read_changes, run_settings
from agents.policy import TRAINED
from agents.settings import DAY_AHEAD, RunSettings
from agents.training import BEST, Trainer
from agents.validation import GAIN, Score
from agents.worlds import FAMILIES
from vpp_gym.errors import InvalidInputError

console = Console()


def main(
    env: Annotated[str, typer.Option(help=f"One of {', '.join(FAMILIES)}.")] = DAY_AHEAD,
    algo: Annotated[str, typer.Option(help="ppo or sac.")] = "ppo",
    world: Annotated[str, typer.Option(help="Years to train on: synthetic or real.")] = "synthetic",
    timesteps: Annotated[int | None, typer.Option(min=1, help="Environment steps.")] = None,
    seed: Annotated[int, typer.Option(min=0)] = 0,
    change: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            help="NAME=VALUE: an argument of the environment (volumes=true, "
            "params.contract.term_h=3), or a setting of a section (ppo.gamma=0.9, world.n_envs=8).",
        ),
    ] = None,
    validate_every: Annotated[
        int | None, typer.Option(min=1, help="Environment steps between validations.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="Of the policy.")] = None,
    run_dir: Annotated[Path | None, typer.Option(help="Folder of the run.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the checkpoint.")] = False,
    keep: Annotated[
        bool, typer.Option("--keep", help="Copy the best policy to agents/trained.")
    ] = False,
) -> None:
    """Train an agent; the best policy on the validation years is kept."""
    run = run_settings(
        env,
        algorithm=algo,
        world=world,
        name=name,
        seed=seed,
        timesteps=timesteps,
        validate_every=validate_every,
        changes=read_changes(change or ()),
    )
    folder = run_dir or Path("runs") / f"{run.name}-seed{seed}"
    if resume:
        run = checkpoint_settings(folder)
    elif (folder / CHECKPOINT).exists():
        raise InvalidInputError(
            "run_dir", str(folder), "it has a run: --resume it, or name another"
        )
    progress = _train(run, folder, resume)
    rate, inside = progress.steps / progress.learning_s, progress.stepping_s / progress.learning_s
    console.print(f"{rate:,.0f} steps/s, {inside:.1%} of the time in the simulator")
    console.print(f"best: {progress.best_eur:,.0f} EUR a year better than the usual action")
    if keep:
        console.print(f"kept: {publish(folder / BEST, run, TRAINED).relative_to(TRAINED.parent)}")


def _train(run: RunSettings, folder: Path, resume: bool) -> Progress:
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()
    with Bar(*columns, TimeRemainingColumn(), console=console) as bar:
        shown = bar.add_task(run.name, total=run.timesteps)

        def report(steps: int, score: Score | None) -> None:
            bar.update(shown, completed=min(steps, run.timesteps))
            if score is not None:
                bar.console.print(f"{steps:>11,}  {_in_words(score)}")

        return Trainer(run, folder, resume=resume, report=report).train()


def _in_words(score: Score) -> str:
    served = f", demand served {score['satisfaction']:.2%}" if "satisfaction" in score else ""
    return f"{score[GAIN]:+,.0f} EUR a year over the usual action{served}"


if __name__ == "__main__":
    try:
        typer.run(main)
    except InvalidInputError as refused:
        sys.exit(str(refused))
    except KeyboardInterrupt:
        console.print("interrupted: the last checkpoint is kept, go on with --resume")
        sys.exit(130)

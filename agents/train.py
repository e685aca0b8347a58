"""Trains an agent for `VPPDayAhead-v0` with Stable-Baselines3.

python -m agents.train --algo ppo --world synthetic --seed 0
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
from agents.hyperparameters import RunSettings, run_settings
from agents.policy import TRAINED
from agents.training import BEST, Trainer
from agents.validation import Score
from vpp_gym.errors import InvalidInputError

console = Console()


def main(
    algo: Annotated[str, typer.Option(help="ppo or sac.")] = "ppo",
    world: Annotated[str, typer.Option(help="synthetic or real.")] = "synthetic",
    timesteps: Annotated[int | None, typer.Option(min=1, help="Environment steps.")] = None,
    seed: Annotated[int, typer.Option(min=0)] = 0,
    n_envs: Annotated[int | None, typer.Option(min=1, help="Environments in the batch.")] = None,
    bids: Annotated[str, typer.Option(help="expected_load, line or sheet.")] = "expected_load",
    term_h: Annotated[int, typer.Option(min=0, help="Hours of the V2G menu; 0: none.")] = 0,
    guarantee: Annotated[bool, typer.Option(help="Keep every target within reach.")] = True,
    name: Annotated[str | None, typer.Option(help="Of the policy.")] = None,
    run_dir: Annotated[Path | None, typer.Option(help="Folder of the run.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the checkpoint.")] = False,
    keep: Annotated[
        bool, typer.Option("--keep", help="Copy the best policy to agents/trained.")
    ] = False,
) -> None:
    """Train an agent; the best policy on the validation years is kept."""
    folder = run_dir or Path("runs") / f"{name or f'{algo}-{world}'}-seed{seed}"
    if resume:
        run = checkpoint_settings(folder)
    elif (folder / CHECKPOINT).exists():
        raise InvalidInputError(
            "run_dir", str(folder), "it has a run: --resume it, or name another"
        )
    else:
        run = run_settings(
            algorithm=algo,
            world=world,
            name=name,
            seed=seed,
            timesteps=timesteps,
            n_envs=n_envs,
            bids=bids,
            term_h=term_h,
            guarantee=guarantee,
        )
    progress = _train(run, folder, resume)
    rate, outside = progress.steps / progress.learning_s, progress.stepping_s / progress.learning_s
    console.print(f"{rate:,.0f} steps/s, {outside:.1%} of the time in the simulator")
    console.print(f"best: {progress.best_eur:,.0f} EUR a year better than charging on arrival")
    if keep:
        console.print(f"kept: {publish(folder / BEST, run, TRAINED).relative_to(TRAINED.parent)}")


def _train(run: RunSettings, folder: Path, resume: bool) -> Progress:
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()
    with Bar(*columns, TimeRemainingColumn(), console=console) as bar:
        shown = bar.add_task(run.name, total=run.timesteps)

        def report(steps: int, score: Score | None) -> None:
            bar.update(shown, completed=min(steps, run.timesteps))
            if score is not None:
                bar.console.print(
                    f"{steps:>11,}  saving {score.saving_eur:,.0f} EUR a year,"
                    f" demand served {score.satisfaction:.2%}"
                )

        return Trainer(run, folder, resume=resume, report=report).train()


if __name__ == "__main__":
    try:
        typer.run(main)
    except InvalidInputError as refused:
        sys.exit(str(refused))
    except KeyboardInterrupt:
        console.print("interrupted: the last checkpoint is kept, go on with --resume")
        sys.exit(130)

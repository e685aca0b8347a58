"""Train a PPO or SAC agent of Stable-Baselines3 in any environment.

    python -m agents.train --env FCEVMicrogrid-v0 --set volumes=true --seed 0

`agents.config` holds the settings that worked best for each environment. docs/training.md says
how a run is followed, interrupted, resumed and used.
"""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from agents.config import BEST, CHECKPOINT, RunSettings
from agents.environments import DAY_AHEAD, TRAITS
from agents.options import flat, full_name, options_of, read_changes
from agents.policy import TRAINED
from agents.request import RunRequest, saved_runs
from agents.validation import GAIN, Score
from vpp_gym.errors import InvalidInputError
from vpp_gym.files.lock import alone_in

if TYPE_CHECKING:
    from agents.checkpoint import Progress
    from agents.trainer import Report

INTERRUPTED = 130
console = Console(highlight=False, markup=False)


def main(
    env: Annotated[
        str | None,
        typer.Option(help=f"Environment: {', '.join(TRAITS)}.", show_default=DAY_AHEAD),
    ] = None,
    algo: Annotated[
        str | None, typer.Option(help="Algorithm: ppo or sac.", show_default="ppo")
    ] = None,
    world: Annotated[
        str | None,
        typer.Option(
            help="Scenarios to train on: synthetic, or real (needs the folder VPP_GYM_DATA).",
            show_default="synthetic",
        ),
    ] = None,
    timesteps: Annotated[
        int | None,
        typer.Option(min=1, help="Environment steps in all.", show_default="tuned by environment"),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, help="Of learner and environments.", show_default="0")
    ] = None,
    change: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="NAME=VALUE",
            help="Change an argument of the environment (volumes=true), a parameter "
            "(params.contract.term_h=3) or a setting of training (ppo.gamma=0.9, "
            "world.n_envs=8). Repeat it for several.",
        ),
    ] = None,
    list_settings: Annotated[
        bool, typer.Option("--list-settings", help="List everything that --set can change; exit.")
    ] = False,
    validate_every: Annotated[
        int | None,
        typer.Option(
            min=1, help="Environment steps between validations.", show_default="32 validations"
        ),
    ] = None,
    name: Annotated[
        str | None,
        typer.Option(help="Name of the policy.", show_default="from algorithm and arguments"),
    ] = None,
    run_dir: Annotated[
        Path | None, typer.Option(help="Folder of the run.", show_default="runs/NAME-seedSEED")
    ] = None,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume",
            help="Continue from the run's last checkpoint, with its settings. A larger "
            "--timesteps extends a finished run; other changes are refused.",
        ),
    ] = False,
    keep: Annotated[
        bool, typer.Option("--keep", help="Copy the best policy to agents/trained at the end.")
    ] = False,
) -> None:
    """Train an agent with PPO or SAC of Stable-Baselines3.

    Years that are not trained on validate the policy; the best one is kept in the run's folder.
    """
    changes = read_changes(change or ())
    request = RunRequest(env, algo, world, name, seed, timesteps, validate_every, changes)
    if list_settings:
        _print_settings(request.new_run())
        return
    _require_learner()
    folder = run_dir or request.folder()
    run, done = _saved(request, folder) if resume else (_new(request, folder), 0)
    with alone_in(folder, "run_dir"):
        if not resume:
            _refuse_another_run(folder)  # again: one may just have ended
        _print_begin(run, folder, done)
        try:
            _train(run, folder, resume)
        except KeyboardInterrupt:
            console.print(_after_interruption(folder), soft_wrap=True)
            raise typer.Exit(INTERRUPTED) from None
        if keep:
            _keep(run, folder)


def _reference(run: RunSettings) -> str:
    """What a policy is compared with, in words."""
    corrects = run.world.arguments.get("control") == "price"
    return "the built-in planner" if corrects else run.traits.reference


def _require_learner() -> None:
    for package in ("torch", "stable_baselines3"):
        if find_spec(package) is None:
            raise InvalidInputError(package, None, "training needs it: pip install '.[train]'")


def _new(request: RunRequest, folder: Path) -> RunSettings:
    """Settings of a run in a folder that has none yet."""
    run = request.new_run()
    _refuse_another_run(folder)
    return run


def _refuse_another_run(folder: Path) -> None:
    if (folder / CHECKPOINT).exists():
        remedy = f"it has a run: resume it with `{_resume_command(folder)}`, or use --run-dir"
        raise InvalidInputError("run_dir", str(folder), remedy)


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
        longer = _resume_command(folder, "--timesteps", 2 * run.timesteps)
        console.print(
            f"the run is finished: {done:,} of {run.timesteps:,} steps; extend it with `{longer}`",
            soft_wrap=True,
        )
    return run, done


def _train(run: RunSettings, folder: Path, resume: bool) -> None:
    from agents.trainer import Trainer

    with _progress_bar(run) as report:
        progress = Trainer(run, folder, resume=resume, report=report).train()
    _print_outcome(progress, folder)


def _keep(run: RunSettings, folder: Path) -> None:
    from agents.export import publish

    kept = publish(folder / BEST, run, TRAINED)
    console.print(f"copied to {kept.relative_to(TRAINED.parent.parent)}", soft_wrap=True)


def _print_settings(run: RunSettings) -> None:
    """Everything that `--set` can change of a run: value, what it takes and what it means."""
    console.print(f"--set NAME=VALUE, for {run.env_id} with {run.algorithm}:", soft_wrap=True)
    values = flat(run.model_dump(mode="json"))
    for name, option in options_of(run.env_id, run.algorithm).items():
        value = values.get(full_name(name), option.default)
        takes = f" ({option.allowed})" if option.allowed else ""
        means = f": {option.meaning}" if option.meaning else ""
        console.print(f"{name} = {json.dumps(value)}{takes}{means}", soft_wrap=True, markup=False)


def _print_begin(run: RunSettings, folder: Path, done: int) -> None:
    steps = f"steps {done:,} to {run.timesteps:,}" if done else f"{run.timesteps:,} steps"
    years = run.world.n_years(run.traits)
    console.print(
        f"{run.name}, seed {run.seed}: {steps} of {run.env_id} with {run.algorithm}, in {folder}; "
        f"validation every {run.validate_every:,} steps, over {years} "
        f"{'year' if years == 1 else 'years'} (the first start compiles for about a minute)",
        soft_wrap=True,
    )


@contextmanager
def _progress_bar(run: RunSettings) -> Iterator[Report]:
    """A bar of the steps done, and a line for every validation."""
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()
    with Bar(*columns, TimeRemainingColumn(), console=console) as bar:
        shown = bar.add_task(run.name, total=run.timesteps)

        def report(steps: int, score: Score | None) -> None:
            bar.update(shown, completed=min(steps, run.timesteps))
            if score is not None:
                bar.console.print(f"{steps:>11,}  {_in_words(run, score)}")

        yield report


def _in_words(run: RunSettings, score: Score) -> str:
    served = f", demand served {score['satisfaction']:.2%}" if "satisfaction" in score else ""
    return f"{score[GAIN]:+,.0f} EUR/year above {_reference(run)}{served}"


def _print_outcome(progress: Progress, folder: Path) -> None:
    seconds = max(progress.learning_s, 1e-9)
    rate, inside = progress.steps / seconds, progress.stepping_s / seconds
    console.print(
        f"{progress.steps:,} steps, {rate:,.0f} per second, {inside:.1%} of the time in the "
        "simulator"
    )
    console.print(
        f"best policy: {progress.best_eur:+,.0f} EUR/year, in {folder / BEST}", soft_wrap=True
    )


def _after_interruption(folder: Path) -> str:
    if not (folder / CHECKPOINT).is_file():
        return "interrupted before the first validation: nothing was saved"
    return f"interrupted; resume from the last checkpoint with `{_resume_command(folder)}`"


def _resume_command(folder: Path, *more: Any) -> str:
    """The command that continues the run in a folder."""
    words = ["python", "-m", "agents.train", "--resume", "--run-dir", str(folder)]
    return shlex.join([*words, *map(str, more)])


if __name__ == "__main__":
    try:
        typer.run(main)
    except InvalidInputError as refused:
        sys.exit(str(refused))
    except OSError as failed:
        sys.exit(f"{failed}; the last checkpoint is intact: free some space or use --run-dir")

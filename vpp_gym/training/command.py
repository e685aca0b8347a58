"""A run of training as the command line follows it: begun, interrupted, resumed, ended.

`vpp_gym.training.config` holds the settings that worked best for each environment.
docs/training.md says how a run is followed, interrupted, resumed and used.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from vpp_gym.agents.policy import TRAINED
from vpp_gym.errors import InvalidInputError
from vpp_gym.files.lock import alone_in
from vpp_gym.heartbeat import Heartbeat, first_compilation
from vpp_gym.training.config import BEST, CHECKPOINT, RunSettings
from vpp_gym.training.options import flat, full_name, options_of
from vpp_gym.training.request import RunRequest, saved_runs
from vpp_gym.training.validation import GAIN, Score

if TYPE_CHECKING:
    from vpp_gym.training.checkpoint import Progress
    from vpp_gym.training.trainer import Report

INTERRUPTED = 130
console = Console(highlight=False, markup=False)


def begin(
    request: RunRequest,
    *,
    run_dir: Path | None = None,
    resume: bool = False,
    keep: bool = False,
    as_json: bool = False,
) -> None:
    """Begin a run, or resume one, and follow it to its end.

    Args:
        request: what is asked for.
        run_dir: folder of the run; None: from its name and seed.
        resume: continue from the last checkpoint in the folder.
        keep: copy the best policy to the trained ones.
        as_json: print one JSON document at the end, and nothing else on stdout.

    Raises:
        InvalidInputError: settings that cannot be used, or a folder that cannot.
    """
    require_learner()
    if keep:
        _refuse_outside_a_checkout()
    folder = run_dir or request.folder()
    told = Console(stderr=True, highlight=False, markup=False) if as_json else console
    run, done = _saved(request, folder, told) if resume else (_new(request, folder), 0)
    with alone_in(folder, "run_dir"):
        if not resume:
            _refuse_another_run(folder)  # again: one may just have ended
        _print_begin(run, folder, done, told)
        try:
            progress = _train(run, folder, resume, told)
        except KeyboardInterrupt:
            told.print(_after_interruption(folder), soft_wrap=True)
            raise typer.Exit(INTERRUPTED) from None
        if keep:
            _keep(run, folder, told)
        if as_json:
            outcome = {
                "name": run.name,
                "seed": run.seed,
                "env": run.env_id,
                "steps": progress.steps,
                "best_eur": progress.best_eur,
                "reference": _reference(run),
                "folder": str(folder / BEST),
            }
            typer.echo(json.dumps(outcome, indent=2, allow_nan=False))


def _refuse_outside_a_checkout() -> None:
    """An installed package is not written to."""
    if not (TRAINED.parents[2] / "pyproject.toml").is_file():
        remedy = "it copies to the source tree, and this package is installed: copy best/ yourself"
        raise InvalidInputError("keep", True, remedy)


def _reference(run: RunSettings) -> str:
    """What a policy is compared with, in words."""
    corrects = run.world.arguments.get("control") == "price"
    return "the built-in planner" if corrects else run.traits.reference


def require_learner() -> None:
    """Refuse to go on without torch and Stable-Baselines3.

    Raises:
        InvalidInputError: one of them is not installed.
    """
    for package in ("torch", "stable_baselines3"):
        if find_spec(package) is None:
            raise InvalidInputError(
                package, None, "training needs it: pip install 'vpp_gym[train]'"
            )


def _new(request: RunRequest, folder: Path) -> RunSettings:
    """Settings of a run in a folder that has none yet."""
    run = request.new_run()
    _refuse_another_run(folder)
    return run


def _refuse_another_run(folder: Path) -> None:
    if (folder / CHECKPOINT).exists():
        remedy = f"it has a run: resume it with `{_resume_command(folder)}`, or use --run-dir"
        raise InvalidInputError("run_dir", str(folder), remedy)


def _saved(request: RunRequest, folder: Path, told: Console) -> tuple[RunSettings, int]:
    """Settings of the run in a folder, and the steps that it has done."""
    from vpp_gym.training.checkpoint import checkpoint_progress, checkpoint_settings

    if not (folder / CHECKPOINT).is_file():
        known = f"these have: {', '.join(saved_runs())}" if saved_runs() else "runs/ has none"
        remedy = f"it has no {CHECKPOINT} to resume from; {known}"
        raise InvalidInputError("run_dir", str(folder), remedy)
    saved, done = checkpoint_settings(folder), checkpoint_progress(folder).steps
    run = request.resumed_run(saved, done=done)
    if done >= run.timesteps:
        longer = _resume_command(folder, "--timesteps", 2 * run.timesteps)
        told.print(
            f"the run is finished: {done:,} of {run.timesteps:,} steps; extend it with `{longer}`",
            soft_wrap=True,
        )
    return run, done


def _train(run: RunSettings, folder: Path, resume: bool, told: Console) -> Progress:
    from vpp_gym.training.trainer import Trainer

    with _progress_bar(run, told) as report:
        progress = Trainer(run, folder, resume=resume, report=report).train()
    _print_outcome(run, progress, folder, told)
    return progress


def _keep(run: RunSettings, folder: Path, told: Console) -> None:
    from vpp_gym.training.export import publish

    kept = publish(folder / BEST, run, TRAINED)
    told.print(f"copied to {kept.relative_to(TRAINED.parents[2])}", soft_wrap=True)


def print_settings(run: RunSettings, as_json: bool = False) -> None:
    """Print everything that can be set of a run: value, what it takes and what it means."""
    values = flat(run.model_dump(mode="json"))
    options = options_of(run.env_id, run.algorithm)
    now = {name: values.get(full_name(name), one.default) for name, one in options.items()}
    if as_json:
        rows = [
            {"name": name, "value": now[name], "takes": one.allowed, "meaning": one.meaning}
            for name, one in options.items()
        ]
        typer.echo(json.dumps(rows, indent=2, default=repr))
        return
    console.print(f"--set NAME=VALUE, for {run.env_id} with {run.algorithm}:", soft_wrap=True)
    for name, option in options.items():
        takes = f" ({option.allowed})" if option.allowed else ""
        means = f": {option.meaning}" if option.meaning else ""
        text = f"{name} = {json.dumps(now[name])}{takes}{means}"
        console.print(text, soft_wrap=True, markup=False)


def _print_begin(run: RunSettings, folder: Path, done: int, told: Console) -> None:
    steps = f"steps {done:,} to {run.timesteps:,}" if done else f"{run.timesteps:,} steps"
    years = run.world.n_years(run.traits)
    told.print(
        f"{run.name}, seed {run.seed}: {steps} of {run.env_id} with {run.algorithm}, in {folder}; "
        f"validation every {run.validate_every:,} steps, over {years} "
        f"{'year' if years == 1 else 'years'}",
        soft_wrap=True,
    )
    if notice := first_compilation():
        told.print(notice, soft_wrap=True)


@contextmanager
def _progress_bar(run: RunSettings, told: Console) -> Iterator[Report]:
    """A bar of the steps done where that is a terminal, and a line for every validation."""
    if not told.is_terminal:
        with Heartbeat(f"{run.name}, preparing") as heart:

            def beat(steps: int, score: Score | None) -> None:
                heart.report(f"{run.name}, steps", min(steps, run.timesteps), run.timesteps)
                if score is not None:
                    told.print(_validated(run, steps, score))

            yield beat
        return
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()
    with Bar(*columns, TimeRemainingColumn(), console=told) as bar:
        shown = bar.add_task(run.name, total=run.timesteps)

        def report(steps: int, score: Score | None) -> None:
            bar.update(shown, completed=min(steps, run.timesteps))
            if score is not None:
                bar.console.print(_validated(run, steps, score))

        yield report


def _validated(run: RunSettings, steps: int, score: Score) -> str:
    return f"{steps:>11,}  {_in_words(run, score)}"


def _in_words(run: RunSettings, score: Score) -> str:
    served = f", demand served {score['satisfaction']:.2%}" if "satisfaction" in score else ""
    return f"{score[GAIN]:+,.0f} EUR/year above {_reference(run)}{served}"


def _print_outcome(run: RunSettings, progress: Progress, folder: Path, told: Console) -> None:
    seconds = max(progress.learning_s, 1e-9)
    rate, inside = progress.steps / seconds, progress.stepping_s / seconds
    told.print(
        f"{progress.steps:,} steps, {rate:,.0f} per second, {inside:.1%} of the time in the "
        "simulator"
    )
    best = max(progress.history, key=lambda entry: entry[GAIN])
    told.print(
        f"best policy: {best[GAIN]:+,.0f} EUR/year above {_reference(run)}, after "
        f"{best['steps']:,} steps, in {folder / BEST}",
        soft_wrap=True,
    )
    if best["steps"] == 0:
        told.print("it is the one that the run began with: train longer, or with another --seed")
    where = shlex.quote(str(folder / BEST))
    told.print(f"rank it:  vpp-gym evaluate {where} --worlds 1 --days 28", soft_wrap=True)
    if not run.traits.one_stay:
        told.print(f"watch it: vpp-gym watch {where}", soft_wrap=True)


def _after_interruption(folder: Path) -> str:
    if not (folder / CHECKPOINT).is_file():
        return "interrupted before the first checkpoint: nothing was saved"
    return f"interrupted; resume from the last checkpoint with `{_resume_command(folder)}`"


def _resume_command(folder: Path, *more: Any) -> str:
    """The command that continues the run in a folder."""
    words = ["vpp-gym", "train", "--resume", "--run-dir", str(folder)]
    return shlex.join([*words, *map(str, more)])

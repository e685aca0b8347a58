"""What a training run prints: its settings, how it goes, and what came of it."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from agents.changes import full_name, options_of
from agents.dotted import flat
from agents.settings import BEST, RunSettings
from agents.validation import GAIN, Score

if TYPE_CHECKING:
    from agents.checkpoint import Progress

console = Console(highlight=False)
Report = Callable[[int, Score | None], None]


def print_settings(run: RunSettings) -> None:
    """Everything that `--set` can change of a run: value, what it takes and what it means."""
    console.print(f"--set NAME=VALUE, of {run.env_id} with {run.algorithm}:", soft_wrap=True)
    values = flat(run.model_dump(mode="json"))
    for name, option in options_of(run.env_id, run.algorithm).items():
        value = values.get(full_name(name), option.default)
        takes = f" ({option.allowed})" if option.allowed else ""
        said = f": {option.meaning}" if option.meaning else ""
        console.print(f"{name} = {json.dumps(value)}{takes}{said}", soft_wrap=True, markup=False)


def print_begin(run: RunSettings, folder: Path, done: int) -> None:
    """What is going to happen."""
    steps = f"{run.timesteps:,} steps" if not done else f"steps {done:,} to {run.timesteps:,}"
    console.print(
        f"{run.name}, seed {run.seed}: {steps} of {run.env_id} with {run.algorithm}, in {folder}; "
        f"validation every {run.validate_every:,} steps, in {run.world.n_years(run.family)} years "
        "(first results take a moment: kernels are compiled once)",
        soft_wrap=True,
    )


@contextmanager
def progress_bar(run: RunSettings) -> Iterator[Report]:
    """A bar of the steps done, and a line for every validation."""
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()
    with Bar(*columns, TimeRemainingColumn(), console=console) as bar:
        shown = bar.add_task(run.name, total=run.timesteps)

        def report(steps: int, score: Score | None) -> None:
            bar.update(shown, completed=min(steps, run.timesteps))
            if score is not None:
                bar.console.print(f"{steps:>11,}  {_in_words(score)}")

        yield report


def _in_words(score: Score) -> str:
    served = f", demand served {score['satisfaction']:.2%}" if "satisfaction" in score else ""
    return f"{score[GAIN]:+,.0f} EUR a year over the usual action{served}"


def print_outcome(progress: Progress, folder: Path) -> None:
    """What came of a run, and where it lies."""
    seconds = max(progress.learning_s, 1e-9)
    rate, inside = progress.steps / seconds, progress.stepping_s / seconds
    console.print(
        f"{progress.steps:,} steps, {rate:,.0f} a second, {inside:.1%} of the time in the simulator"
    )
    console.print(
        f"best: {progress.best_eur:+,.0f} EUR a year over the usual action, in {folder / BEST}",
        soft_wrap=True,
    )


def resume_command(folder: Path, *more: Any) -> str:
    """The command with which the run in a folder goes on."""
    words = ["python", "-m", "agents.train", "--resume", "--run-dir", str(folder)]
    return shlex.join([*words, *map(str, more)])

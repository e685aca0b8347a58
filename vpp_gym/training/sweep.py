"""Many runs of training over processes or a Ray cluster: seeds, settings, and Optuna studies.

Every run has a folder of its own below that of the sweep, with its checkpoint: what is stopped
or killed goes on where it was. A study keeps its trials in a log file beside them, which all
processes share; Optuna proposes settings from it and stops trials that fall behind. On a cluster
the folder lies on a disk that all nodes reach.
"""

from __future__ import annotations

import csv
import io
import json
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from itertools import product
from pathlib import Path
from typing import Any

from vpp_gym.engines import run_jobs
from vpp_gym.errors import InvalidInputError
from vpp_gym.files.names import cell_text
from vpp_gym.files.writer import write_text
from vpp_gym.training.config import RunSettings
from vpp_gym.training.options import read_value
from vpp_gym.training.request import run_settings
from vpp_gym.training.validation import GAIN, Score

STUDY_LOG, TABLE = "study.log", "sweep.csv"
RANGE = re.compile(r"^([^.:\s]\S*?)\.\.([^:\s]+?)(:log)?$")
Report = Callable[[int, int, "SweepRow"], None]


@dataclass(frozen=True)
class SweepRow:
    """What came out of a run.

    Attributes:
        name: of its folder.
        seed: of learner and environments.
        settings: what was changed, by dotted name.
        steps: environment steps done.
        best_eur: best validation: EUR a year above the reference action.
        pruned: it was stopped because it fell behind.
    """

    name: str
    seed: int
    settings: Mapping[str, Any]
    steps: int
    best_eur: float
    pruned: bool = False


@dataclass(frozen=True)
class Range:
    """Numbers that a study draws from.

    Attributes:
        low: smallest.
        high: largest.
        log: evenly by size of the logarithm.
        whole: whole numbers only.
    """

    low: float
    high: float
    log: bool = False
    whole: bool = False


@dataclass(frozen=True)
class Job:
    """One run of training, or one trial of a study.

    Attributes:
        settings: of the run as `RunSettings.model_dump` gives them; of a trial those that its
            own are added to.
        folder: of the run; of a trial that of the study.
        changes: what was changed, for the table.
        arguments: of `run_settings`, for trials.
        space: what a trial draws, by dotted name.
        number: of the trial: its random stream.
        arguments_of_env: of the environment in training and validation, in place of those in the
            settings; for tests.
    """

    settings: Mapping[str, Any]
    folder: str
    changes: Mapping[str, Any]
    arguments: Mapping[str, Any] | None = None
    space: Mapping[str, Any] | None = None
    number: int = 0
    arguments_of_env: Mapping[str, Any] | None = None


def sweep(
    env_id: str,
    folder: Path,
    *,
    seeds: Sequence[int] = (0, 1, 2, 3, 4),
    tries: Mapping[str, Sequence[Any]] | None = None,
    engine: str = "local",
    workers: int | None = None,
    address: str | None = None,
    progress: Report | None = None,
    arguments_of_env: Mapping[str, Any] | None = None,
    **arguments: Any,
) -> list[SweepRow]:
    """Train with every combination of settings and every seed.

    Args:
        env_id: environment.
        folder: of the sweep; runs that it has are not made again, or go on where they were.
        seeds: of learner and environments.
        tries: values to try, by the dotted name of a setting.
        engine, workers, address: see `vpp_gym.engines.run_jobs`.
        progress: called with the number of runs done, of all, and what came out of the last.
        arguments_of_env: of the environment, in place of those in the settings.
        arguments: of `vpp_gym.training.request.run_settings`, such as `timesteps` and `changes`.

    Returns:
        What came out, the best first; also in `sweep.csv` in the folder.

    Raises:
        InvalidInputError: settings that cannot be used, before anything is trained.
    """
    tries = dict(tries or {})
    if not seeds:
        raise InvalidInputError("seeds", list(seeds), "give at least one")
    jobs = []
    for values in product(*tries.values()):
        own = dict(zip(tries, values, strict=True))
        for seed in seeds:
            run = _settings(env_id, {**arguments, "seed": seed}, own)
            name = f"{_label(own)}seed{seed}"
            jobs.append(
                Job(
                    run.model_dump(mode="json"),
                    str(folder / name),
                    own,
                    arguments_of_env=arguments_of_env,
                )
            )
    names = [job.folder for job in jobs]
    if len(set(names)) < len(names):
        raise InvalidInputError("tries", tries, "the same run twice: give each value and seed once")
    found = run_jobs(train_one, jobs, engine=engine, workers=workers, address=address)
    return _collected(found, len(jobs), folder, progress)


def study(
    env_id: str,
    folder: Path,
    space: Mapping[str, Range | Sequence[Any]],
    *,
    trials: int,
    seed: int = 0,
    engine: str = "local",
    workers: int | None = None,
    address: str | None = None,
    progress: Report | None = None,
    arguments_of_env: Mapping[str, Any] | None = None,
    **arguments: Any,
) -> list[SweepRow]:
    """Let Optuna search for settings; trials that fall behind the median are stopped.

    A study in the folder goes on until it has so many trials. With one worker it is the same
    each time; with several the order in which trials end plays a part.

    Args:
        env_id: environment.
        folder: of the study.
        space: what is searched, by dotted name: a `Range`, or values to choose from.
        trials: how many in all.
        seed: of the search, and of learner and environments.
        engine, workers, address: see `vpp_gym.engines.run_jobs`.
        progress, arguments_of_env, arguments: as of `sweep`.

    Returns:
        What came out, the best first; also in `sweep.csv` in the folder.

    Raises:
        InvalidInputError: Optuna is not installed, a setting that there is not, or a study of
            something else in the folder.
    """
    if find_spec("optuna") is None:
        raise InvalidInputError("trials", trials, 'install Optuna: pip install "vpp_gym[tune]"')
    if trials < 1:
        raise InvalidInputError("trials", trials, "give at least one")
    if not space:
        raise InvalidInputError("space", dict(space), "name a setting to search")
    first = {name: _first(one) for name, one in space.items()}
    _settings(env_id, {**arguments, "seed": seed}, first)
    folder.mkdir(parents=True, exist_ok=True)
    kept = _opened(folder, seed)
    about = json.dumps([env_id, arguments, sorted(map(repr, space.items())), seed], default=repr)
    if kept.user_attrs.get("about", about) != about:
        raise InvalidInputError("folder", str(folder), "it has a study of something else")
    kept.set_user_attr("about", about)
    _begin_again(kept)
    before = _rows(kept)
    jobs = [
        Job(
            {"env_id": env_id},
            str(folder),
            {},
            arguments={**arguments, "seed": seed},
            space=space,
            number=number,
            arguments_of_env=arguments_of_env,
        )
        for number in range(len(before), trials)
    ]
    found = run_jobs(try_one, jobs, engine=engine, workers=workers, address=address)
    return _collected(found, len(jobs), folder, progress, before)


def train_one(job: Job) -> SweepRow:
    """Train one run to its end, from its checkpoint if it has one."""
    run = RunSettings.model_validate(job.settings)
    done = _trained(run, Path(job.folder), job.arguments_of_env)
    return SweepRow(Path(job.folder).name, run.seed, job.changes, done.steps, done.best_eur)


def try_one(job: Job) -> SweepRow:
    """One trial of the study in a folder: settings that Optuna proposes, stopped if they lag."""
    optuna = import_module("optuna")
    folder, arguments = Path(job.folder), dict(job.arguments or {})
    kept = _opened(folder, arguments["seed"] + job.number)
    trial = kept.ask()
    drawn = {name: _drawn(trial, name, one) for name, one in (job.space or {}).items()}
    run = _settings(job.settings["env_id"], arguments, drawn)
    name, state = f"trial{trial.number}", optuna.trial.TrialState

    def report(steps: int, score: Score | None) -> None:
        if score is None or steps == 0:  # before anything was learnt
            return
        trial.report(score[GAIN], steps)
        if steps < run.timesteps and trial.should_prune():
            raise optuna.TrialPruned

    pruned = False
    try:
        done = _trained(run, folder / name, job.arguments_of_env, report)
        best_eur, steps = done.best_eur, done.steps
    except optuna.TrialPruned:
        reported = kept.trials[trial.number].intermediate_values
        best_eur, steps, pruned = max(reported.values()), max(reported), True
    trial.set_user_attr("row", [best_eur, steps, run.seed])
    kept.tell(trial, None if pruned else best_eur, state.PRUNED if pruned else state.COMPLETE)
    return SweepRow(name, run.seed, drawn, steps, best_eur, pruned)


def read_space(texts: Sequence[str]) -> dict[str, Range | list[Any]]:
    """What the command line says of a search: ranges and choices by dotted name.

    Args:
        texts: such as "ppo.learning_rate=1e-5..1e-3:log" or "ppo.n_steps=32,64".

    Raises:
        InvalidInputError: not of this form.

    >>> read_space(["ppo.gamma=0.9..0.999", "ppo.n_steps=32,64"])["ppo.n_steps"]
    [32, 64]
    """
    space: dict[str, Range | list[Any]] = {}
    for text in texts:
        name, equals, words = text.partition("=")
        if not (name and equals and words):
            remedy = "give NAME=LOW..HIGH, NAME=LOW..HIGH:log or NAME=VALUE,VALUE"
            raise InvalidInputError("search", text, remedy)
        match = RANGE.match(words)
        space[name] = _range(text, match) if match else read_values(words)
    return space


def read_values(words: str) -> list[Any]:
    """Values between commas, as JSON where they are.

    >>> read_values("1,true,anchored")
    [1, True, 'anchored']
    """
    return [read_value(word) for word in words.split(",")]


def _range(text: str, match: re.Match[str]) -> Range:
    try:
        low, high = float(match[1]), float(match[2])
    except ValueError:
        raise InvalidInputError("search", text, "the ends of a range are numbers") from None
    log = match[3] is not None
    if not low < high or (log and low <= 0):
        raise InvalidInputError("search", text, "give LOW below HIGH, and above 0 with :log")
    whole = all(part.lstrip("+-").isdigit() for part in (match[1], match[2]))
    return Range(low, high, log, whole)


def _settings(env_id: str, arguments: Mapping[str, Any], own: Mapping[str, Any]) -> RunSettings:
    changes = {**(arguments.get("changes") or {}), **own}
    return run_settings(env_id, **{**arguments, "changes": changes})


def _trained(
    run: RunSettings,
    folder: Path,
    arguments: Mapping[str, Any] | None,
    report: Any = lambda steps, score: None,
) -> Any:
    import torch

    from vpp_gym.training.config import CHECKPOINT
    from vpp_gym.training.trainer import Trainer

    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    resume = (folder / CHECKPOINT).is_file()
    given = {"arguments": arguments, "validation": arguments} if arguments else {}
    return Trainer(run, folder, resume=resume, report=report, **given).train()


def _label(own: Mapping[str, Any]) -> str:
    text = "".join(f"{name.rpartition('.')[2]}{value}-" for name, value in own.items())
    return "".join(letter if letter.isalnum() or letter in "._-" else "_" for letter in text)


def _first(values: Range | Sequence[Any]) -> Any:
    if isinstance(values, Range):
        return int(values.low) if values.whole else values.low
    if not values:
        raise InvalidInputError("space", list(values), "give values to choose from")
    return values[0]


def _drawn(trial: Any, name: str, values: Range | Sequence[Any]) -> Any:
    if not isinstance(values, Range):
        return trial.suggest_categorical(name, list(values))
    if values.whole:
        return trial.suggest_int(name, int(values.low), int(values.high), log=values.log)
    return trial.suggest_float(name, values.low, values.high, log=values.log)


def _opened(folder: Path, seed: int) -> Any:
    """The study in a folder, with a random stream."""
    optuna = import_module("optuna")
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    backend = import_module("optuna.storages.journal").JournalFileBackend(str(folder / STUDY_LOG))
    return optuna.create_study(
        storage=optuna.storages.JournalStorage(backend),
        study_name=folder.name,
        direction="maximize",
        sampler=optuna.samplers.TPESampler(seed=seed),
        pruner=optuna.pruners.MedianPruner(n_startup_trials=4),
        load_if_exists=True,
    )


def _begin_again(kept: Any) -> None:
    """Trials whose process ended before they did count as failed, and others are made."""
    state = import_module("optuna").trial.TrialState
    for one in kept.get_trials(states=(state.RUNNING, state.WAITING)):
        kept.tell(one.number, state=state.FAIL)


def _rows(kept: Any) -> list[SweepRow]:
    """Of the trials that have ended."""
    state = import_module("optuna").trial.TrialState
    rows = []
    for one in kept.get_trials(states=(state.COMPLETE, state.PRUNED)):
        best_eur, steps, seed = one.user_attrs["row"]
        pruned = one.state == state.PRUNED
        rows.append(SweepRow(f"trial{one.number}", seed, one.params, steps, best_eur, pruned))
    return rows


def _collected(
    found: Iterator[tuple[int, SweepRow]],
    total: int,
    folder: Path,
    progress: Report | None,
    before: Sequence[SweepRow] = (),
) -> list[SweepRow]:
    """All rows, the best first; the table is written anew after each."""
    rows = list(before)
    for done, (_, row) in enumerate(found, start=1):
        rows.append(row)
        rows.sort(key=lambda one: (-one.best_eur, one.name))
        write_text(folder / TABLE, _csv(rows))
        if progress is not None:
            progress(done, total, row)
    return sorted(rows, key=lambda one: (-one.best_eur, one.name))


def _csv(rows: Sequence[SweepRow]) -> str:
    names = list(dict.fromkeys(name for row in rows for name in row.settings))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["name", "seed", *names, "steps", "best_eur", "pruned"])
    for row in rows:
        own = [cell_text(str(row.settings.get(name, ""))) for name in names]
        ends = [row.steps, round(row.best_eur, 4), str(row.pruned).lower()]
        writer.writerow([row.name, row.seed, *own, *ends])
    return text.getvalue()

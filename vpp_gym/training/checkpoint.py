"""A run on disk between two validations: whole at any moment, and read without pickle."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import torch
from pydantic import ValidationError
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.buffers import ReplayBuffer
from stable_baselines3.common.running_mean_std import RunningMeanStd
from stable_baselines3.common.utils import set_random_seed

from vpp_gym.errors import InvalidInputError
from vpp_gym.files.archives import check_archive, read_arrays
from vpp_gym.files.reader import MB, opened
from vpp_gym.files.trial import check_folder
from vpp_gym.files.writer import remove_file, write_file
from vpp_gym.training.config import CHECKPOINT, RunSettings
from vpp_gym.training.learner import Stack
from vpp_gym.training.request import refuse_another_run

ROUND_SEEDS = 10_000
REPLAY_ARRAYS = ("observations", "next_observations", "actions", "rewards", "dones", "timeouts")
REPLAY_PATTERN = "replay-*.npz"
REPLAY_NAME = re.compile(r"replay-\d+\.npz")
COUNTERS = ("num_timesteps", "_n_updates")
MAX_BYTES = 4096 * MB


@dataclass
class Progress:
    """How far a run has come. A round is learning, a validation and a checkpoint.

    Attributes:
        rounds: finished ones.
        steps: environment steps.
        best_eur: best validation so far.
        learning_s: seconds of the learner and the environments.
        stepping_s: of these, inside the simulator.
        history: one entry per validation.
        ends: environment steps after which the run was to end, before it was extended.
    """

    rounds: int = 0
    steps: int = 0
    best_eur: float = -np.inf
    learning_s: float = 0.0
    stepping_s: float = 0.0
    history: list[dict[str, float]] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)


def begin_round(model: BaseAlgorithm, run: RunSettings, progress: Progress) -> None:
    """Fresh episodes and a random stream of its own, so that a round can be begun again.

    A run that is resumed is therefore the same, bit for bit, as one that was not
    interrupted.
    """
    seed = run.seed * ROUND_SEEDS + progress.rounds
    set_random_seed(seed)
    assert model.env is not None
    model.env.seed(seed * run.world.n_envs)
    model.action_space.seed(seed)
    model._last_obs = None


def save_checkpoint(
    folder: Path, run: RunSettings, model: BaseAlgorithm, stack: Stack, progress: Progress
) -> None:
    """Write learner, optimisers, normalisation, replay buffer and progress.

    The replay buffer has a file of its own, which the checkpoint names: until the new
    checkpoint is in place, the old one and its buffer are both there.
    """
    check_folder(folder, "run_dir")
    buffer = replay_of(model)
    replay = None if buffer is None else save_replay(buffer, folder, progress.steps)
    content = {
        "run": run.model_dump_json(),
        "parameters": model.get_parameters(),
        "entropy": getattr(model, "log_ent_coef", None),
        "counters": {name: getattr(model, name) for name in COUNTERS},
        "observations": _moments(stack.top.obs_rms),
        "returns": _moments(stack.top.ret_rms),
        "replay": replay,
        "progress": asdict(progress),
    }
    write_file(folder / CHECKPOINT, partial(_save, content))
    for old in folder.glob(REPLAY_PATTERN):
        if old.name != replay:
            remove_file(old)


def _save(content: Mapping[str, Any], file: BinaryIO) -> None:
    in_memory = io.BytesIO()  # of a disk that is full, PyTorch's own writer would not tell
    torch.save(content, in_memory)
    file.write(in_memory.getbuffer())


def checkpoint_settings(folder: Path) -> RunSettings:
    """Settings of the run in a folder.

    Raises:
        InvalidInputError: there is no checkpoint that can be read.
    """
    return _settings(_read(folder))


def checkpoint_progress(folder: Path) -> Progress:
    """How far the run in a folder has come.

    Raises:
        InvalidInputError: there is no checkpoint that can be read.
    """
    return _progress(_read(folder))


def load_checkpoint(folder: Path, run: RunSettings, model: BaseAlgorithm, stack: Stack) -> Progress:
    """Bring a freshly built learner to where the checkpoint was written.

    Args:
        folder: of the run.
        run: the saved run's settings, with more steps if it is to be extended.
        model: built for this run.
        stack: its environments.

    Raises:
        InvalidInputError: no checkpoint, a damaged one, or one of a run with other settings.
    """
    content = _read(folder)
    saved, progress = _settings(content), _progress(content)
    refuse_another_run(saved, run, done=progress.steps)
    with _refused(folder, "it does not fit this run: begin again"):
        _restore(content, model, stack)
    buffer = replay_of(model)
    if buffer is not None:
        name = str(content["replay"])
        if not REPLAY_NAME.fullmatch(name):
            raise InvalidInputError("run_dir", name, f"{CHECKPOINT} names no file of transitions")
        load_replay(buffer, folder / name)
    if run.timesteps > saved.timesteps:
        progress.ends.append(saved.timesteps)
    return progress


def _restore(content: Mapping[str, Any], model: BaseAlgorithm, stack: Stack) -> None:
    model.set_parameters(content["parameters"])
    if content["entropy"] is not None:
        model.log_ent_coef.data.copy_(content["entropy"].data)  # type: ignore[attr-defined]
    for name in COUNTERS:
        setattr(model, name, int(content["counters"][name]))
    normalised: Any = stack.top
    normalised.obs_rms = _running(content["observations"])
    normalised.ret_rms = _running(content["returns"])


def replay_of(model: BaseAlgorithm) -> ReplayBuffer | None:
    """The learner's replay buffer; None if it learns from fresh transitions only."""
    buffer = getattr(model, "replay_buffer", None)
    return buffer if isinstance(buffer, ReplayBuffer) else None


def save_replay(buffer: ReplayBuffer, folder: Path, steps: int) -> str:
    """Write what the buffer holds to a file of its own; its name."""
    filled = buffer.buffer_size if buffer.full else buffer.pos
    arrays: dict[str, Any] = {name: getattr(buffer, name)[:filled] for name in REPLAY_ARRAYS}
    arrays |= {"position": np.int64(buffer.pos), "capacity": np.int64(buffer.buffer_size)}
    name = REPLAY_PATTERN.replace("*", str(steps))
    write_file(folder / name, lambda file: np.savez(file, **arrays))
    return name


def load_replay(buffer: ReplayBuffer, path: Path) -> None:
    """Fill a fresh buffer with what `save_replay` wrote; nothing in the file is executed.

    Raises:
        InvalidInputError: the file is missing, damaged, or of a buffer of another size.
    """
    if not path.is_file():
        raise InvalidInputError("run_dir", path.parent.name, f"{path.name} is missing: begin again")
    most = sum(getattr(buffer, name).nbytes for name in REPLAY_ARRAYS)
    with _refused(path, "it is damaged: begin again"):
        names = (*REPLAY_ARRAYS, "position", "capacity")
        arrays = read_arrays(path, names, max_bytes=most + MB)
        filled, capacity = len(arrays["rewards"]), int(arrays["capacity"])
        position = int(arrays["position"])
    fits = capacity == buffer.buffer_size and 0 <= position < capacity
    if not fits or filled not in (position, capacity):
        raise InvalidInputError("run_dir", path.name, "it is of another buffer: begin again")
    for name in REPLAY_ARRAYS:
        kept, place = arrays[name], getattr(buffer, name)
        if kept.dtype != place.dtype or kept.shape != (filled, *place.shape[1:]):
            raise InvalidInputError("run_dir", path.name, f"{name} are of another shape")
        place[:filled] = kept
    buffer.pos, buffer.full = position, filled == capacity


def _read(folder: Path) -> dict[str, Any]:
    """What the checkpoint of a run holds, if every checksum in it is right."""
    path = folder / CHECKPOINT
    if not path.is_file():
        raise InvalidInputError("run_dir", str(folder), f"it has no {CHECKPOINT} to resume from")
    with _refused(folder, f"{CHECKPOINT} is damaged: begin again"):
        with opened(path, max_bytes=MAX_BYTES) as file:
            check_archive(file, CHECKPOINT, max_bytes=MAX_BYTES)
            content = torch.load(file, weights_only=True)
        missing = [name for name in ("run", "progress") if name not in content]
    if missing or not isinstance(content, dict):
        raise InvalidInputError("run_dir", str(folder), _OTHER_VERSION)
    return content


@contextmanager
def _refused(path: Path, remedy: str) -> Iterator[None]:
    """Whatever goes wrong while a file of a run is read is the file's fault."""
    try:
        yield
    except Exception as error:
        raise InvalidInputError("run_dir", str(path), remedy) from error


def _settings(content: dict[str, Any]) -> RunSettings:
    try:
        return RunSettings.model_validate_json(content["run"])
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(map(str, first["loc"]))
        raise InvalidInputError(name, first.get("input"), _OTHER_VERSION) from error


def _progress(content: dict[str, Any]) -> Progress:
    found = content["progress"]
    try:
        progress = Progress(**found)
    except TypeError as error:
        raise InvalidInputError("progress", found, _OTHER_VERSION) from error
    counts = progress.rounds, progress.steps, *progress.ends
    best = progress.best_eur
    is_number = isinstance(best, float | int) and not np.isnan(best)
    if not is_number or not all(isinstance(count, int) and count >= 0 for count in counts):
        raise InvalidInputError("progress", found, _OTHER_VERSION)
    return progress


_OTHER_VERSION = f"another version wrote this {CHECKPOINT}: resume it with that one, or begin again"


def _moments(running: Any) -> dict[str, torch.Tensor]:
    return {
        name: torch.as_tensor(np.asarray(getattr(running, name), dtype=np.float64))
        for name in ("mean", "var", "count")
    }


def _running(moments: dict[str, torch.Tensor]) -> RunningMeanStd:
    running = RunningMeanStd(shape=tuple(moments["mean"].shape))
    running.mean, running.var = moments["mean"].numpy(), moments["var"].numpy()
    running.count = float(moments["count"])
    return running

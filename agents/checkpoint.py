"""A run on disk between two validations: whole at any moment, and read without pickle."""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import torch
from pydantic import ValidationError
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.buffers import ReplayBuffer
from stable_baselines3.common.running_mean_std import RunningMeanStd
from stable_baselines3.common.utils import set_random_seed

from agents.config import CHECKPOINT, RunSettings
from agents.learner import Stack
from agents.request import refuse_another_run
from vpp_gym.errors import InvalidInputError

ROUND_SEEDS = 10_000
REPLAY_ARRAYS = ("observations", "next_observations", "actions", "rewards", "dones", "timeouts")
REPLAY_PATTERN = "replay-*.npz"


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
    folder.mkdir(parents=True, exist_ok=True)
    buffer = replay_of(model)
    replay = None if buffer is None else save_replay(buffer, folder, progress.steps)
    content = {
        "run": run.model_dump_json(),
        "parameters": model.get_parameters(),
        "entropy": getattr(model, "log_ent_coef", None),
        "counters": {"num_timesteps": model.num_timesteps, "_n_updates": model._n_updates},
        "observations": _moments(stack.top.obs_rms),
        "returns": _moments(stack.top.ret_rms),
        "replay": replay,
        "progress": asdict(progress),
    }
    in_memory = io.BytesIO()
    torch.save(content, in_memory)
    replace_file(folder / CHECKPOINT, lambda file: file.write(in_memory.getbuffer()))
    for old in folder.glob(REPLAY_PATTERN):
        if old.name != replay:
            old.unlink()


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
    model.set_parameters(content["parameters"])
    if content["entropy"] is not None:
        model.log_ent_coef.data.copy_(content["entropy"].data)  # type: ignore[attr-defined]
    for name, value in content["counters"].items():
        setattr(model, name, value)
    normalised: Any = stack.top
    normalised.obs_rms = _running(content["observations"])
    normalised.ret_rms = _running(content["returns"])
    buffer = replay_of(model)
    if buffer is not None:
        load_replay(buffer, folder / str(content.get("replay")))
    if run.timesteps > saved.timesteps:
        progress.ends.append(saved.timesteps)
    return progress


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
    replace_file(folder / name, lambda file: np.savez(file, **arrays))
    return name


def load_replay(buffer: ReplayBuffer, path: Path) -> None:
    """Fill a fresh buffer with what `save_replay` wrote; nothing in the file is executed.

    Raises:
        InvalidInputError: the file is missing, damaged, or of a buffer of another size.
    """
    if not path.is_file():
        raise InvalidInputError("run_dir", path.parent.name, f"{path.name} is missing: begin again")
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            arrays = dict(stored)
        filled, capacity = len(arrays["rewards"]), int(arrays["capacity"])
        position = int(arrays["position"])
    except Exception as error:
        raise InvalidInputError("run_dir", path.name, "it is damaged: begin again") from error
    fits = capacity == buffer.buffer_size and 0 <= position < capacity
    if not fits or filled not in (position, capacity):
        raise InvalidInputError("run_dir", path.name, "it is of another buffer: begin again")
    for name in REPLAY_ARRAYS:
        kept, place = arrays[name], getattr(buffer, name)
        if kept.dtype != place.dtype or kept.shape != (filled, *place.shape[1:]):
            raise InvalidInputError("run_dir", path.name, f"{name} are of another shape")
        place[:filled] = kept
    buffer.pos, buffer.full = position, filled == capacity


def replace_file(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """Put a new file in the place of an old one, which stays until the new one is on disk.

    Args:
        path: of the file.
        write: writes the content.
    """
    fresh = path.with_name(f".{path.name}.fresh")
    try:
        with fresh.open("wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(fresh, path)
    finally:
        fresh.unlink(missing_ok=True)


def _read(folder: Path) -> dict[str, Any]:
    path = folder / CHECKPOINT
    if not path.is_file():
        raise InvalidInputError("run_dir", str(folder), f"it has no {CHECKPOINT} to resume from")
    if not zipfile.is_zipfile(path):
        raise InvalidInputError("run_dir", str(folder), f"{CHECKPOINT} is damaged: begin again")
    content: dict[str, Any] = torch.load(path, weights_only=True)
    return content


def _settings(content: dict[str, Any]) -> RunSettings:
    try:
        return RunSettings.model_validate_json(content["run"])
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(map(str, first["loc"]))
        raise InvalidInputError(name, first.get("input"), _OTHER_VERSION) from error


def _progress(content: dict[str, Any]) -> Progress:
    try:
        return Progress(**content["progress"])
    except TypeError as error:
        raise InvalidInputError("progress", sorted(content["progress"]), _OTHER_VERSION) from error


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

"""A run on disk between two stretches, whole at any moment and read without pickle."""

from __future__ import annotations

import io
import zipfile
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.running_mean_std import RunningMeanStd
from stable_baselines3.common.utils import set_random_seed

from agents.files import replace_file
from agents.learner import Stack
from agents.replay import PATTERN, load_replay, replay_of, save_replay
from agents.resumption import refuse_another_run
from agents.settings import CHECKPOINT, RunSettings
from vpp_gym.errors import InvalidInputError

STRETCH_SEEDS = 10_000


@dataclass
class Progress:
    """How far a run has come.

    Attributes:
        stretches: finished ones.
        steps: environment steps.
        best_eur: best validation so far.
        learning_s: seconds of the learner and the environments.
        stepping_s: of these, inside the simulator.
        history: one entry per validation.
        ends: environment steps after which the run was to end, before it was extended.
    """

    stretches: int = 0
    steps: int = 0
    best_eur: float = -np.inf
    learning_s: float = 0.0
    stepping_s: float = 0.0
    history: list[dict[str, float]] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)


def begin_stretch(model: BaseAlgorithm, run: RunSettings, progress: Progress) -> None:
    """Fresh episodes and a random stream of its own, so that a stretch can be begun again.

    A run that is resumed is therefore the same, bit for bit, as one that was not
    interrupted.
    """
    seed = run.seed * STRETCH_SEEDS + progress.stretches
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
    for old in folder.glob(PATTERN):
        if old.name != replay:
            old.unlink()


def checkpoint_settings(folder: Path) -> RunSettings:
    """What the run in a folder is made of.

    Raises:
        InvalidInputError: there is no checkpoint.
    """
    return RunSettings.model_validate_json(_read(folder)["run"])


def checkpoint_progress(folder: Path) -> Progress:
    """How far the run in a folder has come.

    Raises:
        InvalidInputError: there is no checkpoint.
    """
    return Progress(**_read(folder)["progress"])


def load_checkpoint(folder: Path, run: RunSettings, model: BaseAlgorithm, stack: Stack) -> Progress:
    """Bring a freshly built learner to where the checkpoint was written.

    Args:
        folder: of the run.
        run: the saved run's settings, with later steps to end at if it is to be extended.
        model: built for this run.
        stack: its environments.

    Raises:
        InvalidInputError: no checkpoint, a damaged one, or one of a run with other settings.
    """
    content = _read(folder)
    saved = RunSettings.model_validate_json(content["run"])
    progress = Progress(**content["progress"])
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


def _read(folder: Path) -> dict[str, Any]:
    path = folder / CHECKPOINT
    if not path.is_file():
        raise InvalidInputError("run_dir", str(folder), f"it has no {CHECKPOINT} to resume from")
    if not zipfile.is_zipfile(path):
        raise InvalidInputError("run_dir", str(folder), f"{CHECKPOINT} is damaged: begin again")
    content: dict[str, Any] = torch.load(path, weights_only=True)
    return content


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

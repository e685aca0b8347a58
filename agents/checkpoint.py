"""A run on disk between two stretches, written in one move and read without pickle."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.running_mean_std import RunningMeanStd
from stable_baselines3.common.utils import set_random_seed

from agents.learner import Stack
from agents.settings import RunSettings
from vpp_gym.errors import InvalidInputError

CHECKPOINT = "checkpoint.pt"
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
    """

    stretches: int = 0
    steps: int = 0
    best_eur: float = -np.inf
    learning_s: float = 0.0
    stepping_s: float = 0.0
    history: list[dict[str, float]] = field(default_factory=list)


def begin_stretch(model: BaseAlgorithm, run: RunSettings, progress: Progress) -> None:
    """Fresh episodes and a random stream of its own, so that a stretch can be begun again.

    A run that is resumed is therefore the same, bit for bit, as one that was not
    interrupted; SAC's replay buffer is not kept and fills up again.
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
    """Write learner, optimisers, normalisation and progress."""
    content = {
        "run": run.model_dump_json(),
        "parameters": model.get_parameters(),
        "entropy": getattr(model, "log_ent_coef", None),
        "counters": {"num_timesteps": model.num_timesteps, "_n_updates": model._n_updates},
        "observations": _moments(stack.top.obs_rms),
        "returns": _moments(stack.top.ret_rms),
        "progress": asdict(progress),
    }
    folder.mkdir(parents=True, exist_ok=True)
    fresh = folder / f".{CHECKPOINT}.{os.getpid()}"
    torch.save(content, fresh)
    os.replace(fresh, folder / CHECKPOINT)


def checkpoint_settings(folder: Path) -> RunSettings:
    """What the run in a folder is made of.

    Raises:
        InvalidInputError: there is no checkpoint.
    """
    return RunSettings.model_validate_json(_read(folder)["run"])


def load_checkpoint(folder: Path, model: BaseAlgorithm, stack: Stack) -> Progress:
    """Bring a freshly built learner to where the checkpoint was written."""
    content = _read(folder)
    model.set_parameters(content["parameters"])
    if content["entropy"] is not None:
        model.log_ent_coef.data.copy_(content["entropy"].data)  # type: ignore[attr-defined]
    for name, value in content["counters"].items():
        setattr(model, name, value)
    normalised: Any = stack.top
    normalised.obs_rms = _running(content["observations"])
    normalised.ret_rms = _running(content["returns"])
    return Progress(**content["progress"])


def _read(folder: Path) -> dict[str, Any]:
    path = folder / CHECKPOINT
    if not path.is_file():
        raise InvalidInputError("run_dir", folder.name, f"it has no {CHECKPOINT} to resume from")
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

"""Files of trained policies, of training and of benchmarks, small ones, and their readers."""

from __future__ import annotations

import shutil
from functools import lru_cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import numpy as np

from benchmarks.store import StoredRun, load_run, save_run
from tests.agents.test_policy import CARD_OF_TEST, SIZE, random_network
from tests.agents.test_training import SMALL
from tests.attack.readers import small_world
from vpp_gym.agents.policy import AgentPolicy
from vpp_gym.training import checkpoint
from vpp_gym.training.config import CHECKPOINT, RunSettings
from vpp_gym.training.trainer import Trainer

KEY = "a" * 64
SEEN = np.random.default_rng(0).standard_normal((3, SIZE)).astype(np.float32)


def policy(folder: Path) -> None:
    """Weights and card of an agent that learned nothing."""
    from vpp_gym.training.export import export_policy

    place = folder / "made"
    export_policy(random_network(), CARD_OF_TEST, place)
    for path in place.iterdir():
        shutil.move(path, folder / path.name)


def read_policy(folder: Path) -> Any:
    """What the agent does, and what it says of itself."""
    agent = AgentPolicy.load(folder)
    acts = agent.predictor.predict(SEEN)[0]
    assert np.isfinite(acts).all(), "actions that are no numbers"
    return acts, agent.name, agent.seed, agent.card


@lru_cache
def trained() -> tuple[Trainer, Path]:
    """A run of training that has ended, and its folder."""
    folder = Path(mkdtemp(prefix="vpp-gym-attack-"))
    run = RunSettings.model_validate(
        {
            **SMALL,
            "algorithm": "sac",
            "timesteps": 128,
            "validate_every": 128,
            "world": {"n_envs": 8, "episode_days": 1},
            "sac": {"hidden": (4,), "learning_starts": 64, "batch_size": 16, "buffer_size": 400},
        }
    )
    world = small_world()
    trainer = Trainer(run, folder, arguments={"scenario": world}, validation={"scenario": world})
    trainer.train()
    return trainer, folder


def training(folder: Path) -> None:
    """Checkpoint and replay buffer."""
    _, made = trained()
    shutil.copy(made / CHECKPOINT, folder)
    for path in made.glob(checkpoint.REPLAY_PATTERN):
        shutil.copy(path, folder / "replay-128.npz")


def read_checkpoint(folder: Path) -> Any:
    """All that a run is resumed from."""
    trainer, _ = trained()
    settings = checkpoint.checkpoint_settings(folder)
    progress = checkpoint.load_checkpoint(folder, trainer.run, trainer.model, trainer.stack)
    weights = {k: v.numpy() for k, v in trainer.model.policy.state_dict().items()}
    moments = trainer.stack.top.obs_rms
    return settings, progress, weights, moments.mean, moments.var, trainer.model.num_timesteps


def read_replay(folder: Path) -> Any:
    trainer, _ = trained()
    buffer = checkpoint.replay_of(trainer.model)
    assert buffer is not None
    checkpoint.load_replay(buffer, folder / "replay-128.npz")
    return buffer.pos, buffer.full, buffer.rewards, buffer.observations, buffer.actions


def stored_run(folder: Path) -> None:
    days = {"date": [f"2019-01-{d:02d}" for d in range(1, 15)], "profit_eur": [1.25] * 14}
    metadata = {"policy": "no_v2g", "scenario": "synthetic:test:0", "repair_kwh": 0.0}
    save_run(folder / "run.json", StoredRun(KEY, 1.5, metadata, days))


def read_stored_run(folder: Path) -> Any:
    return load_run(folder / "run.json", KEY)

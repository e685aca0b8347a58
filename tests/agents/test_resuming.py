"""Going on from a checkpoint: the same run bit for bit, and nothing changed in silence."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.agents.test_training import only, parameters, settings, trained
from vpp_gym.errors import InvalidInputError
from vpp_gym.training import checkpoint
from vpp_gym.training.checkpoint import (
    checkpoint_progress,
    checkpoint_settings,
    load_replay,
    replay_of,
)
from vpp_gym.training.config import CHECKPOINT
from vpp_gym.training.export import card_of
from vpp_gym.training.request import RunRequest
from vpp_gym.training.trainer import Trainer

FULL_BUFFER = {"hidden": (8,), "learning_starts": 64, "batch_size": 32, "buffer_size": 400}


def stopped(folder, toy, run):
    """A run that is interrupted in its second stretch."""

    def stop(steps, score):
        if steps > 512:
            raise KeyboardInterrupt

    trainer = Trainer(run, folder, **only(toy), report=stop)
    with pytest.raises(KeyboardInterrupt):
        trainer.train()


@pytest.mark.parametrize(
    "run",
    [
        settings(),
        settings(algorithm="sac"),
        settings(algorithm="sac", sac={**FULL_BUFFER, "gradient_steps": 1}),
    ],
    ids=["ppo", "sac", "sac with a full buffer"],
)
def test_resuming_equals_going_on(toy, tmp_path, run):
    whole = trained(tmp_path / "whole", toy, run)
    stopped(tmp_path / "half", toy, run)
    assert checkpoint_settings(tmp_path / "half") == run
    resumed = trained(tmp_path / "half", toy, run, resume=True)
    assert resumed.progress.history == whole.progress.history
    for name, value in parameters(whole).items():
        np.testing.assert_array_equal(parameters(resumed)[name], value)
    assert not list((tmp_path / "half").glob(".*"))
    if run.algorithm == "sac":
        ours, theirs = replay_of(resumed.model), replay_of(whole.model)
        assert (ours.pos, ours.full) == (theirs.pos, theirs.full)
        assert ours.full == (run.sac.buffer_size == 400)
        np.testing.assert_array_equal(ours.rewards, theirs.rewards)
        assert len(list((tmp_path / "half").glob("replay-*.npz"))) == 1


def test_resume_needs_a_checkpoint(toy, tmp_path):
    with pytest.raises(InvalidInputError, match=CHECKPOINT):
        Trainer(settings(), tmp_path, resume=True, **only(toy))


@pytest.mark.parametrize("broken", ["replay", "checkpoint"])
def test_a_checkpoint_that_cannot_be_written_leaves_the_last_good_one(
    toy, tmp_path, monkeypatch, broken
):
    """The disk is full in the second stretch, at either of the two files."""
    run = settings(algorithm="sac")
    whole = trained(tmp_path / "whole", toy, run)
    writes = []
    real = {"replay": np.savez, "checkpoint": torch.save}[broken]

    def full(*args, **kwargs):
        writes.append(1)
        if len(writes) == 2:
            raise OSError(28, "No space left on device")
        return real(*args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(*{"replay": (np, "savez"), "checkpoint": (torch, "save")}[broken], full)
        with pytest.raises(InvalidInputError, match="No space"):
            trained(tmp_path / "half", toy, run)
    assert checkpoint_progress(tmp_path / "half").steps == 512
    resumed = trained(tmp_path / "half", toy, run, resume=True)
    for name, value in parameters(whole).items():
        np.testing.assert_array_equal(parameters(resumed)[name], value)
    assert not list((tmp_path / "half").glob(".*"))


def test_damaged_files_are_named(toy, tmp_path):
    run = settings(algorithm="sac", timesteps=512)
    trainer = trained(tmp_path, toy, run)
    (replay,) = tmp_path.glob("replay-*.npz")
    whole = replay.read_bytes()
    buffer = replay_of(trainer.model)
    replay.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InvalidInputError, match="damaged"):
        load_replay(buffer, replay)
    np.savez(replay, rewards=np.array([{"a": 1}], dtype=object))
    with pytest.raises(InvalidInputError, match="damaged"):
        load_replay(buffer, replay)
    replay.unlink()
    with pytest.raises(InvalidInputError, match="missing"):
        trained(tmp_path, toy, run, resume=True)
    (tmp_path / CHECKPOINT).write_bytes(b"half of it")
    with pytest.raises(InvalidInputError, match="damaged"):
        checkpoint_settings(tmp_path)


@pytest.mark.parametrize("part", ["run", "progress"])
def test_a_checkpoint_of_another_version_is_named(toy, tmp_path, part):
    trained(tmp_path, toy, settings(timesteps=512))
    content = torch.load(tmp_path / CHECKPOINT, weights_only=True)
    content["run"] = content["run"].replace('"wrappers"', '"rewards"')
    content["progress"]["epochs"] = 3
    torch.save(content, tmp_path / CHECKPOINT)
    read = {"run": checkpoint_settings, "progress": checkpoint_progress}[part]
    with pytest.raises(InvalidInputError, match="another version"):
        read(tmp_path)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"seed": 3}, "seed: got 3; the saved run has 0"),
        ({"algorithm": "sac"}, "algorithm: got 'sac'; the saved run has 'ppo'"),
        ({"env_id": "VPPBidding-v0"}, "env_id: got 'VPPBidding-v0'; the saved run has 'VPPDay"),
        ({"world": "real"}, "world.train: got 'real:train'; the saved run has 'synthetic:train'"),
        ({"validate_every": 100}, "validate_every: got 100; the saved run has 512"),
        ({"changes": {"ppo.n_steps": 64}}, "ppo.n_steps: got 64; the saved run has 32"),
        ({"changes": {"control": "per_ev"}}, "control: got 'per_ev'; the saved run has 'fleet'"),
        ({"changes": {"ppo.nsteps": 64}}, "ppo.nsteps: got 64; VPPDayAhead-v0 has no such"),
        ({"timesteps": 500}, "timesteps: got 500; the run was begun for 1024: ask for no fewer"),
        ({"timesteps": 4096}, "timesteps: got 4096; the run was begun for 1024, by which its"),
        ({"seed": 3, "changes": {"ppo.gamma": 0.5}}, "seed: got 3"),
    ],
)
def test_resuming_with_other_options_is_refused(asked, message):
    with pytest.raises(InvalidInputError) as refused:
        RunRequest(**asked).resumed_run(settings(), done=512)
    assert message in str(refused.value)


def test_all_that_differs_is_named():
    changes = {"ppo.n_steps": 64, "params.contract.term_h": 4}
    message = r"also differ: params\.contract\.term_h \(4, saved 3"
    with pytest.raises(InvalidInputError, match=message):
        RunRequest(changes=changes).resumed_run(settings(), done=512)


def test_resuming_with_the_options_of_the_run_is_no_change():
    same = RunRequest(
        env_id="VPPDayAhead-v0",
        algorithm="ppo",
        world="synthetic",
        name="small",
        seed=0,
        timesteps=1024,
        validate_every=512,
        changes={"ppo.n_steps": 32, "bids": "expected_load", "control": "fleet"},
    )
    assert same.resumed_run(settings(), done=512) == settings()
    assert RunRequest().resumed_run(settings(), done=512) == settings()


@pytest.mark.parametrize(
    "other",
    [
        settings(seed=1),
        settings(world={**settings().world.model_dump(), "arguments": {}}),
        settings(timesteps=2048),
    ],
)
def test_a_trainer_with_other_settings_is_refused(toy, tmp_path, other):
    stopped(tmp_path, toy, settings())
    with pytest.raises(InvalidInputError, match=r"saved run has|run was begun for"):
        Trainer(other, tmp_path, resume=True, **only(toy))


def test_a_run_at_its_end_can_be_extended(toy, tmp_path):
    run = settings(timesteps=512)
    trained(tmp_path, toy, run)
    longer = RunRequest(timesteps=1024).resumed_run(run, done=512)
    trainer = trained(tmp_path, toy, longer, resume=True)
    assert (trainer.progress.steps, trainer.progress.ends) == (1024, [512])
    assert checkpoint_settings(tmp_path) == longer
    card = card_of(
        longer, trainer.stack.base.batch.core, steps=1024, score={}, ends=trainer.progress.ends
    )
    first, second = card["command"].split(" && ")
    assert "--timesteps 512" in first
    assert "--keep" not in first
    again = "vpp-gym train --resume --name small --seed 0 --timesteps 1024 --keep"
    assert second == again


def test_the_checkpoint_is_replaced_before_older_transitions_go(toy, tmp_path, monkeypatch):
    """Killed between the two files, the old pair is whole."""
    run = settings(algorithm="sac")
    stopped(tmp_path, toy, run)
    seen = []
    write_file = checkpoint.write_file

    def watched(path, write):
        if path.name == CHECKPOINT:
            seen.append(sorted(file.name for file in tmp_path.glob("replay-*.npz")))
        write_file(path, write)

    monkeypatch.setattr(checkpoint, "write_file", watched)
    trained(tmp_path, toy, run, resume=True)
    assert seen == [["replay-1024.npz", "replay-512.npz"]]

"""Learning: a known answer, the same run twice, resuming, and what is exported."""

from __future__ import annotations

import numpy as np
import pytest

from agents.checkpoint import CHECKPOINT, checkpoint_settings
from agents.hyperparameters import RunSettings, run_settings
from agents.learner import network_of
from agents.policy import AgentPolicy
from agents.training import BEST, Trainer
from tests.agents.conftest import CHEAP, DEAR, FULL_HOUR_KWH, TOY_DAYS
from vpp_gym.errors import InvalidInputError

SMALL = {
    "name": "small",
    "timesteps": 1024,
    "validate_every": 512,
    "world": {"n_envs": 8, "episode_days": 2},
    "ppo": {"n_steps": 32, "batch_size": 64, "n_epochs": 2, "hidden": (8,)},
    "sac": {"hidden": (8,), "learning_starts": 64, "batch_size": 32, "gradient_steps": 1},
}


def settings(**changes):
    return RunSettings.model_validate({**SMALL, **changes})


def trained(folder, toy, run=None, **more):
    trainer = Trainer(run or settings(), folder, scenario=toy, validation=toy, **more)
    trainer.train()
    return trainer


def parameters(trainer):
    return {name: value.numpy().copy() for name, value in trainer.model.policy.state_dict().items()}


def test_ppo_learns_to_charge_in_the_cheap_hour(toy, tmp_path):
    run = settings(
        timesteps=40_000,
        validate_every=40_000,
        world={"n_envs": 32, "episode_days": 1},
        ppo={"n_steps": 48, "batch_size": 512, "learning_rate": 2e-3, "hidden": (16,)},
    )
    score = trained(tmp_path, toy, run).progress.history[-1]
    wrong_days = TOY_DAYS // 2
    best_eur = wrong_days * (DEAR - CHEAP) * FULL_HOUR_KWH
    assert score["satisfaction"] == pytest.approx(1.0)
    assert 0.95 * best_eur < score["saving_eur"] <= best_eur + 1e-9


@pytest.mark.parametrize("algorithm", ["ppo", "sac"])
def test_same_seed_same_run(toy, tmp_path, algorithm):
    runs = [
        trained(tmp_path / str(k), toy, settings(algorithm=algorithm, seed=min(k, 1)))
        for k in range(3)
    ]
    first, second, third = (parameters(run) for run in runs)
    assert any(not np.array_equal(first[name], second[name]) for name in first)
    for name in second:
        np.testing.assert_array_equal(second[name], third[name])
    assert runs[1].progress.history == runs[2].progress.history


def test_resuming_equals_going_on(toy, tmp_path):
    whole = trained(tmp_path / "whole", toy)

    def stop_in_the_second_stretch(steps, score):
        if steps > 512:
            raise KeyboardInterrupt

    half = Trainer(
        settings(), tmp_path / "half", scenario=toy, validation=toy,
        report=stop_in_the_second_stretch,
    )  # fmt: skip
    with pytest.raises(KeyboardInterrupt):
        half.train()
    assert checkpoint_settings(tmp_path / "half") == settings()
    resumed = trained(tmp_path / "half", toy, resume=True)
    assert resumed.progress.history == whole.progress.history
    for name, value in parameters(whole).items():
        np.testing.assert_array_equal(parameters(resumed)[name], value)
    assert not list((tmp_path / "half").glob(".*"))


def test_resume_needs_a_checkpoint(toy, tmp_path):
    with pytest.raises(InvalidInputError, match=CHECKPOINT):
        Trainer(settings(), tmp_path, resume=True, scenario=toy, validation=toy)


@pytest.mark.parametrize("algorithm", ["ppo", "sac"])
def test_exported_policy_acts_as_the_model_does(toy, tmp_path, algorithm):
    trainer = trained(tmp_path, toy, settings(algorithm=algorithm))
    stack = trainer.stack
    network = network_of(trainer.model, stack)
    stack.top.training = False
    shown = stack.top.reset()
    for _ in range(60):
        flat = stack.base.batch.core.observe()
        expected, _ = trainer.model.predict(shown, deterministic=True)
        action, _ = network.predict(flat)
        np.testing.assert_allclose(action, expected, atol=2e-5)
        shown, _, _, _ = stack.top.step(np.clip(action, -1, 1))


def test_best_policy_is_exported_with_its_card(toy, tmp_path):
    trainer = trained(tmp_path, toy)
    agent = AgentPolicy.load(tmp_path / BEST)
    assert agent.name == "small"
    assert (agent.seed, agent.term_h, agent.guarantee) == (0, 0, True)
    best = max(entry["saving_eur"] for entry in trainer.progress.history)
    assert agent.card["validation"]["saving_eur"] == pytest.approx(best, abs=1e-4)
    assert agent.card["steps"] in [entry["steps"] for entry in trainer.progress.history]
    assert RunSettings.model_validate(agent.card["run"]) == settings()
    assert agent.card["versions"]["torch"]


def test_settings_by_name():
    run = run_settings(algorithm="sac", world="real", term_h=3, guarantee=False, n_envs=16)
    assert run.name == "sac_real_v2g3_open"
    assert run.world.train == "real:train"
    assert run.world.n_envs == 16
    assert run_settings().name == "ppo_synthetic"


@pytest.mark.parametrize(
    ("field", "wrong"),
    [("world", "mars"), ("algorithm", "dqn"), ("timesteps", 0), ("bids", "none"), ("term", 3)],
)
def test_wrong_settings_are_named(field, wrong):
    with pytest.raises(InvalidInputError):
        run_settings(**{field: wrong})

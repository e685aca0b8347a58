"""Training on single stays: what is validated, and the fleet that the kept policy drives."""

from __future__ import annotations

import numpy as np
import pytest

import vpp_gym
from vpp_gym.agents.policy import AgentPolicy, Network
from vpp_gym.envs.stay_observation import STAY_LAYOUT
from vpp_gym.errors import InvalidInputError
from vpp_gym.evaluation import evaluate
from vpp_gym.ledger import PROFIT
from vpp_gym.scenarios.synthetic import SyntheticSource
from vpp_gym.training.request import run_settings
from vpp_gym.training.stay_validation import StayValidation
from vpp_gym.training.trainer import Trainer
from vpp_gym.training.validation import GAIN

STAY = "VPPStay-v0"
SMALL = {"world.n_envs": 4, "ppo.n_steps": 16, "ppo.batch_size": 32, "ppo.n_epochs": 1}


def always(action: float) -> Network:
    """A network that says the same whatever it sees."""
    size = STAY_LAYOUT.size
    weights, biases = (np.zeros((size, 1)),), (np.array([action]),)
    mean, std = np.zeros(size), np.ones(size)
    return Network(np.eye(size), mean, std, weights, biases, activation="tanh", squash="clip")


@pytest.fixture(scope="module")
def days() -> SyntheticSource:
    return SyntheticSource("validation", 2, dt_h=0.25, days=4)


def test_the_score_is_what_charging_otherwise_gains(days):
    validation = StayValidation(run_settings(STAY), n_stays=32, scenario=days)
    score = validation(always(1.0))
    assert score == {GAIN: 0.0, "satisfaction": pytest.approx(1.0)}
    idle = validation(always(0.0))
    assert idle["satisfaction"] < 1.0
    profit_eur, _ = validation._played(lambda seen: np.zeros((32, 1)))
    a_year = np.mean([len(days.scenario(k).sessions) for k in range(2)])
    assert idle[GAIN] == pytest.approx(a_year * (profit_eur - validation.reference).mean())


def test_a_trained_policy_drives_a_fleet(days, tmp_path):
    shown = {"wrappers.fields": ["need", "market", "price_to_mean"]}
    run = run_settings(STAY, timesteps=128, validate_every=64, changes={**SMALL, **shown})
    small = {"scenario": days}
    trainer = Trainer(run, tmp_path, arguments=small, validation={**small, "n_stays": 8})
    first = trainer.model.policy.action_net.bias
    assert first.item() == pytest.approx(0.5)
    assert trainer.train().steps == 128
    agent = vpp_gym.load(tmp_path / "best")
    assert isinstance(agent, AgentPolicy)
    assert agent.env_id == STAY
    assert [name for name, _ in agent.fields] == ["need", "price_to_mean", "market"]
    fleet = evaluate(agent, days.scenario(0)).days
    assert len(fleet) == 4
    assert np.isfinite(fleet[PROFIT]).all()


@pytest.mark.parametrize("fields", [[], ["needs"]])
def test_fields_that_are_not_shown_are_refused(fields, days, tmp_path):
    run = run_settings(STAY, changes={**SMALL, "wrappers.fields": fields})
    with pytest.raises(InvalidInputError, match="fields"):
        Trainer(run, tmp_path, arguments={"scenario": days})


def test_chosen_fields_exclude_foresight():
    changes = {"wrappers.fields": ["clock"], "wrappers.foresight_h": 24}
    with pytest.raises(InvalidInputError, match="foresight"):
        run_settings("VPPDispatch-v0", changes=changes)


def test_gains_over_a_twin_are_refused():
    with pytest.raises(InvalidInputError, match="differ in length"):
        run_settings(STAY, changes={"wrappers.reward": "gain"})

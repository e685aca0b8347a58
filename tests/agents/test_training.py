"""Learning: a known answer, the same run twice, resuming, and what is exported."""

from __future__ import annotations

import shlex

import numpy as np
import pytest

from tests.agents.conftest import CHEAP, DEAR, FULL_HOUR_KWH, TOY_DAYS
from vpp_gym.agents.policy import AgentPolicy
from vpp_gym.errors import InvalidInputError
from vpp_gym.evaluation import evaluate
from vpp_gym.policies.baselines import baseline
from vpp_gym.scenarios.named import as_source
from vpp_gym.scenarios.synthetic import SyntheticSource
from vpp_gym.training.config import BEST, DATA, TUNED, RunSettings
from vpp_gym.training.environments import TRAITS
from vpp_gym.training.export import card_of
from vpp_gym.training.learner import Stack, build_model, network_of
from vpp_gym.training.options import read_changes
from vpp_gym.training.request import run_settings
from vpp_gym.training.trainer import Trainer
from vpp_gym.training.validation import Validation

SMALL = {
    "name": "small",
    "timesteps": 1024,
    "validate_every": 512,
    "world": {"n_envs": 8, "episode_days": 2, **TUNED["VPPDayAhead-v0"]["world"]},
    "wrappers": TUNED["VPPDayAhead-v0"]["wrappers"],
    "ppo": {"n_steps": 32, "batch_size": 64, "n_epochs": 2, "hidden": (8,)},
    "sac": {"hidden": (8,), "learning_starts": 64, "batch_size": 32, "gradient_steps": 1},
}

AS_DECLARED = {"owner": {"early_departure_prob": 0.0, "late_departure_prob": 0.0}}
"""Nobody leaves earlier or later than declared."""


def settings(**changes):
    return RunSettings.model_validate({**SMALL, **changes})


def only(toy):
    return {"arguments": {"scenario": toy}, "validation": {"scenario": toy}}


def trained(folder, toy, run=None, **more):
    trainer = Trainer(run or settings(), folder, **only(toy), **more)
    trainer.train()
    return trainer


def parameters(trainer):
    return {name: value.numpy().copy() for name, value in trainer.model.policy.state_dict().items()}


def test_ppo_learns_to_charge_in_the_cheap_hour(toy, tmp_path):
    run = settings(
        timesteps=40_000,
        validate_every=40_000,
        world={
            "n_envs": 32,
            "episode_days": 1,
            "arguments": {"bids": "expected_load", "params": AS_DECLARED},
        },
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
    assert (agent.seed, agent.guarantee, agent.dt_h) == (0, True, toy.dt_h)
    best = max(entry["saving_eur"] for entry in trainer.progress.history)
    assert agent.card["validation"]["saving_eur"] == pytest.approx(best, abs=1e-4)
    assert agent.card["steps"] in [entry["steps"] for entry in trainer.progress.history]
    assert RunSettings.model_validate(agent.card["run"]) == settings()
    assert agent.card["versions"]["torch"]


FUEL_CELL_CARS = {
    "FCEVCarPark-v0": {"params.n_cars": 60, "world.episode_days": 4, "ppo.n_steps": 16},
    "FCEVMicrogrid-v0": {
        "volumes": True,
        "params.n_cars": 8,
        "params.household.n_houses": 30,
        "world.episode_days": 1,
        "ppo.n_steps": 24,
    },
}


@pytest.mark.parametrize("env_id", FUEL_CELL_CARS)
def test_agents_of_fuel_cell_cars_start_from_the_reference_action(env_id, tmp_path, small):
    """The mean action of a fresh policy is 0: what it gains is nothing, to the cent."""
    changes = {
        **FUEL_CELL_CARS[env_id],
        "world.n_envs": 2,
        "world.n_scenarios": 1,
        "world.n_validation": 1,
        "ppo.batch_size": 16,
        "ppo.learning_rate": 1e-30,
    }
    run = run_settings(env_id, timesteps=32, validate_every=32, changes=changes)
    progress = Trainer(run, tmp_path).train()
    assert progress.history[-1]["saving_eur"] == pytest.approx(0.0, abs=0.01)
    agent = AgentPolicy.load(tmp_path / BEST)
    assert agent.env_id == env_id
    assert "--set" in agent.card["command"]


@pytest.mark.parametrize("control", ["fleet", "per_ev"])
def test_short_runs_of_dispatch_start_from_the_reference_action(control, tmp_path, toy):
    changes = {
        "control": control,
        "params": AS_DECLARED,
        "world.n_envs": 2,
        "world.episode_days": 1,
        "ppo.n_steps": 8,
        "ppo.batch_size": 16,
        "ppo.learning_rate": 1e-30,
        "wrappers.foresight_h": 0,
    }
    run = run_settings("VPPDispatch-v0", timesteps=16, validate_every=16, changes=changes)
    assert (run.wrappers.reward, run.ppo.first_action) == ("gain", "reference")
    first, last = trained(tmp_path, toy, run).progress.history
    assert (first["steps"], last["steps"]) == (0, 16)
    assert first["saving_eur"] == last["saving_eur"] == pytest.approx(0.0, abs=1e-6)
    assert AgentPolicy.load(tmp_path / BEST).card["steps"] == 0


def test_only_short_runs_of_ppo_have_settings_of_their_own():
    short, long = (run_settings("VPPDispatch-v0", timesteps=n) for n in (300_000, 300_001))
    assert (short.wrappers.reward, long.wrappers.reward) == ("gain", "load")
    assert (short.validate_every, long.validate_every) == (37_500, 9_375)
    sac = run_settings("VPPDispatch-v0", algorithm="sac", timesteps=100_000)
    assert sac.wrappers.reward == "load"
    card = card_of(short, Stack(short).base.batch.core, steps=1, score={})
    assert "--set" not in card["command"]


def test_charging_on_arrival_is_the_reference_dispatch_of_a_fleet_and_of_every_charger():
    year = SyntheticSource("validation", days=5).scenario(0)
    runs = (
        run_settings("VPPDispatch-v0", changes={"control": control, "world.n_envs": 1})
        for control in ("fleet", "per_ev")
    )
    fleet, per_ev = (Validation(run, scenario=year).reference for run in runs)
    assert fleet["served_kwh"] > 0
    assert per_ev == pytest.approx(fleet)


def test_the_planner_is_the_reference_of_who_corrects_its_prices():
    year = SyntheticSource("validation", days=5).scenario(0)
    changes = {"control": "price", "world.n_envs": 1}
    validation = Validation(run_settings("VPPDispatch-v0", changes=changes), scenario=year)
    planned = evaluate(baseline("hazard_mpc_tariff+expected_load"), year, start_step=48).days
    assert validation.reference["served_kwh"] == pytest.approx(planned["served_kwh"].sum())
    assert validation.reference["load_value_eur"] == pytest.approx(planned["load_value_eur"].sum())


def test_a_gain_is_what_an_action_earns_above_the_reference_in_the_same_episode():
    """Nothing for the reference action, through several episodes; else the difference."""
    world = {"world.n_envs": 2, "world.n_scenarios": 1, "world.episode_days": 1}
    small = {"params.n_cars": 8, "params.household.n_houses": 30}
    gain_run, profit_run = (
        run_settings("FCEVMicrogrid-v0", changes={**world, **small, "wrappers.reward": reward})
        for reward in ("gain", "profit")
    )
    gain, profit = Stack(gain_run).top.venv, Stack(profit_run).top.venv
    reference, other = np.zeros((2, 2)), np.full((2, 2), -1.0)
    earned = {}
    for name, venv, action in (
        ("reference", profit, reference),
        ("other", profit, other),
        ("gain", gain, other),
        ("0", gain, reference),
    ):
        venv.seed(3)
        venv.reset()
        earned[name] = np.array([venv.step(action)[1] for _ in range(60)])
    assert (earned["0"] == 0).all()
    np.testing.assert_allclose(earned["gain"], earned["other"] - earned["reference"], atol=1e-5)
    assert earned["gain"].min() < -0.1


def test_every_action_may_have_its_own_noise(tmp_path):
    changes = {
        **FUEL_CELL_CARS["FCEVMicrogrid-v0"],
        "world.n_scenarios": 1,
        "world.n_envs": 2,
        "ppo.log_std_init": (-2.0, -1.5, -1.0),
        "ppo.batch_size": 16,
    }
    run = run_settings("FCEVMicrogrid-v0", changes=changes)
    model = build_model(run, Stack(run))
    assert model.policy.log_std.detach().numpy().tolist() == [-2.0, -1.5, -1.0]


def test_scenarios_of_validation_are_not_those_of_training():
    run = run_settings("FCEVCarPark-v0")
    numbers = []
    for arguments in (run.world.training(run.traits), run.world.validating(run.traits)):
        first = arguments["first_scenario"]
        numbers.append(set(range(first, first + arguments["n_scenarios"])))
    assert not numbers[0] & numbers[1]
    assert min(numbers[0] | numbers[1]) >= 1000


def test_the_command_on_a_card_makes_the_same_run(toy, tmp_path):
    run = settings(
        world={**SMALL["world"], "arguments": {"bids": "period", "params": {"guarantee": False}}}
    )
    trained(tmp_path, toy, run)
    words = shlex.split(AgentPolicy.load(tmp_path / BEST).card["command"])
    assert words[:2] == ["vpp-gym", "train"]
    given = dict(zip(words[2::2], words[3::2], strict=False))
    changes = [words[k + 1] for k, word in enumerate(words) if word == "--set"]
    again = run_settings(
        given["--env"],
        name=given["--name"],
        timesteps=int(given["--timesteps"]),
        validate_every=run.validate_every,
        changes=read_changes(changes),
    )
    assert int(given["--validate-every"]) == run.validate_every
    for section in ("wrappers", "ppo"):
        assert getattr(again, section) == getattr(run, section)
    assert again.world.arguments["bids"] == "period"


def test_settings_by_name():
    changes = read_changes(
        ["params.contract.term_h=3", "params.guarantee=false", "world.n_envs=16"]
    )
    run = run_settings(algorithm="sac", world="real", changes=changes)
    assert run.name == "sac_real_term_h_3_no_guarantee"
    assert run.world.train == "real:train"
    assert run.world.n_envs == 16
    assert run.world.arguments["params"] == {"contract": {"term_h": 3}, "guarantee": False}
    assert run_settings().name == "ppo_synthetic"


@pytest.mark.parametrize("world", DATA)
def test_every_world_has_years_to_train_on_and_others_to_choose_by(world):
    run = run_settings("VPPDispatch-v0", world=world)
    assert run.name == f"ppo_{world}_dispatch"
    assert run.world.train.endswith(":train")
    assert run.world.validation.endswith(":validation")
    if not world.startswith("real"):  # those are read from files
        trained, chosen = map(as_source, (run.world.train, run.world.validation))
        assert trained.name != chosen.name
        assert run.world.n_years(run.traits) == chosen.n_scenarios


def test_every_environment_has_settings_that_worked():
    for env_id in TRAITS:
        for algorithm in TUNED[env_id]["timesteps"]:
            assert run_settings(env_id, algorithm=algorithm).env_id == env_id


@pytest.mark.parametrize(
    "wrong",
    [
        {"world": "mars"},
        {"algorithm": "dqn"},
        {"timesteps": 0},
        {"env_id": "CartPole-v1"},
        {"changes": {"ppo.gama": 0.9}},
    ],
)
def test_wrong_settings_are_named(wrong):
    with pytest.raises(InvalidInputError):
        run_settings(**wrong)


@pytest.mark.parametrize("env_id", ["VPPDayAhead-v0", "FCEVCarPark-v0"])
def test_an_argument_that_the_environment_does_not_take_is_named(env_id, tmp_path):
    with pytest.raises(InvalidInputError, match="wether"):
        Trainer(run_settings(env_id, changes={"wether": 1}), tmp_path)

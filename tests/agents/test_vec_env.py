"""The SB3 batch: SB3's conventions, the numbers of the Gymnasium batch, no loop over runs."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from gymnasium.vector import AutoresetMode
from stable_baselines3 import PPO
from stable_baselines3.common.evaluation import evaluate_policy
from stable_baselines3.common.monitor import Monitor
from stable_baselines3.common.vec_env import VecMonitor, VecNormalize

from vpp_gym.envs.day_ahead import VPPDayAheadVectorEnv
from vpp_gym.errors import InvalidInputError
from vpp_gym.markets.ledger import TERMS
from vpp_gym.training.vec_env import BatchVecEnv

N, STEPS = 5, 96
SETTINGS = {"bids": "expected_load", "episode_days": 1}


@pytest.fixture
def venv(small):
    return BatchVecEnv("VPPDayAhead-v0", N, scenario=small, **SETTINGS)


def actions_of(steps, n=N, size=1, seed=0):
    return np.random.default_rng(seed).uniform(-1, 1, (steps, n, size)).astype(np.float32)


def test_equals_the_gymnasium_batch(venv, small):
    batch = VPPDayAheadVectorEnv(N, small, autoreset_mode=AutoresetMode.SAME_STEP, **SETTINGS)
    venv.seed(7)
    expected, _ = batch.reset(seed=7)
    np.testing.assert_array_equal(venv.reset(), expected)
    for action in actions_of(STEPS + 10):
        observations, rewards, dones, infos = venv.step(action)
        expected, expected_rewards, _, truncated, info = batch.step(action)
        np.testing.assert_array_equal(observations, expected)
        np.testing.assert_array_equal(rewards, expected_rewards.astype(np.float32))
        np.testing.assert_array_equal(dones, truncated)
        np.testing.assert_array_equal(venv.terms["im_eur"], info["im_eur"])
        for run in np.flatnonzero(dones):
            last = infos[run]["terminal_observation"]
            np.testing.assert_array_equal(last, info["final_obs"][run])


@pytest.mark.parametrize(
    ("env_id", "more", "length"),
    [
        ("VPPDispatch-v0", {}, 96),
        ("VPPBidding-v0", {"scheduler": "charge_on_arrival"}, 1),
        ("VPPContracts-v0", {"scheduler": "charge_on_arrival"}, 1),
        ("FCEVCarPark-v0", {"params": {"n_cars": 60}, "n_scenarios": 1}, 1),
        ("FCEVMicrogrid-v0", {"params": {"n_cars": 8}, "n_scenarios": 1}, 24),
    ],
)
def test_a_learner_of_sb3_trains_in_every_environment(small, env_id, more, length):
    worlds = {"scenario": small} if env_id.startswith("VPP") else {}
    venv = BatchVecEnv(env_id, 2, episode_days=1, **worlds, **more)
    model = PPO("MlpPolicy", venv, n_steps=24, batch_size=16, n_epochs=1, seed=0, device="cpu")
    model.learn(2 * max(length, 24))
    assert {int(episode["l"]) for episode in model.ep_info_buffer} == {length}


def test_a_stay_ends_for_good_and_a_learner_of_sb3_trains_on_stays(small):
    venv = BatchVecEnv("VPPStay-v0", 3, scenario=small)
    venv.seed(0)
    venv.reset()
    ended = []
    for action in actions_of(200, 3):
        _, _, dones, infos = venv.step(action)
        ended += [infos[run] for run in np.flatnonzero(dones)]
    assert len(ended) > 5
    for info in ended:
        assert info["TimeLimit.truncated"] is False
        assert info["departures"] == 1.0
        assert not info["terminal_observation"].any()
    model = PPO("MlpPolicy", venv, n_steps=24, batch_size=24, n_epochs=1, seed=0, device="cpu")
    model.learn(144)
    assert model.num_timesteps == 144


def test_other_environments_are_refused():
    with pytest.raises(InvalidInputError, match="VPPDayAhead") as refused:
        BatchVecEnv("CartPole-v1", 2)
    assert refused.value.field == "env"


def test_infos_speak_only_of_what_ended(venv):
    venv.seed(0)
    venv.reset()
    returns = np.zeros(N)
    for step, action in enumerate(actions_of(STEPS)):
        observations, rewards, dones, infos = venv.step(action)
        returns += rewards
        assert len(infos) == N
        assert dones.all() == dones.any() == (step == STEPS - 1)
        if step < STEPS - 1:
            assert infos == [{}] * N
    for run, info in enumerate(infos):
        assert info["TimeLimit.truncated"]
        assert not np.array_equal(info["terminal_observation"], observations[run])
        assert info["episode"]["l"] == STEPS
        assert info["episode"]["r"] == pytest.approx(returns[run], abs=1e-4)
        assert set(TERMS) <= set(info)
        assert info["im_eur"] == venv.terms["im_eur"][run]
    _, _, _, infos = venv.step(actions_of(1)[0])
    assert infos == [{}] * N


def test_an_info_that_is_written_to_does_not_stay(venv):
    venv.reset()
    _, _, _, infos = venv.step(actions_of(1)[0])
    infos[0]["mine"] = 1
    assert venv.step(actions_of(1)[0])[3] == [{}] * N


def test_seed_and_options_hold_for_one_reset(venv):
    venv.seed(3)
    first = venv.reset()
    second = venv.reset()
    venv.seed(3)
    np.testing.assert_array_equal(venv.reset(), first)
    assert not np.array_equal(first, second)
    venv.set_options([{"scenario": 0, "start_day": day} for day in range(N)])
    chosen = venv.reset()
    np.testing.assert_array_equal(
        venv.batch.core.simulation.state.run["start"], STEPS // 2 + STEPS * np.arange(N)
    )
    venv.set_options({"scenario": 0, "start_day": 0})
    np.testing.assert_array_equal(venv.reset(), np.repeat(chosen[:1], N, axis=0))


def test_attributes_and_methods_are_those_of_the_batch(venv):
    assert venv.get_attr("num_envs") == [N] * N
    assert venv.get_attr("num_envs", [0, 2]) == [N, N]
    assert venv.get_attr("render_mode") == [None] * N
    venv.set_attr("note", "here")
    assert venv.get_attr("note") == ["here"] * N
    assert venv.env_method("_seeds", 4) == [[4, 5, 6, 7, 8]] * N
    with pytest.raises(InvalidInputError, match="one batch"):
        venv.set_attr("note", "there", indices=[0])
    with pytest.raises(InvalidInputError, match="one batch"):
        venv.env_method("close", indices=0)
    with pytest.raises(AttributeError):
        venv.get_attr("nonsense")


def test_reports_the_monitor_that_it_replaces(venv, small):
    assert venv.env_is_wrapped(Monitor) == [True] * N
    assert venv.env_is_wrapped(VecMonitor) == [False] * N

    class Idle:
        def predict(self, observations, state=None, episode_start=None, deterministic=True):
            return np.full((len(observations), 1), -1.0, dtype=np.float32), state

    returns, lengths = evaluate_policy(Idle(), venv, 2 * N, return_episode_rewards=True)
    assert lengths == [STEPS] * (2 * N)
    assert np.isfinite(returns).all()


def test_works_under_sb3_wrappers(venv):
    wrapped = VecNormalize(venv)
    wrapped.seed(0)
    wrapped.reset()
    for action in actions_of(STEPS):
        observations, _, dones, infos = wrapped.step(action)
    assert dones.all()
    assert infos[0]["terminal_observation"].shape == observations[0].shape
    assert venv.batch is wrapped.unwrapped.batch


def test_named_observations(small):
    venv = BatchVecEnv("VPPDayAhead-v0", 2, scenario=small, observation="dict", **SETTINGS)
    venv.reset()
    for action in actions_of(STEPS, n=2):
        observations, _, _, infos = venv.step(action)
    assert set(infos[0]["terminal_observation"]) == set(observations)
    assert observations["da_ahead"].shape == (2, 24)


def calls_of_a_step(small, n):
    venv = BatchVecEnv("VPPDayAhead-v0", n, scenario=small, **SETTINGS)
    venv.seed(0)
    venv.reset()
    action = actions_of(1, n=n)[0]
    venv.step(action)
    calls = 0

    def count(frame, event, argument):
        nonlocal calls
        calls += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        venv.step(action)
    finally:
        sys.setprofile(None)
    return calls


def test_a_step_does_not_loop_over_environments(small):
    assert calls_of_a_step(small, 64) == calls_of_a_step(small, 4)

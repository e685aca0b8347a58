"""The environments of fuel-cell cars, scalar and in a batch."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env, data_equivalence

import vpp_gym  # noqa: F401 - registers the environments
from vpp_gym.errors import InvalidInputError
from vpp_gym.fcev.car_park import ledger as carpark_terms
from vpp_gym.fcev.microgrid import ledger as microgrid

SMALL: dict[str, dict[str, Any]] = {
    "FCEVCarPark-v0": {
        "params": {"n_cars": 60, "price_year": {"spread": 4.0}},
        "n_scenarios": 2,
        "episode_days": 3,
    },
    "FCEVMicrogrid-v0": {
        "params": {"n_cars": 8, "household": {"n_houses": 30}},
        "n_scenarios": 2,
        "episode_days": 2,
        "volumes": True,
        "rewards": True,
    },
}
MONEY = {"FCEVCarPark-v0": carpark_terms.MONEY, "FCEVMicrogrid-v0": microgrid.MONEY}
each_id = pytest.mark.parametrize("env_id", list(SMALL))


def episode(env_id: str, seed: int, **changes: Any) -> list[Any]:
    env = gym.make(env_id, **{**SMALL[env_id], **changes})
    env.action_space.seed(5)
    told: list[Any] = list(env.reset(seed=seed))
    over = False
    while not over:
        *step, over, info = env.step(env.action_space.sample())
        told += [*step, over, info]
    return told


@each_id
def test_passes_the_checks_of_gymnasium_and_stable_baselines(env_id: str):
    from stable_baselines3.common.env_checker import check_env as check_for_sb3

    env = gym.make(env_id, **SMALL[env_id]).unwrapped
    check_env(env, skip_render_check=True)  # pictures: tests/test_environments.py
    check_for_sb3(env)


@each_id
def test_stable_baselines_makes_a_batch_of_them(env_id: str):
    from stable_baselines3.common.env_util import make_vec_env

    batch = make_vec_env(env_id, n_envs=2, env_kwargs=SMALL[env_id])
    assert batch.reset().shape == (2, *batch.observation_space.shape)


@each_id
def test_observation_is_small(env_id: str):
    env = gym.make(env_id, **SMALL[env_id])
    assert 24 <= env.observation_space.shape[0] <= 72


@each_id
def test_twins_of_one_seed_are_alike_to_the_bit(env_id: str):
    one, two = episode(env_id, seed=3), episode(env_id, seed=3)
    assert all(data_equivalence(a, b, exact=True) for a, b in zip(one, two, strict=True))
    assert not np.array_equal(one[0], episode(env_id, seed=4)[0])


@each_id
def test_reward_is_the_sum_of_the_money_terms(env_id: str):
    told = episode(env_id, seed=0)
    for reward, info in zip(told[3::5], told[6::5], strict=True):
        assert reward == pytest.approx(sum(info[name] for name in MONEY[env_id]), abs=1e-9)


@each_id
@pytest.mark.parametrize("mode", ["NextStep", "SameStep"])
def test_run_i_of_a_batch_is_the_scalar_environment_with_seed_plus_i(env_id: str, mode: str):
    batch = gym.make_vec(
        env_id,
        num_envs=3,
        vectorization_mode="vector_entry_point",
        autoreset_mode=mode,
        **SMALL[env_id],
    )
    alone = [gym.make(env_id, **SMALL[env_id]) for _ in range(3)]
    first, _ = batch.reset(seed=7)
    np.testing.assert_array_equal(first, [env.reset(seed=7 + i)[0] for i, env in enumerate(alone)])
    batch.action_space.seed(1)
    ended = False
    while not ended:
        actions = batch.action_space.sample()
        seen, rewards, _, over, info = batch.step(actions)
        ended = bool(over.all())
        steps = [env.step(action) for env, action in zip(alone, actions, strict=True)]
        last = info["final_obs"] if ended and mode == "SameStep" else seen
        for i, (observation, reward, _, truncated, _) in enumerate(steps):
            np.testing.assert_array_equal(last[i], observation)
            assert (rewards[i], over[i]) == (reward, truncated)
    anew = batch.step(actions)[0] if mode == "NextStep" else seen
    np.testing.assert_array_equal(anew, [env.reset()[0] for env in alone])


@each_id
@pytest.mark.parametrize(
    ("call", "field"),
    [
        (lambda env: env.step(np.full(env.action_space.shape, 1.5)), "action[0]"),
        (lambda env: env.step(np.zeros(3)), "action"),
        (lambda env: env.reset(options={"weather": 1}), "options"),
        (lambda env: env.reset(options={"scenario": 9}), "options.scenario"),
    ],
)
def test_refusals_name_the_argument(env_id: str, call: Any, field: str):
    env = gym.make(env_id, **SMALL[env_id]).unwrapped
    env.reset(seed=0)
    with pytest.raises(InvalidInputError) as refused:
        call(env)
    assert refused.value.field == field


@each_id
def test_a_step_before_or_after_an_episode_asks_for_a_reset(env_id: str):
    env = gym.make(env_id, **SMALL[env_id]).unwrapped
    with pytest.raises(gym.error.ResetNeeded):
        env.step(np.zeros(env.action_space.shape))

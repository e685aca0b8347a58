"""The batch against scalar environments and Gymnasium's own vectorisation."""

from __future__ import annotations

import pickle
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import data_equivalence
from gymnasium.vector import AutoresetMode, SyncVectorEnv

from tests.envs.test_api import DAILY, IDS, QUICK, busy_world, steps_a_day
from vpp_gym.markets.ledger import TERMS

WORLDS = [busy_world(24 * days, seed=days) for days in (3, 4, 5)]
OFFERS_AND_OWNERS: dict[str, Any] = {
    "contract": {
        "families": ("control_based", "price_based", "volume_based", "fixed_term"),
        "control_based": {"keep_soc": 0.5, "tariff_eur_per_kwh": 0.015},
        "volume_based": {"energy_kwh": 8.0, "delay_h": 1, "term_h": 3, "eur_per_h": 0.01},
        "payoff_rule": "pro_rata",
    },
    "owner": {
        "early_departure_prob": 0.5,
        "late_departure_prob": 0.3,
        "participation": 0.9,
        "participation_memory": 5,
    },
}
PLAIN: list[dict[str, Any]] = [
    {"episode_days": 1},
    {"episode_days": None},  # the scenarios differ in length: episodes end apart
    {"episode_days": 2, "params": OFFERS_AND_OWNERS},
]
OWN: dict[str, dict[str, Any]] = {
    "VPPDayAhead-v0": {"control": "per_ev", "bids": "period"},
    "VPPDispatch-v0": {"control": "per_ev", "bidder": "wait_and_see"},
    "VPPBidding-v0": {"scheduler": "price_threshold"},
    "VPPContracts-v0": {"scheduler": "price_threshold", "bidder": "wait_and_see"},
}
FORMS = [
    pytest.param(env_id, form, id=f"{env_id}-{form}")
    for env_id in IDS
    for form in [*PLAIN, {"episode_days": None, "observation": "dict", **OWN[env_id]}]
]
MODES = list(AutoresetMode)
each_id = pytest.mark.parametrize("env_id", IDS)
each_form = pytest.mark.parametrize(("env_id", "form"), FORMS)
N = 3


def arguments(env_id: str, form: dict[str, Any]) -> dict[str, Any]:
    return {"scenario": WORLDS, **(QUICK if env_id in DAILY else {}), **form}


def hours(env_id: str, number: int) -> range:
    """So many hours in steps of the environment."""
    return range(-(-number * steps_a_day(env_id) // 24))


def batch(env_id: str, form: dict[str, Any], num_envs: int = N, **more: Any) -> Any:
    return gym.make_vec(
        env_id,
        num_envs=num_envs,
        vectorization_mode="vector_entry_point",
        **arguments(env_id, form),
        **more,
    )


def row(observation: Any, i: int) -> Any:
    if isinstance(observation, dict):
        return {name: part[i] for name, part in observation.items()}
    return observation[i]


@each_form
def test_run_i_is_the_scalar_environment_of_seed_plus_i(env_id, form):
    vector = batch(env_id, form)
    singles = [gym.make(env_id, **arguments(env_id, form)) for _ in range(N)]
    rng = np.random.default_rng(0)
    observations, infos = vector.reset(seed=11)
    assert all(infos[f"_{name}"].all() and not infos[name].any() for name in TERMS)
    for i, env in enumerate(singles):
        assert data_equivalence(env.reset(seed=11 + i)[0], row(observations, i), exact=True)
    over, episodes = [False] * N, 0
    for _ in hours(env_id, 312):
        actions = rng.uniform(-1, 1, vector.action_space.shape).astype(np.float32)
        observations, rewards, terminations, truncations, infos = vector.step(actions)
        assert observations in vector.observation_space
        for i, env in enumerate(singles):
            if over[i]:
                (observation, info), reward, over[i] = env.reset(), 0.0, False
                episodes += 1
            else:
                observation, reward, terminated, over[i], info = env.step(actions[i])
                assert terminated is False
            assert data_equivalence(observation, row(observations, i), exact=True)
            assert (rewards[i], terminations[i], truncations[i]) == (reward, False, over[i])
            for name, value in info.items():
                assert infos[name][i] == value
                assert infos[f"_{name}"][i]
    assert episodes >= 2 * N


def without_booked(info: dict[str, Any], ended: np.ndarray) -> dict[str, Any]:
    """The info with zeros, as of a reset, for runs that ended: `final_info` has their terms."""
    final = info["final_info"]
    kept = {name: info[name] for name in ("final_obs", "_final_obs", "final_info", "_final_info")}
    for name in final:
        np.testing.assert_array_equal(info[name][ended], final[name][ended], err_msg=name)
        booked = np.where(ended, np.zeros_like(info[name]), info[name])
        kept[name] = info[name] if name.startswith("_") else booked
    return kept


def assert_same_info(ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    """Alike wherever a mask says that there is something to compare."""
    for name, value in theirs.items():
        if name.startswith("_"):
            np.testing.assert_array_equal(ours[name], value, err_msg=name)
        elif isinstance(value, dict):
            assert_same_info(ours[name], value)
        elif value.dtype == object:
            for a, b in zip(ours[name], value, strict=True):
                assert data_equivalence(a, b, exact=True), name
        else:
            np.testing.assert_array_equal(ours[name], value, err_msg=name)
    for name in set(ours) - set(theirs):  # nothing there says anything
        assert not np.any(ours[name] if name.startswith("_") else ours[f"_{name}"]), name


@each_form
@pytest.mark.parametrize("mode", MODES)
def test_resets_are_those_of_gymnasiums_own_vectorisation(env_id, form, mode):
    ours = batch(env_id, form, autoreset_mode=mode)
    theirs = SyncVectorEnv(
        [lambda: gym.make(env_id, **arguments(env_id, form))] * N, autoreset_mode=mode
    )
    assert ours.metadata["autoreset_mode"] == theirs.metadata["autoreset_mode"] == mode
    assert ours.single_observation_space == theirs.single_observation_space
    assert ours.observation_space == theirs.observation_space
    assert ours.action_space == theirs.action_space
    rng = np.random.default_rng(1)
    assert data_equivalence(ours.reset(seed=5), theirs.reset(seed=5), exact=True)
    episodes = 0
    for _ in hours(env_id, 312):
        actions = rng.uniform(-1, 1, ours.action_space.shape).astype(np.float32)
        mine, reference = ours.step(actions), theirs.step(actions)
        assert data_equivalence(mine[:4], reference[:4], exact=True)
        info = mine[4] if "final_info" not in mine[4] else without_booked(mine[4], mine[3])
        assert_same_info(info, reference[4])
        if mode is AutoresetMode.DISABLED and mine[3].any():
            mask = mine[3].copy()
            mine, reference = (
                env.reset(options={"reset_mask": mask.copy()}) for env in (ours, theirs)
            )
            assert data_equivalence(mine, reference, exact=True)
            episodes += mask.sum()
        else:
            episodes += mine[3].sum()
    assert episodes >= 2 * N


@each_id
def test_without_autoreset_an_ended_run_must_be_reset(env_id):
    env = batch(env_id, {"episode_days": 1}, autoreset_mode=AutoresetMode.DISABLED)
    env.reset(seed=0)
    actions = np.zeros(env.action_space.shape, dtype=np.float32)
    for _ in hours(env_id, 24):
        truncations = env.step(actions)[3]
    assert truncations.all()
    position = env.core.simulation.state.run["position"].copy()
    with pytest.raises(gym.error.ResetNeeded, match="reset_mask"):
        env.step(actions)
    np.testing.assert_array_equal(env.core.simulation.state.run["position"], position)


@each_id
def test_a_masked_reset_leaves_the_others_where_they_are(env_id):
    env = batch(env_id, {"episode_days": 2})
    env.reset(seed=0)
    for _ in hours(env_id, 5):
        before = env.step(np.zeros(env.action_space.shape))[0]
    after, _ = env.reset(seed=9, options={"reset_mask": np.array([False, True, False])})
    np.testing.assert_array_equal(after[[0, 2]], before[[0, 2]])
    fresh, _ = batch(env_id, {"episode_days": 2}).reset(seed=9)
    np.testing.assert_array_equal(after[1], fresh[1])


@each_id
def test_seeds_may_be_listed(env_id):
    one, two = (batch(env_id, {"episode_days": 1}) for _ in range(2))
    np.testing.assert_array_equal(one.reset(seed=4)[0], two.reset(seed=[4, 5, 6])[0])
    first = one.reset(seed=4)[0]
    mixed = two.reset(seed=[None, 5, None])[0]
    np.testing.assert_array_equal(first[1], mixed[1])


@each_id
def test_a_seed_restarts_the_whole_batch(env_id):
    env = batch(env_id, {"episode_days": 1})
    rng = np.random.default_rng(0)
    actions = rng.uniform(-1, 1, (len(hours(env_id, 60)), *env.action_space.shape)).astype(
        np.float32
    )
    told = []
    for _ in range(2):
        rows: list[Any] = [env.reset(seed=7)]
        rows += [env.step(action) for action in actions]
        told.append(rows)
    assert all(data_equivalence(a, b, exact=True) for a, b in zip(*told, strict=True))


@each_id
def test_what_is_returned_is_the_callers_own(env_id):
    """Writing into results changes neither later results nor the environment."""
    clean, spoilt = (batch(env_id, {"episode_days": 1}) for _ in range(2))
    clean.reset(seed=0)
    spoilt.reset(seed=0)[0][:] = np.nan
    rng = np.random.default_rng(0)
    for _ in hours(env_id, 60):
        actions = rng.uniform(-1, 1, clean.action_space.shape)
        expected, got = clean.step(actions), spoilt.step(actions.copy())
        assert data_equivalence(expected, got, exact=True)
        observations, rewards, terminations, truncations, infos = got
        for array in (observations, rewards, terminations, truncations, *infos.values()):
            array[:] = ~array if array.dtype == bool else -7.0


@each_id
def test_the_batch_can_be_pickled(env_id):
    env = batch(env_id, {"episode_days": 1})
    env.reset(seed=0)
    actions = np.zeros(env.action_space.shape, dtype=np.float32)
    env.step(actions)
    twin = pickle.loads(pickle.dumps(env))
    for _ in hours(env_id, 30):
        assert data_equivalence(env.step(actions), twin.step(actions), exact=True)


@each_id
@pytest.mark.parametrize("num_envs", [1, np.int64(2)])
def test_a_batch_of_few(env_id, num_envs):
    env = batch(env_id, {"episode_days": 1}, num_envs=num_envs)
    assert env.reset(seed=0)[0].shape[0] == num_envs
    single = gym.make(env_id, **arguments(env_id, {"episode_days": 1}))
    observation, _ = single.reset(seed=0)
    np.testing.assert_array_equal(env.reset(seed=0)[0][0], observation)


@each_id
def test_make_vec_of_scalar_environments_agrees(env_id):
    native = batch(env_id, {"episode_days": 1})
    wrapped = gym.make_vec(
        env_id, num_envs=N, vectorization_mode="sync", **arguments(env_id, {"episode_days": 1})
    )
    np.testing.assert_array_equal(native.reset(seed=3)[0], wrapped.reset(seed=3)[0])

"""Bad arguments, actions and options: named, with a remedy, and nothing has moved."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from tests.envs.test_api import IDS, WORLD, busy_world
from vpp_gym.envs.day_ahead import VPPDayAheadEnv, VPPDayAheadVectorEnv
from vpp_gym.errors import InvalidInputError

NAN = float("nan")
each_id = pytest.mark.parametrize("env_id", IDS)


def frozen(env: Any) -> dict[str, Any]:
    core = env.core
    return {
        **{name: part.tobytes() for name, part in core.simulation.state._asdict().items()},
        "pending_bids": core.pending_bids.tobytes(),
        "dataset": id(core.simulation.dataset),
        "scenarios": [id(one) for one in core.simulation.scenarios],
    }


def under_way(vector: bool = False, **settings: Any) -> Any:
    scenarios = [WORLD, busy_world(24 * 8, seed=3)]
    worlds = {"scenario": scenarios, "bids": "schedule", "episode_days": 2, **settings}
    env = VPPDayAheadVectorEnv(3, **worlds) if vector else VPPDayAheadEnv(**worlds)
    env.reset(seed=0, options={"scenario": 0})
    for _ in range(5):
        env.step(np.full(env.action_space.shape, 0.5))
    return env


def with_entry(place: int, value: float) -> np.ndarray:
    action = np.zeros(25)
    action[place] = value
    return action


@pytest.mark.parametrize(
    ("action", "field"),
    [
        (np.zeros(24), "action"),
        (np.zeros((1, 25)), "action"),
        (0.0, "action"),
        (None, "action"),
        ("charge", "action"),
        ([0.0, [1.0]], "action"),
        ({"dispatch": 0.0}, "action"),
        (np.zeros(25).astype(str), "action"),
        (np.zeros(25, dtype=complex), "action"),
        (np.zeros(25, dtype="timedelta64[s]"), "action"),
        (np.zeros(25, dtype=bool), "action"),
        (np.zeros(25, dtype=object), "action"),
        (np.ma.masked_less(with_entry(0, -1.0), 0.0), "action"),
        (with_entry(0, NAN), "action[0]"),
        (with_entry(24, NAN), "action[24]"),
        (with_entry(0, 1.001), "action[0]"),
        (with_entry(3, -np.inf), "action[3]"),
    ],
)
def test_bad_actions(action, field):
    env = under_way()
    before = frozen(env)
    with pytest.raises(InvalidInputError) as refused:
        env.step(action)
    assert refused.value.field == field
    assert refused.value.remedy
    assert frozen(env) == before
    env.step(np.zeros(25))


@pytest.mark.parametrize(
    ("actions", "field"),
    [
        (np.zeros((2, 25)), "action"),
        (np.zeros(25), "action"),
        ([np.zeros(25), np.zeros(24), np.zeros(25)], "action"),
        (np.stack([np.zeros(25), with_entry(2, NAN), np.zeros(25)]), "action[1, 2]"),
        (np.stack([np.zeros(25), np.zeros(25), with_entry(0, 2.0)]), "action[2, 0]"),
    ],
)
def test_bad_actions_of_a_batch(actions, field):
    env = under_way(vector=True)
    before = frozen(env)
    with pytest.raises(InvalidInputError) as refused:
        env.step(actions)
    assert refused.value.field == field
    assert frozen(env) == before


BAD_OPTIONS = [
    ({"day": 3}, "options"),
    ({"scenario": 2}, "options.scenario"),
    ({"scenario": -1}, "options.scenario"),
    ({"scenario": "train"}, "options.scenario"),
    ({"scenario": 0.5}, "options.scenario"),
    ({"scenario": 1, "start_day": 99}, "options.start_day"),
    ({"scenario": 1, "start_day": -1}, "options.start_day"),
    ({"start_day": 0.5}, "options.start_day"),
    ({"start_day": "monday"}, "options.start_day"),
    ({"scenario": 1, "episode_days": 99}, "options.episode_days"),
    ({"episode_days": 0}, "options.episode_days"),
    ({"episode_days": -1}, "options.episode_days"),
    ({"episode_days": 1.5}, "options.episode_days"),
    ({"episode_days": "all"}, "options.episode_days"),
]


@pytest.mark.parametrize("vector", [False, True])
@pytest.mark.parametrize(("options", "field"), BAD_OPTIONS)
def test_bad_options(options, field, vector):
    env = under_way(vector)
    before = frozen(env)
    with pytest.raises(InvalidInputError) as refused:
        env.reset(options=options)
    assert refused.value.field == field
    assert refused.value.remedy
    assert frozen(env) == before
    env.step(np.zeros(env.action_space.shape))


def test_options_that_suit_only_some_runs_reset_none():
    env = under_way(vector=True)
    before = frozen(env)
    refused = 0
    for seed in range(20):  # three runs, in scenarios with 2 and 6 starting days
        try:
            env.reset(seed=seed, options={"start_day": 4})
        except InvalidInputError:
            refused += 1
            assert frozen(env) == before
        before = frozen(env)
    assert 0 < refused < 20


@pytest.mark.parametrize(
    "mask", [[True], [False] * 3, np.zeros(3), np.ones((3, 1), dtype=bool), "all"]
)
def test_bad_masks(mask):
    env = under_way(vector=True)
    before = frozen(env)
    with pytest.raises(InvalidInputError) as refused:
        env.reset(options={"reset_mask": mask})
    assert refused.value.field == "options.reset_mask"
    assert frozen(env) == before


@pytest.mark.parametrize("seed", [[1, 2], -1, 1.5, "seven", [1, 2, -3]])
def test_bad_seeds_of_a_batch(seed):
    env = under_way(vector=True)
    before = frozen(env)
    with pytest.raises((InvalidInputError, gym.error.Error)):
        env.reset(seed=seed)
    assert frozen(env) == before


BAD_ARGUMENTS = [
    ({"control": "fleets"}, "control"),
    ({"bids": "none"}, "bids"),
    ({"reward": "money"}, "reward"),
    ({"bid_scale": 1.5}, "bid_scale"),
    ({"bid_scale": NAN}, "bid_scale"),
    ({"observation": "image"}, "observation"),
    ({"episode_days": 0}, "episode_days"),
    ({"episode_days": 1.5}, "episode_days"),
    ({"dt_h": 0.5}, "dt_h"),
    ({"dt_h": 0.25}, "dt_h"),  # the scenario has whole hours
    ({"scenario": "synthetic", "dt_h": 0.4}, "dt_h"),
    ({"scenario": "synthetics"}, "scenario"),
    ({"scenario": []}, "scenarios"),
    ({"scenario": [WORLD, 3]}, "scenarios[1]"),
    ({"scenario": 7}, "scenario"),
    ({"params": {"site": {"n_charger": 3}}}, "params.site.n_charger"),
    ({"params": {"sites": {"n_chargers": 3}}}, "params.sites"),
    ({"params": {"site": {"n_chargers": 3.5}}}, "params.site.n_chargers"),
    ({"params": "paper"}, "params"),
    ({"params": {"preset": "paper"}}, "params.preset"),
    ({"params": {"preset": "plain", "sites": {}}}, "params.sites"),
    ({"guarantee": "perhaps"}, "params.guarantee"),
    ({"render_mode": "ansi"}, "render_mode"),
]


@pytest.mark.parametrize("make", [VPPDayAheadEnv, VPPDayAheadVectorEnv])
@pytest.mark.parametrize(("arguments", "field"), BAD_ARGUMENTS)
def test_bad_arguments(make, arguments, field):
    with pytest.raises(InvalidInputError) as refused:
        make(**{"scenario": WORLD, **arguments})
    assert refused.value.field == field
    assert refused.value.remedy


@each_id
@pytest.mark.parametrize("kwargs", [{"controls": "fleet"}, {"n_chargers": 3}, {"seed": 1}])
def test_a_misspelt_argument_is_refused(env_id, kwargs):
    with pytest.raises(TypeError, match=next(iter(kwargs))):
        gym.make(env_id, scenario=WORLD, **kwargs)
    with pytest.raises(TypeError, match=next(iter(kwargs))):
        gym.make_vec(env_id, num_envs=2, scenario=WORLD, **kwargs)


@pytest.mark.parametrize("num_envs", [0, -1, 1.5, "two", True])
def test_bad_sizes_of_a_batch(num_envs):
    with pytest.raises(InvalidInputError) as refused:
        VPPDayAheadVectorEnv(num_envs, scenario=WORLD)
    assert refused.value.field == "num_envs"


def test_an_unknown_autoreset_mode_is_refused():
    with pytest.raises(InvalidInputError, match="NextStep"):
        VPPDayAheadVectorEnv(2, scenario=WORLD, autoreset_mode="never")


def test_an_episode_longer_than_the_scenario_is_refused():
    env = VPPDayAheadEnv(WORLD, episode_days=7)
    with pytest.raises(InvalidInputError, match="1 to 3") as refused:
        env.reset(seed=0)
    assert refused.value.field == "episode_days"


def test_a_scenario_without_a_gate_is_refused():
    env = VPPDayAheadEnv(busy_world(12), episode_days=None)
    with pytest.raises(InvalidInputError, match="gate"):
        env.reset(seed=0)


def test_a_step_needs_a_reset_before_the_first_and_after_the_last():
    env = VPPDayAheadEnv(WORLD, bids="schedule", episode_days=1)
    with pytest.raises(gym.error.ResetNeeded):
        env.step(np.zeros(25))
    env.reset(seed=0)
    for _ in range(24):
        env.step(np.zeros(25))
    before = frozen(env)
    with pytest.raises(gym.error.ResetNeeded):
        env.step(np.zeros(25))
    assert frozen(env) == before


def test_a_batch_needs_a_reset_of_all_runs():
    env = VPPDayAheadVectorEnv(3, scenario=WORLD, bids="schedule", episode_days=1)
    with pytest.raises(gym.error.ResetNeeded):
        env.step(np.zeros((3, 25)))
    env.reset(seed=0, options={"reset_mask": np.array([True, False, True])})
    with pytest.raises(gym.error.ResetNeeded):
        env.step(np.zeros((3, 25)))
    env.reset(options={"reset_mask": np.array([False, True, False])})
    env.step(np.zeros((3, 25)))


def test_a_failed_reset_does_not_begin_an_episode():
    env = VPPDayAheadEnv(WORLD, bids="schedule", episode_days=1)
    with pytest.raises(InvalidInputError):
        env.reset(seed=0, options={"start_day": 99})
    with pytest.raises(gym.error.ResetNeeded):
        env.step(np.zeros(25))

"""Every registered id, in many forms, against the checks of Gymnasium and SB3."""

from __future__ import annotations

import copy
import math
import pickle
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env, data_equivalence
from matplotlib.backends.backend_agg import FigureCanvasAgg

import vpp_gym
from tests.worlds import plain_world, random_sessions
from vpp_gym.markets.ledger import MONEY, TERMS
from vpp_gym.params import PAPER_2023
from vpp_gym.policies.bidders import ExpectedLoadBidder, WaitAndSee, ZeroBidder
from vpp_gym.policies.rules import ChargeAtDeadline, PriceThreshold

IDS = [name for name in gym.registry if name.startswith("VPP") and name != "VPPStay-v0"]
"""Whose episodes are days; that of a stay is tried in test_stay.py."""
DAILY = ("VPPBidding-v0", "VPPContracts-v0")
"""One step is a day."""


def busy_world(n_steps: int = 96, dt_h: float = 1.0, seed: int = 0):
    """A few days with cars at all hours."""
    rng = np.random.default_rng(seed)
    da, spread = rng.normal(0.05, 0.05, n_steps), rng.exponential(0.02, n_steps)
    return plain_world(
        n_steps,
        da=da,
        short=da + spread,
        long=da - spread * (rng.random(n_steps) < 0.5),
        sessions=random_sessions(rng, n_steps, n_steps, round(1 / dt_h)),
        dt_h=dt_h,
    )


WORLD = busy_world()
QUICK = {"scheduler": "charge_on_arrival"}


def steps_a_day(env_id: str, dt_h: float = 1.0) -> int:
    return 1 if env_id in DAILY else round(24 / dt_h)


def small(env_id: str, **more: Any) -> dict[str, Any]:
    """Arguments of an environment that is quick to step; its episodes have some steps."""
    days = {"episode_days": 3, **QUICK} if env_id in DAILY else {"episode_days": 1}
    return {"scenario": WORLD, **days, **more}


WORLDLY: list[dict[str, Any]] = [
    {},
    {"observation": "dict"},
    {"guarantee": False, "reward": "profit"},
    {"params": "plain"},
    {"params": "paper_2023", "episode_days": None},
    {"params": {"market": {"imbalance_lag_steps": 0, "imbalance_pricing": "dual"}}},
    {"params": {"site": {"discharge_kw": 0}, "market": {"bid_limit_kw": 0}}},
    {"params": {"contract": {"families": ["price_based", "control_based", "volume_based"]}}},
    {"scenario": plain_world(96), "params": {"preset": "plain", "contract": {"term_h": 0}}},
    {"scenario": [busy_world(seed=1), busy_world(120, seed=2)], "episode_days": None},
    {"scenario": busy_world(384, dt_h=0.25)},
]
"""Of every environment."""

OWN: dict[str, list[dict[str, Any]]] = {
    "VPPDayAhead-v0": [
        {"control": "per_ev"},
        {"bids": "schedule", "bid_scale": 1.0},
        {"bids": "expected_load"},
        {"observation": "dict", "control": "per_ev", "bids": "schedule"},
        {"params": {"site": {"n_chargers": 1}}, "control": "per_ev"},
        {"params": {"site": {"n_chargers": 300}}, "control": "per_ev"},
    ],
    "VPPDispatch-v0": [
        {"control": "per_ev", "observation": "dict"},
        {"bidder": "zero"},
        {"bidder": "wait_and_see"},
        {"bidder": WaitAndSee(noisy_oracle=0.1)},
        {"bidder": ExpectedLoadBidder},
    ],
    "VPPBidding-v0": [
        {"scheduler": "rolling_mpc", "bid_scale": 1.0},
        {"scheduler": "algorithm_1"},
        {"scheduler": PriceThreshold(quantile=0.2)},
        {"scheduler": ChargeAtDeadline, "observation": "dict"},
    ],
    "VPPContracts-v0": [
        {"scheduler": "rolling_mpc"},
        {"family": "price_based", "scheduler": "rolling_mpc", "observation": "dict"},
        {"family": "volume_based", "bidder": "wait_and_see"},
        {"family": "control_based", "scheduler": "rolling_mpc", "bidder": ZeroBidder()},
    ],
}
"""Of each environment: name those of a new one here."""


def named(variant: dict[str, Any]) -> str:
    shown = {name: value for name, value in variant.items() if name != "scenario"}
    return ",".join(f"{name}={_word(value)}" for name, value in shown.items())


def _word(value: object) -> object:
    """The value, or the class of an object, whose address changes with every process."""
    named = value if isinstance(value, type) else type(value)
    return named.__name__ if named.__module__.startswith("vpp_gym") else value


VARIANTS = [
    pytest.param(env_id, small(env_id, **variant), id=f"{env_id}-{named(variant)}")
    for env_id in IDS
    for variant in WORLDLY + OWN[env_id]
]
each_variant = pytest.mark.parametrize(("env_id", "variant"), VARIANTS)
each_id = pytest.mark.parametrize("env_id", IDS)


@pytest.fixture
def window_of_agg(monkeypatch):
    """Windows open on a canvas that only claims to have a toolkit, on any machine."""
    from matplotlib import pyplot

    pyplot.switch_backend("agg")
    monkeypatch.setattr(FigureCanvasAgg, "required_interactive_framework", "pretended")
    monkeypatch.setattr("matplotlib.figure.Figure.show", lambda figure: None)
    yield
    assert not pyplot.get_fignums(), "a window was left open"


@each_variant
def test_passes_the_check_of_gymnasium(env_id, variant):
    env = gym.make(env_id, **variant)
    check_env(env.unwrapped, skip_render_check=True)
    env.close()


@each_id
def test_passes_the_check_of_gymnasium_with_pictures_and_windows(env_id, window_of_agg):
    env = gym.make(env_id, **small(env_id))
    assert set(env.metadata["render_modes"]) == {"rgb_array", "human"}  # all are checked
    check_env(env.unwrapped)
    env.close()


@each_variant
def test_passes_the_check_of_stable_baselines(env_id, variant):
    from stable_baselines3.common.env_checker import check_env as check_for_sb3

    check_for_sb3(gym.make(env_id, **variant).unwrapped)


def episode(env: gym.Env, seed: int | None, action_seed: int = 5) -> list[Any]:
    """Everything that an episode returns."""
    env.action_space.seed(action_seed)
    observation, info = env.reset(seed=seed)
    told: list[Any] = [observation, info]
    over = False
    while not over:
        observation, reward, terminated, over, info = env.step(env.action_space.sample())
        told += [observation, reward, terminated, over, info]
    return told


@each_variant
def test_twins_of_one_seed_are_alike_to_the_bit(env_id, variant):
    one, two = (episode(gym.make(env_id, **variant), seed=3) for _ in range(2))
    assert len(one) == len(two) > 5
    assert all(data_equivalence(a, b, exact=True) for a, b in zip(one, two, strict=True))


RESTARTED = [(env_id, {}) for env_id in IDS] + [
    ("VPPDayAhead-v0", {"bids": "period"}),
    ("VPPDispatch-v0", {"bidder": "wait_and_see"}),
    ("VPPContracts-v0", {"bidder": "wait_and_see"}),
]


@pytest.mark.parametrize(("env_id", "more"), RESTARTED)
def test_a_seed_restarts_the_same_episode_however_often(env_id, more):
    """After other episodes on other days, of which nothing is left."""
    env = gym.make(env_id, **small(env_id, scenario=busy_world(24 * 20), **more))
    first = episode(env, seed=7)
    others = [episode(env, seed=None)[0] for _ in range(3)]
    again = episode(env, seed=7)
    assert all(data_equivalence(a, b, exact=True) for a, b in zip(first, again, strict=True))
    assert any(not np.array_equal(first[0], other) for other in others)


@each_id
def test_numpys_global_generator_is_left_alone(env_id):
    np.random.seed(3)  # noqa: NPY002 - it is the global state that is watched
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    told = episode(gym.make(env_id, **small(env_id)), seed=0)
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002
    np.random.seed(4)  # noqa: NPY002
    again = episode(gym.make(env_id, **small(env_id)), seed=0)
    assert all(data_equivalence(a, b, exact=True) for a, b in zip(told, again, strict=True))


def profit(info: dict[str, float]) -> float:
    """EUR of all money terms."""
    return sum(info[name] for name in MONEY)


def level_of(env: Any, run: int = 0) -> float:
    """Price level at the start of the episode."""
    simulation = env.unwrapped.core.simulation
    start = simulation.state.run["start"][run]
    return float(simulation.dataset.steps["level_eur_per_kwh"][start])


@each_id
@pytest.mark.parametrize("vector", [False, True], ids=["one", "batch"])
def test_the_reward_profit_is_the_sum_of_the_money_terms(env_id, vector):
    settings = small(env_id, reward="profit")
    if vector:
        env = gym.make_vec(env_id, 2, vectorization_mode="vector_entry_point", **settings)
        env.reset(seed=0)
        for _ in range(2):
            _, rewards, _, _, info = env.step(env.action_space.sample())
            for run in range(2):
                one = {name: float(info[name][run]) for name in TERMS}
                assert rewards[run] == pytest.approx(profit(one), abs=1e-12)
        return
    told = episode(gym.make(env_id, **settings), seed=0)
    for got, info in zip(told[3::5], told[6::5], strict=True):
        assert list(info) == list(TERMS)
        assert isinstance(got, float)
        assert got == pytest.approx(profit(info), abs=1e-12)
    assert len(told[3::5]) == 24 or env_id in DAILY
    assert sum(info["demand_kwh"] for info in told[6::5]) > 0


@each_id
def test_the_default_reward_leaves_out_what_all_demand_earns(env_id):
    """Over an episode: the retail price of all demand less its cost at the price level."""
    env = gym.make(env_id, **small(env_id))
    told = episode(env, seed=0)
    rewards, infos = told[3::5], told[6::5]
    demand_kwh = sum(info["demand_kwh"] for info in infos)
    left_out_eur = (0.13 - level_of(env)) * demand_kwh / 0.98
    profit_eur = sum(profit(info) for info in infos)
    assert sum(rewards) == pytest.approx(profit_eur - left_out_eur, abs=1e-9)
    assert demand_kwh > 0


@each_id
def test_rewards_rank_policies_alike(env_id):
    """With the same cars, the two rewards differ by an amount that no action changes."""
    apart = []
    for number in (-0.5, 0.0, 1.0):
        totals = []
        for reward in ("profit", "spread"):
            env = gym.make(env_id, **small(env_id, reward=reward))
            env.reset(seed=3)
            total, over = 0.0, False
            while not over:
                _, got, _, over, _ = env.step(np.full(env.action_space.shape, number))
                total += got
            totals.append(total)
        apart.append(totals[0] - totals[1])
    assert apart == pytest.approx([apart[0]] * 3, abs=1e-9)
    assert apart[0] > 1


@each_variant
@pytest.mark.parametrize("copied", [copy.deepcopy, lambda env: pickle.loads(pickle.dumps(env))])
def test_a_copy_goes_on_alike_and_apart(env_id, variant, copied):
    env = gym.make(env_id, **variant)
    env.action_space.seed(0)
    env.reset(seed=1)
    first, then = (1, 1) if env_id in DAILY else (7, 10)
    for _ in range(first):
        env.step(env.action_space.sample())
    twin = copied(env)
    for _ in range(then):
        action = env.action_space.sample()
        assert data_equivalence(env.step(action), twin.step(action), exact=True)
    before = twin.unwrapped.core.simulation.state.run["position"][0]
    env.step(env.action_space.sample())
    assert twin.unwrapped.core.simulation.state.run["position"][0] == before
    assert data_equivalence(env.reset(), twin.reset(), exact=True)


@each_id
def test_an_environment_that_draws_can_be_copied(env_id):
    env = gym.make(env_id, **small(env_id), render_mode="rgb_array")
    env.reset(seed=1)
    env.step(env.action_space.sample())
    picture = env.render()
    for twin in (copy.deepcopy(env), pickle.loads(pickle.dumps(env))):
        np.testing.assert_array_equal(twin.render(), picture)


@each_id
@pytest.mark.parametrize(
    "kwargs",
    [
        {},
        {
            "params": {"preset": "plain", "site": {"n_chargers": 3}, "contract": {"term_h": 1}},
            "episode_days": 2,
            "scenario": "synthetic:validation",
            "dt_h": 1.0,
            "guarantee": True,
            "reward": "profit",
        },
    ],
)
def test_a_spec_makes_the_same_environment_again(env_id, kwargs):
    own = {
        "VPPDayAhead-v0": {"control": "per_ev", "bids": "schedule"},
        "VPPDispatch-v0": {"control": "per_ev", "bidder": "wait_and_see"},
        "VPPBidding-v0": {"scheduler": "price_threshold"},
        "VPPContracts-v0": {"family": "control_based", "bidder": "zero"},
    }
    env = gym.make(env_id, **kwargs, **(own[env_id] if kwargs else {}))
    again = gym.make(gym.envs.registration.EnvSpec.from_json(env.spec.to_json()))
    assert env.observation_space == again.observation_space
    assert env.action_space == again.action_space
    assert data_equivalence(env.reset(seed=2), again.reset(seed=2), exact=True)
    action = env.action_space.sample()
    assert data_equivalence(env.step(action), again.step(action), exact=True)


@each_id
def test_the_module_form_of_the_id_works(env_id):
    assert gym.make(f"vpp_gym:{env_id}", **small(env_id)).observation_space is not None


@each_id
def test_lengths_of_episodes(env_id):
    world = busy_world(24 * 5)
    for days, hours in ((1, 24), (3, 72), (None, 108)):
        env = gym.make(env_id, **small(env_id, scenario=world, episode_days=days))
        steps = math.ceil(hours / 24) if env_id in DAILY else hours
        assert len(episode(env, seed=0)[3::5]) == steps


@each_id
def test_reset_options_place_the_episode(env_id):
    worlds = [busy_world(24 * 6, seed=1), busy_world(24 * 8, seed=2)]
    env = gym.make(env_id, scenario=worlds, episode_days=2)
    simulation = env.unwrapped.core.simulation
    env.reset(seed=0, options={"scenario": 1, "start_day": 3, "episode_days": 4})
    snapshot = simulation.snapshot()
    assert (snapshot.step, snapshot.steps_left, snapshot.is_gate) == (0, 96, True)
    assert snapshot.time == np.datetime64("2019-01-04T12:00")
    assert snapshot.da_eur_per_kwh[0] == worlds[1].da_eur_per_kwh[84]
    env.reset(options={"scenario": 0, "episode_days": None})
    assert simulation.snapshot().steps_left == 24 * 6 - 12
    env.reset(options={"scenario": 0, "start_day": 2, "episode_days": None})
    assert simulation.snapshot().steps_left == 24 * 4 - 12
    env.reset(options={})
    assert simulation.snapshot().steps_left == 48


@each_id
def test_days_are_drawn_from_the_whole_scenario(env_id):
    env = gym.make(env_id, scenario=busy_world(24 * 6), episode_days=1)
    starts = set()
    for seed in range(60):
        env.reset(seed=seed)
        starts.add(str(env.unwrapped.core.simulation.snapshot().time))
    assert starts == {f"2019-01-0{day}T12:00" for day in range(1, 6)}


@each_id
def test_quarters_are_longer_episodes_of_more_periods(env_id):
    own = {"bids": "schedule"} if env_id == "VPPDayAhead-v0" else {}
    world = busy_world(384, dt_h=0.25)
    env = gym.make(env_id, **small(env_id, scenario=world, episode_days=2, params="plain", **own))
    periods = {"VPPDayAhead-v0": 97, "VPPDispatch-v0": 1, "VPPBidding-v0": 96, "VPPContracts-v0": 4}
    assert env.action_space.shape == (periods[env_id],)
    assert len(episode(env, seed=0)[3::5]) == 2 * steps_a_day(env_id, dt_h=0.25)


@each_id
def test_named_scenarios_have_quarters_of_an_hour(env_id):
    own = QUICK if env_id in DAILY else {}
    source = gym.make(env_id, scenario="synthetic:validation", **own).unwrapped.core.source
    assert source.dt_h == 0.25
    hourly = gym.make(env_id, scenario="synthetic:validation", dt_h=1.0, **own)
    assert hourly.unwrapped.core.source.dt_h == 1.0


def test_by_default_each_step_bids_for_a_period():
    """One number dispatches, the other bids: both count in every step."""
    assert gym.make("VPPDayAhead-v0", scenario=WORLD).action_space.shape == (2,)


@each_id
def test_a_preset_is_changed_by_a_mapping_that_names_it(env_id):
    changes = {"preset": "paper_2023", "site": {"n_chargers": 7}}
    params = gym.make(env_id, **small(env_id, params=changes)).unwrapped.core.params
    assert params == PAPER_2023.replace(site={"n_chargers": 7})


def test_ids_are_those_of_the_package():
    assert IDS
    assert vpp_gym.__version__

"""Compiled planners play the days of a batch as their schedulers do, bit for bit."""

from __future__ import annotations

import pickle
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import data_equivalence

from tests.envs.test_api import DAILY, busy_world
from tests.worlds import AMSTERDAM, plain, plain_world, random_sessions
from vpp_gym.envs import daily, day_player
from vpp_gym.envs.policy_pool import SCHEDULERS
from vpp_gym.kernels import BoundCalls
from vpp_gym.planning.past import pairwise_sum
from vpp_gym.policies.bidders import WaitAndSee, ZeroBidder
from vpp_gym.policies.rules import ChargeOnArrival
from vpp_gym.policies.scheduler import RollingScheduler, hazard_mpc, rolling_mpc

N = 3
EARLY = {"owner": {"early_departure_prob": 0.5, "late_departure_prob": 0.3}}


def clock_world(start: str, dt_h: float = 0.25, days: int = 4, seed: int = 0):
    """Days of Amsterdam, with cars at all hours and random prices."""
    rng, n_steps = np.random.default_rng(seed), round(24 * days / dt_h)
    da, spread = rng.normal(0.05, 0.05, n_steps), rng.exponential(0.02, n_steps)
    return plain_world(
        n_steps,
        da=da,
        short=da + spread,
        long=da - spread,
        sessions=random_sessions(rng, 20 * days, n_steps, round(1 / dt_h)),
        start=start,
        dt_h=dt_h,
        timezone=AMSTERDAM,
    )


HOURS = [busy_world(24 * days, seed=days) for days in (3, 4, 5)]
QUARTERS = [busy_world(96 * days, 0.25, seed=days) for days in (3, 4)]
LONG = [busy_world(96 * 34, 0.25)]
"""Longer than what is remembered."""
CASES: list[dict[str, Any]] = [
    {"scenario": HOURS, "episode_days": 2},
    {"scenario": HOURS, "episode_days": None, "params": EARLY, "scheduler": "hazard_mpc"},
    {"scenario": QUARTERS, "episode_days": 1, "guarantee": True, "params": EARLY},
    {"scenario": QUARTERS, "episode_days": 1, "guarantee": False},
    {"scenario": QUARTERS, "episode_days": 2, "scheduler": "learned_mpc", "params": EARLY},
    {
        "scenario": QUARTERS,
        "episode_days": 1,
        "params": {"market": {"imbalance_lag_steps": 0, "imbalance_pricing": "dual"}},
        "observation": "dict",
    },
    {"scenario": [clock_world("2019-03-29")], "episode_days": None},
    {"scenario": [clock_world("2019-10-25", seed=k) for k in (0, 1)], "episode_days": 2},
    {"scenario": [clock_world("2019-10-25", dt_h=1.0)], "episode_days": 2, "params": EARLY},
    {"scenario": LONG, "episode_days": 1, "guarantee": True},
    {"scenario": HOURS, "episode_days": 2, "scheduler": "algorithm_1", "params": EARLY},
]
OFFERS: list[dict[str, Any]] = [
    {"scenario": QUARTERS, "episode_days": 2, "family": "price_based", "bidder": "zero"},
    {"scenario": HOURS, "episode_days": 2, "family": "fixed_term"},
]
FORMS = [
    *((env_id, form) for env_id in DAILY for form in CASES),
    *(("VPPContracts-v0", form) for form in OFFERS),
]
each_form = pytest.mark.parametrize(("env_id", "form"), FORMS)


COMPILED = "rolling_mpc", "hazard_mpc", "no_v2g", "algorithm_1"
"""Schedulers that know steps of an hour; "learned_mpc" is compiled, too."""


def batch(env_id: str, form: dict[str, Any], **more: Any) -> Any:
    kind = {"vectorization_mode": "vector_entry_point", "num_envs": N}
    return gym.make_vec(env_id, **kind, **{**form, **more})


def stepped(envs: Any, steps: int = 5) -> list[Any]:
    """All that steps return; episodes end meanwhile and others begin."""
    shape = steps, *envs.action_space.shape
    actions = np.random.default_rng(0).uniform(-1, 1, shape).astype(np.float32)
    return [envs.reset(seed=3), *map(envs.step, actions)]


@pytest.fixture
def one_by_one(monkeypatch):
    """No scheduler has a compiled planner."""

    def off() -> None:
        monkeypatch.setattr(daily, "plans_of", lambda scheduler, simulation: None)

    return off


def players(envs: Any) -> int:
    """Runs that a compiled planner plays."""
    return int(envs.unwrapped.core._has_planner.sum())


@each_form
def test_a_batch_is_what_its_policies_do_one_by_one(env_id, form, one_by_one):
    compiled = batch(env_id, form)
    together = stepped(compiled)
    assert players(compiled) == N
    one_by_one()
    policies = batch(env_id, form)
    assert data_equivalence(together, stepped(policies), exact=True)
    assert players(policies) == 0


@pytest.mark.parametrize("env_id", DAILY)
def test_a_batch_of_threads_is_the_same_batch(env_id):
    one, two = (batch(env_id, CASES[2], threads=threads) for threads in (1, 2))
    assert data_equivalence(stepped(one), stepped(two), exact=True)
    twin = pickle.loads(pickle.dumps(two.unwrapped))
    action = np.zeros(two.action_space.shape, np.float32)
    assert data_equivalence(two.step(action), twin.step(action), exact=True)


@pytest.mark.parametrize("env_id", DAILY)
def test_where_no_plan_is_found_the_policy_steps(env_id, monkeypatch):
    """Every other call leaves the runs where they are."""
    form, calls, code = CASES[1], [], BoundCalls.code

    def stuck(self: BoundCalls, kernel: Any, *args: Any) -> Any:
        play = code(self, kernel, *args)
        if kernel is not day_player.play_days:
            return play
        calls.append(len(calls))
        return play if calls[-1] % 2 else lambda *args: None

    expected = stepped(batch(env_id, form))
    monkeypatch.setattr(BoundCalls, "code", stuck)
    assert data_equivalence(stepped(batch(env_id, form)), expected, exact=True)
    assert len(calls) > 5


def test_the_first_run_is_watched_step_by_step():
    form = {"scenario": HOURS[1], "episode_days": None}
    seen = gym.make("VPPBidding-v0", render_mode="rgb_array", **form)
    unseen = gym.make("VPPBidding-v0", **form)
    records: list[Any] = []
    seen.unwrapped.core.on_step = records.append
    for env in (seen, unseen):
        env.reset(seed=0)
    action = np.full(seen.action_space.shape, 0.5, np.float32)
    assert data_equivalence(seen.step(action), unseen.step(action), exact=True)
    assert len(records) == 24


@pytest.mark.parametrize(
    ("more", "compiled"),
    [
        ({}, True),
        ({"scheduler": rolling_mpc}, True),
        ({"scheduler": rolling_mpc(term_h=3)}, True),
        ({"bidder": ZeroBidder}, True),
        ({"bidder": WaitAndSee}, False),
        ({"scheduler": rolling_mpc(engine="cvxpy")}, False),
        ({"scheduler": hazard_mpc(departures="learnt")}, False),
        ({"scheduler": ChargeOnArrival}, False),
        *(({"scheduler": name}, name in COMPILED) for name in SCHEDULERS),
    ],
)
def test_which_schedulers_are_compiled(more, compiled):
    envs = batch("VPPContracts-v0", {"scenario": HOURS, "episode_days": 2, **more})
    envs.reset(seed=0)
    assert players(envs) == (N if compiled else 0)


def test_a_copy_of_the_learned_forecast_is_compiled():
    form = {"scenario": QUARTERS, "episode_days": 2, "scheduler": SCHEDULERS["learned_mpc"]()}
    envs = batch("VPPBidding-v0", form)
    envs.reset(seed=0)
    assert players(envs) == N


def test_schedulers_of_other_settings_go_their_own_way(one_by_one):
    """The player is made for the first one."""
    made: list[RollingScheduler] = []

    def alternate() -> RollingScheduler:
        made.append(hazard_mpc() if len(made) % 2 else rolling_mpc())
        return made[-1]

    form = {"scenario": HOURS, "scheduler": alternate, "params": EARLY, "episode_days": 2}
    envs = batch("VPPBidding-v0", form)
    made.clear()
    seen = stepped(envs, 2)
    assert players(envs) == 2
    one_by_one()
    envs = batch("VPPBidding-v0", form)
    made.clear()
    assert data_equivalence(seen, stepped(envs, 2), exact=True)


def test_a_site_has_no_compiled_planner():
    params = plain(connection={"import_limit_kw": 100.0})
    envs = batch("VPPBidding-v0", {"scenario": HOURS, "params": params, "episode_days": 2})
    envs.reset(seed=0)
    assert players(envs) == 0


@pytest.mark.parametrize("n", [0, 1, 7, 8, 9, 127, 128, 129, 255, 672, 2684, 2688, 2692, 8064])
def test_sums_are_rounded_as_numpy_rounds_them(n):
    values = np.random.default_rng(n).normal(size=n + 5)
    assert pairwise_sum(values, 5, n) == values[5:].sum()

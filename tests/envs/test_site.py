"""Environments of a site: one more entry for the battery, and what is shown of the connection."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

import vpp_gym
from vpp_gym.agents import load
from vpp_gym.envs.site_fields import SITE_FIELDS, SITE_SIZE
from vpp_gym.errors import InvalidInputError
from vpp_gym.markets.ledger import MONEY
from vpp_gym.params import DEFAULT, as_params
from vpp_gym.scenarios.site_series import SiteSeries
from vpp_gym.scenarios.synthetic import SyntheticSource
from vpp_gym.scenarios.synthetic_site import SITE_PARAMS, SiteSource
from vpp_gym.simulation import Simulation

PARAMS: dict[str, Any] = {
    "connection": {"import_limit_kw": 30.0, "export_limit_kw": 5.0},
    "storage": {"kwh": 40.0, "kw": 20.0},
    "tariff": "nl",
}
IDS = ("VPPDayAhead-v0", "VPPDispatch-v0", "VPPBidding-v0", "VPPContracts-v0")


def days(seed: int = 0) -> Any:
    scenario = SyntheticSource("test", days=4).scenario(0)
    n, rng = scenario.n_steps, np.random.default_rng(seed)
    site = {"pv_kwh": rng.random(n) * 5, "building_kwh": rng.random(n) * 3}
    return replace(scenario, site=SiteSeries.of(site, n, scenario.dt_h))


def made(env_id: str, **more: Any) -> gym.Env:
    return gym.make(env_id, scenario=days(), params=PARAMS, episode_days=2, **more)


@pytest.mark.parametrize("env_id", IDS)
@pytest.mark.filterwarnings("ignore:.*Not able to test alternative render modes")
def test_a_site_passes_the_checks_of_gymnasium(env_id):
    check_env(made(env_id).unwrapped, skip_render_check=True)


@pytest.mark.parametrize("control", ["fleet", "per_ev"])
def test_the_last_columns_are_the_sites(control):
    env = made("VPPDayAhead-v0", control=control)
    env.reset(seed=0, options={"start_day": 1})
    layout, simulation = env.unwrapped.core.layout, env.unwrapped.core.simulation
    rng = np.random.default_rng(3)
    for _ in range(120):
        flat, *_ = env.step(rng.uniform(-1, 1, env.action_space.shape).astype(np.float32))
        named = {k: v.astype(float) for k, v in layout.named(flat).items()}
        view = simulation.snapshot().site
        ahead = np.arange(0, len(view.pv_kwh), 4)[:24]
        base = np.zeros(24)
        base[: len(ahead)] = (view.building_kwh - view.pv_kwh)[ahead]
        np.testing.assert_allclose(named["base_load_ahead"], base, atol=1e-4)
        fees = np.zeros(24)
        fees[: len(ahead)] = view.import_fee_eur_per_kwh[ahead]
        np.testing.assert_allclose(named["import_fee_ahead"], fees, atol=1e-6)
        limits = np.zeros(24)
        limits[: len(ahead)] = view.import_kwh[ahead]
        np.testing.assert_allclose(named["import_limit_ahead"], limits, atol=1e-4)
        assert named["export_limit"][0] == pytest.approx(view.export_kwh[0], abs=1e-4)
        assert named["month_peak"][0] == pytest.approx(view.peak_kwh, abs=1e-4)
        assert named["storage_stored"][0] == pytest.approx(view.storage_kwh / 40, abs=1e-5)
        ends = view.storage_lo_kwh, view.storage_hi_kwh
        np.testing.assert_allclose(named["storage_limits"], ends, atol=1e-4)
        gap = np.maximum(view.promise_kwh - simulation.snapshot().energy_kwh, 0).sum()
        assert named["promise_gap"][0] == pytest.approx(gap, abs=1e-3)
    assert sum(field.size for field in SITE_FIELDS) == SITE_SIZE
    assert list(layout.slices)[-len(SITE_FIELDS) :] == [field.name for field in SITE_FIELDS]


GROUPS = [
    {"name": "row", "chargers": [0, 1], "import_kw": 12.0, "parent": "hall"},
    {"name": "hall", "chargers": [2], "import_kw": 20.0},
]


@pytest.mark.parametrize("control", ["fleet", "per_ev"])
def test_groups_have_two_columns_each_behind_those_of_the_site(control):
    world = PARAMS | {"connection": {"import_limit_kw": 30.0, "groups": GROUPS}}
    settings = {"params": world, "control": control, "episode_days": 2}
    env = gym.make("VPPDayAhead-v0", scenario=days(), **settings)
    env.reset(seed=0, options={"start_day": 1})
    layout, simulation = env.unwrapped.core.layout, env.unwrapped.core.simulation
    assert list(layout.slices)[-2:] == ["group_must", "group_most"]
    rng, seen = np.random.default_rng(3), 0.0
    for _ in range(120):
        flat, *_ = env.step(rng.uniform(-1, 1, env.action_space.shape).astype(np.float32))
        named, site = layout.named(flat), simulation.snapshot().site
        np.testing.assert_allclose(named["group_must"], site.groups.idle_kwh, atol=1e-4)
        np.testing.assert_allclose(named["group_most"], site.groups.hi_kwh, atol=1e-4)
        gap = np.maximum(site.promise_kwh - simulation.snapshot().energy_kwh, 0).sum()
        assert named["promise_gap"][0] == pytest.approx(gap, abs=1e-3)
        seen = max(seen, site.groups.hi_kwh[1])
    assert seen == pytest.approx(5.0)


def test_a_batch_of_groups_is_as_many_alone():
    world = PARAMS | {"connection": {"groups": GROUPS}}
    settings = {"scenario": days(), "params": world, "episode_days": 2}
    batch = gym.make_vec("VPPDayAhead-v0", 3, vectorization_mode="vector_entry_point", **settings)
    env = gym.make("VPPDayAhead-v0", **settings)
    batch.reset(seed=5)
    env.reset(seed=5)
    rng = np.random.default_rng(0)
    for _ in range(60):
        actions = rng.uniform(-1, 1, batch.action_space.shape).astype(np.float32)
        many, rewards, *_ = batch.step(actions)
        one, reward, *_ = env.step(actions[0])
        np.testing.assert_array_equal(many[0], one)
        assert rewards[0] == reward


def test_the_entry_behind_the_dispatch_is_the_batterys():
    free = PARAMS | {"connection": {}}
    env = gym.make("VPPDayAhead-v0", scenario=days(), params=free, episode_days=2)
    env.reset(seed=0)
    assert env.action_space.shape == (3,)
    idle = env.step(np.array([0, 0, 0], np.float32))[-1]
    assert idle["storage_charge_kwh"] == idle["storage_discharge_kwh"] == 0
    given = env.step(np.array([0, -1, 0], np.float32))[-1]
    assert given["storage_discharge_kwh"] == pytest.approx(5.0)
    half = env.step(np.array([0, 0.5, 0], np.float32))[-1]
    assert half["storage_charge_kwh"] == pytest.approx(2.5)


def test_without_a_battery_there_is_no_entry_more():
    env = gym.make("VPPDayAhead-v0", scenario=days(), params={"connection": {}})
    assert env.action_space.shape == (2,)
    assert env.unwrapped.core.simulation.has_site


def test_a_batch_of_sites_is_as_many_sites_alone():
    settings = {"scenario": days(), "params": PARAMS, "episode_days": 2, "dt_h": 0.25}
    batch = gym.make_vec("VPPDayAhead-v0", 3, vectorization_mode="vector_entry_point", **settings)
    batch.reset(seed=5)
    env = made("VPPDayAhead-v0")
    env.reset(seed=5)
    rng = np.random.default_rng(0)
    for _ in range(60):
        actions = rng.uniform(-1, 1, batch.action_space.shape).astype(np.float32)
        many, rewards, *_, infos = batch.step(actions)
        one, reward, *_, info = env.step(actions[0])
        np.testing.assert_array_equal(many[0], one)
        assert rewards[0] == reward
        assert infos["import_kwh"][0] == info["import_kwh"]


def test_rewards_leave_out_what_building_and_sun_cost_at_the_price_level():
    """Two sites that differ in building load alone differ in spread by its fees and prices."""
    env, twin = (made("VPPDayAhead-v0", reward=reward) for reward in ("profit", "spread"))
    for one in (env, twin):
        one.reset(seed=0)
    level = twin.unwrapped.core._level_eur_per_kwh[0]
    core = twin.unwrapped.core
    for _ in range(40):
        before = core._progress_kwh[0]
        action = np.array([0.3, 0.5, 0.0], np.float32)
        profit, info = env.step(action)[1], twin.step(action)
        spread, booked = info[1], info[-1]
        assert sum(booked[name] for name in MONEY) == pytest.approx(profit, abs=1e-6)
        demand = booked["demand_kwh"] / 0.98
        bought = (core._progress_kwh[0] - before) / 0.98 + demand
        bought += booked["building_kwh"] - booked["pv_kwh"] - booked["curtailed_kwh"]
        assert spread == pytest.approx(profit - 0.13 * demand + level * bought, abs=1e-6)


def test_scenarios_with_and_without_a_site_do_not_mix():
    simulation = Simulation(days())
    bare = SyntheticSource("test", days=2).scenario(0)
    with pytest.raises(InvalidInputError, match="all of them a site, or none"):
        simulation.load(bare)


@pytest.mark.parametrize("num_envs", [1, 2])
def test_a_named_site_has_the_battery_and_fees_that_its_scenarios_state(num_envs):
    """As `evaluate` has them: rules must not depend on who steps."""
    source = SiteSource(SyntheticSource("train", 2, days=3))
    envs = gym.make_vec(
        "VPPDispatch-v0", num_envs, vectorization_mode="vector_entry_point", scenario=source
    )
    core = envs.unwrapped.core
    assert core.simulation.params == as_params(None, source.scenario(0).params)
    assert core.simulation.params.storage.kwh == SITE_PARAMS["storage"]["kwh"]
    assert envs.single_action_space.shape == (2,)
    bare = gym.make("VPPDispatch-v0", scenario=source, params=DEFAULT)
    assert bare.action_space.shape == (1,)
    changed = gym.make("VPPDispatch-v0", scenario="site:train", params={"tariff": "de"})
    params = changed.unwrapped.core.simulation.params
    assert params.storage.kwh == 100.0
    assert params.tariff == as_params({"tariff": "de"}).tariff


def test_an_agent_meets_the_battery_and_fees_of_the_site_where_it_is_judged():
    """What it was trained under stands; the rest is as the site states it."""
    scenario = SiteSource(SyntheticSource("train", 2, days=2, dt_h=0.25)).scenario(0)
    params = as_params(vpp_gym.evaluate(load("ppo_stay"), scenario).metadata["params"])
    assert params == as_params({"guarantee": True}, scenario.params)
    with pytest.raises(InvalidInputError, match=r"learned_operator.*it decides other things"):
        vpp_gym.evaluate(load("learned_operator"), scenario)
    stated = {name: part for name, part in scenario.params.items() if name != "storage"}
    own = {**load("learned_operator").card["arguments"]["params"], **stated, "storage": {"kwh": 0}}
    run = vpp_gym.evaluate(load("learned_operator"), scenario, own)
    assert run.days["grid_fee_eur"].sum() < 0

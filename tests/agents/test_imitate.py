"""Imitating the planner of a site: actions for its decisions, and networks fitted to them."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

import vpp_gym
from agents import imitate
from agents.imitate import (
    Lesson,
    begun,
    decisions,
    earned_eur,
    fitted,
    lesson,
    loss_of,
    net_load,
    pieces,
    places,
    position,
)
from vpp_gym.actions import from_idle
from vpp_gym.agents.policy import AgentPolicy
from vpp_gym.agents.stored import pretrained
from vpp_gym.ledger import PROFIT
from vpp_gym.policies import baseline
from vpp_gym.scenarios.synthetic import SyntheticSource
from vpp_gym.scenarios.synthetic_site import SiteSource
from vpp_gym.training.environments import observed_fields

PLACES = np.array([77, 78, 79, 133, 206, 208, 209])


@pytest.fixture(scope="module")
def years() -> SiteSource:
    return SiteSource(SyntheticSource("train", 2, dt_h=0.25, days=6))


@pytest.fixture(scope="module")
def few_steps(years) -> Lesson:
    return lesson(pieces(years, np.random.default_rng(0), 2, days=2))


def test_a_position_stands_for_its_value():
    random = np.random.default_rng(1)
    low, idle, high = np.sort(random.normal(size=(500, 3)), axis=1).T
    value = low + random.uniform(size=500) * (high - low)
    found, reach = position(low, idle, high, value)
    again = [from_idle(*row) for row in zip(low, idle, high, found, strict=True)]
    np.testing.assert_allclose(again, value, rtol=0.0, atol=1e-14)
    np.testing.assert_array_equal(reach, np.where(value > idle, high - idle, idle - low))


def test_where_nothing_can_be_decided_the_position_is_0():
    np.testing.assert_array_equal(position(2.0, 2.0, 2.0, 2.0), (0.0, 0.0))


def test_the_action_does_what_the_planner_decided(years):
    """Of the fleet as a whole, and of the battery, in every step of two days."""
    core = begun(pieces(years, np.random.default_rng(2), 1, days=2))
    simulation, planner = core.simulation, baseline(imitate.PLANNER)
    while not core.over.all():
        decided = planner.predict(simulation.snapshot(0), None, None, True)[0]
        action, _ = decisions(simulation, [planner])
        fleet = simulation.state.run[0]
        limits = (fleet[f"fleet_{name}_kwh"] for name in ("lo", "idle", "hi"))
        load_kwh = float(decided.net_load_kwh.sum())
        assert from_idle(*limits, action[0, 0]) == pytest.approx(load_kwh, abs=1e-9)
        battery = simulation.state.site[0]
        limits = battery["storage_lo_kwh"], 0.0, battery["storage_hi_kwh"]
        assert from_idle(*limits, action[0, 1]) == pytest.approx(decided.storage_kwh, abs=1e-9)
        core.step(action)


def test_the_load_of_the_site_is_what_the_connection_sees(years):
    """From what is seen before a step follows what it takes, where nothing has to give way."""
    core = begun(pieces(years, np.random.default_rng(3), 1, days=2))
    parts = places(observed_fields(core))
    np.testing.assert_array_equal(parts, PLACES)
    scale, random = 1.0 / core.layout.per_scale[parts[0]], np.random.default_rng(4)
    while not core.over.all():
        action, seen = random.uniform(-0.5, 0.5, (1, 2)), core.observe()[:, parts]
        load_kwh = scale * float(net_load(torch.tensor(action), torch.tensor(seen))[0])
        record = dict(zip(core.terms, core.step(action)[0][0], strict=True))
        if record["yielded_kwh"] == record["curtailed_kwh"] == 0.0:
            took_kwh = record["import_kwh"] - record["export_kwh"]
            assert took_kwh == pytest.approx(load_kwh, abs=1e-4)


def test_what_adds_to_the_peak_costs_more():
    parts = torch.tensor([[0.0, 0.0, 1.0, 0.5, 0.9, -1.0, 1.0]])
    planned, weight = torch.tensor([[0.4, 0.0]]), torch.ones(1, 2)
    less, more = (loss_of(planned + by, planned, weight, parts) for by in (-0.1, 0.1))
    assert float(less) == pytest.approx(0.1)
    assert float(more) == pytest.approx(0.1 + imitate.PEAK * 0.2)


def test_what_the_planner_decides_is_kept_step_by_step(few_steps):
    assert few_steps.seen.shape[0] == len(few_steps.actions) == 2 * 2 * 96
    assert np.ptp(few_steps.actions, axis=0).min() > 0.5
    assert (few_steps.range_kwh >= 0.0).all()


def test_the_student_acts_where_there_is_one(years, few_steps):
    network = fitted(few_steps, PLACES, seed=0, epochs=1)
    worlds = pieces(years, np.random.default_rng(0), 2, days=2)
    own = lesson(worlds, network)
    np.testing.assert_array_equal(own.seen[:2], few_steps.seen[:2])
    assert not np.array_equal(own.seen, few_steps.seen)


def test_a_network_comes_near_to_what_it_is_fitted_to(few_steps):
    network = fitted(few_steps, PLACES, seed=0, epochs=60)
    missed = (network.predict(few_steps.seen)[0] - few_steps.actions) ** 2
    spread = (few_steps.actions - few_steps.actions.mean(axis=0)) ** 2
    assert (few_steps.range_kwh * missed).sum() < 0.5 * (few_steps.range_kwh * spread).sum()


def test_a_run_writes_a_policy_that_earns_what_was_validated(tmp_path, monkeypatch, years):
    for name, value in (("FIRST", 1), ("LATER", 1), ("DAYS", 2), ("EPOCHS", 2), ("WORLDS", 1)):
        monkeypatch.setattr(imitate, name, value)
    monkeypatch.setattr(imitate, "as_source", lambda name, dt_h: years)
    monkeypatch.setattr(imitate, "months", lambda source: [year_start(source)])
    for folder in ("one", "again"):
        imitate.main([3, 4], run_dir=tmp_path / folder)
    one, again, other = (
        AgentPolicy.load(tmp_path / folder / imitate.NAME / f"seed_{seed}")
        for folder, seed in (("one", 3), ("again", 3), ("one", 4))
    )
    for mine, same in zip(one.predictor.weights, again.predictor.weights, strict=True):
        np.testing.assert_array_equal(mine, same)
    assert not np.array_equal(one.predictor.weights[0], other.predictor.weights[0])
    assert json.loads(json.dumps(one.card)) == again.card
    assert one.card["steps"] == 3 * 2 * 96
    world = year_start(years)
    earned = vpp_gym.evaluate(one, world).days[PROFIT].sum()
    arrival = vpp_gym.evaluate("charge_on_arrival", world).days[PROFIT].sum()
    assert earned - arrival == pytest.approx(one.card["validation"]["saving_eur"], abs=1e-3)
    assert earned_eur([world], one.predictor)[0] == pytest.approx(earned, abs=1e-9)


def year_start(source):
    return imitate.excerpt(source.scenario(0), 0, 2)


@pytest.mark.parametrize("seed", pretrained().get(imitate.NAME, ()))
def test_kept_agents_can_be_evaluated(seed, years):
    agent = vpp_gym.load(imitate.NAME, seed=seed)
    assert (agent.env_id, agent.seed) == (imitate.ENV_ID, seed)
    assert agent.card["modified"] is False
    days = vpp_gym.evaluate(agent, years.scenario(0), seed=seed).days
    assert np.isfinite(days[PROFIT]).all()

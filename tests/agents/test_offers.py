"""Learning what to offer: known effects, a known best offer, and the agents that are kept."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import vpp_gym
from agents import offers
from agents.offers import LEAST, MOST, Played, actions, effect, features, fitted, gains_eur, tried
from vpp_gym.agents.policy import Network
from vpp_gym.agents.stored import pretrained
from vpp_gym.ledger import PROFIT
from vpp_gym.scenarios.synthetic import SyntheticSource
from vpp_gym.training.environments import make_batch, observed_fields

DAYS, RUNS = 360, 8
ARGUMENTS = {"scheduler": "charge_on_arrival"}


@pytest.fixture(scope="module")
def few_days() -> SyntheticSource:
    return SyntheticSource("validation", 2, dt_h=0.25, days=4)


def test_the_effect_of_an_offer_is_found_again(monkeypatch):
    monkeypatch.setattr(offers, "SHRINKAGE", 0.0)
    random = np.random.default_rng(0)
    seen, share = random.normal(size=(DAYS, RUNS, 3)), random.uniform(size=(DAYS, RUNS))
    v = tried(DAYS, RUNS, 0)
    slope, later = np.array([0.3, -0.2]), np.array([0.1, 0.05])
    by_seen = random.normal(size=(2, 3))
    curvature = np.array([[-1.0, 0.2], [0.2, -0.5]])
    target = 0.7 + seen @ [1.0, 2.0, 3.0] + 0.4 * share + v @ slope
    target += np.einsum("tbi,if,tbf->tb", v, by_seen, seen)
    target += 0.5 * np.einsum("tbi,ij,tbj->tb", v, curvature, v)
    target[1:] += v[:-1] @ later
    found = effect(target, share, seen, v)
    np.testing.assert_allclose(found.slope, slope + later, atol=1e-5)
    np.testing.assert_allclose(found.by_seen, by_seen, atol=1e-5)
    np.testing.assert_allclose(found.curvature, curvature, atol=1e-5)
    assert found.by_share == pytest.approx(0.4, abs=1e-5)


def test_an_offer_is_worth_the_owners_that_it_keeps(monkeypatch):
    """Money falls by 0.2 v; shares rise by 0.1 v - 0.1 v^2, fade by a tenth and earn 1 EUR a day.

    A share is worth 10 EUR: v earns 0.8 v - v^2 in all, which is best at 0.4.
    """
    monkeypatch.setattr(offers, "WORTH_EUR", 1.0)
    random = np.random.default_rng(1)
    v = tried(DAYS, RUNS, 1)
    share = np.zeros((DAYS + 1, RUNS))
    for day in range(DAYS):
        share[day + 1] = 0.9 * share[day] + 0.1 * (v[day, :, 0] - (v[day] ** 2).sum(axis=1))
    money = share[:-1] - 0.2 * v[..., 0]
    seen = random.normal(size=(DAYS, RUNS, len(features())))
    trial = Played(seen, money, share)
    default = replace(trial, profit_eur=np.zeros_like(money), share=np.zeros_like(share))
    action, _ = fitted(trial, default, v).predict(seen[0])
    np.testing.assert_allclose(action, np.tile(actions(np.array([0.4, 0.0])), (RUNS, 1)), atol=2e-3)


def test_offers_stay_in_the_range_that_was_tried():
    size, n_seen = features().shape
    gradient = np.full((2, n_seen), 100.0)
    mean, std = np.zeros(n_seen), np.ones(n_seen)
    network = offers._network(features(), mean, std, gradient, np.zeros(2))
    network.check("policy.npz")
    seen = np.random.default_rng(0).normal(size=(64, size))
    action, _ = network.predict(seen)
    assert (action >= LEAST - 1e-6).all()
    assert (action <= MOST + 1e-6).all()
    assert len(np.unique(action.round(6), axis=0)) > 1


def test_features_are_of_the_fields_in_their_order():
    core = make_batch(offers.ENV_ID, 1, **offers.ARGUMENTS).core
    fields = observed_fields(core, offers.FIELDS)
    assert tuple(name for name, _ in fields) == offers.FIELDS
    assert sum(size for _, size in fields) == len(features())
    alike = np.zeros(len(features()))
    alike[1:] = 0.05  # the same price in every hour
    np.testing.assert_allclose(alike @ features(), 0.0, atol=1e-12)


def test_the_neutral_network_gains_nothing(few_days):
    size = len(features())
    weights, biases = (np.zeros((size, 2)),), (np.zeros(2),)
    neutral = Network(np.eye(size), np.zeros(size), np.ones(size), weights, biases, "tanh", "clip")
    gain_eur = gains_eur([neutral, neutral], few_days, [0, 1], **ARGUMENTS)
    np.testing.assert_array_equal(gain_eur, np.zeros((2, 2)))


def test_a_seed_learns_the_same_alone_and_beside_others(few_days, tmp_path):
    both = offers.tried_out(few_days, [0, 1], [2, 3], **ARGUMENTS)
    (alone,) = offers.tried_out(few_days, [0, 1], [3], **ARGUMENTS)
    for one, other in zip(both[1].weights, alone.weights, strict=True):
        np.testing.assert_array_equal(one, other)
    offers.keep_network(alone, 3, np.array([1.0, 2.0]), tmp_path)
    agent = vpp_gym.load(tmp_path / "seed_3")
    assert (agent.name, agent.env_id, agent.seed) == (offers.NAME, offers.ENV_ID, 3)
    assert agent.card["validation"] == {"saving_eur": 1.5, "years": 2}


@pytest.mark.parametrize("seed", pretrained().get(offers.NAME, ()))
def test_kept_agents_can_be_evaluated(seed, few_days):
    agent = vpp_gym.load(offers.NAME, seed=seed)
    assert (agent.env_id, agent.seed) == (offers.ENV_ID, seed)
    days = vpp_gym.evaluate(agent, few_days.scenario(0), seed=seed).days
    assert np.isfinite(days[PROFIT]).all()

"""Learning every decision of the virtual power plant: both parts, and the agents that are kept."""

from __future__ import annotations

import numpy as np
import pytest

import vpp_gym
from agents import bidder, operator
from agents.operator import FIELDS, Trial, corrections_of, joined, looks, shown, tried, validated
from vpp_gym.agents.policy import Network
from vpp_gym.agents.stored import pretrained
from vpp_gym.errors import InvalidInputError
from vpp_gym.ledger import PROFIT
from vpp_gym.scenarios.synthetic import SyntheticSource
from vpp_gym.training.environments import make_batch, observed_fields

BEST = np.array([[-0.1, 0.03, -0.02, 0.2, 0.5], [-0.08, 0.0, 0.03, -0.3, 0.4]])
UNITS, PERIODS = 5, 96


@pytest.fixture(scope="module")
def few_days() -> SyntheticSource:
    return SyntheticSource("validation", 2, dt_h=0.25, days=9)


@pytest.fixture(scope="module")
def fields() -> list[tuple[str, int]]:
    core = make_batch(operator.ENV_ID, 1, **operator.ARGUMENTS).core
    return list(observed_fields(core, FIELDS))


def some_bids(seen: int, scale: float = 1.0) -> Network:
    """A network that bids, of given random numbers."""
    random = np.random.default_rng(0)
    first, last = random.normal(size=(seen, UNITS)), random.normal(size=(UNITS, PERIODS))
    return Network(
        features=np.eye(seen, dtype=np.float32),
        mean=random.normal(size=seen).astype(np.float32),
        std=random.uniform(0.5, 2.0, seen).astype(np.float32),
        weights=(first.astype(np.float32), (scale * last).astype(np.float32)),
        biases=(np.ones(UNITS, np.float32), np.zeros(PERIODS, np.float32)),
        activation="relu",
        squash="tanh",
    )


@pytest.fixture(scope="module")
def bids(fields) -> Network:
    return some_bids(sum(size for name, size in fields if name in operator.BID_FIELDS))


def some_steps(n: int) -> np.ndarray:
    """(n, 3) share of the hour, spread and what is sold."""
    random = np.random.default_rng(1)
    hour_passed, spread = random.choice([0.0, 0.25, 0.5, 0.75], n), random.exponential(0.5, n)
    sold = random.choice([-1.0, -0.01, 0.0, 0.01, 1.5], n)
    return np.stack([hour_passed, spread, sold], axis=1)


def test_the_best_corrections_are_found_again(monkeypatch):
    """What a correction v gains is b (best v - v^2 / 2) for either price, and noise."""
    monkeypatch.setattr(operator, "PENALTY", 0.0)
    random, n = np.random.default_rng(2), 200_000
    seen = some_steps(n)
    v = np.clip(random.normal(0.0, 0.2, (n, 2)), -1.0, 1.0)
    gain = (np.array([0.2, 0.1]) * (looks(seen) @ BEST.T * v - v**2 / 2.0)).sum(axis=1)
    gain += random.normal(0.0, 0.001, n)
    found = corrections_of(Trial(seen, v, gain))
    np.testing.assert_allclose(found[:, operator.USED], BEST[:, operator.USED], atol=0.01)
    np.testing.assert_array_equal(found[:, :3], np.zeros((2, 3)))


def test_where_none_is_best_it_is_said():
    v = np.random.default_rng(3).normal(0.0, 0.2, (1000, 2))
    with pytest.raises(InvalidInputError, match="try more steps"):
        corrections_of(Trial(some_steps(1000), v, (v**2).sum(axis=1)))


def test_the_joined_network_does_what_its_parts_do(fields):
    names = np.repeat([name for name, _ in fields], [size for _, size in fields])
    of_bids = np.isin(names, operator.BID_FIELDS)
    bids = some_bids(int(of_bids.sum()), scale=0.2)
    network = joined(bids, BEST, fields)
    network.check("policy.npz")
    seen = np.random.default_rng(4).normal(size=(300, len(names)))
    known = some_steps(300)
    for name, column in zip(operator.SEEN, known.T, strict=True):
        seen[:, np.argmax(names == name)] = column
    action, _ = network.predict(seen)
    np.testing.assert_allclose(action[:, :2], np.tanh(looks(known) @ BEST.T), atol=1e-4)
    np.testing.assert_allclose(action[:, 2:], bids.predict(seen[:, of_bids])[0], atol=1e-5)
    assert np.ptp(action, axis=0).min() > 0.0


def test_what_is_tried_is_drawn_from_the_seed(few_days, bids):
    one, again, other = (tried(few_days, bids, seed, n_envs=3, n_steps=160) for seed in (5, 5, 6))
    assert (one.gain_eur != 0.0).any()
    assert set(np.unique(one.seen[:, 0])) == {0.0, 0.25, 0.5, 0.75}
    assert (one.seen[:, 2] != 0.0).any()
    for name in vars(one):
        np.testing.assert_array_equal(getattr(one, name), getattr(again, name))
    assert not np.array_equal(one.gain_eur, other.gain_eur)


def test_bids_are_learnt_from_what_the_environment_shows_at_the_gate(few_days):
    scenario = few_days.scenario(0)
    seen, earned = bidder.days_of(scenario, shown, operator.BID_FIELDS)
    other_seen, other_earned = bidder.days_of(scenario)
    np.testing.assert_array_equal(earned, other_earned)
    assert seen.shape == (len(other_seen), 34)
    np.testing.assert_array_equal(seen[:, :3], other_seen[:, :3])  # weekday and price level


def test_corrections_change_what_years_earn(few_days, bids, fields):
    none, some = joined(bids, np.zeros((2, 5)), fields), joined(bids, BEST, fields)
    earned = validated([none, some, none], few_days, [0, 1])
    np.testing.assert_array_equal(earned[0], earned[2])
    assert (np.abs(earned[0] - earned[1]) > 1e-3).all()


@pytest.mark.parametrize("seed", pretrained().get(operator.NAME, ()))
def test_kept_agents_can_be_evaluated(seed, few_days):
    agent = vpp_gym.load(operator.NAME, seed=seed)
    assert (agent.env_id, agent.seed) == (operator.ENV_ID, seed)
    days = vpp_gym.evaluate(agent, few_days.scenario(0), seed=seed).days
    assert np.isfinite(days[PROFIT]).all()

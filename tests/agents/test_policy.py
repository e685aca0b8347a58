"""Trained policies: files without pickle, and the evaluator against the environment."""

from __future__ import annotations

import json

import numpy as np
import pytest

from agents.export import export_policy
from agents.policy import CARD, TRAINED, WEIGHTS, AgentPolicy, Network, load_agents
from vpp_gym.envs.day_ahead import VPPDayAheadEnv
from vpp_gym.errors import InvalidInputError
from vpp_gym.evaluation import evaluate
from vpp_gym.markets.ledger import TERMS

CARD_OF_TEST = {
    "name": "random",
    "seed": 3,
    "settings": {"bids": "expected_load"},
    "term_h": 3,
    "guarantee": True,
    "dt_h": 1.0,
}


def random_network(size=116, hidden=7, actions=1, seed=0):
    rng = np.random.default_rng(seed)

    def draw(*shape):
        return rng.standard_normal(shape).astype(np.float32)

    return Network(
        features=draw(size, 5),
        mean=draw(5),
        std=np.ones(5, dtype=np.float32),
        weights=(draw(5, hidden), draw(hidden, actions)),
        biases=(draw(hidden), draw(actions)),
        activation="tanh",
        squash="clip",
    )


@pytest.fixture
def folder(tmp_path):
    export_policy(random_network(), CARD_OF_TEST, tmp_path / "random" / "seed_3")
    return tmp_path


def test_saved_and_loaded_policy_acts_the_same(folder):
    loaded = AgentPolicy.load(folder / "random" / "seed_3")
    seen = np.random.default_rng(1).standard_normal((10, 116)).astype(np.float32)
    np.testing.assert_array_equal(loaded.predict(seen)[0], random_network().predict(seen)[0])


def test_exporting_again_replaces_all(folder):
    place = folder / "random" / "seed_3"
    export_policy(random_network(seed=5), CARD_OF_TEST, place)
    assert sorted(path.name for path in place.iterdir()) == [CARD, WEIGHTS]
    assert [path.name for path in place.parent.iterdir()] == ["seed_3"]
    np.testing.assert_array_equal(
        AgentPolicy.load(place).predictor.mean, random_network(seed=5).mean
    )


def test_agents_of_a_folder(folder):
    export_policy(random_network(), {**CARD_OF_TEST, "seed": 1}, folder / "random" / "seed_1")
    agents = load_agents(folder)
    assert [(agent.name, agent.seed) for agent in agents] == [("random", 1), ("random", 3)]
    assert load_agents(folder / "nowhere") == []


def test_pickled_arrays_are_refused(folder):
    np.savez(folder / "evil.npz", features=np.array([{"a": 1}], dtype=object))
    with pytest.raises(ValueError, match="allow_pickle"):
        Network.load(folder / "evil.npz")


def test_an_incomplete_folder_is_named(folder):
    (folder / "random" / "seed_3" / WEIGHTS).unlink()
    with pytest.raises(InvalidInputError, match=WEIGHTS):
        AgentPolicy.load(folder / "random" / "seed_3")


@pytest.mark.parametrize("bids", ["expected_load", "period", "schedule"])
def test_evaluation_equals_stepping_the_environment(small, bids):
    settings = {"bids": bids, "bid_scale": 0.2}
    actions = {"expected_load": 1, "period": 2, "schedule": 25}[bids]
    agent = AgentPolicy(random_network(actions=actions), {**CARD_OF_TEST, "settings": settings})
    world = small.scenario(0)
    result = evaluate(agent, world, start_step=12, keep_records=True)
    env = VPPDayAheadEnv(
        world, {"contract": {"term_h": 3}}, guarantee=True, episode_days=None, **settings
    )
    observation, _ = env.reset(seed=0)
    over, records = False, []
    while not over:
        action, _ = agent.predict(observation)
        observation, _, _, over, info = env.step(action)
        records.append([info[term] for term in TERMS])
    np.testing.assert_array_equal(result.records, records)
    assert result.metadata["params"]["guarantee"]


def test_trained_policies_are_small_and_documented():
    agents = load_agents()
    assert len({(agent.name, agent.seed) for agent in agents}) == len(agents)
    for path in TRAINED.rglob("*"):
        assert path.is_dir() or path.stat().st_size < 500_000
    for card in TRAINED.rglob(CARD):
        facts = json.loads(card.read_text())
        assert facts["validation"]["saving_eur"] > 0
        assert facts["command"].startswith("python")
        assert "/" not in facts["command"].replace("runs/", "")

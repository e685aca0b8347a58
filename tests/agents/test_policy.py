"""Trained policies: files without pickle, and the evaluator against the environment."""

from __future__ import annotations

import json

import numpy as np
import pytest

from vpp_gym.agents.origin import SITE, sees_site
from vpp_gym.agents.policy import CARD, TRAINED, WEIGHTS, AgentPolicy, Network, load_agents
from vpp_gym.envs.day_ahead import VPPDayAheadEnv
from vpp_gym.errors import InvalidInputError
from vpp_gym.evaluation import EnvironmentAgent, evaluate
from vpp_gym.markets.ledger import TERMS
from vpp_gym.training.config import RunSettings
from vpp_gym.training.environments import make_batch, observed_fields
from vpp_gym.training.export import export_policy

FIELDS = observed_fields(make_batch("VPPDayAhead-v0", 1).core)
CARD_OF_TEST = {
    "name": "random",
    "seed": 3,
    "env_id": "VPPDayAhead-v0",
    "arguments": {
        "bids": "expected_load",
        "params": {"contract": {"families": ["fixed_term"], "term_h": 3}},
        "guarantee": True,
    },
    "observation": [list(one) for one in FIELDS],
    "dt_h": 0.25,
}


SIZE = sum(size for _, size in FIELDS)
"""Columns of the fleet's fields."""


def random_network(size=SIZE, hidden=7, actions=1, seed=0):
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
    seen = np.random.default_rng(1).standard_normal((10, SIZE)).astype(np.float32)
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
    with pytest.raises(InvalidInputError, match="no array"):
        Network.load(folder / "evil.npz")


def test_an_incomplete_folder_is_named(folder):
    (folder / "random" / "seed_3" / WEIGHTS).unlink()
    with pytest.raises(InvalidInputError, match=WEIGHTS):
        AgentPolicy.load(folder / "random" / "seed_3")


@pytest.mark.parametrize("bids", ["expected_load", "period", "schedule"])
def test_evaluation_equals_stepping_the_environment(small, bids):
    settings = {"bids": bids, "bid_scale": 0.2}
    actions = {"expected_load": 1, "period": 2, "schedule": 97}[bids]
    card = {**CARD_OF_TEST, "arguments": {**CARD_OF_TEST["arguments"], **settings}}
    agent = AgentPolicy(random_network(actions=actions), card)
    world = small.scenario(0)
    result = evaluate(agent, world, start_step=48, keep_records=True)
    params = CARD_OF_TEST["arguments"]["params"]
    env = VPPDayAheadEnv(world, params, guarantee=True, episode_days=None, **settings)
    observation, _ = env.reset(seed=0)
    over, records = False, []
    while not over:
        action, _ = agent.predict(observation)
        observation, _, _, over, info = env.step(action)
        records.append([info[term] for term in TERMS])
    np.testing.assert_array_equal(result.records, records)
    assert result.metadata["params"]["guarantee"]


@pytest.mark.parametrize("columns", [1, SIZE - 1, SIZE + 1, SIZE + 300])
def test_observations_of_another_size_are_refused(columns):
    with pytest.raises(InvalidInputError, match=f"{SIZE} columns"):
        random_network().predict(np.zeros((2, columns), dtype=np.float32))


def slices_of(fields):
    """Columns of each field in a flat observation."""
    ends = np.cumsum([size for _, size in fields]).tolist()
    return {name: slice(end - size, end) for (name, size), end in zip(fields, ends, strict=True)}


@pytest.mark.parametrize("place", [0, 5, len(FIELDS)])
def test_a_new_field_of_the_environment_moves_nothing(place):
    """Wherever it stands, the network reads the columns that it was trained on."""
    agent = AgentPolicy(random_network(), CARD_OF_TEST)
    grown = [*FIELDS[:place], ("new", 2), *FIELDS[place:]]
    known = np.random.default_rng(1).standard_normal((4, SIZE)).astype(np.float32)
    start = sum(size for _, size in FIELDS[:place])
    shown = np.insert(known, [start, start], 7.0, axis=1)
    read = agent.reader(slices_of(grown))
    np.testing.assert_array_equal(agent.predict(read(shown))[0], agent.predict(known)[0])
    with pytest.raises(InvalidInputError, match=f"{SIZE} columns"):
        agent.predict(shown)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ([one for one in FIELDS if one[0] != "envelope"], "observation.envelope: got '0 columns'"),
        ([(name, 12 if name == "da_ahead" else size) for name, size in FIELDS], "got '12 columns'"),
    ],
    ids=["missing", "shorter"],
)
def test_a_field_that_the_environment_does_not_show_is_named(fields, message):
    agent = AgentPolicy(random_network(), CARD_OF_TEST)
    with pytest.raises(InvalidInputError) as refused:
        agent.reader(slices_of(fields))
    assert message in str(refused.value)


class Watching:
    """Always the same action; keeps what it is shown."""

    def __init__(self, size):
        self.action, self.shown = np.zeros(size, dtype=np.float32), []

    def predict(self, observation, state=None, episode_start=None, deterministic=True):
        self.shown.append(observation)
        return self.action, state


@pytest.mark.parametrize(
    ("env_id", "scenario", "params", "size", "fields"),
    [
        ("VPPDispatch-v0", "synthetic:validation", {}, 1, ["da_ahead", "clock"]),
        ("VPPBidding-v0", "synthetic:validation", {}, 96, ["latest_load", "da_ahead"]),
        ("FCEVCarPark-v0", "car_park:synthetic", {"n_cars": 60}, 48, ["stock", "forecast"]),
        ("FCEVMicrogrid-v0", "microgrid:synthetic", {"n_cars": 8}, 2, ["price", "clock"]),
    ],
)
def test_an_evaluated_agent_is_shown_its_fields_by_name(env_id, scenario, params, size, fields):
    """In its own order, in every world."""
    settings = {"scheduler": "charge_on_arrival"} if env_id == "VPPBidding-v0" else {}
    core = make_batch(env_id, 1, params=params, **settings).core
    at, sizes = core.layout.slices, dict(observed_fields(core))
    shown = []
    for some in (None, [(name, sizes[name]) for name in fields]):
        watching = Watching(size)
        agent = EnvironmentAgent(
            watching, name="agent", env_id=env_id, settings=settings, fields=some
        )
        evaluate(agent, scenario, params, end_step=96)
        shown.append(np.stack(watching.shown))
    whole, part = shown
    np.testing.assert_array_equal(part, np.hstack([whole[:, at[name]] for name in fields]))
    assert np.ptp(part, axis=0).any()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"observation": None}, "card.observation"),
        ({"observation": [["clock", 2]]}, f"its fields have 2 columns, its network {SIZE}"),
        ({"name": "../elsewhere"}, "card.name: got '../elsewhere'"),
        ({"seed": "first"}, "card.seed: got 'first'"),
        ({"dt_h": float("nan")}, "card.dt_h: got nan"),
    ],
)
def test_a_card_that_cannot_be_used_is_refused(change, message):
    with pytest.raises(InvalidInputError) as refused:
        AgentPolicy(random_network(), {**CARD_OF_TEST, **change})
    assert message in str(refused.value)


def test_a_card_without_fields_says_what_to_do():
    card = {name: value for name, value in CARD_OF_TEST.items() if name != "observation"}
    with pytest.raises(InvalidInputError, match=r"card\.observation.*export the policy again"):
        AgentPolicy(random_network(), card)


@pytest.mark.parametrize("text", ["", '{"name": "x"', "[" * 100_000, "[1]"])
def test_a_damaged_card_is_named(folder, text):
    place = folder / "random" / "seed_3"
    (place / CARD).write_text(text, encoding="utf-8")
    with pytest.raises(InvalidInputError, match="card"):
        AgentPolicy.load(place)


def test_trained_policies_find_their_fields():
    """In the environments of today, wherever they stand there."""
    for agent in load_agents():
        arguments = agent.card["arguments"]
        if agent.env_id.startswith("FCEV"):
            arguments = {**arguments, "n_scenarios": 1}
        elif sees_site(agent):
            arguments = {**arguments, "scenario": SITE}
        core = make_batch(agent.env_id, 1, **arguments).core
        read = agent.reader(core.layout.slices)
        columns = np.arange(len(core.layout.scale))
        own = core.layout.columns(name for name, _ in agent.card["observation"])
        np.testing.assert_array_equal(read(columns), own)
        if "run" in agent.card:  # by `vpp-gym train`
            assert RunSettings.model_validate(agent.card["run"]).name == agent.name


def test_trained_policies_are_small_and_documented():
    agents = load_agents()
    assert len({(agent.name, agent.seed) for agent in agents}) == len(agents)
    for path in TRAINED.rglob("*"):
        assert path.is_dir() or path.stat().st_size < 500_000
    for card in TRAINED.rglob(CARD):
        facts = json.loads(card.read_text())
        gains = {"saving_eur", "eur_a_day_per_kwh"} & set(facts["validation"])
        assert gains
        assert all(facts["validation"][name] > 0 for name in gains)
        assert facts["command"].startswith(("python", "vpp-gym"))
        assert "/" not in facts["command"].replace("runs/", "")

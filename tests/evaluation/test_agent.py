"""Agents of the environment in the evaluator: the same simulator, the same kernels."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import pytest

from vpp_gym.envs.day_ahead import VPPDayAheadEnv
from vpp_gym.errors import InvalidInputError
from vpp_gym.evaluation import EnvironmentAgent, evaluate
from vpp_gym.markets.ledger import TERMS
from vpp_gym.policies.rules import ChargeOnArrival
from vpp_gym.scenarios.synthetic import SyntheticSource


class Constant:
    """Always the same action; counts its calls in the state."""

    def __init__(self, *action):
        self.action = np.array(action, dtype=np.float32)

    def predict(self, observation, state=None, episode_start=None, deterministic=True):
        assert deterministic
        assert bool(episode_start[0]) == (state is None)
        return self.action, 1 if state is None else state + 1


class Noise:
    """Actions that depend on what is shown, a flat array or named parts."""

    def __init__(self, size):
        self.size = size

    def predict(self, observation, state=None, episode_start=None, deterministic=True):
        parts = observation.values() if isinstance(observation, dict) else [observation]
        seed = sum(float(np.abs(part).sum()) for part in parts)
        return np.sin(1e3 * seed + np.arange(self.size)), None


def test_full_power_is_charging_on_arrival(world):
    agent = EnvironmentAgent(
        Constant(1.0), name="full", settings={"bids": "expected_load"}, term_h=0
    )
    days = evaluate(agent, world, "plain").days
    expected = evaluate(ChargeOnArrival(), world, "plain").days
    assert set(days["policy"]) == {"full"}
    for term in ("load_value_eur", "charge_kwh", "retail_eur", "served_kwh"):
        np.testing.assert_allclose(days[term], expected[term], atol=1e-9)


@pytest.mark.parametrize(
    ("settings", "size"),
    [
        ({"bids": "expected_load"}, 1),
        ({"bids": "period", "bid_scale": 0.2}, 2),
        ({"bids": "schedule"}, 25),
        ({"bids": "expected_load", "observation": "dict"}, 1),
        ({"bids": "expected_load", "control": "per_ev"}, 25),
    ],
)
def test_equals_stepping_the_environment(world, settings, size):
    agent = EnvironmentAgent(Noise(size), name="noise", settings=settings)
    result = evaluate(agent, world, "plain", start_step=12, keep_records=True)
    env = VPPDayAheadEnv(world, "plain", episode_days=None, **settings)
    observation, _ = env.reset(seed=0)
    over, records = False, []
    while not over:
        observation, _, _, over, info = env.step(agent.predict(observation)[0])
        records.append([info[term] for term in TERMS])
    np.testing.assert_array_equal(result.records, records)


def test_an_agent_may_bind_itself_to_the_guarantee(world):
    settings = {"bids": "expected_load"}
    free = EnvironmentAgent(Constant(-1.0), name="free", settings=settings)
    bound = EnvironmentAgent(Constant(-1.0), name="bound", settings=settings, guarantee=True)
    assert evaluate(free, world, "plain").days["demand_satisfaction"].mean() < 0.5
    kept = evaluate(bound, world, "plain")
    assert (kept.days["demand_satisfaction"] > 1 - 1e-9).all()
    assert kept.metadata["params"]["guarantee"]


def test_wrong_settings_are_named():
    with pytest.raises(InvalidInputError, match="bids"):
        EnvironmentAgent(Constant(0.0), name="x", settings={"bids": "none"})


@pytest.mark.parametrize(
    ("env_id", "size", "settings"),
    [
        ("VPPDispatch-v0", 1, {"bidder": "zero"}),
        ("VPPBidding-v0", 96, {"scheduler": "charge_on_arrival"}),
        ("VPPContracts-v0", 2, {"scheduler": "charge_on_arrival", "bidder": "zero"}),
    ],
)
def test_agents_of_every_environment_earn_what_it_pays(env_id, size, settings):
    scenario = SyntheticSource("train", n_scenarios=1, days=4).scenario(0)
    agent = EnvironmentAgent(
        Constant(*([0.5] * size)), name="constant", env_id=env_id, settings=settings
    )
    result = evaluate(agent, scenario, start_step=48, keep_records=True)
    env = gym.make(env_id, scenario=scenario, episode_days=None, reward="profit", **settings)
    env.reset(seed=0)
    over, earned = False, 0.0
    while not over:
        _, reward, _, over, _ = env.step(np.full(size, 0.5))
        earned += reward
    assert result.days["profit_eur"].sum() == pytest.approx(earned)
    assert result.days["solve_ms_mean"].notna().all()
    whole = evaluate(agent, scenario)
    assert len(whole.days) == 4

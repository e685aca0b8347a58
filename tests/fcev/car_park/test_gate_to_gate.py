"""Agents and policies of the car park from gate to gate."""

from __future__ import annotations

import numpy as np

from vpp_gym.fcev.car_park.gate_to_gate import agent_gate_to_gate_eur, bound_eur, gate_to_gate_eur
from vpp_gym.fcev.car_park.params import CarParkParams
from vpp_gym.fcev.car_park.policies import ArticleAggregator, ForesightAggregator
from vpp_gym.fcev.car_park.scenario import CarParkSource

PARAMS = CarParkParams().changed({"n_cars": 40, "contract": {"min_price": "random"}})


class Idle:
    """Always the action 0."""

    def predict(self, observation, state=None, episode_start=None, deterministic=True):
        return np.zeros((len(observation), 8)), state


def test_an_agent_that_does_nothing_earns_what_the_article_does():
    earned = agent_gate_to_gate_eur(Idle(), PARAMS, "synthetic:test", 2, {"control": "shape"})
    for k in range(2):
        scenario = CarParkSource(PARAMS, "synthetic:test").scenario(k)
        expected = gate_to_gate_eur(ArticleAggregator(), scenario, PARAMS)
        np.testing.assert_allclose(earned[k], expected, rtol=0, atol=1e-9)


def test_the_bound_is_above_foresight():
    scenario = CarParkSource(PARAMS, "synthetic:test").scenario(0)
    foresight = gate_to_gate_eur(ForesightAggregator(), scenario, PARAMS).sum()
    article = gate_to_gate_eur(ArticleAggregator(), scenario, PARAMS).sum()
    assert article < foresight < bound_eur(scenario, PARAMS)

"""No unprivileged policy acts on what has not happened yet."""

from __future__ import annotations

import numpy as np
import pytest

from vpp_gym.params import DEFAULT
from vpp_gym.policies.base import with_offer
from vpp_gym.policies.baselines import baselines
from vpp_gym.policies.bidders import ExpectedLoadBidder, WaitAndSee
from vpp_gym.policies.operator import Operator
from vpp_gym.policies.rules import PriceThreshold
from vpp_gym.scenarios.scenario import Scenario
from vpp_gym.simulation import Simulation

CHANGE = 61
HONEST = [name for name, policy in baselines().items() if not policy.privileged]


def scenario_with(seed_of_future: int) -> Scenario:
    """Four days whose prices and sessions differ from step CHANGE on, by the seed.

    Day-ahead prices differ from the third midnight on: earlier ones are known.
    """
    past, future = np.random.default_rng(0), np.random.default_rng(seed_of_future)
    da, im = past.normal(0.05, 0.03, (2, 96))
    da[72:], im[CHANGE:] = future.normal(0.05, 0.03, 24), future.normal(0.05, 0.03, 96 - CHANGE)
    arrival = np.concatenate([past.integers(0, CHANGE, 30), future.integers(CHANGE, 95, 12)])
    stay = np.concatenate([past.integers(1, 20, 30), future.integers(1, 20, 12)])
    sessions = {
        "arrival_step": arrival,
        "departure_step": np.minimum(arrival + stay, 96),
        "arrival_soc": np.concatenate([past.uniform(0.3, 0.9, 30), future.uniform(0.3, 0.9, 12)]),
        "owner_draw": np.concatenate([past.random(30), future.random(12)]),
    }
    return Scenario.from_arrays(da_eur_per_kwh=da, im_eur_per_kwh=im, sessions=sessions)


def actions(policy, scenario):
    """(steps, ...) of all decisions before the change."""
    sim = Simulation(scenario, with_offer(policy, DEFAULT))
    sim.reset(0, 0, 96)
    state, taken = None, []
    for _ in range(CHANGE):
        decisions, state = policy.predict(sim.snapshot(0), state)
        taken.append((decisions.net_load_kwh, decisions.bids_kwh))
        sim.step(decisions)
    return taken


@pytest.mark.parametrize("name", [*HONEST, "price_threshold", "wait_and_see", "expected_load"])
def test_actions_do_not_depend_on_the_future(name):
    def make():
        if name == "price_threshold":
            return PriceThreshold()
        if name == "wait_and_see":
            return Operator(baselines()["no_v2g"], WaitAndSee())
        if name == "expected_load":
            return Operator(baselines()["rolling_mpc_3h"], ExpectedLoadBidder())
        return baselines()[name]

    one, other = actions(make(), scenario_with(1)), actions(make(), scenario_with(2))
    for (load_1, bids_1), (load_2, bids_2) in zip(one, other, strict=True):
        np.testing.assert_array_equal(load_1, load_2)
        assert (bids_1 is None) == (bids_2 is None)
        if bids_1 is not None:
            np.testing.assert_array_equal(bids_1, bids_2)


def test_the_two_futures_differ():
    one, other = scenario_with(1), scenario_with(2)
    assert (one.im_short_eur_per_kwh[CHANGE:] != other.im_short_eur_per_kwh[CHANGE:]).all()

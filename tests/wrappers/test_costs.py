"""Costs are sums of the ledger, in scalar environments and in batches."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import pytest

import vpp_gym  # noqa: F401 - registers the environments
from vpp_gym.errors import InvalidInputError
from vpp_gym.wrappers import COSTS, CostInfo, VectorCostInfo

DISPATCH = "VPPDispatch-v0"
LAX = {"guarantee": False, "episode_days": 2}
OWN = {"VPPDispatch-v0": "unserved_kwh", "FCEVCarPark-v0": "short_kwh"}


def played(env, action, seed=3):
    _, info = env.reset(seed=seed)
    assert info["cost"] == 0
    costs, infos, over = [], [], False
    while not over:
        _, _, terminated, truncated, info = env.step(action(env))
        over = terminated or truncated
        costs.append(info["cost"])
        infos.append(info)
    return np.array(costs), infos


def test_who_never_charges_pays_in_unserved_energy():
    env = CostInfo(gym.make(DISPATCH, **LAX))
    costs, infos = played(env, lambda env: -np.ones(1, np.float32))
    assert costs.sum() > 50
    assert (costs >= 0).all()
    np.testing.assert_array_equal(costs, [info["unserved_kwh"] for info in infos])
    served, _ = played(env, lambda env: np.ones(1, np.float32))
    assert served.sum() < 0.2 * costs.sum()


@pytest.mark.parametrize(("env_id", "term"), OWN.items())
def test_the_cost_where_nothing_is_said(env_id, term):
    env = gym.make(env_id)
    assert CostInfo(env).terms == COSTS[term] == (term,)


def test_a_batch_has_the_costs_of_its_environments():
    make = {"num_envs": 2, "vectorization_mode": "vector_entry_point", **LAX}
    batch = VectorCostInfo(gym.make_vec(DISPATCH, autoreset_mode="SameStep", **make))
    alone = [
        played(CostInfo(gym.make(DISPATCH, **LAX)), lambda env: -np.ones(1, np.float32), seed)[0]
        for seed in (3, 4)
    ]
    _, info = batch.reset(seed=3)
    assert (info["cost"] == 0).all()
    for t in range(len(alone[0])):
        *_, info = batch.step(-np.ones((2, 1), np.float32))
        np.testing.assert_array_equal(info["cost"], [costs[t] for costs in alone])
    np.testing.assert_array_equal(info["final_info"]["cost"], info["cost"])
    assert info["_cost"].all()


def test_terms_that_are_no_energy_are_refused():
    env = gym.make(DISPATCH)
    with pytest.raises(InvalidInputError, match="did you mean unserved_kwh"):
        CostInfo(env, ["unserved_kw"])
    with pytest.raises(InvalidInputError, match="use some of"):
        CostInfo(env, ["retail_eur"])
    with pytest.raises(InvalidInputError, match="names in a list"):
        CostInfo(env, "unserved_kwh")
    with pytest.raises(InvalidInputError, match="environment of this package"):
        CostInfo(gym.make("CartPole-v1"))
    assert CostInfo(env, ["unserved_kwh", "yielded_kwh"]).terms == ("unserved_kwh", "yielded_kwh")

"""Policies and agents of the car park from the first gate of a year to the last."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from vpp_gym.arrays import Floats
from vpp_gym.episodes import EpisodeSpan
from vpp_gym.fcev.calendar import HOURS, NOON
from vpp_gym.fcev.car_park.env import CarParkCore, CarParkSettings
from vpp_gym.fcev.car_park.ledger import MONEY
from vpp_gym.fcev.car_park.params import CarParkParams
from vpp_gym.fcev.car_park.policies import CarParkPolicy, profit_bound_eur
from vpp_gym.fcev.car_park.scenario import CarParkSource
from vpp_gym.fcev.car_park.simulation import CarPark, CarParkScenario
from vpp_gym.settings import checked


def gate_to_gate_eur(
    policy: CarParkPolicy, scenario: CarParkScenario, params: CarParkParams
) -> Floats:
    """(days - 1,) EUR of a policy from each 12:00 to the next."""
    world = CarPark([scenario], params)
    world.reset(hour=NOON)
    gates = world.n_days - 1
    if policy.privileged:
        reveal: Any = policy
        reveal.reveal(world, NOON, NOON + HOURS * gates)
    profit_eur, state = np.empty(gates), None
    for gate in range(gates):
        orders, state = policy.predict(world.snapshot(), state, gate == 0, True)
        world.submit(orders)
        profit_eur[gate] = world.advance(HOURS)[0, :, : len(MONEY)].sum()
    return profit_eur


def agent_gate_to_gate_eur(
    agent: Any, params: CarParkParams, base: str, n_worlds: int, settings: Mapping[str, Any]
) -> Floats:
    """(worlds, days - 1) EUR of an agent of `FCEVCarPark-v0` from each 12:00 to the next.

    Args:
        agent: predicts actions from a batch of observations.
        params: rules.
        base: years of day-ahead prices.
        n_worlds: from 0 on, side by side.
        settings: `control` and `offer_price` of the environment.
    """
    chosen = checked(CarParkSettings, episode_days=None, **settings)
    source = CarParkSource(params, base, n_scenarios=n_worlds)
    core = CarParkCore(source, params, chosen, n_worlds)
    worlds = np.arange(n_worlds)
    end = NOON + HOURS * core.episode_days
    core.begin(worlds, [EpisodeSpan(world, NOON, end) for world in worlds.tolist()])
    profit_eur, state = np.empty((n_worlds, core.episode_days)), None
    for gate in range(core.episode_days):
        actions, state = agent.predict(core.observe(), state, np.full(n_worlds, gate == 0))
        records, _ = core.step(actions)
        profit_eur[:, gate] = records[:, : core.n_money].sum(axis=1)
    return profit_eur


def bound_eur(scenario: CarParkScenario, params: CarParkParams) -> float:
    """Profit that no policy exceeds from the first gate to the last."""
    world = CarPark([scenario], params)
    return profit_bound_eur(world, NOON, NOON + HOURS * (world.n_days - 1))

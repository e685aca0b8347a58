"""Agents of fuel-cell cars: `evaluate` against their environment."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from vpp_gym.errors import InvalidInputError
from vpp_gym.evaluation import EnvironmentAgent, evaluate
from vpp_gym.fcev.car_park.bound import car_park_bound, hourly_bound_eur
from vpp_gym.fcev.car_park.env import FCEVCarParkEnv
from vpp_gym.fcev.car_park.params import CarParkParams
from vpp_gym.fcev.car_park.policies import ArticleAggregator
from vpp_gym.fcev.car_park.scenario import CarParkSource
from vpp_gym.fcev.car_park.simulation import CarPark
from vpp_gym.fcev.microgrid.env import FCEVMicrogridEnv
from vpp_gym.fcev.microgrid.params import MicrogridParams
from vpp_gym.fcev.microgrid.policies import ArticleOrder
from vpp_gym.fcev.microgrid.scenario import MicrogridSource

PARK = CarParkParams().changed({"n_cars": 60, "price_year": {"spread": 4.0}})
GRID = MicrogridParams().changed({"n_cars": 8, "household": {"n_houses": 30}})
DAYS = 3


class Fixed:
    """The same share of every action, whatever is shown; keeps what it was shown."""

    def __init__(self, size: int, share: float) -> None:
        self._action, self.shown = np.full(size, share, dtype=np.float32), []

    def predict(self, observation: Any, *_: Any) -> tuple[Any, Any]:
        self.shown.append(observation)
        return self._action, None


@pytest.fixture(scope="module")
def park():
    return CarParkSource(PARK, "synthetic").scenario(0)


@pytest.fixture(scope="module")
def grid():
    return MicrogridSource(GRID, "synthetic").scenario(0)


def agent_of(env_id: str, size: int, share: float, **settings: Any) -> EnvironmentAgent:
    return EnvironmentAgent(Fixed(size, share), name="agent", env_id=env_id, settings=settings)


@pytest.mark.parametrize("share", [0.0, 0.4, -1.0])
def test_an_agent_of_the_microgrid_earns_what_the_environment_pays(grid, share):
    agent = agent_of("FCEVMicrogrid-v0", 3, share, volumes=True)
    run = evaluate(agent, grid, GRID, end_step=24 * DAYS, keep_records=True)
    rows, records = run.days, run.records
    env = FCEVMicrogridEnv(params=GRID, n_scenarios=1, episode_days=DAYS, volumes=True)
    observation, _ = env.reset(options={"scenario": 0, "start_day": 0})
    for hour, shown in enumerate(list(agent.predictor.shown)):
        np.testing.assert_array_equal(observation, shown)
        action, _ = agent.predict(observation)
        observation, reward, *_ = env.step(action)
        assert records[hour, : env.core.n_money].sum() == reward
    assert rows["profit_eur"].sum() == pytest.approx(records[:, : env.core.n_money].sum())


@pytest.mark.parametrize("share", [0.0, 0.4, -1.0])
def test_an_agent_of_the_car_park_earns_what_the_environment_pays(park, share):
    agent = agent_of("FCEVCarPark-v0", 48, share)
    run = evaluate(agent, park, PARK, end_step=24 * DAYS)
    rows, world = run.days, run.simulation
    env = FCEVCarParkEnv(params=PARK, n_scenarios=1, episode_days=DAYS)
    observation, _ = env.reset(options={"scenario": 0, "start_day": 0})
    earned, core = 0.0, env.core
    for shown in list(agent.predictor.shown)[:-1]:
        np.testing.assert_array_equal(observation, shown)
        observation, reward, *_ = env.step(agent.predict(observation)[0])
        earned += reward
    core.submit(np.full((1, 48), share), np.ones(1, dtype=np.bool_))
    evening = core.simulation.advance(12)[0, :, : core.n_money].sum()
    assert rows["profit_eur"].sum() == pytest.approx(earned + evening)
    np.testing.assert_array_equal(core.simulation.state.stock_kg, world.state.stock_kg)


def test_an_agent_that_always_says_zero_is_the_article(park, grid):
    zero = agent_of("FCEVCarPark-v0", 48, 0.0)
    days = {"end_step": 24 * DAYS}
    mine = evaluate(zero, park, PARK, **days).days
    theirs = evaluate(ArticleAggregator(), park, PARK, **days).days
    np.testing.assert_allclose(mine["profit_eur"], theirs["profit_eur"], atol=1e-9)
    zero = agent_of("FCEVMicrogrid-v0", 2, 0.0)
    mine = evaluate(zero, grid, GRID, **days).days
    theirs = evaluate(ArticleOrder(), grid, GRID, **days).days
    np.testing.assert_allclose(mine["profit_eur"], theirs["profit_eur"], atol=1e-9)


def test_an_agent_of_another_environment_is_refused(grid):
    with pytest.raises(InvalidInputError, match="FCEVCarPark"):
        evaluate(agent_of("FCEVCarPark-v0", 48, 0.0), grid, GRID, end_step=24)


def test_the_days_of_the_bound_add_up_to_it(park):
    days = car_park_bound(park, PARK)
    assert days["profit_eur"].sum() == pytest.approx(
        hourly_bound_eur(CarPark([park], PARK), 12, 24 * park.n_days).sum()
    )
    article = evaluate(ArticleAggregator(), park, PARK).days
    assert article["profit_eur"].sum() <= days["profit_eur"].sum()

"""`FCEVMicrogrid-v0`: agents see what the operator knows, and book what a run books."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import pytest

import vpp_gym  # noqa: F401 - registers the environments
from vpp_gym.evaluation import evaluate
from vpp_gym.fcev.microgrid.env import FIELDS, FCEVMicrogridEnv
from vpp_gym.fcev.microgrid.ledger import TERMS
from vpp_gym.fcev.microgrid.observation import AHEAD, Columns
from vpp_gym.fcev.microgrid.policies import ArticleOrder
from vpp_gym.fcev.microgrid.snapshot import MicrogridSnapshot

SMALL: dict[str, Any] = {
    "params": {
        "n_cars": 6,
        "household": {"n_houses": 20},
        "electrolyser": {"power_kw": 60.0, "store_kg": 40.0},
        "schedule": {"day_spread_h": 1.0},
    },
    "n_scenarios": 1,
    "episode_days": 3,
    "volumes": True,
    "rewards": True,
}


@pytest.fixture(scope="module")
def env() -> FCEVMicrogridEnv:
    return FCEVMicrogridEnv(**SMALL)


def shown(snapshot: MicrogridSnapshot) -> dict[str, Any]:
    """The parts of the observation, from the operator's view of the hour."""
    n, turn = snapshot.params.n_cars, 2 * np.pi * (snapshot.hour % 24) / 24
    made = snapshot.expected_surplus_kwh + snapshot.expected_wind_kwh
    tanks_kg = snapshot.tank_kg[snapshot.home]
    return {
        "clock": [np.sin(turn), np.cos(turn)],
        "weekend": snapshot.weekend,
        "winter": snapshot.winter,
        "deficit": snapshot.expected_deficit_kwh[:AHEAD] / n,
        "made": made[:AHEAD] / n,
        "price": snapshot.import_eur_per_kwh[:AHEAD],
        "open": snapshot.usual_open[:, :AHEAD].mean(axis=0),
        "available": snapshot.available_kwh / n,
        "left": np.minimum(snapshot.left_kwh, 100.0)[snapshot.plugged].sum() / n,
        "fuel": tanks_kg.mean() / snapshot.params.fuel_cell.tank_kg if len(tanks_kg) else 0.0,
        "stock": snapshot.stock_kg / snapshot.params.electrolyser.store_kg,
        "room": snapshot.room_kwh / n,
    }


def test_columns_are_named_as_the_parts():
    assert Columns._fields == tuple(field.name for field in FIELDS)


@pytest.mark.parametrize("start_day", [0, 200, 362])
def test_an_observation_is_what_the_operator_knows(env: FCEVMicrogridEnv, start_day: int):
    env.action_space.seed(start_day)
    layout = env.core.layout
    seen, _ = env.reset(seed=0, options={"start_day": start_day})
    over = False
    while not over:
        expected = layout.scaled(layout.rows(shown(env.core.simulation.snapshot()), 1))[0]
        np.testing.assert_allclose(seen, expected, rtol=1e-6, atol=1e-7)
        seen, _, _, over, _ = env.step(env.action_space.sample())


def test_action_zero_is_the_articles_order_and_an_episode_is_a_part_of_a_run(
    env: FCEVMicrogridEnv,
):
    """Term by term what `evaluate` books over the same days."""
    grid = env.core.simulation
    days = {"start_step": 24 * 90, "end_step": 24 * 93}
    records = evaluate(
        ArticleOrder(), grid.scenarios[0], grid.params, keep_records=True, **days
    ).records
    env.reset(options={"start_day": 90})
    for record in records:
        info = env.step(np.zeros(env.action_space.shape))[-1]
        assert [info[name] for name in TERMS] == record.tolist()


def test_self_sufficiency_is_told_of_every_run_of_a_batch():
    batch = gym.make_vec(
        "FCEVMicrogrid-v0", num_envs=2, vectorization_mode="vector_entry_point", **SMALL
    )
    batch.reset(seed=0)
    largest, idle = 0.0, np.zeros(batch.action_space.shape)
    idle[:, 0] = -1.0  # nothing from the cars
    for _ in range(24):
        info = batch.step(idle)[-1]
        missing = info["import_kwh"] / info["load_kwh"]
        assert info["self_sufficiency"] == pytest.approx(1 - np.minimum(missing, 1.0))
        largest = max(largest, missing.max())
    assert largest > 0.5


def test_a_drawn_stock_differs_from_episode_to_episode():
    env = FCEVMicrogridEnv(**SMALL, drawn_stock=True)
    env.reset(seed=1)
    stocks_kg = []
    for _ in range(8):
        env.reset()
        stocks_kg.append(float(env.core.simulation.state.stock_kg[0]))
    assert len(set(stocks_kg)) == 8
    assert 0.0 <= min(stocks_kg) < 15.0 < 25.0 < max(stocks_kg) <= 40.0

"""Rewards and foresight in training, in steps of a quarter of an hour."""

from __future__ import annotations

import numpy as np
import pytest

from vpp_gym.markets.ledger import LEDGER, POSITION
from vpp_gym.training.vec_env import BatchVecEnv
from vpp_gym.training.wrappers import ActionCost, Foreseeing, Foresight, LoadReward

N, DAYS, STEPS = 3, 2, 96
QUARTERS = 4


@pytest.fixture
def venv(small):
    def make(**more):
        one = BatchVecEnv("VPPDayAhead-v0", N, scenario=small, episode_days=DAYS, **more)
        one.seed(0)
        return one

    return make


def test_the_reward_of_the_load_knows_no_bids(venv):
    """The same dispatch with other bids earns the same, though the profit differs."""
    rng = np.random.default_rng(0)
    dispatch = rng.uniform(-1, 1, (DAYS * STEPS, N))
    earned, profit = [], []
    for bid in (-1.0, 0.5):
        base = venv()
        wrapped = LoadReward(base, base)
        wrapped.reset()
        total = np.zeros((2, N))
        for row in dispatch:
            _, rewards, _, _ = wrapped.step(np.column_stack([row, np.full(N, bid)]))
            total += rewards, LEDGER.part_eur(POSITION.name, base.terms)
        earned.append(total[0])
        profit.append(total[1])
    np.testing.assert_allclose(earned[0], earned[1], atol=1e-3)
    assert (np.abs(profit[0] - profit[1]) > 0.01).all()


def test_actions_cost_their_squares(venv):
    actions = np.array([[0.0, 0.0], [1.0, -1.0], [0.5, 0.0]])
    plain, cost = venv(), ActionCost(venv(), 0.2)
    for one in (plain, cost):
        one.reset()
    for _ in range(2):
        (_, rewards, _, _), (_, left, _, _) = plain.step(actions), cost.step(actions)
        np.testing.assert_allclose(rewards - left, [0.0, 0.4, 0.05], atol=1e-6)


def test_foresight_is_the_mean_price_and_the_arriving_demand_of_each_hour(venv, small):
    base = venv(bids="expected_load")
    core, hours = base.batch.core, 3
    wrapped = Foreseeing(base, Foresight(core, hours))
    seen = wrapped.reset()
    for _ in range(7):  # not at a full hour
        seen, _, _, _ = wrapped.step(np.ones((N, 1)))
    size, layout, dataset = core.layout.size, core.layout, core.simulation.dataset
    assert seen.shape == (N, size + 2 * hours)
    scale = {name: layout.scale[part][0] for name, part in layout.slices.items()}
    reference = dataset.steps["reference_eur_per_kwh"]
    sessions, first = dataset.sessions, dataset.first_session
    lacking = np.maximum(sessions["target_kwh"] - sessions["arrival_kwh"], 0.0)
    for run, at in enumerate(core.simulation.state.run["position"]):
        level = seen[run, layout.slices["da_level"]][0] * scale["da_level"]
        for hour in range(hours):
            begin = at + QUARTERS * hour
            price = reference[begin : begin + QUARTERS].mean() - level
            demand = lacking[first[begin] : first[begin + QUARTERS]].sum()
            shown = seen[run, size + hour], seen[run, size + hours + hour]
            assert shown == pytest.approx(
                (price / scale["da_ahead"], demand / scale["earliest_load"]), abs=1e-4
            )


def test_beyond_the_scenario_nothing_is_foreseen(venv):
    core = venv(bids="expected_load").batch.core
    foresight = Foresight(core, 24)
    last = core.simulation.dataset.first_step[1] - QUARTERS
    shown = foresight.shown(np.zeros((1, core.layout.size)), np.array([last]))[0]
    assert shown[0] != 0
    assert (shown[1:24] == 0).all()
    assert (shown[25:] == 0).all()

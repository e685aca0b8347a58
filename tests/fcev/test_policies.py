"""Baselines of the hydrogen worlds: allowed, honest, and better where they should be."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from tests.fcev.car_parks import random_park
from tests.fcev.microgrids import random_grid
from tests.memory import rewriting
from vpp_gym.errors import InvalidInputError
from vpp_gym.evaluation import evaluate, leaderboard
from vpp_gym.fcev.car_park import ledger as carpark_terms
from vpp_gym.fcev.car_park.baselines import baselines as car_park_baselines
from vpp_gym.fcev.car_park.bound import car_park_bound
from vpp_gym.fcev.car_park.planner import ScenarioPlanner
from vpp_gym.fcev.car_park.policies import ForesightAggregator
from vpp_gym.fcev.microgrid import ledger as microgrid
from vpp_gym.fcev.microgrid.baselines import baselines as microgrid_baselines
from vpp_gym.fcev.microgrid.contract_policy import PlannedContracts, next_needs_kwh
from vpp_gym.fcev.microgrid.plan_inputs import energy_ahead
from vpp_gym.fcev.microgrid.planner import ForesightOperator, RollingPlan
from vpp_gym.fcev.microgrid.policies import AdaptiveContracts, ArticleOrder


@pytest.mark.parametrize("name", list(car_park_baselines()))
def test_rows_of_a_car_park_add_up_and_stay_below_the_bound(name: str):
    park = random_park(4, n_days=5)
    scenario, params = park.scenarios[0], park.params
    run = evaluate(name, scenario, params)
    rows, world = run.days, run.simulation
    assert rows["day"].tolist() == list(range(5))
    assert rows["profit_eur"].to_numpy() == pytest.approx(
        rows[list(carpark_terms.MONEY)].sum(axis=1).to_numpy()
    )
    assert world.state.hour[0] == 24 * 5
    assert rows["profit_eur"].sum() <= car_park_bound(scenario, params)["profit_eur"].sum() + 1e-9
    assert world.state.given_kwh.sum() == pytest.approx(rows["v2g_kwh"].sum())


@pytest.mark.parametrize("name", list(microgrid_baselines()))
def test_rows_of_a_microgrid_add_up(name: str):
    grid = random_grid(4)
    run = evaluate(name, grid.scenarios[0], grid.params, start_step=24, keep_records=True)
    rows, records = run.days, run.records
    assert rows["day"].tolist() == [1, 2, 3]
    assert rows["profit_eur"].sum() == pytest.approx(records[:, : len(microgrid.MONEY)].sum())
    assert rows["fairness"].iloc[-1] == records[-1, microgrid.COLUMN.fairness]
    share = rows["import_kwh"] / rows["load_kwh"]
    assert rows["self_sufficiency"].to_numpy() == pytest.approx(1 - share.to_numpy())


def test_foresight_is_the_best_and_the_scale_runs_from_the_article_to_it():
    grid = random_grid(2, wind={"power_kw": 60.0, "serves_houses": True})
    rows = [
        evaluate(policy, grid.scenarios[0], grid.params).days
        for policy in (ArticleOrder(), RollingPlan(), ForesightOperator())
    ]
    ranked = leaderboard(pd.concat(rows), scale="microgrid", high="foresight", n_resamples=20)
    table = ranked.set_index("policy")
    assert table.loc["article", "score"] == 0.0
    assert table.loc["foresight", "score"] == 100.0
    assert table.loc["rolling_plan", "score"] <= 100.0 + 1e-6


def test_a_privileged_policy_without_a_future_says_so():
    for policy, world in ((ForesightAggregator(), random_park(1)), (ForesightOperator(), None)):
        snapshot = world.snapshot() if world else random_grid(1).snapshot()
        with pytest.raises(InvalidInputError, match="call reveal"):
            policy.predict(snapshot)


def test_only_those_that_see_the_future_are_marked():
    marked = {
        name
        for baselines in (car_park_baselines(), microgrid_baselines())
        for name, policy in baselines.items()
        if policy.privileged
    }
    assert marked == {"foresight"}


def test_prices_to_come_change_no_unprivileged_orders():
    """Prices after today differ; the forecast, given from outside, does not."""
    orders = []
    for shift in (0.0, 1.0):
        park = random_park(6)
        park.reset(hour=36)
        with rewriting(park):
            park.dataset.da[0, 48:] += shift
            park.scenarios[0].da_eur_per_kwh[48:] += shift
        baselines = [one for one in car_park_baselines().values() if not one.privileged]
        orders.append([one.predict(park.snapshot())[0] for one in baselines])
    for one, other in zip(*orders, strict=True):
        for field, value in vars(one).items():
            np.testing.assert_array_equal(value, getattr(other, field))


def test_what_a_planner_remembers_holds_no_price_to_come():
    orders = []
    for shift in (0.0, 1.0):
        park, planner, state = random_park(6, n_days=5), ScenarioPlanner(), None
        with rewriting(park):
            park.dataset.da[0, 72:] += shift
        park.reset(hour=12)
        for _ in range(3):
            own, state = planner.predict(park.snapshot(), state)
            park.submit(own)
            park.advance(24)
            orders.append(own)
    for one, other in zip(orders[:3], orders[3:], strict=True):
        for field, value in vars(one).items():
            np.testing.assert_array_equal(value, getattr(other, field))


def test_a_planner_plans_with_the_errors_of_past_forecasts():
    park, planner, state = random_park(7, n_days=12), ScenarioPlanner(), None
    park.reset(hour=12)
    forecasts, prices = (
        getattr(park.scenarios[0], name).reshape(-1, 24)
        for name in ("forecast_eur_per_kwh", "da_eur_per_kwh")
    )
    for _ in range(9):
        orders, state = planner.predict(park.snapshot(), state)
        park.submit(orders)
        park.advance(24)
    assert state is not None
    np.testing.assert_allclose(state.errors, (prices - forecasts)[3:9])


def test_hours_to_come_change_no_unprivileged_decision():
    decisions = []
    for shift in (0.0, 50.0):
        grid = random_grid(6)
        grid.reset(hour=30)
        with rewriting(grid):
            for series in (grid.dataset.deficit, grid.dataset.surplus, grid.dataset.wind):
                series[0, 31:] += shift
        baselines = [one for one in microgrid_baselines().values() if not one.privileged]
        decisions.append([one.predict(grid.snapshot())[0] for one in baselines])
    assert decisions[0] == decisions[1]


@pytest.mark.parametrize("policy", [AdaptiveContracts(), PlannedContracts()])
def test_contracts_that_adapt_commit_less_in_summer_and_reward_shortages(policy):
    grid = random_grid(3)
    grid.reset()
    factors, rewards = [], []
    for scale in (0.1, 5.0):
        with rewriting(grid):
            grid.dataset.deficit[:] = grid.dataset.load * scale
        decision, _ = policy.predict(grid.snapshot())
        factors.append(decision.volume_factor)
    assert factors[0] < factors[1]
    with rewriting(grid):
        grid.dataset.deficit[:] = 500.0
    for _ in range(24):
        decision, _ = policy.predict(grid.snapshot())
        rewards.append(decision.reward_eur_per_h)
        grid.advance([decision])
    assert max(rewards) > 0.0


def test_what_differs_from_the_past_week_fades_and_repeats_on_other_days():
    """Two days of 10 kWh an hour, but 30 now and 20 an hour after noon yesterday."""
    grid = random_grid(3)
    with rewriting(grid):
        grid.dataset.deficit[:], grid.dataset.surplus[:], grid.dataset.wind[:] = 10.0, 0.0, 0.0
        grid.dataset.deficit[0, [37, 60]] = 20.0, 30.0
    grid.reset(hour=60)
    snapshot = grid.snapshot()
    ahead = energy_ahead(snapshot)
    np.testing.assert_allclose(ahead.deficit_kwh[:4], [30.0, 15.0 + 14.0, 10.0 + 9.8, 16.86])
    np.testing.assert_allclose(ahead.wind_kwh, 0.0)
    np.testing.assert_allclose(next_needs_kwh(snapshot), [40.0, 30.0])


def test_a_plan_keeps_hydrogen_that_is_worth_more_later():
    """In autumn a kWh of wind makes hydrogen at prices at which exports would earn more now."""
    grid = random_grid(5, n_days=8, electrolyser={"power_kw": 80.0, "store_kg": 300.0})
    with rewriting(grid):
        grid.dataset.wind[:], grid.dataset.surplus[:] = 30.0, 0.0
        grid.dataset.da[:], grid.dataset.export_price[:], grid.dataset.import_price[:] = (
            0.065,
            0.035,
            0.185,
        )
    taken_kwh = {}
    for day in (100, 280):
        grid.reset(hour=30, stock_share=0.3)
        snapshot = replace(grid.snapshot(), hour=24 * day)
        taken_kwh[day] = RollingPlan().decide(snapshot).electrolyser_kwh
    assert taken_kwh == {100: 0.0, 280: pytest.approx(30.0)}

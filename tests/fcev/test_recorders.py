"""What pictures of the fuel-cell worlds show is what was booked."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from vpp_gym.errors import InvalidInputError
from vpp_gym.fcev.car_park.env import FCEVCarParkEnv
from vpp_gym.fcev.car_park.ledger import MONEY as PARK_MONEY
from vpp_gym.fcev.microgrid.env import FCEVMicrogridEnv
from vpp_gym.plots.car_park_days import CarParkView, car_park_chart, draw_car_park
from vpp_gym.plots.microgrid_week import draw_microgrid, microgrid_chart

PARK = {"n_cars": 60, "price_year": {"spread": 4.0}}
GRID = {"n_cars": 8, "household": {"n_houses": 30}}


def park(start_day: int, episode_days: int) -> Any:
    env = FCEVCarParkEnv(
        params=PARK, n_scenarios=1, episode_days=episode_days, render_mode="rgb_array"
    )
    env.reset(seed=0, options={"start_day": start_day})
    env.action_space.seed(0)
    return env


def grid(start_day: int, episode_days: int) -> Any:
    env = FCEVMicrogridEnv(
        params=GRID, n_scenarios=1, episode_days=episode_days, render_mode="rgb_array"
    )
    env.reset(seed=0, options={"start_day": start_day})
    env.action_space.seed(0)
    return env


@pytest.mark.parametrize("start_day", [0, 200, 358])
def test_two_days_of_the_car_park_are_those_booked(start_day):
    env = park(start_day, 6)
    scenario = env.core.simulation.scenarios[0]
    before = env._recorder.view()
    assert before.now == (36 if start_day else 12)
    assert np.isnan(before.delivered_kwh).all()
    for day in range(start_day, start_day + 6):
        info = env.step(env.action_space.sample())[4]
        view, core = env._recorder.view(), env.core
        assert (view.start, view.now) == (scenario.start + day, 36)
        settled = slice(12, 36)
        assert view.delivered_kwh[settled].sum() == pytest.approx(info["v2g_kwh"])
        assert view.sold_kwh[settled].sum() == pytest.approx(info["sold_kwh"])
        assert view.bought_kwh[settled].sum() == pytest.approx(info["bought_kwh"])
        assert view.profit_eur[settled].sum() == pytest.approx(
            sum(info[name] for name in PARK_MONEY)
        )
        np.testing.assert_array_equal(
            view.da_eur_per_kwh, scenario.da_eur_per_kwh[24 * day : 24 * day + 48]
        )
        np.testing.assert_array_equal(view.offered_kwh[24:], core.submitted.offer_kwh[0])
        np.testing.assert_array_equal(view.bid_kwh[24:], core.submitted.bid_kwh[0])
        assert (view.sold_kwh[24:] <= view.offered_kwh[24:]).all()
        assert not np.isnan(view.sold_kwh[24:]).any(), "what is sold for today is known"
        assert np.isnan(view.delivered_kwh[36:]).all()
        stock_kg = core.simulation.state.stock_kg[0]
        assert view.store_kg[36] == pytest.approx(stock_kg, abs=1e-9)
        assert view.plugged_in[35] == core.simulation.state.n_plugged[0]
        if day > start_day:
            assert not np.isnan(view.delivered_kwh[:36]).any()


@pytest.mark.parametrize(("start_day", "weeks"), [(0, 2), (150, 2), (361, 1)])
def test_a_week_of_the_microgrid_is_that_booked(start_day, weeks):
    days = 9 if weeks == 2 else 4
    env = grid(start_day, days)
    infos: list[dict[str, float]] = []
    over, names = False, ("load_kwh", "wind_kwh", "v2g_kwh", "import_kwh", "export_kwh")
    while not over:
        _, _, _, over, info = env.step(env.action_space.sample())
        infos.append(info)
        view, state = env._recorder.view(), env.core.simulation.state
        first = 168 * ((len(infos) - 1) // 168)
        assert view.now == len(infos) - first
        assert view.start == np.datetime64("2019-01-01") + start_day + first // 24
        assert view.n_steps == min(168, 24 * (365 - start_day) - first)
        for name in names:
            booked = [one[name] for one in infos[first:]]
            np.testing.assert_array_equal(getattr(view, name)[: view.now], booked)
            assert np.isnan(getattr(view, name)[view.now :]).all()
        assert view.store_kg[view.now] == state.stock_kg[0]
        assert view.tanks_kg[view.now] == state.tank_kg[0].sum()
    made = view.sun_kwh + view.wind_kwh + view.v2g_kwh + view.import_kwh
    used = view.load_kwh + view.electrolyser_kwh + view.export_kwh
    np.testing.assert_allclose(made[: view.now], used[: view.now])


def test_prices_to_come_are_drawn_as_far_as_they_are_known():
    env = grid(10, 3)
    ends = []
    for _ in range(24):
        ends.append(int(np.isfinite(env._recorder.view().da_eur_per_kwh).sum()))
        env.step(np.zeros(2))
    assert ends == [24] * 12 + [48] * 12


@pytest.mark.parametrize(
    ("env", "draw", "chart", "units"),
    [
        (
            park(20, 2),
            draw_car_park,
            car_park_chart,
            ["EUR/kWh", "kWh per hour", "kWh per hour", "cars", "kg", "EUR"],
        ),
        (
            grid(20, 2),
            draw_microgrid,
            microgrid_chart,
            ["EUR/kWh", "kWh per hour", "cars", "kg", "EUR"],
        ),
    ],
    ids=["car_park", "microgrid"],
)
def test_panels_name_their_units_and_a_used_chart_draws_as_a_fresh_one(env, draw, chart, units):
    figure = draw(env._recorder.view())
    assert [axes.get_ylabel() for axes in figure.axes] == units
    assert all(axes.get_legend() is not None for axes in figure.axes)
    used = chart()
    used.image(env._recorder.view())
    env.step(env.action_space.sample())
    view = env._recorder.view()
    np.testing.assert_array_equal(used.image(view), chart().image(view))


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"sold_kwh": np.zeros(23)}, "sold_kwh"),
        ({"store_kg": np.zeros(48)}, "store_kg"),
        ({"bid_kwh": np.full(48, np.inf)}, "bid_kwh"),
        ({"now": 49}, "now"),
        ({"start": np.datetime64("2019-01-01T05")}, "start"),
        ({"da_eur_per_kwh": np.zeros(30)}, "da_eur_per_kwh"),
    ],
)
def test_bad_views_are_refused(changes, field):
    view = park(20, 2)._recorder.view()
    with pytest.raises(InvalidInputError) as refused:
        CarParkView(**{**vars(view), **changes})
    assert refused.value.field == field

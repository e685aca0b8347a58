"""What actions of `FCEVCarPark-v0` mean, and what its agents see."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from vpp_gym.env import FIRST
from vpp_gym.errors import InvalidInputError
from vpp_gym.fcev.calendar import HOURS, NOON
from vpp_gym.fcev.car_park.article import article_orders, shaped_orders
from vpp_gym.fcev.car_park.bid_shape import ARTICLE, SHAPE_PARAMETERS
from vpp_gym.fcev.car_park.env import CarParkCore, CarParkSettings
from vpp_gym.fcev.car_park.observation import FIELDS
from vpp_gym.fcev.car_park.params import CarParkParams
from vpp_gym.fcev.car_park.scenario import CarParkSource

SMALL: dict[str, Any] = {"n_cars": 60, "price_year": {"spread": 4.0}}
each_kind = pytest.mark.parametrize("min_price", ["equal", "random"])
each_control = pytest.mark.parametrize("control", ["hourly", "shape"])


def core_of(
    control: str = "shape",
    offer_price: str = "mean_min_price",
    n_runs: int = 3,
    min_price: str = "random",
    **changes: Any,
) -> CarParkCore:
    """Runs that have begun on different days."""
    params = {**SMALL, "contract": {"min_price": min_price}, **changes}
    settings = CarParkSettings(control=control, offer_price=offer_price, episode_days=5)
    rules = CarParkParams().changed(params)
    core = CarParkCore(CarParkSource(rules, "synthetic", n_scenarios=2), rules, settings, n_runs)
    generators = [np.random.default_rng(run) for run in range(n_runs)]
    core.place(np.arange(n_runs), generators, None)
    return core


@each_kind
@each_control
def test_zero_is_the_strategy_of_the_article(control: str, min_price: str):
    core = core_of(control, min_price=min_price)
    for _ in range(4):
        orders = core.orders(np.zeros((3, core.encoding.size)))
        for run in range(3):
            own = article_orders(core.simulation.snapshot(run))
            np.testing.assert_array_equal(orders.offer_kwh[run], 100.0 * own.offer_lots)
            np.testing.assert_array_equal(orders.bid_kwh[run], 100.0 * own.bid_lots)
            assert orders.offer_limit[run] == pytest.approx(own.offer_limit_eur_per_kwh)
            assert orders.bid_limit[run] == pytest.approx(own.bid_limit_eur_per_kwh)
        core.step(np.zeros((3, core.encoding.size)))


def test_any_shape_is_the_same_in_a_batch_and_from_a_snapshot():
    core, rng = core_of(), np.random.default_rng(4)
    low, high = (
        np.array([getattr(parameter, end) for parameter in SHAPE_PARAMETERS])
        for end in ("low", "high")
    )
    offered = 0.0
    for _ in range(4):
        actions = rng.uniform(-1, 1, (3, len(SHAPE_PARAMETERS)))
        shapes = ARTICLE + np.where(
            actions > 0, actions * (high - ARTICLE), actions * (ARTICLE - low)
        )
        orders = core.orders(actions)
        for run in range(3):
            own = shaped_orders(core.simulation.snapshot(run), shapes[run])
            np.testing.assert_array_equal(orders.offer_kwh[run], 100.0 * own.offer_lots)
            np.testing.assert_array_equal(orders.bid_kwh[run], 100.0 * own.bid_lots)
            core.simulation.submit(own, run)  # refuses what the cars cannot serve
        offered += orders.offer_kwh.sum()
        core.step(actions)
    assert offered > 0


@each_control
def test_extreme_actions_stay_within_what_can_be_served(control: str):
    core = core_of(control)
    for sign in (-1.0, 1.0):
        orders = core.orders(np.full((3, core.encoding.size), sign))
        assert (orders.offer_kwh <= 100.0 * core.expectation.most_lots).all()
        assert (orders.bid_kwh <= 1000.0).all()
        assert min(orders.offer_kwh.min(), orders.bid_kwh.min()) >= 0.0
        if control == "hourly":
            np.testing.assert_array_equal(
                orders.offer_kwh, 100.0 * core.expectation.most_lots * (sign > 0)
            )


def turned(name: str, value: float) -> np.ndarray:
    """Three actions that turn one parameter."""
    return np.tile(
        [value if parameter.name == name else 0.0 for parameter in SHAPE_PARAMETERS], (3, 1)
    )


def test_dials_do_what_their_meaning_says():
    core = core_of(price_year={"mean_eur_per_kwh": 0.06, "spread": 4.0})
    usual = core.orders(turned("ask", 0.0))
    forecast = core.expectation.forecast
    mean = core.simulation.dataset.min_price[core.simulation.state.scenario].mean(axis=1)[:, None]
    assert usual.offer_kwh.sum() > 0
    dearer = core.orders(turned("hours", 1.0))
    assert (dearer.offer_kwh[forecast <= mean + 0.02] == 0).all()
    assert core.orders(turned("ask", -0.5)).offer_limit == pytest.approx(usual.offer_limit - 0.01)
    follows = core.orders(turned("slope", 1.0)).offer_limit
    assert follows == pytest.approx(forecast)
    for name in ("share", "cars"):
        assert core.orders(turned(name, -1.0)).offer_kwh.sum() < usual.offer_kwh.sum()
    assert core.orders(turned("bid", 1.0)).bid_limit == pytest.approx(usual.bid_limit + 0.03)
    more = core.orders(turned("bid_hours", 1.0)).bid_kwh > usual.bid_kwh
    assert (forecast[more] >= usual.bid_limit[more]).all()


def test_hydrogen_that_is_due_makes_room():
    core = core_of(electrolyser={"power_kw": 500.0, "store_kg": 12.0, "initial_share": 1.0})
    core.step(np.zeros((3, len(SHAPE_PARAMETERS))))
    assert (core.expectation.due_kg[:, -1] > 0).all()
    assert (np.diff(core.expectation.due_kg, axis=1) >= -1e-9).all()
    usual, counted = (core.orders(turned("due", x)).bid_kwh.sum() for x in (0.0, 1.0))
    assert counted > usual


def test_what_is_due_is_what_drivers_refill():
    """Without V2G tomorrow: refills of the 36 hours from noon on, over eight weeks."""
    core = core_of(n_runs=1, n_cars=200, price_year={"mean_eur_per_kwh": -0.5})
    core.place(FIRST, [np.random.default_rng(0)], {"start_day": 20, "scenario": 0})
    core.simulation.advance(2 * HOURS)  # the first day has no stays before it
    due_kg, refilled = [], []
    for _ in range(57):
        due_kg.append(core.simulation.expectation().due_kg[0, -1])
        refilled.append(core.simulation.advance(HOURS)[0, :, core.terms.index("refilled_kg")])
    came_kg = np.concatenate(refilled)
    actual_kg = [came_kg[HOURS * day : HOURS * day + HOURS + NOON].sum() for day in range(56)]
    assert sum(due_kg[:56]) == pytest.approx(sum(actual_kg), rel=0.03)
    assert np.corrcoef(due_kg[:56], actual_kg)[0, 1] > 0.9


def test_an_agent_may_set_the_price_of_its_offers():
    core = core_of("hourly", offer_price="action")
    assert core.action_space.shape == (49,)
    prices = core.simulation.dataset.min_price[core.simulation.state.scenario]
    expected = prices.min(axis=1), prices.mean(axis=1), prices.max(axis=1)
    for position, price in zip((-1.0, 0.0, 1.0), expected, strict=True):
        actions = np.zeros((3, 49))
        actions[:, -1] = position
        assert core.orders(actions).offer_limit == pytest.approx(
            np.repeat(price, 24).reshape(3, 24)
        )


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"control": "rude"}, "control"),
        ({"offer_price": "free"}, "offer_price"),
        ({"control": "shape", "offer_price": "action"}, "offer_price"),
    ],
)
def test_unknown_encodings_are_refused(arguments: dict[str, str], field: str):
    with pytest.raises(InvalidInputError) as refused:
        gym.make("FCEVCarPark-v0", n_scenarios=1, params=SMALL, **arguments)
    assert refused.value.field == field


def test_observations_hold_what_the_snapshot_holds():
    core = core_of()
    core.step(np.zeros((3, len(SHAPE_PARAMETERS))))
    ends = np.cumsum([field.size for field in FIELDS])
    rows = core.observe() * core.layout.scale
    for run in range(3):
        snapshot = core.simulation.snapshot(run)
        seen = {
            field.name: rows[run, end - field.size : end]
            for field, end in zip(FIELDS, ends, strict=True)
        }
        assert seen["forecast"] == pytest.approx(snapshot.forecast_eur_per_kwh, abs=1e-6)
        assert seen["cars"] == pytest.approx(snapshot.presence.mean(axis=0), abs=1e-6)
        assert seen["weekend"][0] == snapshot.weekend
        assert seen["min_price"][0] == pytest.approx(snapshot.mean_min_price_eur_per_kwh, abs=1e-6)
        assert seen["margin"][0] == pytest.approx(snapshot.margin.mean(), abs=1e-6)
        stock = np.array([snapshot.stock_kg, snapshot.committed_kg]) / 500.0
        assert seen["stock"] == pytest.approx(stock, abs=1e-6)
        assert seen["due"][1] == pytest.approx(snapshot.due_kg[-1] / 500.0, abs=1e-6)
        assert seen["break_even"][0] == pytest.approx(snapshot.break_even_eur_per_kwh, abs=1e-6)

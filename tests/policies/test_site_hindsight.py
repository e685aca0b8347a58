"""The hindsight optimum of a site: no run of anybody earns more, and small ones by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.simulation.test_site import at_random, run
from tests.sites import site_params, site_scenarios
from tests.worlds import examples, one_car, plain, plain_world
from vpp_gym.errors import InvalidInputError
from vpp_gym.evaluation import evaluate
from vpp_gym.markets.ledger import MONEY
from vpp_gym.policies.forecasters import PerfectForecast
from vpp_gym.policies.rules import ChargeOnArrival
from vpp_gym.policies.site_hindsight import SiteHindsight, site_bound_eur
from vpp_gym.policies.site_mpc import SelfConsumption, SiteScheduler


def profit_eur(booked: list[dict[str, float]]) -> float:
    return sum(step[name] for step in booked for name in MONEY)


@examples(40)
@given(site_scenarios(), site_params(contract={"families": ()}), st.integers(0, 2**32 - 1))
def test_no_random_run_earns_more_than_the_bound(scenario, world, seed):
    bound = site_bound_eur(scenario, world)
    assert profit_eur(run(scenario, world, at_random(seed))) <= bound + 1e-6


@examples(8)
@given(site_scenarios(), site_params(contract={"families": ()}))
def test_no_scheduler_earns_more_than_the_bound(scenario, world):
    bound = site_bound_eur(scenario, world)
    for policy in (
        SelfConsumption(ChargeOnArrival()),
        SiteScheduler(term_h=0),
        SiteScheduler(term_h=0, forecaster=PerfectForecast(), name="perfect"),
    ):
        days = evaluate(policy, scenario, world).days
        assert days["profit_eur"].sum() <= bound + 1e-6


def test_one_car_at_the_cheapest_hour_by_hand():
    """10 kWh within the limit of 6 at 0.1 and 0.2 EUR: 0.6 + 0.8; retail 1.3. A peak charge of
    1 EUR levels them over the three hours."""
    car = one_car(0, 3, 0.5, target_soc=0.75, capacity_kwh=40.0, departure_draw=0.5)
    prices = np.full(24, 0.3)
    prices[:3] = 0.1, 0.2, 0.4
    scenario = plain_world(24, dt_h=1.0, da=prices, short=prices, sessions=car)
    world = plain(
        site={"n_chargers": 1, "charge_eff": 1.0, "discharge_eff": 1.0},
        connection={"import_limit_kw": 6.0},
        contract={"families": ()},
    )
    assert site_bound_eur(scenario, world) == pytest.approx(1.3 - 0.6 - 0.8)
    fee = {"currency": "EUR", "peak_eur_per_kw_month": 1.0}
    level = 10 / 3
    bound = site_bound_eur(scenario, world.replace(tariff=fee))
    assert bound == pytest.approx(1.3 - 0.7 * level - level)


def test_a_battery_that_trades_perfectly_by_hand():
    """10 kWh bought at 0.1, sold at 0.5 after 2 kWh of losses at 0.02 wear."""
    prices = np.full(24, 0.3)
    prices[3], prices[9] = 0.1, 0.5
    scenario = plain_world(24, dt_h=1.0, da=prices, short=prices)
    world = plain(
        storage={
            "kwh": 8.0, "kw": 10.0, "charge_eff": 0.8, "discharge_eff": 1.0,
            "wear_eur_per_kwh": 0.02, "initial_soc": 0.0,
        },
    )  # fmt: skip
    assert site_bound_eur(scenario, world) == pytest.approx(8 * 0.48 - 10 * 0.1, abs=1e-4)


@examples(8)
@given(
    site_scenarios(),
    site_params(contract={"families": ()}, guarantee=False, battery={"taper": ()}),
)
def test_the_replay_earns_the_bound_where_prices_are_positive(scenario, world):
    dear = {
        name: np.abs(getattr(scenario, name)) + 0.01
        for name in ("da_eur_per_kwh", "im_short_eur_per_kwh")
    }
    one_price = dear | {"im_long_eur_per_kwh": dear["im_short_eur_per_kwh"]}
    ones = np.ones(len(scenario.sessions))
    flat = replace(scenario.sessions, taper_soc=ones, taper_share=ones)
    positive = replace(scenario, **one_price, sessions=flat)
    policy = SiteHindsight()
    days = evaluate(policy, positive, world).days
    assert days["profit_eur"].sum() == pytest.approx(policy.bound_eur, abs=1e-3)


def test_cars_that_come_back_as_they_left_are_refused():
    car = one_car(0, 3, 0.5) | {"driver": [0]}
    scenario, world = plain_world(24, dt_h=1.0, sessions=car), plain(driver={"returning": True})
    with pytest.raises(InvalidInputError, match="returning"):
        site_bound_eur(scenario, world)


def test_a_part_of_a_scenario_is_refused():
    scenario = plain_world(48, dt_h=1.0)
    with pytest.raises(InvalidInputError, match="run the whole scenario"):
        evaluate(SiteHindsight(), scenario, end_step=24)
    with pytest.raises(InvalidInputError, match="call reveal"):
        SiteHindsight().predict(None)

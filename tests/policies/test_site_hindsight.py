"""The hindsight optimum of a site: no run of anybody earns more, and small ones by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.simulation.test_site import SEED, at_once, at_random, barely_on, run
from tests.sites import site_params, site_scenarios
from tests.worlds import examples, one_car, plain, plain_world
from vpp_gym.errors import InvalidInputError
from vpp_gym.evaluation import evaluate
from vpp_gym.markets.ledger import MONEY
from vpp_gym.params import VPPParams
from vpp_gym.policies.base import with_offer
from vpp_gym.policies.baselines import SITE_NAMES, baseline, baseline_names
from vpp_gym.policies.forecasters import PerfectForecast
from vpp_gym.policies.rules import ChargeOnArrival
from vpp_gym.policies.site_hindsight import SiteHindsight, site_bound_eur
from vpp_gym.policies.site_mpc import SelfConsumption, SiteScheduler
from vpp_gym.policies.site_stays import stays_of
from vpp_gym.scenarios.scenario import Scenario
from vpp_gym.simulation import Simulation


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


ON = [{"least_kw": 4.14, "standby_kw": 0.4}, {"least_kw": 1.38, "standby_kw": 0.2}]
SITES = st.sampled_from(ON).flatmap(lambda on: site_params(site=on, contract={"families": ()}))


@examples(15)
@given(site_scenarios(), SITES, SEED)
def test_with_standby_no_random_run_earns_more_than_the_bound(scenario, world, seed):
    """Nor does who charges at the least power, which pays most where prices are negative."""
    bound = site_bound_eur(scenario, world)
    for decide in (at_random(seed), at_once, barely_on):
        assert profit_eur(run(scenario, world, decide)) <= bound + 1e-6


@examples(3)
@given(site_scenarios(), SITES)
def test_with_standby_no_baseline_earns_more_than_the_bound(scenario, world):
    bound = site_bound_eur(scenario, world)
    for name in ("charge_on_arrival", "rolling_mpc", "hazard_mpc", "site_hazard_mpc"):
        days = evaluate(baseline(name), scenario, world).days
        assert days["profit_eur"].sum() <= bound + 1e-6, name


@pytest.mark.parametrize("price", [0.1, -0.1])
def test_standby_of_a_car_by_hand(price):
    """8 kWh at 8 kW: 0.4 kWh beside them; at 2 kW four times as much, for which a negative price
    pays."""
    car = one_car(0, 20, 0.5, target_soc=0.7, capacity_kwh=40.0, departure_draw=0.5)
    scenario = plain_world(24, dt_h=1.0, da=price, short=price, sessions=car)
    site = {"n_chargers": 1, "charge_kw": 8.0, "charge_eff": 1.0, "least_kw": 2.0,
            "standby_kw": 0.4}  # fmt: skip
    world = plain(site=site, contract={"families": ()}, driver={"retail_eur_per_kwh": 0.5})
    bound = site_bound_eur(scenario, world)
    at_full, slowly = (profit_eur(run(scenario, world, decide)) for decide in (at_once, barely_on))
    assert at_full == pytest.approx(8 * 0.5 - 8.4 * price)
    assert slowly == pytest.approx(8 * 0.5 - 9.6 * price)
    assert bound >= max(at_full, slowly) - 1e-9
    if price > 0:
        assert bound == pytest.approx(at_full)


def test_standby_from_the_sun_costs_what_the_sun_would_have_been_sold_for():
    """20 kWh of sun an hour at 0.1, of which a car and its charger take 8.4; to buy costs 0.3."""
    car = one_car(0, 20, 0.5, target_soc=0.7, capacity_kwh=40.0, departure_draw=0.5)
    sun = {"pv_kwh": np.full(24, 20.0)}
    prices = {"da": 0.1, "short": 0.3, "long": 0.1}
    scenario = plain_world(24, dt_h=1.0, sessions=car, site=sun, **prices)
    site = {"n_chargers": 1, "charge_kw": 8.0, "charge_eff": 1.0, "least_kw": 2.0,
            "standby_kw": 0.4}  # fmt: skip
    world = plain(site=site, contract={"families": ()})
    best = 8 * 0.13 + (24 * 20 - 8.4) * 0.1
    assert profit_eur(run(scenario, world, at_once)) == pytest.approx(best)
    assert site_bound_eur(scenario, world) == pytest.approx(best)


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
    site_params(
        contract={"families": ()},
        guarantee=False,
        battery={"taper": ()},
        site={"least_kw": 0.0, "standby_kw": 0.0},  # the bound counts the least standby
    ),
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


def known_drivers(scenario: Scenario, seed: int) -> Scenario:
    """The same sessions, of which few drivers and strangers have many."""
    drivers = np.random.default_rng(seed).integers(-1, 4, len(scenario.sessions))
    return replace(scenario, sessions=replace(scenario.sessions, driver=drivers))


@st.composite
def everything(draw: st.DrawFn) -> tuple[Scenario, VPPParams]:
    """A random site whose drivers come back with what they left with, or not."""
    world = draw(site_params(contract={"families": ()}))
    returning = draw(st.sampled_from([True, True, False]))
    world = world.replace(driver={"returning": returning})
    return known_drivers(draw(site_scenarios()), draw(SEED)), world


@examples(60)
@given(everything(), SEED)
def test_with_drivers_who_come_back_no_random_run_earns_more(given_world, seed):
    scenario, world = given_world
    bound = site_bound_eur(scenario, world)
    assert profit_eur(run(scenario, world, at_random(seed))) <= bound + 1e-6
    assert profit_eur(run(scenario, world, at_once)) <= bound + 1e-6


NO_OFFER = [
    name
    for name in (*baseline_names(), *SITE_NAMES)
    if not with_offer(baseline(name), plain(contract={"families": ()})).contract.families
    and "+" not in name.removesuffix("+self_consumption")
    and "learned" not in name
]
"""Baselines without contracts and bids, that plan in hours."""


def test_most_kinds_of_policies_are_held_to_the_bound():
    assert {"charge_on_arrival", "rolling_mpc", "site_hazard_mpc", "site_hindsight"} <= set(
        NO_OFFER
    )


@examples(2)
@given(everything())
def test_no_baseline_earns_more_than_the_bound(given_world):
    scenario, world = given_world
    bound = site_bound_eur(scenario, world)
    for name in NO_OFFER:
        days = evaluate(baseline(name), scenario, world).days
        assert days["profit_eur"].sum() <= bound + 1e-6, name


def test_a_driver_who_comes_back_by_hand():
    """Two visits of two hours, each of which may be charged 10 kWh; 10 are asked for, and as much
    is used between them. In the first a kWh costs 0.4, in the second 0.1 and 0.2 at 6 kW, and
    retail is 0.13. Missing kWh cost 0.1: so none is charged in the first, and 12 in the second; the
    other 8 and the 10 before are missed."""
    visits = {
        "arrival_step": [0, 4],
        "departure_step": [2, 6],
        "arrival_soc": [0.5, 0.5],
        "target_soc": [0.75, 0.75],
        "capacity_kwh": [40.0, 40.0],
        "departure_draw": [0.5, 0.5],
        "driver": [3, 3],
    }
    prices = np.full(24, 0.4)
    prices[4:6] = 0.1, 0.2
    scenario = plain_world(24, dt_h=1.0, da=prices, short=prices, sessions=visits)
    world = plain(
        site={"n_chargers": 1, "charge_eff": 1.0, "discharge_eff": 1.0},
        connection={"import_limit_kw": 6.0},
        contract={"families": ()},
        driver={
            "returning": True, "retail_eur_per_kwh": 0.13,
            "shortfall_eur_per_kwh": 0.1, "shortfall_da_factor": 0.0,
        },
        guarantee=False,
    )  # fmt: skip
    best = -10 * 0.1 + 12 * 0.13 - 6 * 0.1 - 6 * 0.2 - 8 * 0.1
    assert site_bound_eur(scenario, world) == pytest.approx(best)
    policy = SiteHindsight()
    assert evaluate(policy, scenario, world).days["profit_eur"].sum() == pytest.approx(best)


def test_who_comes_back_from_where():
    """Of one driver: the second visit is turned away, the fourth begins before the third ends, and
    ends after it; the fifth comes from the fourth."""
    sessions = {
        "arrival_step": [0, 2, 3, 5, 6, 14],
        "departure_step": [2, 5, 4, 9, 12, 16],
        "arrival_soc": [0.5] * 6,
        "capacity_kwh": [40.0] * 6,
        "departure_draw": [0.9] * 6,
        "driver": [0, -1, 0, 0, 0, 0],
    }
    scenario = plain_world(24, dt_h=1.0, sessions=sessions)
    for chargers, before in ((1, {0: -1, 1: -1, 3: -1, 5: 3}), (2, {2: 0, 3: 2, 4: -1, 5: 4})):
        world = plain(
            site={"n_chargers": chargers},
            contract={"families": ()},
            driver={"returning": True},
            owner={"early_departure_prob": 0.0, "late_departure_prob": 0.0},
        )
        stays = stays_of(Simulation(scenario, world), scenario)
        rows = stays.session.tolist()
        found = {row: rows[k] if k >= 0 else -1 for row, k in zip(rows, stays.before, strict=True)}
        assert found | before == found


def test_a_part_of_a_scenario_is_refused():
    scenario = plain_world(48, dt_h=1.0)
    with pytest.raises(InvalidInputError, match="run the whole scenario"):
        evaluate(SiteHindsight(), scenario, end_step=24)
    with pytest.raises(InvalidInputError, match="call reveal"):
        SiteHindsight().predict(None)

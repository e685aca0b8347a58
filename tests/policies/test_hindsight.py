"""The hindsight optimum: equal to brute force where that can be done, above everybody else."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from vpp_gym.errors import InvalidInputError
from vpp_gym.fleet.charging import Charging
from vpp_gym.markets.ledger import MONEY, TERMS
from vpp_gym.params import DEFAULT, PLAIN
from vpp_gym.params.contract import hybrid, offer
from vpp_gym.policies.base import with_offer
from vpp_gym.policies.baselines import baselines
from vpp_gym.policies.bidders import ExpectedLoadBidder, WaitAndSee
from vpp_gym.policies.forecasters import PerfectForecast
from vpp_gym.policies.hindsight import Hindsight
from vpp_gym.policies.operator import Operator
from vpp_gym.policies.rules import ChargeAtDeadline, ChargeOnArrival, PriceThreshold
from vpp_gym.policies.scheduler import algorithm_1, hazard_mpc, no_v2g, rolling_mpc
from vpp_gym.policies.stays import Service, Stays, best_plans
from vpp_gym.policies.stochastic_mpc import StochasticMPC
from vpp_gym.scenarios.scenario import Scenario
from vpp_gym.scenarios.synthetic import SyntheticSource
from vpp_gym.simulation import Simulation


def run(policy, scenario, params=PLAIN, start=0, end=None):
    """Sums of all terms over a run, and the policy's profit."""
    world = with_offer(policy, params)
    end = scenario.n_steps if end is None else end
    sim = Simulation(scenario, world)
    sim.reset(0, start, end)
    if policy.privileged:
        policy.reveal(scenario, world, start, end)
    total, state = np.zeros(len(TERMS)), None
    while not sim.done[0]:
        decisions, state = policy.predict(sim.snapshot(0), state)
        total += sim.step(decisions)[0]
    terms = dict(zip(TERMS, total, strict=True))
    return {**terms, "profit_eur": sum(terms[name] for name in MONEY)}


def world(seed, *, days=3, per_day=8, spread=True, negative=True):
    """A small random scenario with contracts, spikes, negative and dual prices."""
    rng = np.random.default_rng(seed)
    n, steps = days * per_day, 24 * days
    da = rng.normal(0.05, 0.02, steps)
    mid = da + rng.normal(0, 0.04, steps) + 0.5 * (rng.random(steps) < 0.05)
    if not negative:
        da, mid = np.abs(da), np.abs(mid)
    half = 0.01 * (rng.random(steps) < 0.3) * spread
    arrival = rng.integers(0, steps - 1, n)
    stay = rng.integers(1, 14, n)
    sessions = {
        "arrival_step": arrival,
        "departure_step": np.minimum(arrival + stay, steps),
        "arrival_soc": rng.uniform(0.3, 0.97, n),
        "target_soc": rng.uniform(0.6, 1.0, n),
    }
    return Scenario.from_arrays(
        da_eur_per_kwh=da,
        im_short_eur_per_kwh=mid + half,
        im_long_eur_per_kwh=mid - half,
        sessions=sessions,
        seed=seed,
    )


@pytest.mark.parametrize("shortfall_eur", [0.05, 0.5])
def test_hindsight_equals_brute_force_for_one_ev_and_three_steps(shortfall_eur):
    """All dispatches on a grid that contains the optimum's corners."""
    prices = np.full(24, 0.1)
    prices[10:13] = [0.45, -0.05, 0.2]
    scenario = Scenario.from_arrays(
        da_eur_per_kwh=np.full(24, 0.1),
        im_eur_per_kwh=prices,
        sessions={
            "arrival_step": [10],
            "departure_step": [13],
            "arrival_soc": [0.5],
            "target_soc": [0.6],
            "owner_draw": [0.9],
        },
    )
    params = PLAIN.replace(
        site={"n_chargers": 1, "charge_eff": 1.0, "discharge_eff": 1.0},
        driver={"shortfall_eur_per_kwh": shortfall_eur},
        owner={"types": (1.0,), "type_prob": (1.0,)},
        contract={"term_h": 3, "kappa_eur": 0.05},
    )
    sim = Simulation(scenario, params)
    sim.reset(0, 10, 13)
    contract = sim.snapshot(0).contract_kwh[0]
    assert contract == pytest.approx(4.0)

    grid = np.arange(-11.0, 11.5, 1.0)
    best = -np.inf
    for plan in product(grid, grid, grid):
        sold = -np.minimum(plan, 0).sum()
        stored = 40 + np.cumsum(plan)
        if sold > contract + 1e-9 or stored.max() > 77.6:
            continue
        short = max(48 - stored[-1], 0)
        eur = -np.dot(plan, prices[10:13]) - short * shortfall_eur
        eur += (8 - min(short, 8)) * 0.13
        best = max(best, eur)
    result = run(Hindsight(3, bid_bound="none"), scenario, params, 10, 13)
    assert result["profit_eur"] - result["payoff_eur"] == pytest.approx(best, abs=1e-9)


def one_stay(**changes):
    """A stay of three steps with a contract in the first two, no losses and no penalty."""
    stay = {
        "steps": 3,
        "booked_steps": 3,
        "energy_kwh": 70.0,
        "min_kwh": 2.4,
        "max_kwh": 77.6,
        "target_kwh": 70.0,
        "due_kwh": 70.0,
        "floor_kwh": 70.0,
        "discharge_kwh": 11.0,
        "discharge_steps": 2,
        "contract_kwh": 10.0,
        "penalty_eur_per_kwh": 0.5,
        "forced": False,
    }
    charging = Charging(np.array([11.0]), 1.0, 1.0, np.zeros((1, 2, 0)))
    columns = {name: np.array([value]) for name, value in (stay | changes).items()}
    return Stays(charging=charging, **columns)


LOSSLESS = Service(charge_eff=1.0, discharge_eff=1.0, retail_eur_per_kwh=0.0)


def test_an_ev_above_its_target_in_the_window_may_charge_up_to_it_afterwards():
    """Full while charging pays, sold within the window, back to the target and no further."""
    prices = np.array([-0.1, 0.5, -0.02])
    plan = best_plans(one_stay(), prices, prices, LOSSLESS)
    assert plan[0] == pytest.approx([7.6, -10.0, 2.4])


@pytest.mark.parametrize(("floor", "sold"), [(-np.inf, 11.0), (64.0, 6.0), (70.0, 0.0)])
def test_a_guarantee_for_a_later_departure_leaves_something_to_sell(floor, sold):
    """Above the penalty all is sold; what the guarantee leaves, if it asks for more."""
    prices = np.array([0.9, 0.9, 0.9])
    stay = one_stay(steps=1, booked_steps=1, contract_kwh=np.inf, floor_kwh=floor)
    plan = best_plans(stay, prices[:1], prices[:1], LOSSLESS)
    assert plan[0] == pytest.approx([-sold])


@pytest.mark.parametrize(("missing_kwh", "break_even"), [(5.0, 1.204), (0.5, 7.54)])
def test_who_is_left_short_pays_no_retail_price_for_what_was_asked_for(missing_kwh, break_even):
    """Charging d costs 0.9 d / 0.8; selling 11 kWh earns 9.9, less 0.5 (11 + d) and r d / 0.8.

    They are equal at r = (0.9 d / 0.8 + 9.9 - 0.5 (11 + d)) 0.8 / d.
    """
    price = np.array([0.9])
    stay = one_stay(
        steps=1,
        booked_steps=1,
        energy_kwh=70.0 - missing_kwh,
        contract_kwh=np.inf,
        floor_kwh=-np.inf,
    )
    for share, load_kwh in ((0.99, -11.0), (1.01, missing_kwh / 0.8)):
        service = Service(0.8, 1.0, retail_eur_per_kwh=share * break_even)
        assert best_plans(stay, price, price, service)[0] == pytest.approx([load_kwh])


POLICIES = {
    0: [ChargeOnArrival, ChargeAtDeadline, PriceThreshold, no_v2g, lambda: rolling_mpc(0)],
    2: [lambda: algorithm_1(2), lambda: rolling_mpc(2)],
}


TAPER = ((0.6, 1.0), (0.8, 0.7), (1.0, 0.05))
"""Of cars that are charged slowly above 60 %."""


@pytest.mark.parametrize("taper", [(), TAPER])
@pytest.mark.parametrize("guarantee", [False, True])
@pytest.mark.parametrize("seed", range(2))
def test_hindsight_earns_at_least_what_any_policy_earns(seed, guarantee, taper):
    params = PLAIN.replace(
        site={"n_chargers": 6},
        guarantee=guarantee,
        market={"imbalance_pricing": "single"},
        battery={"taper": taper},
    )
    scenario = world(seed)
    for term_h, makers in POLICIES.items():
        best = run(Hindsight(term_h, bid_bound="limit"), scenario, params)
        flexible = run(Hindsight(term_h, bid_bound="none"), scenario, params)
        for make in makers:
            for bidder in (None, ExpectedLoadBidder(), WaitAndSee(), WaitAndSee(noisy_oracle=0.0)):
                result = run(Operator(make(), bidder), scenario, params)
                assert result["profit_eur"] <= best["profit_eur"] + 1e-6
            value = flexible["load_value_eur"] + flexible["retail_eur"] + flexible["shortfall_eur"]
            other = result["load_value_eur"] + result["retail_eur"] + result["shortfall_eur"]
            assert other <= value + 1e-6


STANDBY = {"n_chargers": 6, "least_kw": 4.14, "standby_kw": 0.4}


def uncounted_kwh(terms, site):
    """Standby of a run beyond that at full power, which is what plans count."""
    at_full_h = terms["charge_kwh"] / site.charge_kw + terms["discharge_kwh"] / site.discharge_kw
    return terms["standby_kwh"] - site.standby_kw * at_full_h


@pytest.mark.parametrize("guarantee", [False, True])
@pytest.mark.parametrize("term_h", [0, 2])
@pytest.mark.parametrize("seed", range(3))
def test_with_standby_no_policy_earns_more_than_hindsight_planned(seed, term_h, guarantee):
    """Hindsight earns its plan less the standby that the plan does not count."""
    params = PLAIN.replace(
        site=STANDBY, guarantee=guarantee, market={"imbalance_pricing": "single"}
    )
    scenario = world(seed, negative=False)
    best = run(Hindsight(term_h, bid_bound="none"), scenario, params)
    uncounted = uncounted_kwh(best, params.site)
    assert uncounted > 0
    prices = (scenario.im_short_eur_per_kwh + scenario.im_long_eur_per_kwh) / 2
    planned = without_bids(best) + uncounted * prices.max()
    for make in (ChargeOnArrival, lambda: rolling_mpc(term_h), lambda: hazard_mpc(term_h)):
        result = run(make(), scenario, params)
        assert result["standby_kwh"] > 0
        assert without_bids(result) <= planned + 1e-6


OFFERS = {
    "control": offer("control_based", keep_soc=0.1, tariff_eur_per_kwh=0.015),
    "price": offer("price_based", margin=0.3),
    "volume": offer("volume_based", delay_h=1, term_h=3, energy_kwh=8.0, keep_soc=0.1),
    "hybrid": hybrid(
        offer("fixed_term", term_h=2), offer("control_based", keep_soc=0.3, tariff_eur_per_kwh=0.02)
    ),
}


@pytest.mark.parametrize(("early", "taper"), [(0.0, ()), (0.3, ()), (0.3, TAPER)])
@pytest.mark.parametrize("offer", OFFERS)
def test_hindsight_bounds_policies_with_the_same_offer(offer, early, taper):
    params = PLAIN.replace(
        site={"n_chargers": 6},
        market={"imbalance_pricing": "single"},
        owner={"early_departure_prob": early},
        battery={"taper": taper},
    )
    contract, discharged = OFFERS[offer], 0.0
    for seed in range(2):
        scenario = world(seed)
        best = run(Hindsight(contract=contract, bid_bound="limit"), scenario, params)["profit_eur"]
        for policy in (
            rolling_mpc(contract=contract),
            StochasticMPC(contract=contract),
            rolling_mpc(contract=contract, forecaster=PerfectForecast()),
        ):
            result = run(Operator(policy, WaitAndSee(noisy_oracle=0.0)), scenario, params)
            discharged += result["discharge_kwh"]
            assert result["profit_eur"] <= best + 1e-6
    assert discharged > 0


@pytest.mark.parametrize("pricing", ["dutch", "dual"])
@pytest.mark.parametrize("seed", range(2))
def test_hindsight_bounds_charging_under_two_prices(seed, pricing):
    params = PLAIN.replace(site={"n_chargers": 6}, market={"imbalance_pricing": pricing})
    scenario = world(seed)
    best = run(Hindsight(0, bid_bound="limit"), scenario, params)["profit_eur"]
    for make in POLICIES[0]:
        for bidder in (None, ExpectedLoadBidder(), WaitAndSee(noisy_oracle=0.0)):
            assert run(Operator(make(), bidder), scenario, params)["profit_eur"] <= best + 1e-6


@pytest.mark.parametrize("taper", [(), TAPER])
def test_hindsight_is_the_mpc_with_perfect_forecasts(taper):
    params = PLAIN.replace(
        guarantee=True, market={"imbalance_pricing": "single"}, battery={"taper": taper}
    )
    scenario = world(11)
    for term_h in (0, 2):
        best = run(Hindsight(term_h, bid_bound="none"), scenario, params)
        perfect = run(rolling_mpc(term_h, PerfectForecast()), scenario, params)
        assert perfect["load_value_eur"] == pytest.approx(best["load_value_eur"], abs=1e-6)


def test_position_of_the_best_bids_adds_to_the_value_of_the_load():
    params = PLAIN.replace(market={"imbalance_pricing": "dual"})
    scenario = world(5)
    none = run(Hindsight(2, bid_bound="none"), scenario, params)
    connected = run(Hindsight(2), scenario, params)
    limit = run(Hindsight(2, bid_bound="limit"), scenario, params)
    # Before the first schedule only "none" plans at the reference price.
    assert none["load_value_eur"] >= connected["load_value_eur"] - 1e-9
    assert none["profit_eur"] <= connected["profit_eur"] <= limit["profit_eur"]


def test_a_run_that_ends_early_leaves_energy_for_nobody():
    prices = np.full(48, 0.1)
    scenario = Scenario.from_arrays(
        da_eur_per_kwh=prices,
        im_eur_per_kwh=prices,
        sessions={"arrival_step": [0], "departure_step": [10], "arrival_soc": [0.5]},
    )
    free = run(Hindsight(0), scenario, PLAIN, 0, 4)
    assert free["charge_kwh"] == 0
    bound = run(Hindsight(0), scenario, PLAIN.replace(guarantee=True), 0, 8)
    missing = 0.47 * 80 / 0.98 - 2 * 11
    assert bound["charge_kwh"] == pytest.approx(missing)


def test_replaying_another_run_is_refused():
    scenario = world(1)
    policy = Hindsight(0)
    sim = Simulation(scenario, PLAIN)
    sim.reset(0, 30, 60)
    with pytest.raises(InvalidInputError, match="reveal"):
        policy.predict(sim.snapshot(0))
    policy.reveal(scenario, PLAIN, 2, 32)
    with pytest.raises(InvalidInputError, match="another run"):
        replay(policy, sim)


def replay(policy, sim):
    while not sim.done[0]:
        decisions, _ = policy.predict(sim.snapshot(0))
        sim.step(decisions)


@pytest.mark.parametrize("taper", [(), TAPER])
def test_baselines_are_named_fresh_and_serve_every_demand_that_can_be_served(taper):
    dear = {"shortfall_eur_per_kwh": 5.0}  # than any spike: so that hindsight serves it, too
    scenario, params = world(7), PLAIN.replace(battery={"taper": taper}, driver=dear)
    first, second = baselines(), baselines()
    assert {name for name, policy in first.items() if policy.name != name} == set()
    assert {"charge_on_arrival", "no_v2g", "algorithm_1_3h", "rolling_mpc", "hindsight"} < set(
        first
    )
    assert not any(first[name] is second[name] for name in first)
    reachable = run(ChargeOnArrival(), scenario, params)["unserved_kwh"]
    for name, policy in first.items():
        assert policy.privileged == (name == "hindsight")
        result = run(policy, scenario, params)
        assert result["unserved_kwh"] == pytest.approx(reachable, abs=1e-6)
        dispatcher = policy.dispatcher if isinstance(policy, Operator) else policy
        assert dispatcher.repair_kwh < 1e-6


UNCERTAIN = PLAIN.replace(
    site={"n_chargers": 6},
    market={"imbalance_pricing": "single", "bid_limit": "expected_cars"},
    driver={"shortfall_da_factor": 8.0, "shortfall_eur_per_kwh": 0.2},
    owner={"early_departure_prob": 0.3, "late_departure_prob": 0.4, "early_exponent": 1.8},
    contract={"families": ("control_based",), "control_based": {"tariff_eur_per_kwh": 0.025}},
)
"""Drivers who leave early and late, bids by expected cars, a penalty that follows prices."""


@pytest.mark.parametrize("taper", [(), TAPER])
@pytest.mark.parametrize("guarantee", [False, True])
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("end", [None, 65])
def test_hindsight_knows_who_leaves_early_and_late(seed, guarantee, end, taper):
    params, scenario = UNCERTAIN.replace(guarantee=guarantee), world(seed, days=4)
    params = params.replace(battery={"taper": taper})
    hindsight = Hindsight(None, bid_bound="limit")
    best = run(hindsight, scenario, params, 0, end)
    operations = run(Hindsight(None, bid_bound="none"), scenario, params, 0, end)
    # What is settled behind the end of a run may be planned better than it is settled.
    allowed = 1e-6 if end is None else 0.02
    assert hindsight.repair_kwh < 1e-6
    for policy in (
        ChargeOnArrival(),
        ChargeAtDeadline(),
        rolling_mpc(None),
        rolling_mpc(None, PerfectForecast()),
        StochasticMPC(None),
    ):
        for bidder in (None, ExpectedLoadBidder(), WaitAndSee(), WaitAndSee(noisy_oracle=0.0)):
            result = run(Operator(policy, bidder), scenario, params, 0, end)
            assert result["profit_eur"] <= best["profit_eur"] + allowed
        assert without_bids(result) <= without_bids(operations) + allowed


@pytest.mark.parametrize("guarantee", [False, True])
def test_no_dispatch_of_quarter_hours_earns_more_than_hindsight_without_bids(guarantee):
    params = DEFAULT.replace(guarantee=guarantee, owner={"participation_memory": 0})
    scenario = SyntheticSource("train", 1, dt_h=0.25, days=6).scenario(0)
    hindsight = Hindsight(None, bid_bound="none")
    best = without_bids(run(hindsight, scenario, params))
    assert hindsight.repair_kwh < 1e-6
    for policy in (ChargeOnArrival(), rolling_mpc(None), rolling_mpc(None, PerfectForecast())):
        assert without_bids(run(policy, scenario, params)) <= best + 1e-6


@pytest.mark.parametrize("bid_bound", ["connected", "limit"])
def test_bids_of_hindsight_are_legal_where_cars_limit_them(bid_bound):
    scenario = SyntheticSource("train", 1, dt_h=0.25, days=6).scenario(0)
    neutral = run(Hindsight(None, bid_bound="none"), scenario, DEFAULT)
    assert (
        run(Hindsight(None, bid_bound=bid_bound), scenario, DEFAULT)["profit_eur"]
        > (neutral["profit_eur"])
    )


def without_bids(result):
    """Profit of a run had all energy been settled at the reference price."""
    return result["profit_eur"] - result["da_eur"] - result["im_eur"] + result["load_value_eur"]

"""The dual bound: exact where nothing is uncertain, and above every policy on average elsewhere."""

from __future__ import annotations

import numpy as np
import pytest

from vpp_gym.errors import InvalidInputError
from vpp_gym.evaluation import evaluate, profit_parts, totals
from vpp_gym.evaluation.bound_prices import ExpectedReference
from vpp_gym.evaluation.bound_stays import leaving_hazard
from vpp_gym.evaluation.bounds import (
    DUAL_BOUND,
    DUAL_ESTIMATE,
    dual_bound,
    dual_estimate,
    relaxed_days,
)
from vpp_gym.evaluation.metrics import without_position_eur
from vpp_gym.markets.settlement import reference_price
from vpp_gym.params import DEFAULT
from vpp_gym.params.contract import offer
from vpp_gym.params.owner import OwnerParams
from vpp_gym.policies.bidders import ExpectedLoadBidder
from vpp_gym.policies.climatology import charge_on_arrival_climatology
from vpp_gym.policies.exact import exact_forecast_and_bids
from vpp_gym.policies.forecasters import PerfectForecast
from vpp_gym.policies.hindsight import Hindsight
from vpp_gym.policies.operator import Operator
from vpp_gym.policies.rules import ChargeOnArrival
from vpp_gym.policies.scheduler import hazard_mpc, rolling_mpc
from vpp_gym.scenarios.departures import leaving_step
from vpp_gym.scenarios.scenario import Scenario, Sessions
from vpp_gym.scenarios.synthetic import SyntheticSource

CERTAIN = DEFAULT.replace(
    owner={
        "types": (1.0,),
        "type_prob": (1.0,),
        "early_departure_prob": 0.0,
        "late_departure_prob": 0.0,
        "participation_memory": 0,
    }
)
AT_WEAR = offer("control_based", tariff_eur_per_kwh=DEFAULT.owner.wear_eur_per_kwh, keep_soc=0.0)
"""What owners of one type accept at least."""


def year(index=0, *, days=7):
    return SyntheticSource("train", index + 1, dt_h=0.25, days=days)


def known(scenario):
    """Nothing about prices is uncertain."""
    reference = reference_price(
        scenario.da_eur_per_kwh, scenario.im_short_eur_per_kwh, scenario.im_long_eur_per_kwh
    )
    return ExpectedReference(reference, reference)


def operations(days):
    """EUR of a run, bids left out."""
    return float(without_position_eur(days).sum())


@pytest.mark.parametrize("guarantee", [True, False])
@pytest.mark.parametrize("late", [0.0, 0.5])
def test_where_all_is_known_it_is_hindsight(guarantee, late):
    """Owners accept what the only type perceives as wear; who is late is known to be late."""
    params = CERTAIN.replace(guarantee=guarantee)
    if guarantee:  # then it makes no difference who is late
        params = params.replace(owner={"late_departure_prob": late})
    scenario = year().scenario(0)
    bound = relaxed_days(scenario, params, known(scenario), "known")
    hindsight = evaluate(Hindsight(contract=AT_WEAR, bid_bound="none"), scenario, params).days
    assert operations(bound) == pytest.approx(operations(hindsight), abs=1e-6)
    for column in ("retail_eur", "demand_kwh", "served_kwh", "departures", "turned_away"):
        assert bound[column].to_numpy() == pytest.approx(hindsight[column].to_numpy(), abs=1e-6)
    # Energy may move between equal prices, but not in total.
    assert bound["charge_kwh"].sum() == pytest.approx(hindsight["charge_kwh"].sum(), abs=1.0)


def test_a_run_that_ends_early_is_hindsight_too():
    """Cars that stay on are settled as the simulator settles them."""
    scenario = year(days=9).scenario(0)
    span = {"start_step": 48, "end_step": 500}
    bound = relaxed_days(scenario, CERTAIN, known(scenario), "known", **span)
    hindsight = Hindsight(contract=AT_WEAR, bid_bound="none")
    days = evaluate(hindsight, scenario, CERTAIN, **span).days
    cars = scenario.sessions
    stay_on = (cars.arrival_step < 500) & (cars.departure_step > 500)
    before = int(cars.arrival_step[stay_on].min()) // 96
    assert before > 2
    assert without_position_eur(bound).to_numpy()[:before] == pytest.approx(
        without_position_eur(days).to_numpy()[:before], abs=1e-6
    )
    # Owners of cars that stay on are taken to be paid nothing, for all of the stay.
    unpaid_kwh = float(bound["discharge_kwh"][before:].sum())
    gap = operations(bound) - operations(days)
    assert -1e-6 <= gap <= CERTAIN.owner.wear_eur_per_kwh * unpaid_kwh
    nothing = CERTAIN.replace(site={"discharge_kw": 0.0})
    bound = relaxed_days(scenario, nothing, known(scenario), "known", **span)
    reached = operations(evaluate(hindsight, scenario, nothing, **span).days)
    assert operations(bound) == pytest.approx(reached, abs=1e-6)
    assert bound["steps"].sum() == 452


def test_what_is_known_of_departures_is_their_law():
    """The hazard is that of the steps in which cars really leave."""
    owner = OwnerParams(early_departure_prob=0.3, late_departure_prob=0.4, late_mean_h=1.0)
    n, declared = 200_000, 6
    sessions = Sessions(
        arrival_step=np.zeros(n, int),
        departure_step=np.full(n, declared),
        **{
            name: np.zeros(n)
            for name in (
                "arrival_soc",
                "target_soc",
                "capacity_kwh",
                "charge_kw",
                "discharge_kw",
                "owner_draw",
                "interest_draw",
            )
        },
        departure_draw=(np.arange(n) + 0.5) / n,
    )
    real = leaving_step(sessions, owner, 0.25, 1000)
    count = np.bincount(real, minlength=200)
    there = n - np.concatenate([[0], np.cumsum(count)])
    hazard = leaving_hazard(owner, declared, 12, 0.25, False)
    assert hazard == pytest.approx(count[:13] / there[:13], abs=1e-3)
    assert leaving_hazard(owner, declared, declared, 0.25, False)[-1] == 1.0


STANDBY = {"least_kw": 4.14, "standby_kw": 0.4}


@pytest.mark.parametrize(("guarantee", "site"), [(True, {}), (False, {}), (True, STANDBY)])
def test_no_policy_is_above_it_on_average(guarantee, site):
    """Operations and market, with offers that pay in advance and per kWh."""
    params = DEFAULT.replace(guarantee=guarantee, site=site)
    worlds = 4
    source = SyntheticSource("train", worlds, dt_h=0.25, days=5, seed=1)
    policies = {
        "arrival": ChargeOnArrival,
        "menu": lambda: rolling_mpc(2),
        "climatology": charge_on_arrival_climatology,
        "exact": exact_forecast_and_bids,
    }
    behind = {name: np.zeros((2, worlds)) for name in policies}
    for index in range(worlds):
        bound = dual_bound(source, index, params)
        limit = np.array([operations(bound), bound["profit_eur"].sum()])
        for name, make in policies.items():
            days = evaluate(make(), source.scenario(index), params).days
            behind[name][:, index] = limit - [operations(days), days["profit_eur"].sum()]
    for gap in behind.values():
        error = gap.std(axis=1, ddof=1) / np.sqrt(gap.shape[1])
        assert (gap.mean(axis=1) > -2 * error).all()


def test_standby_lowers_it_by_what_it_costs_at_least():
    """Every kWh is bought with standby of a charger at full power; nothing else changes."""
    source = year()
    bound, without = (
        operations(dual_bound(source, 0, CERTAIN.replace(site=site))) for site in (STANDBY, {})
    )
    assert bound < without - 0.1
    arrival = [
        operations(evaluate(ChargeOnArrival(), source.scenario(0), CERTAIN.replace(site=site)).days)
        for site in (STANDBY, {})
    ]
    assert arrival[0] < arrival[1] - 0.1
    # Who charges at full power pays about that much; the bound may move away from dear hours.
    assert without - bound <= 2 * (arrival[1] - arrival[0])


@pytest.mark.parametrize("market", ["single", "dutch"])
def test_with_standby_no_honest_baseline_is_above_it(market):
    """Of each of a few random years: sums of operations, and with bids at the expected load."""
    params = DEFAULT.replace(site=STANDBY, market={"imbalance_pricing": market})
    worlds = 3
    source = SyntheticSource("train", worlds, dt_h=0.25, days=4, seed=2)
    bound = sum(operations(dual_bound(source, index, params)) for index in range(worlds))
    for make in (ChargeOnArrival, lambda: rolling_mpc(0), lambda: hazard_mpc(None)):
        reached = [evaluate(make(), source.scenario(k), params).days for k in range(worlds)]
        assert sum(days["standby_kwh"].sum() for days in reached) > 1
        assert sum(map(operations, reached)) <= bound


def test_who_knows_the_future_is_above_it():
    params = CERTAIN.replace(site={"discharge_kw": 0.0})
    source = year()
    ahead = evaluate(rolling_mpc(0, PerfectForecast()), source.scenario(0), params).days
    assert operations(ahead) > operations(dual_bound(source, 0, params))


def test_bets_gain_at_most_the_range_of_legal_bids_times_the_expected_spread():
    scenario = year().scenario(0)
    expected = ExpectedReference(
        scenario.da_eur_per_kwh, scenario.da_eur_per_kwh + np.where(np.arange(672) % 2, 0.01, -0.02)
    )
    days = relaxed_days(scenario, CERTAIN, expected, "bets")
    position = profit_parts(days)["position_eur"].to_numpy()
    assert position[0] == 0  # nothing can be bid before the first gate
    assert (position[1:] > 0).all()
    neutral = relaxed_days(
        scenario, CERTAIN, ExpectedReference(scenario.da_eur_per_kwh, scenario.da_eur_per_kwh), "0"
    )
    assert profit_parts(neutral)["position_eur"].abs().sum() == 0
    assert operations(days) == pytest.approx(operations(neutral))


def test_rows_fit_beside_those_of_policies():
    source = year()
    days = dual_bound(source, 0)
    others = evaluate(ChargeOnArrival(), source.scenario(0)).days
    assert set(others) <= set(days) | {name for name in others if name.startswith("contracts_")}
    assert set(days["policy"]) == {DUAL_BOUND}
    assert set(days["scenario"]) == {"synthetic:train:0"}
    assert days["date"].tolist() == others["date"].tolist()
    for column in ("arrivals", "turned_away", "departures"):
        assert days[column].to_numpy() == pytest.approx(others[column].to_numpy())
    assert totals(days)["demand_satisfaction"][0] > 0.95


def test_an_estimate_for_prices_whose_law_nobody_knows():
    scenario = year(days=10).scenario(0)
    days = dual_estimate(scenario)
    assert set(days["policy"]) == {DUAL_ESTIMATE}
    neutral = evaluate(Operator(ChargeOnArrival(), ExpectedLoadBidder()), scenario).days
    assert operations(days) > operations(neutral)


def test_what_it_does_not_bound_is_refused():
    with pytest.raises(InvalidInputError, match="imbalance_lag_steps"):
        dual_bound(year(), 0, {"market": {"imbalance_lag_steps": 0}})
    with pytest.raises(InvalidInputError, match="privileged"):
        dual_estimate(year().scenario(0), forecaster=PerfectForecast())
    with pytest.raises(InvalidInputError, match="quarter"):
        dual_bound(SyntheticSource("train", 1, dt_h=1.0, days=3), 0)


@pytest.mark.parametrize("pricing", ["single", "dual"])
def test_other_pricing_rules(pricing):
    params = {"market": {"imbalance_pricing": pricing}}
    source = year()
    days = dual_bound(source, 0, params)
    position = profit_parts(days)["position_eur"].sum()
    assert position > 0 if pricing == "single" else position == 0


def test_prices_of_hours_with_cars_that_come_twice_in_autumn():
    """A clock with summer time: the estimate's days are the simulator's."""
    cars = year(days=3).scenario(0).sessions
    rng = np.random.default_rng(0)
    scenario = Scenario.from_arrays(
        da_eur_per_kwh=rng.normal(0.05, 0.02, 292),
        im_eur_per_kwh=rng.normal(0.05, 0.05, 292),
        sessions=cars,
        start="2019-10-26",
        dt_h=0.25,
        timezone="Europe/Amsterdam",
    )
    assert dual_estimate(scenario)["steps"].tolist() == [96, 100, 96]

"""Departures that a planner learns from the stays that it saw."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from vpp_gym.errors import InvalidInputError
from vpp_gym.evaluation import evaluate
from vpp_gym.params import DEFAULT
from vpp_gym.policies.departure_law import DepartureLaw, DepartureRecord
from vpp_gym.policies.forecasters import DayAheadAnchored
from vpp_gym.policies.scheduler import RollingScheduler, hazard_mpc, leaving_early, rolling_mpc
from vpp_gym.policies.stochastic_mpc import StochasticMPC
from vpp_gym.scenarios.scenario import Scenario
from vpp_gym.scenarios.synthetic import SyntheticSource
from vpp_gym.simulation import Simulation
from vpp_gym.solvers.leaving import Leaving
from vpp_gym.solvers.price_chain import certain_chain
from vpp_gym.solvers.stochastic_ev import Yield, first_moves_kwh, first_moves_leaving_kwh


@pytest.fixture(scope="module")
def months() -> Scenario:
    return SyntheticSource("validation", days=60, dt_h=0.25).scenario(0)


def record_of(scenario: Scenario, params) -> DepartureRecord:
    sim = Simulation(scenario, params)
    sim.reset()
    record = DepartureRecord.at(sim.snapshot())
    for _ in range(scenario.n_steps - 1):
        sim.advance(np.zeros((1, sim.n_chargers)))
        record = record.after(sim.snapshot())
    return record


@pytest.mark.parametrize(("prob", "exponent"), [(0.27, 1.8), (0.1, 1.0), (0.0, 1.0)])
def test_the_law_is_found_from_what_was_seen(months, prob, exponent):
    """Cars are not charged; only when they leave is seen."""
    params = DEFAULT.replace(
        guarantee=False, owner={"early_departure_prob": prob, "early_exponent": exponent}
    )
    record = record_of(months, params)
    found = record.law()
    assert record.stays > 1000
    assert found.early_prob == pytest.approx(prob, abs=0.03)
    if prob:
        assert found.early_exponent == pytest.approx(exponent, rel=0.25)


def test_stays_are_counted_by_hand(snapshot_of):
    """Of three cars one leaves early, after 2 of 4 steps; one as declared; one stays."""
    first = snapshot_of(energy_kwh=[30.0] * 3, steps=[3, 1, 9], step=1)
    first = replace(first, steps_connected=np.array([1, 5, 0]))
    second = snapshot_of(energy_kwh=[30.0], steps=[8], step=2)
    second = replace(second, session=np.array([2]))
    record = DepartureRecord.at(first).after(second)
    assert (record.stays, record.early) == (2, 1)
    assert record.log_share == pytest.approx(-np.log(1.5 / 3))
    assert record.law().early_prob == pytest.approx((1 + 1) / (2 + 10))


def test_a_step_that_was_not_seen_is_refused(snapshot_of):
    record = DepartureRecord.at(snapshot_of(step=1))
    with pytest.raises(InvalidInputError, match="step"):
        record.after(snapshot_of(step=3))


def test_before_anything_was_seen_the_prior_holds(snapshot_of):
    assert DepartureRecord.at(snapshot_of()).law() == DepartureLaw(0.1, 1.0)


def test_a_planner_that_learns_comes_near_to_one_that_knows(months):
    """And earns more than one that believes what drivers say; both by a wide margin."""
    profits = {}
    for name, policy in {
        "declared": rolling_mpc(0),
        "learnt": hazard_mpc(0, departures="learnt"),
        "law": hazard_mpc(0),
    }.items():
        profits[name] = evaluate(policy, months).days["profit_eur"].sum()
    assert profits["learnt"] > profits["declared"] + 0.6 * (profits["law"] - profits["declared"])
    assert profits["law"] > profits["declared"] + 10


def test_each_run_begins_without_a_past(months):
    one = hazard_mpc(0, departures="learnt")
    twice = [evaluate(one, months, end_step=600).days["profit_eur"].sum() for _ in range(2)]
    assert twice[0] == twice[1]


def test_a_law_may_be_given(snapshot_of):
    snapshot = snapshot_of(energy_kwh=[30.0], steps=[5])
    given = leaving_early(snapshot, np.array([0]), 5, DepartureLaw(0.5, 1.0))
    assert given is not None
    assert given.hazard[0, 0] > 0.1
    assert leaving_early(snapshot, np.array([0]), 5, DepartureLaw(0.0, 1.0)) is None


@pytest.mark.parametrize("make", [RollingScheduler, StochasticMPC])
def test_unknown_departures_are_refused(make):
    more = {"name": "one", "forecaster": DayAheadAnchored()} if make is RollingScheduler else {}
    with pytest.raises(InvalidInputError, match="departures"):
        make(term_h=0, departures="guessed", **more)


CAR = np.array([[10.0, 30.0, 0.0, 30.0, 10.0, 0.0, 0.0, 5.0, 0.0, 10.0]])
RULES = Yield(1.0, 1.0, 100.0)


def stochastic_move(hazard: float, missing: float) -> float:
    """First move of a car that needs two of five steps, the first of them dear."""
    buy = np.array([0.3, 0.1, 0.1, 0.1, 0.1])
    leaving = Leaving(np.full((1, 5), hazard), np.full((1, 5), 20.0), missing)
    limit = np.zeros((1, 1))
    problem = buy, buy[None], limit, certain_chain(), CAR, RULES, np.zeros((1, 2, 0))
    return float(first_moves_leaving_kwh(*problem, leaving)[0])


def test_the_stochastic_plan_weighs_who_may_leave():
    """Waiting saves 0.2 EUR/kWh and risks the missing kWh at the hazard of this step."""
    assert stochastic_move(0.0, 1.0) == 0.0
    assert stochastic_move(0.15, 1.0) == 0.0
    assert stochastic_move(0.5, 1.0) == 10.0
    assert stochastic_move(0.15, 2.0) == 10.0


def test_without_a_hazard_the_stochastic_plan_is_as_before():
    rng = np.random.default_rng(0)
    buy = rng.normal(0.05, 0.03, 5)
    limit = np.full((1, 1), 10.0)
    car = CAR.copy()
    car[0, 5:7] = np.inf, 5.0
    car[0, 3], car[0, 8] = 60.0, -10.0
    problem = buy, buy[None] - 0.01, limit, certain_chain(), car, RULES, np.zeros((1, 2, 0))
    never = Leaving(np.zeros((1, 5)), np.zeros((1, 5)), 1.0)
    assert first_moves_kwh(*problem) == first_moves_leaving_kwh(*problem, never)


def test_the_stochastic_sister_serves_more_when_it_knows_the_law(months):
    served = {}
    for departures in ("declared", "law"):
        policy = StochasticMPC(0, departures=departures)
        days = evaluate(policy, months, end_step=14 * 96).days
        served[departures] = days["unserved_kwh"].sum()
    assert served["law"] < 0.7 * served["declared"]

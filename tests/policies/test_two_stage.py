"""The two-stage bidder: what it remembers, what it bids, and that it knows only the past."""

from __future__ import annotations

import numpy as np
import pytest

from tests.policies.test_history import DUAL, history, remembered
from tests.policies.test_information import CHANGE, scenario_with
from vpp_gym.errors import InvalidInputError
from vpp_gym.params import PLAIN
from vpp_gym.policies.bidders import tomorrow
from vpp_gym.policies.history import Occupancy, SpreadHistory
from vpp_gym.policies.operator import Operator
from vpp_gym.policies.rules import ChargeOnArrival
from vpp_gym.policies.two_stage import TwoStage, _Seen
from vpp_gym.scenarios.scenario import Scenario
from vpp_gym.simulation import Simulation

BIDDERS = {
    "two_stage": TwoStage,
    "expected_value": lambda: TwoStage("expected_value"),
    "wait_and_see": lambda: TwoStage("wait_and_see"),
    "cvar": lambda: TwoStage(beta=0.5),
    "lots": lambda: TwoStage(lot_kwh=5.0),
    "cvar_lots": lambda: TwoStage(beta=0.5, lot_kwh=5.0),
}


def run(bidder, scenario, steps, params=None):
    """Bid schedules, loads (steps,) and the bidder's last state."""
    world = PLAIN.replace(**(params or DUAL))
    sim = Simulation(scenario, world)
    sim.reset(0, 0, 96)
    policy, state, schedules, seen = Operator(ChargeOnArrival(), bidder), None, [], []
    for _ in range(steps):
        decisions, state = policy.predict(sim.snapshot(0), state)
        schedules.append(decisions.bids_kwh)
        seen.append(decisions.net_load_kwh.sum())
        sim.step(decisions)
    return [schedule for schedule in schedules if schedule is not None], np.array(seen), state[1]


@pytest.mark.parametrize("name", BIDDERS)
def test_bids_do_not_depend_on_the_future(name):
    one, _, _ = run(BIDDERS[name](), scenario_with(1), CHANGE)
    other, _, _ = run(BIDDERS[name](), scenario_with(2), CHANGE)
    assert len(one) == 3
    np.testing.assert_array_equal(one, other)
    assert np.abs(one[-1]).sum() > 0


def test_loads_are_read_back_from_the_running_mean():
    _, load, state = run(TwoStage(days=2), scenario_with(1), 90)
    loads = state.loads
    assert loads.loads.kept.tolist() == [2] * 24  # of three days and more, two are kept
    # Step 88 is the last one settled when step 89 is looked at.
    np.testing.assert_allclose(loads.loads.values[0, 16], load[88], atol=1e-9)
    np.testing.assert_allclose(loads.loads.values[1, 16], load[64], atol=1e-9)
    np.testing.assert_allclose(loads.loads.values[0, 20], load[68], atol=1e-9)


NO_CARS = Occupancy.of(24)


def schedule(bidder, snapshot, loads):
    """What the bidder writes with such a memory."""
    seen = _Seen(NO_CARS, remembered(loads), SpreadHistory.at(snapshot, days=100))
    scenarios = bidder._scenarios(snapshot, tomorrow(snapshot), seen)
    return bidder._best(scenarios, np.full(24, 50.0), np.full(24, 50.0))


def test_buys_the_quantile_of_its_loads(snapshot_of):
    # A kWh short costs 2.5 ct, a kWh long 1 ct: of four loads, 2.5 / 3.5 are to be covered.
    snapshot = snapshot_of(hour=12, energy_kwh=[50.0], params=DUAL, **history(3, 0.075, 0.04))
    bidder = TwoStage(spread_share=1.0)
    np.testing.assert_allclose(schedule(bidder, snapshot, [1, 2, 3, 4]), -3.0)
    np.testing.assert_allclose(
        schedule(TwoStage("expected_value", spread_share=1.0), snapshot, [1, 2, 3, 4]), -2.5
    )


@pytest.mark.parametrize("method", ["two_stage", "expected_value", "wait_and_see"])
def test_sells_no_more_than_the_load_where_no_car_may_discharge(snapshot_of, method):
    # Imbalance is 3 ct cheaper than the day-ahead price: a bet sells all that may be sold.
    snapshot = snapshot_of(hour=12, energy_kwh=[50.0], **history(3, 0.02, 0.02))
    everything = TwoStage(method, spread_share=1.0).bids(snapshot)[0]
    np.testing.assert_allclose(everything, 11.0)
    assert TwoStage(method, spread_share=1.0, sells=False).bids(snapshot)[0].tolist() == [0.0] * 24


def test_methods_agree_where_nothing_is_uncertain(snapshot_of):
    snapshot = snapshot_of(hour=12, energy_kwh=[50.0], params=DUAL, **history(3, 0.08, 0.04))
    for method in ("two_stage", "expected_value", "wait_and_see"):
        np.testing.assert_allclose(schedule(TwoStage(method), snapshot, [3.0]), -3.0)


def test_spreads_of_the_last_days_are_remembered():
    scenario = scenario_with(1)
    _, _, state = run(TwoStage(), scenario, 90)
    spread = np.maximum(scenario.im_short_eur_per_kwh - scenario.da_eur_per_kwh, 0.0)
    short = state.spreads.short
    assert set(short.kept) == {3, 4}
    # Step 88 is the last one settled when step 89 is looked at.
    np.testing.assert_allclose(short.values[:3, 16], spread[[88, 64, 40]], atol=1e-12)


def test_one_price_is_looked_at_as_far_back_as_a_snapshot_reaches_two_for_longer():
    assert TwoStage()._memory(dual=True) == {"days": 100, "neighbours": 1}
    assert TwoStage()._memory(dual=False) == {"days": 28, "neighbours": 0}


@pytest.mark.parametrize("name", BIDDERS)
def test_without_history_and_without_cars_nothing_is_bid(snapshot_of, name):
    bids, _ = BIDDERS[name]().bids(snapshot_of(hour=12))
    assert bids.tolist() == [0.0] * 24


@pytest.mark.parametrize("name", BIDDERS)
def test_no_bids_outside_the_gate(snapshot_of, name):
    assert BIDDERS[name]().bids(snapshot_of(hour=11))[0] is None


@pytest.mark.parametrize("beta", [0.0, 0.5])
def test_the_limit_of_the_world_holds(beta):
    schedules, _, _ = run(
        TwoStage(beta=beta),
        scenario_with(1),
        CHANGE,
        {"market": {"imbalance_pricing": "dutch", "bid_limit_kw": 3.0}},
    )
    assert np.abs(schedules).max() == pytest.approx(3.0)


@pytest.mark.parametrize("name", ["lots", "cvar_lots"])
def test_lots_are_whole(name):
    schedules, _, _ = run(BIDDERS[name](), scenario_with(1), CHANGE)
    np.testing.assert_allclose(np.mod(np.array(schedules) + 1e-9, 5.0), 0.0, atol=1e-6)


@pytest.mark.parametrize(
    "wrong",
    [
        {"method": "guess"},
        {"beta": 1.5},
        {"alpha": 0.0},
        {"n_samples": 0},
        {"days": 0},
        {"spread_days": 0},
        {"neighbours": -1},
        {"lot_kwh": 0.0},
    ],
    ids=lambda wrong: next(iter(wrong)),
)
def test_wrong_settings_are_refused(wrong):
    with pytest.raises(InvalidInputError, match=next(iter(wrong))):
        TwoStage(**wrong)


def test_only_the_two_stage_bid_weighs_risk():
    with pytest.raises(InvalidInputError, match="beta"):
        TwoStage("wait_and_see", beta=0.5)


@pytest.mark.parametrize("date", ["2019-03-30", "2019-10-26"])
@pytest.mark.parametrize("name", BIDDERS)
def test_bids_for_a_day_on_which_the_clock_changes(name, date):
    """Tomorrow has 23 or 25 hours, and the schedule a place for each of 25."""
    rng = np.random.default_rng(0)
    prices = rng.normal(0.05, 0.02, (2, 24 * 5))
    scenario = Scenario.from_arrays(
        da_eur_per_kwh=prices[0],
        im_eur_per_kwh=prices[1],
        start=date,
        timezone="Europe/Amsterdam",
    )
    schedules, _, _ = run(BIDDERS[name](), scenario, 72)
    assert [schedule.shape for schedule in schedules] == [(25,)] * 3
    assert np.isfinite(schedules).all()

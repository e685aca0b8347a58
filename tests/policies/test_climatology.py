"""The table of spreads: learnt right, bet at the limit, and no more than the cars can back."""

from __future__ import annotations

import numpy as np
import pytest

from vpp_gym.errors import InvalidInputError
from vpp_gym.evaluation import evaluate, profit_parts
from vpp_gym.params import DEFAULT
from vpp_gym.policies.climatology import (
    MONTHS,
    Climatology,
    ClimatologyBidder,
    charge_on_arrival_climatology,
    month_of,
)
from vpp_gym.policies.operator import Operator
from vpp_gym.policies.rules import ChargeOnArrival
from vpp_gym.scenarios.scenario import Scenario
from vpp_gym.scenarios.synthetic import SyntheticSource
from vpp_gym.simulation import Simulation

QUARTERS = 96


def steps_of_a_year(rng, noise):
    """Month and quarter of each step, and a spread that both tell, within noise."""
    clock = np.datetime64("2019-01-01T00:00") + np.arange(365 * QUARTERS) * np.timedelta64(15, "m")
    month, period = month_of(clock), np.arange(len(clock)) % QUARTERS
    true = np.outer(np.linspace(-1, 1, MONTHS), np.ones(QUARTERS)) * 0.01
    true += 0.02 * np.sin(2 * np.pi * np.arange(QUARTERS) / QUARTERS)
    return month, period, true, true[month, period] + noise * rng.standard_normal(len(clock))


def test_a_table_without_noise_is_learnt_as_it_is():
    month, period, true, spread = steps_of_a_year(np.random.default_rng(0), 0.0)
    learnt = Climatology.from_arrays(month, period, spread, QUARTERS).spread_eur_per_kwh
    assert learnt == pytest.approx(true, abs=1e-6)


def test_noise_is_not_taken_for_a_season():
    rng = np.random.default_rng(0)
    month, period, true, spread = steps_of_a_year(rng, 0.2)
    learnt = Climatology.from_arrays(month, period, spread, QUARTERS).spread_eur_per_kwh
    plain = np.array(
        [[spread[(month == m) & (period == q)].mean() for q in range(QUARTERS)] for m in range(12)]
    )
    assert ((learnt - true) ** 2).mean() < 0.3 * ((plain - true) ** 2).mean()


def test_quarters_and_hours_read_the_same_table():
    table = Climatology(np.arange(12 * 96, dtype=float).reshape(12, 96))
    hour = table.expected(np.array([1]), np.array([2]), 24)
    assert hour[0] == 96 + np.mean([8, 9, 10, 11])
    assert (
        Climatology(np.arange(288.0).reshape(12, 24)).expected(np.array([1]), np.array([9]), 96)[0]
        == 24 + 2
    )


def test_more_years_than_there_are_is_refused():
    with pytest.raises(InvalidInputError, match="scenarios"):
        Climatology.from_source(SyntheticSource("train", 1, days=2), 2)


@pytest.mark.parametrize(("spread", "bound"), [(-0.02, "hi"), (0.02, "lo"), (0.0, "load")])
def test_it_bets_the_limit_by_the_sign_of_the_table(spread, bound):
    scenario = quarter_hours(3)
    bidder = ClimatologyBidder(Climatology(np.full((12, 96), spread)), prior_days=1e9)
    policy = Operator(ChargeOnArrival(), bidder)
    sim = Simulation(scenario, DEFAULT)
    sim.reset()
    for _ in range(48 + 96):
        decisions, _ = policy.predict(sim.snapshot())
        sim.step(decisions)
    snapshot = sim.snapshot()
    assert snapshot.is_gate
    bids, _ = bidder.bids(snapshot)
    expected = {
        "hi": snapshot.bid_hi_kwh,
        "lo": snapshot.bid_lo_kwh,
        "load": np.clip(-snapshot.expected_load_kwh, snapshot.bid_lo_kwh, snapshot.bid_hi_kwh),
    }
    assert snapshot.bid_lo_kwh.min() < 0
    assert bids == pytest.approx(expected[bound])


def test_bets_gain_no_more_than_cars_could_back_times_the_mean_spread():
    """The table knows the mean exactly here; years differ by nothing but noise that is short."""
    spread = -0.03
    rng = np.random.default_rng(1)
    day = np.where(np.arange(96) < 48, spread, -spread)
    gained, backed = 0.0, 0.0
    for _ in range(6):
        scenario = quarter_hours(14, day, rng)
        bidder = ClimatologyBidder(Climatology(np.tile(day, (12, 1))), prior_days=1e9)
        policy = Operator(ChargeOnArrival(), bidder)
        result = evaluate(policy, scenario, {"market": {"imbalance_pricing": "single"}})
        neutral = evaluate(ChargeOnArrival(), scenario, {"market": {"imbalance_pricing": "single"}})
        parts, without = (profit_parts(one.days).sum() for one in (result, neutral))
        for part in ("load_value_eur", "payoff_eur", "service_eur"):
            assert parts[part] == pytest.approx(without[part])
        gained += parts["position_eur"]
        backed += limits_kwh(scenario) @ np.abs(np.tile(day, 14))
    assert 0.8 * backed < gained < 1.1 * backed


def limits_kwh(scenario):
    """(T,) largest bid, either way, that was allowed in each step of charging on arrival.

    It offers no contracts, so nothing may be sold.
    """
    sim = Simulation(scenario, DEFAULT.replace(contract={"families": ()}))
    sim.reset()
    largest = np.zeros(scenario.n_steps)
    day = np.where(np.arange(96) < 48, 1, -1)
    for step in range(scenario.n_steps):
        if sim.is_gate[0] and step + 48 < scenario.n_steps:
            least, most = sim.bids_allowed_kwh
            largest[step + 48 : step + 144] = np.where(day > 0, most[0], -least[0])
        sim.step(ChargeOnArrival().predict(sim.snapshot())[0])
    return largest


def test_the_default_table_is_that_of_training_years():
    policy = charge_on_arrival_climatology()
    assert policy.name == "charge_on_arrival+climatology"
    assert not policy.privileged
    assert policy.bidder.climatology.spread_eur_per_kwh.shape == (12, 96)


def quarter_hours(days, spread=None, rng=None):
    """Cars of a synthetic year, and an imbalance price a spread above the day-ahead price."""
    cars = SyntheticSource("train", 1, dt_h=0.25, days=days).scenario(0)
    da = np.full(cars.n_steps, 0.05)
    im = da + (0 if spread is None else np.tile(spread, days))
    if rng is not None:
        im = im + 0.01 * rng.standard_normal(len(im))
    return Scenario.from_arrays(
        da_eur_per_kwh=da, im_eur_per_kwh=im, sessions=cars.sessions, dt_h=0.25
    )

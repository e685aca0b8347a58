"""Bids with a risk term: the small LPs against the whole one, and their own proof."""

from __future__ import annotations

import numpy as np
import pytest

from tests.solvers.full_bid_lp import full_lp_bids_kwh
from vpp_gym.errors import SolveFailedError
from vpp_gym.solvers import bid_lp
from vpp_gym.solvers.bid_lp import objective_eur, risk_averse_bids, weighted_scenarios
from vpp_gym.solvers.newsvendor import (
    BidScenarios,
    best_bids_kwh,
    in_lots_kwh,
    income_eur,
    scenarios_of,
)


def world(rng, pricing, samples, periods) -> BidScenarios:
    """Prices under a rule of the market, and loads of either sign, often equal."""
    shape = (samples, periods)
    da = rng.normal(0.04, 0.03, shape)
    middle = da + rng.normal(0.0, 0.03, shape)
    gap = {"single": 0.0, "dutch": rng.choice([0.0, 0.02, 0.05], shape), "dual": 0.04}[pricing]
    short, long = middle + 0.5 * gap, middle - 0.5 * gap
    if pricing == "dual":
        short, long = np.maximum(short, da), np.minimum(long, da)
    return scenarios_of(da, short, long, rng.normal(5.0, 8.0, shape).round(rng.integers(0, 3)))


@pytest.mark.parametrize("pricing", ["single", "dutch", "dual"])
@pytest.mark.parametrize("seed", range(4))
def test_the_small_lps_reach_what_the_whole_one_reaches(pricing, seed):
    rng = np.random.default_rng(seed)
    for _ in range(100):
        scenarios = world(rng, pricing, rng.integers(1, 40), rng.integers(1, 10))
        periods = scenarios.da.shape[1]
        buy, sell = rng.uniform(0, 20, (2, periods)) * (rng.random((2, periods)) < 0.8)
        risk = {"beta": rng.choice([0.1, 0.5, 1.0]), "alpha": rng.choice([0.03, 0.15, 0.5, 1.0])}
        bids = risk_averse_bids(scenarios, buy, sell, **risk).bids_kwh
        assert (bids >= -buy).all()
        assert (bids <= sell).all()
        whole = full_lp_bids_kwh(scenarios, buy, sell, **risk)
        reached_eur = objective_eur(bids, scenarios, **risk)
        assert reached_eur == pytest.approx(objective_eur(whole, scenarios, **risk), abs=1e-6)


@pytest.mark.parametrize("pricing", ["single", "dutch", "dual"])
@pytest.mark.parametrize("fleet", [1e-3, 1.0, 1e4])
def test_a_schedule_of_96_periods_carries_its_proof(pricing, fleet):
    scenarios = world(np.random.default_rng(5), pricing, 100, 96)
    scenarios = scenarios._replace(load_kwh=fleet * scenarios.load_kwh)
    beta, alpha = 0.3, 0.05
    bids, weight = risk_averse_bids(scenarios, 20 * fleet, 10 * fleet, beta=beta, alpha=alpha)
    # The weights are among those whose least mean income is the objective ...
    assert weight.sum() == pytest.approx(1.0)
    assert (weight * 100 >= 1 - beta - 1e-6).all()
    assert (weight * 100 <= 1 - beta + beta / alpha + 1e-6).all()
    # ... so what can be earned with them bounds what can be earned at all, and is reached.
    weighted = weighted_scenarios(scenarios, weight)
    bound = income_eur(best_bids_kwh(weighted, 20 * fleet, 10 * fleet), weighted).sum() / 100
    reached = objective_eur(bids, scenarios, beta, alpha)
    assert reached == pytest.approx(bound, rel=1e-7, abs=1e-7 * fleet)


def test_risk_by_hand():
    # Day-ahead 5 ct; of two scenarios one pays 3 ct, the other 9 ct, for either side. Each
    # kWh sold wins 2 ct or loses 4 ct: with the worst half the only aim, nothing is sold.
    prices = [[0.03], [0.09]]
    scenarios = scenarios_of([[0.05]], prices, prices, [[0.0]])
    assert risk_averse_bids(scenarios, 0, 10, beta=1.0, alpha=0.5).bids_kwh == pytest.approx(0.0)
    # A load of 4 kWh costs 12 or 36 ct; buying it makes both 20 ct.
    scenarios = scenarios_of([[0.05]], prices, prices, [[4.0]])
    assert risk_averse_bids(scenarios, 10, 10, beta=1.0, alpha=0.5).bids_kwh == pytest.approx(-4.0)


def test_without_money_or_without_room_there_is_nothing_to_bid():
    free = scenarios_of([[0.0]], [[0.0]], [[0.0]], [[1.0], [2.0]])
    assert objective_eur(risk_averse_bids(free, 9, 9, beta=0.5).bids_kwh, free, 0.5, 0.05) == 0.0
    scenarios = world(np.random.default_rng(0), "dual", 5, 2)
    assert risk_averse_bids(scenarios, 0, 0, beta=0.5).bids_kwh.tolist() == [0.0, 0.0]


@pytest.mark.parametrize("seed", range(6))
def test_lots_are_the_best_for_the_weights(seed):
    rng = np.random.default_rng(seed)
    scenarios, lot = world(rng, "dual", 30, 5), 100.0
    scenarios = scenarios._replace(load_kwh=50 * scenarios.load_kwh)
    buy, sell = rng.uniform(0, 1000, (2, 5))
    bids, weight = risk_averse_bids(scenarios, buy, sell, beta=0.4, alpha=0.1)
    weighted = weighted_scenarios(scenarios, weight)
    lots = in_lots_kwh(bids, weighted, buy, sell, lot)
    np.testing.assert_allclose(lots / lot, np.rint(lots / lot))
    reached = income_eur(lots, weighted).mean(axis=0)
    for number in range(-10, 11):
        allowed = (number * lot >= -buy) & (number * lot <= sell)
        other = income_eur(np.full(5, number * lot), weighted).mean(axis=0)
        assert (reached[allowed] >= other[allowed] - 1e-6).all()


def test_bounds_that_do_not_meet_are_refused(monkeypatch):
    monkeypatch.setattr(bid_lp, "GAP", -1.0)
    with pytest.raises(SolveFailedError, match="risk"):
        risk_averse_bids(world(np.random.default_rng(0), "dual", 5, 2), 9, 9, beta=0.5)

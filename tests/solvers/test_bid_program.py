"""Day-ahead bids: hand-solved newsvendors, the exact rule and the LP against the program."""

from __future__ import annotations

import numpy as np
import pytest

from vpp_gym.errors import InvalidInputError
from vpp_gym.solvers.bid_lp import objective_eur, risk_averse_bids
from vpp_gym.solvers.bid_program import solve_bid_program
from vpp_gym.solvers.newsvendor import best_bids_kwh, in_lots_kwh, income_eur, scenarios_of

LOADS = np.array([[1.0], [2.0], [3.0], [4.0]])


def constant(da, short, long, loads=LOADS):
    """Scenarios of one period with the same prices in each."""
    return scenarios_of([[da]], [[short]], [[long]], loads)


def test_newsvendor_by_hand():
    # A kWh short costs 2.5 ct, a kWh long 1 ct: of four loads, 2.5 / 3.5 are to be covered.
    assert best_bids_kwh(constant(0.05, 0.075, 0.04), 10, 0).tolist() == [-3.0]
    # A kWh short costs 1 ct, a kWh long 3.5 ct: 1 / 4.5 of them.
    assert best_bids_kwh(constant(0.05, 0.06, 0.015), 10, 0).tolist() == [-1.0]
    # Loads of -1 to -4 are discharges: what three in four reach is sold.
    assert best_bids_kwh(constant(0.05, 0.075, 0.04, -LOADS), 0, 10).tolist() == [2.0]
    # Where -4 and -3 earn the same, the least is sold.
    assert best_bids_kwh(constant(0.05, 0.08, 0.04), 10, 0).tolist() == [-4.0]


def test_one_price_is_a_bet_to_the_bound():
    assert best_bids_kwh(constant(0.05, 0.04, 0.04), 7, 9).tolist() == [9.0]
    assert best_bids_kwh(constant(0.05, 0.06, 0.06), 7, 9).tolist() == [-7.0]
    assert best_bids_kwh(constant(-0.05, -0.06, -0.06), 7, 9).tolist() == [9.0]


def test_bounds_hold_and_no_bounds_mean_no_bid():
    assert best_bids_kwh(constant(0.05, 0.08, 0.04), 1.5, 0).tolist() == [-1.5]
    assert best_bids_kwh(constant(0.05, 0.08, 0.04), 0, 0).tolist() == [0.0]


def random_scenarios(rng, samples=30, periods=5):
    """Prices of either sign, some equal, and loads of either sign."""
    da = rng.normal(0.04, 0.03, (samples, periods))
    short = da + rng.normal(0.0, 0.03, (samples, periods))
    long = short - rng.choice([0.0, 0.02, 0.05], (samples, periods))
    return scenarios_of(da, short, long, rng.normal(5.0, 8.0, (samples, periods)).round(1))


@pytest.mark.parametrize("seed", range(8))
def test_the_exact_rule_agrees_with_the_program(seed):
    rng = np.random.default_rng(seed)
    scenarios = random_scenarios(rng)
    buy, sell = rng.uniform(0, 20, (2, 5))
    bids = best_bids_kwh(scenarios, buy, sell)
    _, best_eur = solve_bid_program(scenarios, buy, sell)
    assert (bids >= -buy).all()
    assert (bids <= sell).all()
    assert objective_eur(bids, scenarios, 0.0, 0.05) == pytest.approx(best_eur, abs=1e-6)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("beta", [0.3, 1.0])
def test_the_small_lps_agree_with_the_program(seed, beta):
    rng = np.random.default_rng(seed)
    scenarios = random_scenarios(rng)
    buy, sell = rng.uniform(0, 20, (2, 5))
    bids = risk_averse_bids(scenarios, buy, sell, beta=beta, alpha=0.15).bids_kwh
    _, best_eur = solve_bid_program(scenarios, buy, sell, beta=beta, alpha=0.15)
    assert objective_eur(bids, scenarios, beta, 0.15) == pytest.approx(best_eur, abs=1e-6)


def test_the_tail_is_a_twentieth_unless_said_otherwise():
    scenarios = random_scenarios(np.random.default_rng(5), samples=60)
    bids, best_eur = solve_bid_program(scenarios, 20, 20, beta=0.8)
    assert objective_eur(bids, scenarios, 0.8, 0.05) == pytest.approx(best_eur, abs=1e-6)
    bids = risk_averse_bids(scenarios, 20, 20, beta=0.8).bids_kwh
    assert objective_eur(bids, scenarios, 0.8, 0.05) == pytest.approx(best_eur, abs=1e-6)
    assert objective_eur(bids, scenarios, 0.8, 0.1) > best_eur + 0.01


def test_weight_of_risk_trades_mean_for_tail():
    scenarios = random_scenarios(np.random.default_rng(3))
    income = [
        income_eur(risk_averse_bids(scenarios, 20, 20, beta=beta, alpha=0.2).bids_kwh, scenarios)
        for beta in (0.0, 0.5, 1.0)
    ]
    means = [one.sum(axis=1).mean() for one in income]
    tails = [np.sort(one.sum(axis=1))[:6].mean() for one in income]
    assert means[0] > means[1] > means[2]
    assert tails[0] < tails[1] < tails[2]


@pytest.mark.parametrize("seed", range(6))
def test_lots_are_the_best_of_all_lots(seed):
    rng = np.random.default_rng(seed)
    scenarios = random_scenarios(rng)
    lot, bids = 4.0, None
    buy, sell = rng.uniform(0, 20, (2, 5))
    bids = in_lots_kwh(best_bids_kwh(scenarios, buy, sell), scenarios, buy, sell, lot)
    assert (np.abs(bids / lot - np.rint(bids / lot)) < 1e-9).all()
    mean = income_eur(bids, scenarios).mean(axis=0)
    for number in range(-6, 7):
        allowed = (number * lot >= -buy) & (number * lot <= sell)
        other = income_eur(np.full(5, number * lot), scenarios).mean(axis=0)
        assert (mean[allowed] >= other[allowed] - 1e-12).all()


def test_lots_within_bounds_smaller_than_a_lot_are_none():
    scenarios = constant(0.05, 0.08, 0.04)
    assert in_lots_kwh(np.array([-3.0]), scenarios, 3.5, 0, 100.0).tolist() == [0.0]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        (lambda: scenarios_of([[0.05]], [[0.04]], [[0.06]], LOADS), "long"),
        (lambda: scenarios_of([[np.nan]], [[0.04]], [[0.04]], LOADS), "da"),
        (lambda: scenarios_of([[0.05]], [[0.05]], [[0.05]], np.zeros((0, 1))), "scenarios"),
        (lambda: scenarios_of([0.0, 0.0], [0.0] * 3, [0.0], LOADS), "scenarios"),
        (lambda: best_bids_kwh(constant(0.05, 0.08, 0.04), -1, 0), "buy_kwh"),
        (lambda: best_bids_kwh(constant(0.05, 0.08, 0.04), 1, np.inf), "sell_kwh"),
        (lambda: in_lots_kwh(np.zeros(1), constant(0.05, 0.08, 0.04), 1, 1, 0.0), "lot_kwh"),
        (lambda: solve_bid_program(constant(0.05, 0.08, 0.04), 1, 1, beta=2.0), "beta"),
        (
            lambda: risk_averse_bids(constant(0.05, 0.08, 0.04), 1, 1, beta=0.5, alpha=0.0),
            "alpha",
        ),
    ],
)
def test_what_cannot_be_used_is_refused(wrong, field):
    with pytest.raises(InvalidInputError, match=field):
        wrong()

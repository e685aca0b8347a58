"""Totals, profit split and score on rows worked out by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpp_gym.errors import InvalidInputError
from vpp_gym.evaluation.metrics import profit_parts, totals, without_position_eur
from vpp_gym.evaluation.statistics import score, score_interval
from vpp_gym.markets.ledger import LEDGER, MONEY, POSITION

money = st.floats(-1e4, 1e4)


def two_days() -> pd.DataFrame:
    """Day 1 serves 6 of 8 kWh and one of two cars in full; on day 2 nobody leaves."""
    return pd.DataFrame(
        dict.fromkeys(LEDGER.names, 0.0)
        | {
            "policy": "rule",
            "scenario": "toy",
            "seed": 0,
            "day": [0, 1],
            "date": ["2019-01-01", "2019-01-02"],
            "steps": [24, 12],
            "profit_eur": [-1.5, 3.0],
            "da_eur": [-5.0, 2.0],
            "im_eur": [3.0, 1.0],
            "retail_eur": [2.0, 0.0],
            "payoff_eur": [-0.5, 0.0],
            "shortfall_eur": [-1.0, 0.0],
            "load_value_eur": [-2.5, 1.0],
            "position_eur": [0.5, 2.0],
            "served_kwh": [6.0, 0.0],
            "demand_kwh": [8.0, 0.0],
            "departures": [2, 0],
            "fully_served": [1, 0],
            "demand_satisfaction": [0.75, 1.0],
            "fully_served_share": [0.5, 1.0],
            "solve_ms_mean": [1.0, 4.0],
            "solve_ms_max": [2.0, 9.0],
        }
    )


def test_totals_tell_the_worst_days():
    days = pd.concat([two_days()] * 20, ignore_index=True)
    days["profit_eur"] = [-40.0, -8.0, -6.0, *np.arange(37.0)]
    row = totals(days).iloc[0]
    assert row["worst_day_eur"] == -40.0
    assert row["profit_cvar_eur"] == (-40.0 - 8.0) / 2


def test_totals_add_money_and_take_ratios_anew():
    row = totals(two_days()).iloc[0]
    assert (row["policy"], row["scenario"], row["seed"]) == ("rule", "toy", 0)
    assert (row["days"], row["steps"]) == (2, 36)
    assert row["profit_eur"] == 1.5
    assert row["demand_satisfaction"] == 0.75
    assert row["fully_served_share"] == 0.5
    assert (row["solve_ms_mean"], row["solve_ms_max"]) == (2.0, 9.0)
    assert row["operations_eur"] == pytest.approx(1.5 - 2.5)
    assert "date" not in row


def test_totals_keep_seeds_and_policies_apart_in_the_order_given():
    days = two_days()
    other = days.assign(policy="a rule", profit_eur=10.0)
    table = totals(pd.concat([days, other, days.assign(seed=1)]))
    assert list(zip(table["policy"], table["seed"], strict=True)) == [
        ("rule", 0),
        ("a rule", 0),
        ("rule", 1),
    ]
    assert list(table["profit_eur"]) == [1.5, 20.0, 1.5]


@given(
    st.fixed_dictionaries({name: st.lists(money, min_size=3, max_size=3) for name in LEDGER.names})
)
def test_the_parts_of_the_profit_add_up_to_it(booked):
    days = pd.DataFrame(booked)
    days["position_eur"] = LEDGER.part_eur(POSITION.name, days)
    np.testing.assert_array_equal(
        days["position_eur"], days["da_eur"] + days["im_eur"] - days["load_value_eur"]
    )
    profit = days[list(MONEY)].sum(axis=1)
    parts = profit_parts(days)
    np.testing.assert_allclose(parts.sum(axis=1), profit, atol=1e-9)
    np.testing.assert_allclose(without_position_eur(days), profit - days["position_eur"], atol=1e-9)


def test_days_without_a_term_of_the_ledger_are_refused():
    with pytest.raises(InvalidInputError, match="add shortfall_eur"):
        profit_parts(two_days().drop(columns="shortfall_eur"))


def test_score_of_the_ends_the_middle_and_beyond():
    np.testing.assert_allclose(
        score([-10, 0, 10, 20, 30], no_control_eur=0, hindsight_eur=20), [-50, 0, 50, 100, 150]
    )
    assert np.isnan(score(1, no_control_eur=5, hindsight_eur=5))


def test_score_interval_is_exact_for_a_policy_that_is_always_halfway():
    rng = np.random.default_rng(0)
    low = rng.normal(10, 5, 100)
    high = low + rng.uniform(1, 9, 100)
    interval = score_interval((low + high) / 2, low, high, rng=rng)
    assert (interval.low, interval.estimate, interval.high) == pytest.approx((50, 50, 50))


def test_score_interval_widens_with_the_spread_between_seeds():
    rng = np.random.default_rng(1)
    low, high = np.zeros(100), np.full(100, 10.0)
    middle = rng.normal(5, 1, 100)
    same = score_interval(np.stack([middle] * 5), low, high, rng=rng)
    spread = score_interval(middle + np.linspace(-2, 2, 5)[:, None], low, high, rng=rng)
    assert same.estimate == pytest.approx(spread.estimate)
    assert spread.high - spread.low > 2 * (same.high - same.low)


def test_score_of_several_worlds_is_that_of_their_mean_profits():
    """Scores of 25 and 50 in worlds with rooms of 4 and 6 a day: 40 in both together."""
    low, high = np.repeat([[1.0], [3.0]], 7, axis=1), np.repeat([[5.0], [9.0]], 7, axis=1)
    profit = np.repeat([[2.0], [6.0]], 7, axis=1)
    interval = score_interval(profit[None], low, high, rng=np.random.default_rng(4))
    assert interval.estimate == pytest.approx(40)
    assert (interval.low, interval.high) == pytest.approx((25, 50))


def test_score_interval_needs_the_same_days():
    with pytest.raises(InvalidInputError, match="profit_eur"):
        score_interval([1.0, 2.0], [0.0], [1.0], rng=np.random.default_rng(0))

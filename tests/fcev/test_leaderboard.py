"""Fuel-cell cars ranked on the mean of several worlds made by hand."""

from __future__ import annotations

import pandas as pd
import pytest

from vpp_gym.errors import InvalidInputError
from vpp_gym.evaluation import leaderboard
from vpp_gym.fcev.totals import mean_year, totals

WEEK = 7
DAILY_EUR = {"article": (1.0, 3.0), "planner": (2.0, 6.0), "hindsight": (5.0, 9.0)}
"""Profit in world 0 and in world 1."""


def a_week(policy: str, world: int, profit_eur: float, seed: int = 0) -> pd.DataFrame:
    """Days of equal profit; cars serve half of a load of 10 kWh, five sixths of one of 30."""
    load_kwh = (10.0, 30.0)[world]
    return pd.DataFrame(
        {
            "policy": policy,
            "scenario": f"toy:{world}",
            "seed": seed,
            "world": world,
            "day": range(WEEK),
            "date": "2019-01-01",
            "profit_eur": profit_eur,
            "load_kwh": load_kwh,
            "import_kwh": 5.0,
            "fairness": (0.6, 0.8)[world],
            "solve_ms": 1.0,
        }
    )


@pytest.fixture
def days() -> pd.DataFrame:
    weeks = [a_week(name, k, eur[k]) for name, eur in DAILY_EUR.items() for k in (0, 1)]
    weeks += [a_week("learner", k, eur, seed) for seed in (0, 1) for k, eur in ((0, 2), (1, 2))]
    return pd.concat(weeks, ignore_index=True)


def test_profit_gain_and_score_are_those_of_the_mean_world(days):
    table = leaderboard(days, scale="microgrid", privileged={"hindsight"}).set_index("policy")
    assert list(table.index) == ["hindsight", "planner", "article", "learner"]
    assert table["profit_eur"].tolist() == pytest.approx([49, 28, 14, 14])
    row = table.loc["planner"]
    assert row["gain_eur"] == pytest.approx(14)
    assert row["score"] == pytest.approx(40)  # the mean of both worlds' scores would be 37.5


def test_intervals_reach_from_one_world_to_the_other(days):
    """A block of a week is a world here, so a draw is one world twice, or both."""
    row = leaderboard(days, scale="car_park").set_index("policy").loc["planner"]
    assert (row["gain_eur_low"], row["gain_eur_high"]) == pytest.approx((7, 21))
    assert (row["score_low"], row["score_high"]) == pytest.approx((25, 50))


def test_shares_are_of_the_sums_and_fairness_is_a_mean(days):
    row = mean_year(days).set_index("policy").loc["planner"]
    assert row["load_kwh"] == pytest.approx(7 * 20)
    assert row["self_sufficiency"] == pytest.approx(1 - 10 / 40)
    assert row["fairness"] == pytest.approx(0.7)


def test_a_single_world_is_its_own_mean(days):
    alone = days[days["world"] == 0].drop(columns="world")
    mean, total = mean_year(alone), totals(alone)
    pd.testing.assert_frame_equal(mean, total[list(mean)], check_dtype=False)


def test_a_policy_that_missed_a_world_is_refused(days):
    with pytest.raises(InvalidInputError, match="same days"):
        leaderboard(days[(days["policy"] != "learner") | (days["world"] == 0)], scale="microgrid")


def test_two_scenarios_in_a_world_are_refused(days):
    with pytest.raises(InvalidInputError, match="one scenario per world"):
        leaderboard(days.assign(world=0, day=days["day"] + WEEK * days["world"]), scale="microgrid")


def test_the_scale_is_that_of_the_world(days):
    with pytest.raises(InvalidInputError, match="charge_on_arrival"):
        leaderboard(days, scale="ev")
    with pytest.raises(InvalidInputError, match="did you mean car_park"):
        leaderboard(days, scale="carpark")
    table = leaderboard(days, scale="microgrid", low="learner").set_index("policy")
    assert table.loc["planner", "score"] == pytest.approx(40)
    assert table.loc["learner", "gain_eur"] == 0

"""Ranking on days made by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from vpp_gym.errors import InvalidInputError
from vpp_gym.evaluation.leaderboard import leaderboard
from vpp_gym.evaluation.metrics import HINDSIGHT, NO_CONTROL, OPERATIONS
from vpp_gym.evaluation.tables import BRIEF, COLUMNS, cells, markdown_table, policy_name
from vpp_gym.markets.ledger import TERMS

N_DAYS = 28


def some_days(
    policy: str,
    *,
    retail_eur: float,
    position_eur: float = 0.0,
    served: float = 1.0,
    seed: int = 0,
) -> pd.DataFrame:
    """Days with 100 kWh of demand and a profit of retail_eur + position_eur each."""
    days = pd.DataFrame(0.0, index=range(N_DAYS), columns=list(TERMS))
    week = np.arange(N_DAYS) % 7
    return days.assign(
        policy=policy,
        scenario="toy",
        seed=seed,
        day=range(N_DAYS),
        date="2019-01-01",
        steps=24,
        retail_eur=retail_eur + 0.1 * week,
        im_eur=position_eur,
        position_eur=position_eur,
        profit_eur=retail_eur + position_eur + 0.1 * week,
        demand_kwh=100.0,
        served_kwh=100.0 * served,
        departures=10.0,
        fully_served=10.0 * served,
        solve_ms_mean=1.0,
        solve_ms_max=2.0,
    )


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    everyone = [
        some_days("cheat", retail_eur=9.0, served=0.9),
        some_days(NO_CONTROL, retail_eur=2.0),
        some_days("gambler", retail_eur=1.0, position_eur=3.0),
        some_days(HINDSIGHT, retail_eur=6.0, position_eur=6.0),
        some_days("learner", retail_eur=3.0, seed=0),
        some_days("learner", retail_eur=5.0, seed=1),
    ]
    return leaderboard(pd.concat(everyone), privileged={HINDSIGHT}, n_resamples=200)


def test_order_is_by_profit_alone(table):
    assert list(table["policy"]) == [HINDSIGHT, "cheat", "gambler", "learner", NO_CONTROL]
    assert table["rank"].isna().tolist() == [True, False, False, False, False]
    assert table["rank"].dropna().tolist() == [1, 2, 3, 4]


def test_scores_between_the_ends_of_the_scale(table):
    score = table.set_index("policy")["score"]
    assert score[HINDSIGHT] == pytest.approx(100)
    assert score[NO_CONTROL] == pytest.approx(0)
    assert score["gambler"] == pytest.approx(20)
    assert score["learner"] == pytest.approx(20)


def test_bids_do_not_count_in_the_flexibility_score(table):
    score = table.set_index("policy")["flexibility_score"]
    assert score[HINDSIGHT] == pytest.approx(100)
    assert score["gambler"] == pytest.approx(-25)
    assert score["learner"] == pytest.approx(50)


def test_intervals_are_tight_where_days_differ_by_a_constant_and_seeds_agree(table):
    row = table.set_index("policy").loc["gambler"]
    assert (row["score_low"], row["score_high"]) == pytest.approx((20, 20))
    assert row["gain_eur"] == pytest.approx(2 * N_DAYS)
    assert (row["gain_eur_low"], row["gain_eur_high"]) == pytest.approx((56, 56))
    learner = table.set_index("policy").loc["learner"]
    assert learner["seeds"] == 2
    assert (learner["score_low"], learner["score_high"]) == pytest.approx((10, 30))


@pytest.mark.parametrize(
    ("days", "said"),
    [
        ([some_days(NO_CONTROL, retail_eur=1.0)], HINDSIGHT),
        ([some_days(HINDSIGHT, retail_eur=1.0)], NO_CONTROL),
        (
            [
                some_days(NO_CONTROL, retail_eur=1.0),
                some_days(HINDSIGHT, retail_eur=2.0).assign(scenario="other"),
            ],
            "one scenario",
        ),
        (
            [some_days(NO_CONTROL, retail_eur=1.0), some_days(HINDSIGHT, retail_eur=2.0).iloc[1:]],
            "same days",
        ),
    ],
)
def test_what_cannot_be_ranked_is_refused(days, said):
    with pytest.raises(InvalidInputError, match=said):
        leaderboard(pd.concat(days), n_resamples=10)


def test_markdown_has_a_line_per_policy_and_marks_the_privileged(table):
    rows = table.astype(object).to_dict("records")
    text = markdown_table(rows, BRIEF).splitlines()
    assert len(text) == 2 + len(table)
    assert text[0].startswith("| Rank | Policy |")
    assert text[2].startswith("| – | hindsight † | 344 | 100.0 | 100.0 | 100.00 |")
    assert "20.0 [10.0, 30.0]" in text[5]
    assert all(period.count("|") == len(BRIEF) + 1 for period in text)


def test_cells_do_not_round_up_to_full_satisfaction(table):
    row = dict(table.iloc[0]) | {"demand_satisfaction": 0.99999, "score": None, "rank": None}
    texts = dict(zip(COLUMNS, cells(row), strict=True))
    assert texts["Demand served %"] == "99.99"
    assert texts["Score [95 %]"].startswith("–")
    assert texts["Run s"] == "–"
    assert (
        dict(zip(COLUMNS, cells(row | {"demand_satisfaction": 1 - 1e-12}), strict=True))[
            "Demand served %"
        ]
        == "100.00"
    )


def two_worlds() -> pd.DataFrame:
    """In the second world the policy earns three times as much more, and hindsight twice."""
    better = [some_days("better", retail_eur=3.0), some_days("better", retail_eur=5.0)]
    low = [some_days(NO_CONTROL, retail_eur=2.0)] * 2
    high = [some_days(HINDSIGHT, retail_eur=4.0), some_days(HINDSIGHT, retail_eur=6.0)]
    parts = [
        part.assign(world=world, scenario=f"toy:{world}")
        for pair in (better, low, high)
        for world, part in enumerate(pair)
    ]
    return pd.concat(parts, ignore_index=True)


def test_several_worlds_are_ranked_by_their_mean_and_their_spread_is_told():
    table = leaderboard(two_worlds(), privileged={HINDSIGHT}, n_resamples=200)
    row = table.set_index("policy").loc["better"]
    assert (row["worlds"], row["gain_worlds"]) == (2, 2)
    assert row["gain_eur"] == pytest.approx(N_DAYS * 2)
    assert row["gain_sd_eur"] == pytest.approx(np.std([N_DAYS, 3 * N_DAYS], ddof=1))
    assert row["score"] == pytest.approx(100 * 2 / 3)
    assert row["demand_kwh"] == pytest.approx(100 * N_DAYS)
    # All days of a world are alike but for the week: a draw is one world twice, or both.
    assert (row["gain_eur_low"], row["gain_eur_high"]) == pytest.approx((N_DAYS, 3 * N_DAYS))


def test_operations_rank_by_profit_without_the_position():
    everyone = [
        some_days(NO_CONTROL, retail_eur=2.0),
        some_days("gambler", retail_eur=1.0, position_eur=3.0),
        some_days(HINDSIGHT, retail_eur=6.0, position_eur=6.0),
    ]
    table = leaderboard(pd.concat(everyone), scale=OPERATIONS, privileged={HINDSIGHT})
    assert list(table["policy"]) == [HINDSIGHT, NO_CONTROL, "gambler"]
    row = table.set_index("policy").loc["gambler"]
    assert row["gain_eur"] == pytest.approx(-N_DAYS)
    assert row["score"] == pytest.approx(-25)


def test_learned_rows_with_few_seeds_are_marked():
    row = {"policy": "ppo", "privileged": False, "kind": "learned", "seeds": 4}
    assert policy_name(row) == "ppo ‡"
    assert policy_name(row | {"seeds": 5}) == "ppo"
    assert policy_name(row | {"kind": "rule"}) == "ppo"

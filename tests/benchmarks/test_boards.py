"""What stands on the boards beside the ranking, on days and rows made by hand."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from benchmarks.boards import (
    BEST_PLANNER,
    MISSING_PRICES,
    NO_BIDS,
    SAME_OFFER,
    differences,
    non_dominated,
    one_per_dispatcher,
    price_column,
    ranks_at_prices,
)
from benchmarks.leaderboard import RESULTS
from benchmarks.results import read
from benchmarks.suites import SUITES
from benchmarks.suites.ev import bids_of, scenario_of
from benchmarks.suites.ev_learning import SLOW, forecast_of
from benchmarks.weeks import SUMS, weekly
from vpp_gym.errors import InvalidInputError
from vpp_gym.markets.ledger import SITE_MONEY
from vpp_gym.policies import LEARNED_NAMES
from vpp_gym.scenarios.synthetic import SyntheticSource

DAYS = 15


def value_eur(days: pd.DataFrame) -> pd.Series:
    return days["value"]


def some_days(policy: str, value: float, world: int = 0, seed: int = 0) -> pd.DataFrame:
    row = {"policy": policy, "world": world, "seed": seed, "value": value}
    return pd.DataFrame({"day": range(DAYS), **row})


def test_policies_that_differ_in_their_bids_stand_on_operations_once():
    days = pd.concat(
        [
            some_days("mpc+bold", 2.0),
            some_days("mpc", 2.0 + 1e-9),
            some_days("mpc+other_load", 2.5),
            some_days("alone+bold", 3.0),
            some_days("alone+shy", 3.0),
            some_days("low+bold", 1.0),
            some_days("low", 1.0),
        ]
    )
    kept = one_per_dispatcher(days, value_eur, {"low+bold"})
    assert set(kept["policy"]) == {"mpc", "mpc+other_load", "alone+bold", "low", "low+bold"}


def test_the_frontier_holds_what_nobody_beats_in_both():
    value_eur = np.array([5.0, 3.0, 4.0, 4.0, 9.0, 5.0])
    share = np.array([0.9, 1.0, 0.95, 0.9, 1.0, 0.9])
    counted = np.array([True, True, True, True, False, True])
    found = non_dominated(value_eur, share, counted)
    assert found.tolist() == [True, True, True, False, False, True]


def test_ranks_at_another_price_take_out_what_was_charged():
    """The first missed 10 kWh at 0.5 EUR; at 2 EUR it falls behind the second."""
    table = pd.DataFrame(
        {
            "policy": ["careless", "careful", "seer"],
            "privileged": [False, False, True],
            "profit_eur": [100.0, 90.0, 200.0],
            "shortfall_eur": [-5.0, 0.0, 0.0],
            "unserved_kwh": [10.0, 0.0, 0.0],
        }
    )
    ranked = ranks_at_prices(table, "profit_eur")
    at = {price: ranked[price_column(price)].tolist()[:2] for price in MISSING_PRICES}
    assert at == {0.25: [1, 2], 0.5: [1, 2], 1.0: [1, 2], 2.0: [2, 1]}
    assert ranked[price_column(1.0)].isna().tolist() == [False, False, True]


def test_rows_are_compared_with_the_same_offer_no_bids_and_the_best_planner():
    days = pd.concat(
        some_days(name, value, world)
        for name, value in {"mpc": 1.0, "mpc+bold": 3.0, "hazard": 2.0, "ppo": 0.5}.items()
        for world in (0, 1)
    )
    kinds = {"mpc+bold": "optimiser", "hazard": "optimiser", "mpc": "optimiser", "ppo": "learned"}
    rows = [{"policy": name, "kind": kind} for name, kind in kinds.items()]
    same = {"mpc": "mpc", "hazard": "mpc", "ppo": "gone"}
    found = differences(days, rows, same, value_eur, {"n_resamples": 20})
    assert [(one["policy"], one["over"], one["why"]) for one in found] == [
        ("mpc+bold", "mpc", NO_BIDS),
        ("hazard", "mpc", SAME_OFFER),
        ("ppo", "mpc+bold", BEST_PLANNER),
    ]
    assert [one["eur"] for one in found] == [2 * DAYS, DAYS, -2.5 * DAYS]
    assert [(one["worlds_more"], one["weeks_more"]) for one in found] == [(2, 1), (2, 1), (0, 0)]


def test_weeks_add_up_to_the_run_and_the_last_has_the_days_left_over():
    days = pd.DataFrame({name: np.arange(DAYS, dtype=float) for name in SUMS})
    days = days.assign(track="t", world=0, policy="p", seed=0, day=range(DAYS))
    table = weekly(days)
    assert table["week"].tolist() == [0, 1]
    assert table["profit_eur"].tolist() == [sum(range(7)), sum(range(7, DAYS))]
    assert not {*SITE_MONEY} & {*table}
    assert weekly(days.assign(grid_fee_eur=0.0)).equals(table)
    with pytest.raises(InvalidInputError, match="grid_fee_eur"):
        weekly(days.assign(grid_fee_eur=np.arange(DAYS) == 3, peak_fee_eur=0.0))


@pytest.mark.parametrize("name", ["embedded", "real", "hourly", "hourly_real"])
def test_policies_are_compared_with_the_rolling_mpc_of_the_same_offer_and_bids(name):
    suite = SUITES[name]
    boards = list(suite.boards.values())
    names = [policy for policy in suite.baselines() if policy != suite.high]
    for board in boards:
        same = suite.with_same_offer(names, board)
        assert same["rolling_mpc"] == "rolling_mpc"
        assert same["charge_on_arrival"] == "rolling_mpc"
        bids = "" if board.name == "operations" else "+two_stage"
        offer = "rolling_mpc" if suite.world.plain else "rolling_mpc_tariff"
        assert same[f"{offer}+two_stage"] == f"{offer}{bids}"


def test_planners_with_the_learned_forecast_are_on_the_board_of_the_recorded_year():
    suite = SUITES["real"]
    assert set(LEARNED_NAMES) - set(SLOW) <= set(suite.baselines())
    market = suite.boards["market"]
    same = suite.with_same_offer(LEARNED_NAMES, market)
    assert same["adaptive_mpc_price"] == "rolling_mpc_price"
    assert same["learned_mpc_tariff+two_stage"] == "rolling_mpc_tariff+two_stage"


def test_what_learns_on_synthetic_years_sees_no_price_of_the_recorded_test_year():
    tested = str(scenario_of("embedded").start.astype("datetime64[Y]"))
    prices = SyntheticSource("train").fitted_on["prices"]
    assert tested == "2019"
    assert tested not in prices
    assert "2018" in prices


@pytest.mark.parametrize(
    ("env_id", "settings", "planner"),
    [
        ("VPPDispatch-v0", {"control": "price", "planner": "learned_mpc"}, "learned_mpc"),
        ("VPPDayAhead-v0", {"control": "price"}, "hazard_mpc"),
        ("VPPDispatch-v0", {"columns": ("forecast",), "planner": "learned_mpc"}, "learned_mpc"),
        ("VPPDispatch-v0", {"columns": ("stays",)}, None),
        ("VPPStay-v0", {}, "learned_mpc"),
        ("VPPStay-v0", {"forecast": "anchored"}, "hazard_mpc"),
    ],
)
def test_the_planner_with_the_forecast_of_an_agent(env_id, settings, planner):
    assert forecast_of(SimpleNamespace(env_id=env_id, settings=settings)) == planner


def test_an_agents_bids_are_those_of_its_environment():
    class Agent:
        name, settings = "ppo", {"bids": "line"}

    class Planner:
        name = "mpc+two_stage"

    assert (bids_of(Agent()), bids_of(Planner())) == ("line", "two_stage")
    dispatch = SimpleNamespace(name="ppo", env_id="VPPDispatch-v0", settings={"bidder": "zero"})
    assert bids_of(dispatch) == ""
    dispatch.settings = {}
    assert bids_of(dispatch) == "expected_load"


@pytest.mark.parametrize("suite", ["embedded", "real", "hourly", "hourly_real"])
def test_a_page_says_how_many_cars_are_turned_away_and_no_policy_changes_it(suite):
    boards = read(RESULTS / f"{suite}.json")["boards"]
    found = {(row["arrivals"], row["turned_away"]) for rows in boards.values() for row in rows}
    assert len(found) == 1
    arrivals, turned_away = found.pop()
    assert turned_away < 0.02 * arrivals
    words = f"Of {arrivals:,.0f} cars in a world {turned_away:,.0f} find none free"
    assert words in (RESULTS / f"{suite}.md").read_text()

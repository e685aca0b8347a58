"""Every example runs as a script, and shows what it says."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from gymnasium.utils.env_checker import check_env

EXAMPLES = Path(__file__).parents[1] / "examples"


def example(name: str) -> dict[str, Any]:
    """The names that the example defines, without running it as a script."""
    return runpy.run_path(str(EXAMPLES / f"{name}.py"))


SHOWN = runpy.run_path(str(EXAMPLES.parent / "docs" / "build_tutorials.py"))["outputs"]()
"""Examples whose output is compared with a page in `test_docs_tutorials`."""
OTHERS = [path for path in sorted(EXAMPLES.glob("*.py")) if f"examples/{path.name}" not in SHOWN]


@pytest.mark.parametrize("path", OTHERS, ids=lambda path: path.stem)
def test_example_runs_as_a_script(path: Path, capsys: pytest.CaptureFixture[str]):
    runpy.run_path(str(path), run_name="__main__")
    assert capsys.readouterr().out.count("\n") >= 3


def test_own_scenario_charges_all_cars_at_night():
    names = example("own_scenario")
    booked = names["charge_at_night"](names["two_days"]())
    demand_kwh = 60 * (0.97 - 0.40) + 80 * (0.97 - 0.50) + 80 * (0.97 - 0.30)
    assert booked["served_kwh"] == pytest.approx(demand_kwh)
    assert booked["charge_kwh"] == pytest.approx(demand_kwh / 0.98)
    assert booked["im_eur"] == pytest.approx(-demand_kwh / 0.98 * 0.04)


def test_own_policy_stands_on_the_scale():
    board = example("own_policy")["compare"](days=14).set_index("policy")
    assert set(board.index) == {"night_charger", "charge_on_arrival", "rolling_mpc", "hindsight"}
    assert board.loc["charge_on_arrival", "score"] == 0
    assert board.loc["hindsight", "score"] == 100
    assert board.loc["night_charger", "flexibility_score"] < 100
    # Who leaves early is owed what charging on arrival has stored by then.
    assert board.loc["charge_on_arrival", "demand_satisfaction"] == pytest.approx(1.0)
    assert 0.9 < board.loc["night_charger", "demand_satisfaction"] < 1.0


def test_own_environment_follows_gymnasium_and_charges_for_peaks():
    names = example("own_environment")
    env = names["PeakFeeEnv"](names["as_source"]("synthetic:train", dt_h=1.0).scenario(0))
    check_env(env, skip_render_check=True)
    at_once, below = (
        names["weekly_eur"](env, names[name], 2) for name in ("at_once", "below_the_peak")
    )
    assert 0 < below[1] < at_once[1]
    assert below[0] > at_once[0]


def test_batch_runs_the_same_weeks_again():
    names = example("vector_env")
    envs = names["make_batch"](num_envs=3)
    least = -np.ones((3, 1))
    first = names["weekly_profit_eur"](envs, lambda: least)
    again = names["weekly_profit_eur"](envs, lambda: least)
    assert np.array_equal(first, again)
    assert len(set(first)) == 3


def test_a_trained_agent_is_scored():
    names = example("train_agent")
    board = names["compare"](names["trained"](timesteps=512), days=3).set_index("policy")
    assert 0.8 < board.loc["ppo", "demand_satisfaction"] <= 1.0
    assert board.loc["ppo", "profit_eur"] < board.loc["hindsight", "profit_eur"]


def test_what_was_learnt_on_stays_charges_a_fleet():
    names = example("one_stay")
    board = names["compare"](names["trained"](timesteps=2_048), days=3).set_index("policy")
    assert 0.8 < board.loc["ppo_stay", "demand_satisfaction"] <= 1.0
    assert board.loc["ppo_stay", "profit_eur"] < board.loc["hindsight", "profit_eur"]


@pytest.mark.usefixtures("registered")
def test_own_contract_pays_for_the_stay():
    table = example("own_contract")["compare"](days=3)
    fee, none = table.loc["0.5 EUR a stay"], table.loc["no contracts"]
    assert fee["payoff_eur"] == pytest.approx(-0.5 * fee["contracts"], abs=0.5 * 18)
    assert fee["contracts"] > none["contracts"] == 0


def test_rows_of_a_leaderboard_are_asked():
    names = example("read_leaderboard")
    weeks = pd.DataFrame(
        {
            "policy": ["a", "a", "b", "b"],
            "world": [0, 1, 0, 1],
            "seed": 0,
            "week": 0,
            "profit_eur": [5.0, 9.0, 2.0, 10.0],
            "position_eur": [1.0, 1.0, 0.0, 0.0],
            "shortfall_eur": 0.0,
            "unserved_kwh": [4.0, 4.0, 0.0, 0.0],
        }
    )
    assert names["by_world"](weeks, "a").tolist() == [4.0, 8.0]
    assert names["weeks_won"](weeks, "a", "b") == 0.5
    assert names["rank"](weeks, ["a", "b"], 0.0)[0] == "a"
    assert names["rank"](weeks, ["a", "b"], 1.0)[0] == "b"
    assert names["gain"](weeks, "a", "b").endswith("more in 1 of 2 years")

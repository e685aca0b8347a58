"""The cards of the environments are up to date, and what they warn of is so."""

from __future__ import annotations

import ast
import re
import runpy
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

import vpp_gym  # noqa: F401
from tests.test_package import IDS

BUILD = runpy.run_path(str(Path(__file__).parents[1] / "docs" / "build_cards.py"))
CARDS, FOLDER = BUILD["CARDS"], BUILD["FOLDER"]
SETTING = re.compile(r"`(\w+=[^`]+)`")


def test_every_environment_has_a_card():
    assert set(CARDS) == set(IDS)


def test_pages_are_up_to_date():
    written = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.md")}
    assert written == BUILD["pages"](), "run python docs/build_cards.py"


@pytest.mark.parametrize("env_id", IDS)
def test_settings_that_pitfalls_name_exist(env_id: str):
    for pitfall in CARDS[env_id].pitfalls:
        for text in SETTING.findall(pitfall):
            call = ast.parse(f"f({text})", mode="eval").body
            assert isinstance(call, ast.Call)
            settings = {one.arg: ast.literal_eval(one.value) for one in call.keywords}
            gym.make(env_id, **settings)


def gains(env_id: str) -> dict[str, float]:
    """What the rows of a card earn above its score of 0."""
    found: dict[str, Any] = BUILD["_measured_rows"](env_id) | BUILD["_published_rows"](env_id)
    low = found[CARDS[env_id].low][0]
    return {name: eur - low for name, (eur, _) in found.items()}


def test_waiting_earns_less_than_charging_on_arrival():
    for env_id in ("VPPDayAhead-v0", "VPPDispatch-v0"):
        assert gains(env_id)["action 0"] < 0


def test_action_0_is_the_article_where_the_cards_say_so():
    for env_id in ("FCEVCarPark-v0", "FCEVMicrogrid-v0"):
        assert gains(env_id)["action 0"] == pytest.approx(0, abs=1)


def test_random_actions_in_the_microgrid_cost_several_times_what_there_is_to_gain():
    found = gains("FCEVMicrogrid-v0")
    assert -found["random"] > 3 * found["hindsight"]
    assert found["rolling_plan"] < found["planned_contracts"] / 2


def test_one_entry_of_a_schedule_in_96_counts_in_most_steps():
    env = gym.make("VPPDayAhead-v0", bids="schedule")
    assert env.action_space.shape == (97,)


def test_a_shape_says_a_day_of_the_car_park_with_eight_numbers():
    assert gym.make("FCEVCarPark-v0").action_space.shape == (48,)
    assert gym.make("FCEVCarPark-v0", control="shape").action_space.shape == (8,)


def test_the_first_schedule_of_an_episode_bids_nothing():
    env = gym.make("VPPBidding-v0", scheduler="charge_on_arrival", reward="profit")
    booked = []
    for entry in (-1.0, 1.0):
        env.reset(seed=3)
        action = np.full(env.action_space.shape or (), entry, dtype=np.float32)
        booked.append(env.step(action)[4]["da_sold_kwh"])
    assert booked == [0.0, 0.0]


def test_small_entries_of_the_microgrid_are_the_strategy_of_the_article():
    env = gym.make("FCEVMicrogrid-v0")
    costs = []
    for entry in (0.0, 0.25, -0.25):
        env.reset(seed=1)
        costs.append(env.step(np.full(2, entry, dtype=np.float32))[1])
    assert costs[0] == costs[1] == costs[2]

"""Suites of several worlds: what is run, kept, published and said."""

from __future__ import annotations

import json
from pathlib import Path
from types import MappingProxyType

import pandas as pd
import pytest

from benchmarks import run as run_module
from benchmarks import suites, tasks
from benchmarks.fingerprint import ROOTS, PolicyDigest
from benchmarks.leaderboard import block, page
from benchmarks.page import leaderboard_page
from benchmarks.results import read
from benchmarks.suites.base import Contestants
from benchmarks.suites.car_park import CarParkSuite
from benchmarks.suites.fcev import FCEVSuite, profit_by_day
from benchmarks.suites.microgrid import MicrogridSuite
from vpp_gym.errors import InvalidInputError
from vpp_gym.evaluation.leaderboard import leaderboard
from vpp_gym.evaluation.tables import COLUMNS

DAYS = 14
DAILY_EUR = {"article": (1.0, 3.0), "planner": (2.0, 6.0), "hindsight": (5.0, 9.0)}


class Toy(FCEVSuite):
    """Two worlds in which every day of a policy is alike."""

    name, env_ids, description, worlds = "toy", ("Toy-v0",), "a toy", 2
    differs, scale_words = "everything", "Score: 0 to 100."
    tracks = MappingProxyType({"only": "the only one"})
    known = ("article",)
    brief = ("Rank", "Policy", "Profit EUR")
    columns = MappingProxyType({name: COLUMNS[name] for name in brief})

    def __init__(self) -> None:
        self.played: list[tuple[str, int]] = []

    @property
    def roots(self):
        return ROOTS["car_park"]

    def facts(self, data):
        return {"name": "toy:0", "start": "2019-01-01T00:00", "dt_h": 1.0}

    def contestants(self):
        digests = {(name, 0): PolicyDigest("c", "v") for name in DAILY_EUR}
        return Contestants(tuple(DAILY_EUR), (), digests)

    def baselines(self):
        return dict.fromkeys(DAILY_EUR)

    def params(self, track):
        return None

    def scenario(self, track, world, data):
        return world

    def bound(self, scenario, params, days):
        raise AssertionError("the toy plays by itself")

    def play(self, run, data, outside=None):
        self.played.append((run.policy, run.world))
        days = pd.DataFrame({"day": range(run.days or DAYS), "seed": run.seed, "solve_ms": 1.0})
        days["date"] = [f"2019-01-{1 + day:02}" for day in days["day"]]
        days = days.assign(
            policy=run.policy,
            scenario=f"toy:{run.world}",
            profit_eur=DAILY_EUR[run.policy][run.world],
        )
        facts = {"privileged": run.policy == "hindsight", "kind": "rule"}
        return days, {**facts, "commit": "c", "modified": False}

    def warm_up(self, policy, data):
        pass


@pytest.fixture
def toy(monkeypatch, tmp_path):
    suite = Toy()
    monkeypatch.setitem(suites.SUITES, "toy", suite)
    tasks.warm_up.cache_clear()
    return suite


def run_toy(folder: Path, **options) -> None:
    run_module.main(suite=["toy"], out=folder, jobs=0, **options)


def test_every_world_is_run_and_the_mean_is_ranked(toy, tmp_path):
    run_toy(tmp_path)
    assert sorted(toy.played) == sorted((name, k) for name in DAILY_EUR for k in (0, 1))
    document = json.loads((tmp_path / "toy.json").read_text())
    assert document["scenario"]["worlds"] == 2
    assert document["scenario"]["days"] == DAYS
    rows = {row["policy"]: row for row in document["boards"]["only"]}
    assert rows["planner"]["profit_eur"] == pytest.approx(DAYS * 4)
    assert rows["planner"]["gain_eur"] == pytest.approx(DAYS * 2)
    assert rows["planner"]["score"] == pytest.approx(40)


def test_a_run_goes_on_with_the_worlds_that_are_missing(toy, tmp_path):
    run_toy(tmp_path, worlds=1)
    assert toy.played == [(name, 0) for name in DAILY_EUR]
    assert not (tmp_path / "toy.json").exists()
    partial = json.loads((tmp_path / "runs/toy.json").read_text())
    assert partial["command"] == "python -m benchmarks.run --suite toy --worlds 1"
    run_toy(tmp_path)
    assert toy.played[3:] == [(name, 1) for name in DAILY_EUR]
    (tmp_path / "runs/toy/only/planner.0.1.year.json").unlink()
    run_toy(tmp_path)
    assert toy.played[6:] == [("planner", 1)]


def test_more_worlds_than_there_are_are_refused(toy, tmp_path):
    with pytest.raises(InvalidInputError, match="worlds"):
        run_toy(tmp_path, worlds=3)


def test_the_published_days_are_enough_to_rank_again(toy, tmp_path):
    run_toy(tmp_path)
    table = pd.read_csv(tmp_path / "toy_days.csv")
    assert list(table) == ["track", "world", "date", *DAILY_EUR]
    assert len(table) == 2 * DAYS
    days = table.melt(["track", "world", "date"], var_name="policy", value_name="profit_eur")
    days = days.assign(
        scenario=days["world"],
        seed=0,
        solve_ms=1.0,
        day=pd.to_datetime(days["date"]).dt.day_of_year,
    )
    again = leaderboard(days.drop(columns=["track", "date"]), scale="microgrid").set_index("policy")
    document = json.loads((tmp_path / "toy.json").read_text())
    for row in document["boards"]["only"]:
        for name in ("profit_eur", "gain_eur_low", "gain_eur_high", "score_low", "score_high"):
            assert again.loc[row["policy"], name] == pytest.approx(row[name], abs=0.01), name


def test_seeds_have_columns_of_their_own():
    days = pd.DataFrame(
        {
            "track": "only",
            "world": 0,
            "date": "2019-01-01",
            "policy": ["rule", "agent", "agent"],
            "seed": [0, 0, 2],
            "profit_eur": [1.234, -0.001, 2.5],
        }
    )
    (line,) = profit_by_day(days).to_dict("records")
    assert line == {
        "track": "only",
        "world": 0,
        "date": "2019-01-01",
        "rule": 1.23,
        "agent.0": 0.0,
        "agent.2": 2.5,
    }


def test_every_text_says_how_many_worlds_there_are(toy, tmp_path):
    run_toy(tmp_path)
    document = read(tmp_path / "toy.json")
    assert "mean of 2 worlds, each 14 days from 2019-01-01" in page(document)
    assert (
        "each of 2 worlds with replacement, and within each of them blocks of 7 consecutive days"
        in page(document)
    )
    assert "Mean of 2 worlds, each 14 days" in block(document)
    assert "mean of 2 worlds, each 14 days" in leaderboard_page([document])


@pytest.mark.parametrize("suite", [CarParkSuite(), MicrogridSuite()], ids=lambda suite: suite.name)
def test_worlds_of_a_suite_differ_in_prices_and_the_first_is_the_test_year(suite):
    track = next(iter(suite.tracks))
    worlds = [suite.scenario(track, k, None) for k in range(suite.worlds)]
    assert worlds[0].name == f"{suite.name}:synthetic:test+dutch_2018_2019:0:0"
    assert len({world.name for world in worlds}) == suite.worlds
    assert len({world.da_eur_per_kwh.tobytes() for world in worlds}) == suite.worlds
    digests = suite.scenario_digests(track, (0, 1), None)
    assert digests == suite.scenario_digests(track, (0, 1), None)
    assert digests["0"] != digests["1"]
    facts = suite.facts(None)
    assert facts == {"name": worlds[0].name, "start": "2019-01-01T00:00", "dt_h": 1.0}


@pytest.mark.parametrize("suite", suites.SUITES.values(), ids=lambda suite: suite.name)
def test_every_contestant_is_named_as_its_rows_are(suite):
    for name, policy in suite.baselines().items():
        assert name == suite.high if policy is None else name == policy.name
    everyone = suite.contestants()
    assert {suite.low, suite.high} <= set(everyone.baselines)
    assert everyone.agents or everyone.left_out
    assert list(everyone.digests) == everyone.entries
    assert set(suite.tracks) == {track for track in suite.tracks if suite.params(track)}

"""Performance profiles are shares of runs, scored in their own world."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from benchmarks import profiles
from benchmarks.leaderboard import RESULTS
from benchmarks.results import read, rows_path
from vpp_gym.evaluation.csv_text import read_table


def weeks_of(values):
    rows = [
        {
            "policy": policy,
            "seed": seed,
            "world": world,
            "profit_eur": eur / 2 + 7,
            "position_eur": 7,
        }
        for (policy, seed, world), eur in values.items()
        for _ in range(2)
    ]
    return pd.DataFrame(rows)


def test_scores_are_between_the_ends_of_each_world():
    weeks = weeks_of(
        {
            ("charge_on_arrival", 0, 0): 100,
            ("charge_on_arrival", 0, 1): 300,
            ("bound", 0, 0): 200,
            ("bound", 0, 1): 350,
            ("agent", 0, 0): 150,
            ("agent", 1, 0): 90,
            ("agent", 0, 1): 340,
            ("agent", 1, 1): 300,
        }
    )
    runs = profiles.scores(weeks, "bound")
    agent = runs[runs["policy"] == "agent"].sort_values(["world", "seed"])
    assert agent["score"].tolist() == pytest.approx([50, -10, 80, 0])


def test_the_band_holds_the_profile_and_is_none_for_one_run():
    rng, at = np.random.default_rng(0), np.linspace(0, 100, 11)
    table = rng.uniform(20, 80, (5, 12))
    low, high = profiles.band(table, at, rng)
    shares = profiles.profile(table, at)
    assert (low <= shares).all()
    assert (shares <= high).all()
    assert (high - low).max() > 0.1
    assert np.ptp(profiles.band(table[:1, :1], at, rng), axis=0).max() == 0


def test_published_runs_agree_with_the_published_scores():
    document = read(RESULTS / "embedded.json")
    weeks = read_table(rows_path(RESULTS / "embedded.json", document))
    runs = profiles.scores(weeks, document["high"])
    rows = {row["policy"]: row for row in document["boards"]["operations"]}
    for name in ("ppo_price", "hazard_mpc_price"):
        mean = runs[runs["policy"] == name]["score"].mean()
        assert mean == pytest.approx(rows[name]["score"], abs=0.5)


def test_the_picture_is_drawn(tmp_path):
    profiles.main("embedded", tmp_path)
    assert (tmp_path / "profiles_embedded.png").stat().st_size > 10_000

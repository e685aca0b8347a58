"""The pictures of the scores on the page: the scale of a track, and what stands where on it."""

from __future__ import annotations

import re

import pytest

from benchmarks.page import HIGHEST, LEFT, LOWEST, WIDTH, leaderboard_page
from benchmarks.suites.ev import DAY_COLUMNS


def document(scores: list[float]) -> dict:
    numbers = dict.fromkeys(DAY_COLUMNS, 1.0)
    rows = [
        numbers
        | {
            "rank": 1 + k,
            "policy": f"policy_{k}",
            "kind": "rule",
            "privileged": False,
            "score": score,
            "score_low": score,
            "score_high": score,
            "flexibility_score": 1.0,
            "demand_satisfaction": 1.0,
            "fully_served_share": 1.0,
        }
        for k, score in enumerate(scores)
    ]
    return {
        "suite": "embedded",
        "description": "a toy",
        "command": "python",
        "scenario": {"days": 1, "start": "2019-01-01T00:00", "dt_h": 1.0},
        "statistics": {"block_days": 7, "n_resamples": 10},
        "tracks": {"open": rows},
        "seeds": {"open": []},
    }


def dots_px(scores: list[float]) -> list[float]:
    page = leaderboard_page([document(scores)])
    return [float(x) for x in re.findall(r'<circle cx="([\d.]+)"', page)]


def test_scores_within_the_scale_stand_from_end_to_end():
    assert dots_px([0.0, 25.0, 100.0]) == [LEFT, LEFT + WIDTH / 4, LEFT + WIDTH]


def test_a_score_above_hindsight_stretches_the_scale():
    assert dots_px([0.0, 125.0]) == [LEFT, LEFT + WIDTH]
    assert dots_px([100.0, 125.0])[0] == pytest.approx(LEFT + WIDTH * 0.8, abs=0.05)


def test_scores_far_outside_stand_at_the_edges():
    low, zero, high = dots_px([-1267.2, 0.0, 1267.2])
    assert (low, high) == (LEFT, LEFT + WIDTH)
    assert zero == pytest.approx(LEFT - WIDTH * LOWEST / (HIGHEST - LOWEST), abs=0.05)


def test_names_break_where_words_end():
    assert "policy_<wbr>0" in leaderboard_page([document([1.0])])

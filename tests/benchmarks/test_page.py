"""The pictures of the scores on the page: the scale of a track, and what stands where on it."""

from __future__ import annotations

import re

import pytest

from benchmarks.page import HIGHEST, LEFT, LOWEST, WIDTH, leaderboard_page
from vpp_gym.evaluation.metrics import HINDSIGHT, SUMMED_UP


def document(scores: list[float]) -> dict:
    numbers = dict.fromkeys(SUMMED_UP, 1.0)
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
            "worlds": 1,
            "seeds": 1,
            "gain_worlds": 1,
        }
        for k, score in enumerate(scores)
    ]
    return {
        "suite": "embedded",
        "description": "a toy",
        "command": "python",
        "scenario": {"days": 1, "start": "2019-01-01T00:00", "dt_h": 1.0},
        "statistics": {"block_days": 7, "n_resamples": 10},
        "whole": "python",
        "high": HINDSIGHT,
        "boards": {"market": rows},
        "seeds": {"market": []},
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

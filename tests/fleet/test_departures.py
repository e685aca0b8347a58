"""The hazard of leaving early against the steps in which drivers who draw leave."""

from __future__ import annotations

import numpy as np
import pytest

from vpp_gym.fleet.departures import early_hazard, fill_early_hazards
from vpp_gym.params import OwnerParams
from vpp_gym.scenarios.departures import leaving_step
from vpp_gym.scenarios.scenario import Scenario, Sessions

DRAWS = (np.arange(20_000) + 0.5) / 20_000


def drivers(stay: int) -> Sessions:
    """As many as there are draws, each declared for the same stay."""
    n = len(DRAWS)
    return Scenario.from_arrays(
        da_eur_per_kwh=np.zeros(1000),
        im_eur_per_kwh=np.zeros(1000),
        sessions={
            "arrival_step": [100] * n,
            "departure_step": [100 + stay] * n,
            "arrival_soc": [0.5] * n,
            "departure_draw": DRAWS,
        },
    ).sessions


@pytest.mark.parametrize("exponent", [1.0, 1.8, 0.5])
@pytest.mark.parametrize("early_prob", [0.25, 1.0])
@pytest.mark.parametrize("stay", [2, 3, 9, 40])
def test_who_is_still_there_leaves_as_often_as_the_hazard_says(stay, early_prob, exponent):
    owner = OwnerParams(
        early_departure_prob=early_prob, early_exponent=exponent, late_departure_prob=0
    )
    after = leaving_step(drivers(stay), owner, 1.0, 1000) - 100
    there = len(after)
    for steps in range(1, stay):
        left = int((after == steps).sum())
        expected = there * early_hazard(steps, stay, early_prob, exponent)
        assert left == pytest.approx(expected, abs=1.5)
        there -= left
    assert there == (after == stay).sum()


def test_nobody_leaves_early_where_the_stay_is_one_step_or_over():
    assert early_hazard(1, 1, 0.5, 1.0) == early_hazard(4, 4, 0.5, 1.0) == 0
    assert early_hazard(1, 4, 0.0, 1.0) == 0
    owner = OwnerParams(early_departure_prob=1.0, late_departure_prob=0)
    assert (leaving_step(drivers(1), owner, 1.0, 1000) == 101).all()


@pytest.mark.parametrize("dt_h", [1.0, 0.25])
def test_lateness_is_exponential(dt_h):
    """Half are late; of them exp(-h / 3) by more than h hours."""
    owner = OwnerParams(late_departure_prob=0.5, late_mean_h=3.0, early_departure_prob=0.25)
    late_h = (leaving_step(drivers(9), owner, dt_h, 1000) - 109) * dt_h
    assert (late_h > 0).mean() == pytest.approx(0.5, abs=1e-3)
    assert (late_h < 0).mean() == pytest.approx(0.25, abs=1e-3)
    for hours in (1, 3, 6, 12):
        assert (late_h > hours).mean() == pytest.approx(0.5 * np.exp(-hours / 3), abs=1e-3)


def test_whoever_leaves_early_or_late_does_so_at_a_higher_share_too():
    few = OwnerParams(early_departure_prob=0.1, late_departure_prob=0.2)
    many = OwnerParams(early_departure_prob=0.3, late_departure_prob=0.5)
    sessions = drivers(9)
    less, more = (leaving_step(sessions, owner, 1.0, 1000) - 109 for owner in (few, many))
    assert (more[less < 0] < 0).all()
    assert (more[less > 0] > 0).all()


@pytest.mark.parametrize("stay", [1, 2, 9])
def test_hazards_of_a_whole_stay_are_those_of_each_step(stay):
    hazard = np.empty(stay)
    fill_early_hazards(0.3, 1.7, hazard)
    steps = range(1, stay + 1)
    np.testing.assert_array_equal(hazard, [early_hazard(k, stay, 0.3, 1.7) for k in steps])

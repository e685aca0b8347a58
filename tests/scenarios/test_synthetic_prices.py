"""Parts of the synthetic prices: scores that keep the level of a year, and its seasons."""

from __future__ import annotations

import numpy as np
import pytest

from vpp_gym.scenarios.calibration import dutch_2018_2019
from vpp_gym.scenarios.synthetic_prices import (
    YEAR_H,
    expected_da,
    expected_spread,
    level_scores,
    variance_of_mean,
    waves,
)

MEMORY = np.array([[0.5, 0.0, 0.0], [0.3, 0.99, 0.0], [0.2, 0.9, 24.0]])


def test_variance_of_a_mean_is_that_of_the_summed_autocorrelation():
    n = 50
    lag = np.abs(np.subtract.outer(np.arange(n), np.arange(n)))
    weight, decay, period = MEMORY.T
    turn = np.where(period > 0, 2 * np.pi / np.where(period > 0, period, 1), 0)
    one_by_one = sum(
        w * d**lag * np.cos(angle * lag) for w, d, angle in zip(weight, decay, turn, strict=True)
    )
    assert variance_of_mean(MEMORY, n) == pytest.approx(one_by_one.mean(), rel=1e-12)


def test_scores_of_a_year_have_mean_zero_and_on_average_variance_one():
    drawn = [level_scores(np.random.default_rng(i), MEMORY, YEAR_H) for i in range(20)]
    np.testing.assert_allclose([one.mean() for one in drawn], 0, atol=1e-12)
    assert np.mean([one.var() for one in drawn]) == pytest.approx(1, abs=0.03)


def test_short_worlds_are_the_beginning_of_a_year():
    year, week = (level_scores(np.random.default_rng(1), MEMORY, n) for n in (YEAR_H, 168))
    np.testing.assert_array_equal(week, year[:168])
    assert abs(week.mean()) > 0.01


def test_waves_are_those_of_the_year_and_the_half_year():
    dates = np.datetime64("2019-01-01") + np.arange(365)
    found = waves(dates)
    np.testing.assert_allclose(found.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(found.T @ found / 365, np.eye(4) / 2, atol=1e-12)
    np.testing.assert_allclose(found[0], [0, 1, 0, 1])


def test_expected_prices_are_shape_and_season():
    fitted, midnight = dutch_2018_2019(), np.array(["2019-01-01"], dtype="datetime64[D]")
    season = fitted.season_eur_per_kwh
    np.testing.assert_allclose(
        expected_da(fitted, midnight)[0], fitted.shape_eur_per_kwh[0] + season[1] + season[3]
    )
    spread = expected_spread(fitted, midnight + np.arange(365))
    np.testing.assert_allclose(
        spread.mean(axis=0), fitted.imbalance.im_shape_eur_per_kwh, atol=1e-12
    )
    assert abs(spread.mean()) < 1e-6

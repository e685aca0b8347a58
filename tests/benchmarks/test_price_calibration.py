"""The fit of prices on series whose parameters are known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from benchmarks.price_calibration import (
    LAGS_H,
    SCORES,
    agreed,
    autocorrelation_beyond,
    fit_deviation,
    fit_memory,
    fit_season,
)
from vpp_gym.scenarios.real import Prices
from vpp_gym.scenarios.synthetic_prices import YEAR_H, variance_of_mean, waves

DATES = np.datetime64("2019-01-01") + np.arange(365)


def test_what_two_years_share_is_kept_and_what_they_do_not_is_dropped():
    one = np.array([1.0, -1, 2, -2])
    np.testing.assert_allclose(agreed(one, one), one)
    np.testing.assert_allclose(agreed(one, -one), 0)
    unrelated = np.array([1.0, -1, -0.5, 0.5])  # orthogonal to the first
    np.testing.assert_allclose(agreed(one, unrelated), 0, atol=1e-12)


def test_a_season_without_noise_is_found():
    season = np.zeros((4, 24))
    season[0], season[3, 12] = 0.01, 0.004
    season[3] -= season[3].mean()
    price = (0.04 + waves(DATES) @ season).ravel()
    year = Prices(start=DATES[0], dt_h=1.0, da_eur_per_kwh=price, im_eur_per_kwh=price)
    found = fit_season([(year, DATES), (year, DATES)])
    np.testing.assert_allclose(found[0].mean(), 0.01, rtol=0.01)
    np.testing.assert_allclose(found[3], season[3], atol=2e-4)


def test_deviations_around_one_expectation_are_those_of_the_price():
    price = np.random.default_rng(0).gamma(4, 0.01, YEAR_H)
    scaled = (price - price.mean()) / price.std()
    expected, scale = np.full((365, 24), price.mean()), np.full(24, price.std())
    found = fit_deviation(price, expected, scale, scaled)
    inner = np.abs(SCORES) <= 2
    wanted = np.quantile(scaled, norm.cdf(SCORES))
    np.testing.assert_allclose(found[inner], wanted[inner], atol=0.03)


def test_memory_has_the_wanted_autocorrelation_once_the_mean_is_taken_off():
    wanted = 0.3 * 0.7**LAGS_H + 0.7 * 0.996**LAGS_H
    weight, decay, period = fit_memory(wanted, SCORES).T
    turn = np.divide(2 * np.pi, period, out=np.zeros(len(period)), where=period > 0)
    lags = LAGS_H[:, None]
    of_mean = variance_of_mean(np.column_stack([weight, decay, period]), YEAR_H)
    found = ((weight * decay**lags * np.cos(turn * lags)).sum(axis=1) - of_mean) / (1 - of_mean)
    np.testing.assert_allclose(found, wanted, atol=0.03)


def test_autocorrelation_beyond_what_is_expected():
    wave = np.cos(2 * np.pi * np.arange(YEAR_H) / 24)
    noise = np.random.default_rng(0).standard_normal(YEAR_H)
    found = autocorrelation_beyond(wave + noise, wave)
    assert found == pytest.approx(0, abs=0.06)

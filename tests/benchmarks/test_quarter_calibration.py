"""The fit of quarters on series whose parameters are known."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.price_calibration import LAGS_H
from benchmarks.quarter_calibration import (
    IM_SCORES,
    autocorrelations,
    correlations_by_quarter,
    fit_processes,
    fit_ramp,
    fit_table,
    normal_scores,
)
from vpp_gym.scenarios.synthetic_quarters import draw_scores

LEVEL = (0.9, 0.0, 0.8, 0.8, 0.8, 0.8)
RAMP = (0.98, 0.0, -0.6, -0.2, 0.2, 0.6)
REST = (0.0, 0.0, 0.0, 0.57, 0.57, 0.0)
KNOWN = np.array([LEVEL, RAMP, REST])


@pytest.fixture(scope="module")
def score():
    return draw_scores(np.random.default_rng(0), KNOWN, 96 * 365 * 4)


def test_scores_have_the_promised_correlations(score):
    found = correlations_by_quarter(score)
    weights = KNOWN[:, 2:]
    for first, lag in ((0, 1), (1, 1), (3, 1), (0, 4), (2, 3)):
        other = (first + lag) % 4
        wanted = (weights[:, first] * weights[:, other] * KNOWN[:, 0] ** lag).sum()
        assert found[first, lag - 1] == pytest.approx(wanted, abs=0.02)


def test_processes_have_the_memory_of_what_they_were_fitted_on(score):
    hours = score.reshape(-1, 4).mean(axis=1)
    processes = fit_processes(score, autocorrelations(hours))
    np.testing.assert_allclose((processes[:, 2:] ** 2).sum(axis=0), 1)
    again = draw_scores(np.random.default_rng(1), processes, len(score))
    np.testing.assert_allclose(
        correlations_by_quarter(again), correlations_by_quarter(score), atol=0.05
    )
    lags = LAGS_H <= 24
    found = autocorrelations(again.reshape(-1, 4).mean(axis=1))
    np.testing.assert_allclose(found[lags], autocorrelations(hours)[lags], atol=0.05)


def test_a_ramp_is_what_odd_and_even_days_share():
    ramp = np.zeros((24, 4))
    ramp[7] = -0.3, -0.1, 0.1, 0.3
    noise = np.random.default_rng(0).normal(0, 0.2, (400, 24, 4))
    found = fit_ramp(noise + ramp)
    np.testing.assert_allclose(found[7], ramp[7], atol=0.05)
    np.testing.assert_allclose(found.mean(axis=1), 0, atol=1e-12)


def test_a_table_is_moved_and_stretched_until_hours_are_as_recorded(score):
    hours = np.exp(np.random.default_rng(2).normal(0, 0.5, 20_000)) - 1.2
    table = fit_table(IM_SCORES, hours, score)
    found = np.interp(score, IM_SCORES, table).reshape(-1, 4).mean(axis=1)
    assert np.median(found) == pytest.approx(np.median(hours), abs=0.01)
    for side in (np.less, np.greater):
        mine, other = (one[side(one, np.median(one))].mean() for one in (found, hours))
        assert mine == pytest.approx(other, abs=0.01)
    assert (np.diff(table) > 0).all()


def test_normal_scores_are_those_of_the_ranks():
    np.testing.assert_allclose(
        normal_scores(np.array([5.0, 1.0, 9.0])), [0, -0.9674, 0.9674], atol=1e-4
    )

"""Forecasters: known answers, and nothing but the past."""

from __future__ import annotations

import numpy as np
import pytest

from vpp_gym.errors import InvalidInputError
from vpp_gym.params import DEFAULT
from vpp_gym.policies.forecasters import (
    DayAheadAnchored,
    HourOfDayMean,
    NoisyOracle,
    PerfectForecast,
)
from vpp_gym.policies.price_history import deviation_now, periods_ahead
from vpp_gym.scenarios.scenario import Scenario


def test_hour_of_day_mean_averages_each_line_of_the_past(snapshot_of):
    day = [0.01 * hour for hour in range(5, 24)] + [0.01 * hour for hour in range(5)]
    past = day + [price + 0.02 for price in day]
    snapshot = snapshot_of(im_past=past, da_past=[0.04] * 48, hour=5)
    short, long = HourOfDayMean().forecast(snapshot, 60)
    expected = 0.01 * ((5 + np.arange(60)) % 24) + 0.01
    np.testing.assert_allclose(short, expected)
    np.testing.assert_array_equal(short, long)


def test_hour_of_day_mean_without_history_falls_back_on_day_ahead_prices(snapshot_of):
    short, _ = HourOfDayMean().forecast(snapshot_of(da=[0.05]), 30)
    np.testing.assert_allclose(short, 0.05)


def test_a_given_climatology_replaces_the_history(snapshot_of):
    by_line = np.arange(24) / 100
    snapshot = snapshot_of(im_past=[1.0] * 24, da_past=[0.0] * 24, hour=22)
    short, long = HourOfDayMean(by_line).forecast(snapshot, 4)
    np.testing.assert_allclose(short, [0.22, 0.23, 0.0, 0.01])
    np.testing.assert_allclose(long, short)


def test_anchored_forecast_lets_the_last_residual_decay(snapshot_of):
    snapshot = snapshot_of(da=[0.05, 0.03, 0.04], da_past=[0.04] * 4, im_past=[0.0, 0.0, 0.0, 0.12])
    short, long = DayAheadAnchored(phi=0.5, period_share=0).forecast(snapshot, 3)
    np.testing.assert_allclose(short, [0.05 + 0.04, 0.03 + 0.02, 0.04 + 0.01])
    np.testing.assert_allclose(long, short)


def test_anchor_repeats_the_line_means_beyond_tomorrow(snapshot_of):
    past = [0.23] + [0.01 * hour for hour in range(23)]
    snapshot = snapshot_of(da=[0.5], da_past=past, im_past=past, hour=23)
    short, _ = DayAheadAnchored().forecast(snapshot, 30)
    np.testing.assert_allclose(short[:25], 0.5)
    np.testing.assert_allclose(short[25:], past[1:6])


def test_decay_is_estimated_from_the_history_and_drawn_to_the_prior(snapshot_of):
    rng = np.random.default_rng(1)
    residual = np.zeros(672)
    for t in range(1, 672):
        residual[t] = 0.8 * residual[t - 1] + 0.01 * rng.standard_normal()
    da = np.full(672, 0.04)
    snapshot = snapshot_of(da_past=list(da), im_past=list(da + residual))

    def one_step(forecaster):
        short, _ = forecaster.forecast(snapshot, 1)
        return (short[0] - 0.04) / residual[-1]

    assert one_step(DayAheadAnchored(prior_h=0, period_share=0)) == pytest.approx(0.8, abs=0.06)
    assert one_step(DayAheadAnchored(prior_h=1e9, period_share=0)) == pytest.approx(0.5, abs=1e-3)
    between = one_step(DayAheadAnchored(period_share=0))
    assert 0.6 < between < one_step(DayAheadAnchored(prior_h=0, period_share=0))


def test_decay_is_per_hour_at_quarters_too(snapshot_of):
    snapshot = snapshot_of(
        da=[0.04], da_past=[0.04] * 4, im_past=[0.04, 0.04, 0.04, 0.08], dt_h=0.25
    )
    short, _ = DayAheadAnchored(phi=0.5, period_share=0).forecast(snapshot, 4)
    assert short[3] == pytest.approx(0.04 + 0.5 * 0.04)


def test_a_share_of_the_habit_of_each_line_is_expected_to_last(snapshot_of):
    habit = np.tile(np.where(np.arange(24) == 5, 0.1, 0.0), 28)
    snapshot = snapshot_of(
        da=[0.04], da_past=[0.04] * 672, im_past=list(0.04 + habit), energy_kwh=[20.0]
    )
    short, _ = DayAheadAnchored(phi=0.0, period_share=0.3).forecast(snapshot, 30)
    expected = np.where(np.arange(30) % 24 == 5, 0.07, 0.04)
    np.testing.assert_allclose(short, expected)


def test_short_and_long_keep_the_mean_past_spread(snapshot_of):
    snapshot = snapshot_of(
        da=[0.05], da_past=[0.04] * 2, im_past=[0.05, 0.05], im_long_past=[0.03, 0.05]
    )
    short, long = DayAheadAnchored(phi=0.0, period_share=0).forecast(snapshot, 3)
    np.testing.assert_allclose(short - long, 0.01)
    np.testing.assert_allclose(0.5 * (short + long), 0.05)


@pytest.mark.parametrize("forecaster", [HourOfDayMean(), DayAheadAnchored()])
def test_the_price_of_this_step_is_used_where_it_is_known(snapshot_of, forecaster):
    snapshot = snapshot_of(da_past=[0.04] * 24, im_past=[0.04] * 24, im_now=0.3)
    short, long = forecaster.forecast(snapshot, 2)
    assert short[0] == long[0] == 0.3
    assert short[1] == pytest.approx(0.04)


@pytest.mark.parametrize("forecaster", [HourOfDayMean(), DayAheadAnchored()])
def test_forecasts_leave_the_snapshot_alone(snapshot_of, forecaster):
    snapshot = snapshot_of(da_past=[0.04] * 24, im_past=[0.05] * 24, im_now=0.3)
    before = snapshot.da_eur_per_kwh.copy()
    forecaster.forecast(snapshot, 5)
    np.testing.assert_array_equal(snapshot.da_eur_per_kwh, before)


def test_perfect_forecast_is_the_realised_price(snapshot_of):
    im = np.linspace(-0.1, 0.2, 72)
    scenario = Scenario.from_arrays(da_eur_per_kwh=np.full(72, 0.04), im_eur_per_kwh=im)
    forecaster = PerfectForecast()
    assert forecaster.privileged
    forecaster.reveal(scenario, DEFAULT, 12, 72)
    short, _ = forecaster.forecast(snapshot_of(step=30), 40)
    np.testing.assert_allclose(short[:30], im[42:])
    np.testing.assert_allclose(short[30:], im[48:58])


def test_noisy_oracle_errs_by_its_sd(snapshot_of):
    im = np.full(20_000, 0.05)
    scenario = Scenario.from_arrays(da_eur_per_kwh=im, im_eur_per_kwh=im)
    forecaster = NoisyOracle(sd=0.1, seed=3)
    forecaster.reveal(scenario, DEFAULT, 0, 20_000)
    short, _ = forecaster.forecast(snapshot_of(), 20_000)
    assert short.std() == pytest.approx(0.005, rel=0.03)
    again, _ = forecaster.forecast(snapshot_of(step=7), 10)
    np.testing.assert_array_equal(again, short[7:17])


def test_an_oracle_that_was_shown_nothing_refuses(snapshot_of):
    with pytest.raises(InvalidInputError, match="reveal"):
        PerfectForecast().forecast(snapshot_of(), 3)


def test_lines_wrap_at_midnight(snapshot_of):
    assert periods_ahead(snapshot_of(hour=23), 27)[[0, 1, 24, 25, 26]].tolist() == [23, 0, 23, 0, 1]


@pytest.mark.parametrize(("ratio", "phi"), [(2.0, 0.999), (-0.5, 0.0), (0.5, 0.5)])
def test_autocorrelation_is_kept_where_deviations_die_out(ratio, phi):
    residual, period = ratio ** np.arange(12.0), np.zeros(12, dtype=np.int64)
    _, estimate = deviation_now(residual, period, np.zeros(1), np.nan, 0.5, 0.0)
    assert estimate == pytest.approx(phi)

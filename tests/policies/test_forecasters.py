"""Forecasters: known answers, and nothing but the past."""

from __future__ import annotations

import numpy as np
import pytest

from vpp_gym.errors import InvalidInputError
from vpp_gym.params import PLAIN
from vpp_gym.policies.forecasters import (
    DayAheadAnchored,
    DayTypeMean,
    HourOfDayMean,
    NoisyOracle,
    PerfectForecast,
    Persistence,
    is_weekend,
    periods_ahead,
)
from vpp_gym.policies.history import levels_before
from vpp_gym.scenarios.scenario import Scenario

FORECASTERS = [
    HourOfDayMean(),
    DayAheadAnchored(),
    Persistence(),
    Persistence(7),
    DayTypeMean(),
]


def test_hour_of_day_mean_averages_each_period_of_the_past(snapshot_of):
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
    by_period = np.arange(24) / 100
    snapshot = snapshot_of(im_past=[1.0] * 24, da_past=[0.0] * 24, hour=22)
    short, long = HourOfDayMean(by_period).forecast(snapshot, 4)
    np.testing.assert_allclose(short, [0.22, 0.23, 0.0, 0.01])
    np.testing.assert_allclose(long, short)


def test_anchored_forecast_lets_the_last_residual_decay(snapshot_of):
    snapshot = snapshot_of(da=[0.05, 0.03, 0.04], da_past=[0.04] * 4, im_past=[0.0, 0.0, 0.0, 0.12])
    short, long = DayAheadAnchored(phi=0.5, period_share=0).forecast(snapshot, 3)
    np.testing.assert_allclose(short, [0.05 + 0.04, 0.03 + 0.02, 0.04 + 0.01])
    np.testing.assert_allclose(long, short)


def test_anchor_repeats_the_period_means_beyond_tomorrow(snapshot_of):
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
    forecaster = DayAheadAnchored(phi=0.5, period_share=0, gain=1.0)
    short, _ = forecaster.forecast(snapshot, 4)
    assert short[3] == pytest.approx(0.04 + 0.5 * 0.04)


def test_quarters_move_a_level_that_lasts(snapshot_of):
    past = [0.04, 0.12, -0.02, 0.09]
    snapshot = snapshot_of(da=[0.05], da_past=[0.04] * 4, im_past=past, dt_h=0.25)
    level, kept = 0.0, 0.65**0.25
    for price in past:
        level = kept * level
        level += 0.2 * (price - 0.04 - level)
    short, _ = DayAheadAnchored(period_share=0).forecast(snapshot, 3)
    np.testing.assert_allclose(short, 0.05 + level * kept ** np.arange(1, 4))


def test_with_hours_the_level_is_the_last_deviation(snapshot_of):
    rng = np.random.default_rng(3)
    history = {"da_past": [0.04] * 100, "im_past": list(0.04 + 0.05 * rng.standard_normal(100))}
    snapshot = snapshot_of(**history)
    plans = [DayAheadAnchored(), DayAheadAnchored(gain=0.7)]
    one, other = (plan.forecast(snapshot, 30)[0] for plan in plans)
    np.testing.assert_array_equal(one, other)


def test_errors_of_quarters_add_up_as_the_level_moves():
    """Innovations and levels give back the deviations they are made of."""
    deviation = np.random.default_rng(0).standard_normal(50)
    for gain in (0.2, 1.0):
        levels = levels_before(deviation, 0.9, gain)
        shocks = deviation - 0.9 * levels
        np.testing.assert_allclose(levels[1:], 0.9 * levels[:-1] + gain * shocks[:-1])


def test_a_share_of_the_profile_is_expected_to_last(snapshot_of):
    profile = np.tile(np.where(np.arange(24) == 5, 0.1, 0.0), 28)
    snapshot = snapshot_of(
        da=[0.04], da_past=[0.04] * 672, im_past=list(0.04 + profile), energy_kwh=[20.0]
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
    forecaster.reveal(scenario, PLAIN, 12, 72)
    short, _ = forecaster.forecast(snapshot_of(step=30), 40)
    np.testing.assert_allclose(short[:30], im[42:])
    np.testing.assert_allclose(short[30:], im[48:58])


def test_noisy_oracle_errs_by_its_sd(snapshot_of):
    im = np.full(20_000, 0.05)
    scenario = Scenario.from_arrays(da_eur_per_kwh=im, im_eur_per_kwh=im)
    forecaster = NoisyOracle(sd=0.1, seed=3)
    forecaster.reveal(scenario, PLAIN, 0, 20_000)
    short, _ = forecaster.forecast(snapshot_of(), 20_000)
    assert short.std() == pytest.approx(0.005, rel=0.03)
    again, _ = forecaster.forecast(snapshot_of(step=7), 10)
    np.testing.assert_array_equal(again, short[7:17])


def test_an_oracle_that_was_shown_nothing_refuses(snapshot_of):
    with pytest.raises(InvalidInputError, match="reveal"):
        PerfectForecast().forecast(snapshot_of(), 3)


def test_periods_wrap_at_midnight(snapshot_of):
    assert periods_ahead(snapshot_of(hour=23), 27)[[0, 1, 24, 25, 26]].tolist() == [23, 0, 23, 0, 1]


def autoregressive(n: int, phi: float, seed: int = 0) -> np.ndarray:
    """(n,) deviations with that memory and shocks of 0.01."""
    rng = np.random.default_rng(seed)
    deviation = np.zeros(n)
    for t in range(1, n):
        deviation[t] = phi * deviation[t - 1] + 0.01 * rng.standard_normal()
    return deviation


def past(n: int, **more):
    """A history of n hours around a day-ahead price of 0.04."""
    im = 0.04 + autoregressive(n, 0.6)
    return {"da_past": [0.04] * n, "im_past": list(im), "da": [0.04], **more}


@pytest.mark.parametrize("forecaster", FORECASTERS, ids=lambda f: f.name)
def test_paths_are_drawn_around_the_forecast(snapshot_of, forecaster):
    snapshot = snapshot_of(hour=7, **past(672))
    short, long = forecaster.scenarios(snapshot, 30, 4000, np.random.default_rng(0))
    mean, _ = forecaster.forecast(snapshot, 30)
    assert short.shape == long.shape == (4000, 30)
    np.testing.assert_allclose(short.mean(axis=0), mean, atol=0.012)
    np.testing.assert_array_equal(short, long)
    assert (short.std(axis=0) > 0.004).all()


def test_anchored_paths_widen_as_their_errors_add_up(snapshot_of):
    snapshot = snapshot_of(hour=7, **past(672))
    short, _ = DayAheadAnchored(period_share=0.0).scenarios(
        snapshot, 24, 4000, np.random.default_rng(1)
    )
    sd = short.std(axis=0)
    assert sd[0] == pytest.approx(0.01, rel=0.35)
    stationary = 0.01 / np.sqrt(1 - 0.6**2)
    assert sd[6:].mean() == pytest.approx(stationary, rel=0.15)
    assert sd[6:].mean() > 1.1 * sd[0]


def test_a_price_known_now_is_certain_in_every_path(snapshot_of):
    snapshot = snapshot_of(hour=7, im_now=0.3, **past(672))
    short, _ = DayAheadAnchored().scenarios(snapshot, 5, 50, np.random.default_rng(0))
    np.testing.assert_array_equal(short[:, 0], 0.3)
    assert short[:, 1].std() > 0


@pytest.mark.parametrize("hours", [0, 5, 23])
@pytest.mark.parametrize("forecaster", FORECASTERS, ids=lambda f: f.name)
def test_without_a_day_of_history_every_path_is_the_forecast(snapshot_of, forecaster, hours):
    snapshot = snapshot_of(hour=7, **past(hours))
    short, _ = forecaster.scenarios(snapshot, 40, 3, np.random.default_rng(0))
    mean, _ = forecaster.forecast(snapshot, 40)
    np.testing.assert_array_equal(short, np.tile(mean, (3, 1)))
    assert np.isfinite(mean).all()


def test_the_same_generator_draws_the_same_paths(snapshot_of):
    snapshot = snapshot_of(hour=7, **past(672))
    one, other = (
        DayAheadAnchored().scenarios(snapshot, 30, 20, np.random.default_rng(5))[0]
        for _ in range(2)
    )
    np.testing.assert_array_equal(one, other)


def test_persistence_repeats_the_day(snapshot_of):
    hours = np.arange(24 * 8, dtype=float)
    snapshot = snapshot_of(hour=0, im_past=list(hours), da_past=[0.0] * len(hours))
    short, long = Persistence().forecast(snapshot, 30)
    np.testing.assert_array_equal(short[:24], hours[-24:])
    np.testing.assert_array_equal(short[24:], hours[-24:-18])
    np.testing.assert_array_equal(long, short)
    week, _ = Persistence(7).forecast(snapshot, 30)
    np.testing.assert_array_equal(week, hours[-168:-138])


def test_day_types_have_means_of_their_own(snapshot_of):
    # The snapshot's clock begins on Tuesday 2019-01-01: the two weeks before it.
    snapshot = snapshot_of(hour=0)
    weekend = is_weekend(snapshot, np.arange(-24 * 14, 0))
    assert weekend.sum() == 4 * 24
    history = np.where(weekend, 0.01, 0.06)
    snapshot = snapshot_of(hour=0, im_past=list(history), da_past=[0.04] * len(history))
    short, _ = DayTypeMean().forecast(snapshot, 24 * 6)
    np.testing.assert_allclose(short[: 24 * 4], 0.06)
    np.testing.assert_allclose(short[24 * 4 :], 0.01)


@pytest.mark.parametrize(("steps", "samples", "field"), [(0, 1, "n_steps"), (1, 0, "n_samples")])
def test_nothing_to_draw_is_refused(snapshot_of, steps, samples, field):
    with pytest.raises(InvalidInputError, match=field):
        DayAheadAnchored().scenarios(snapshot_of(), steps, samples, np.random.default_rng(0))


def test_a_lag_of_no_day_is_refused():
    with pytest.raises(InvalidInputError, match="days"):
        Persistence(0)


def test_shocks_add_nothing_on_average(snapshot_of):
    """A forecast that was 0.05 too low all the time is not corrected: errors are centred."""
    snapshot = snapshot_of(hour=12, da_past=[0.04] * 96, im_past=[0.05] * 96)
    forecaster = HourOfDayMean(by_period_eur_per_kwh=np.zeros(24))
    for paths in forecaster.scenarios(snapshot, 24, 5, np.random.default_rng(0)):
        np.testing.assert_allclose(paths, 0.0, atol=1e-15)

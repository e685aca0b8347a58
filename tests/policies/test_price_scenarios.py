"""Sampled price paths and forecasts that repeat the past: known answers, spread, refusals."""

from __future__ import annotations

import numpy as np
import pytest

from vpp_gym.errors import InvalidInputError
from vpp_gym.policies.forecasters import DayAheadAnchored, HourOfDayMean
from vpp_gym.policies.past_day_forecasters import DayTypeMean, Persistence, is_weekend

FORECASTERS = [
    HourOfDayMean(),
    DayAheadAnchored(),
    Persistence(),
    Persistence(7),
    DayTypeMean(),
]


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

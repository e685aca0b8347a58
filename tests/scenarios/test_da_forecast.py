"""What may be expected of day-ahead prices before the auction."""

from __future__ import annotations

import numpy as np
import pytest

from vpp_gym.errors import InvalidInputError
from vpp_gym.scenarios.da_forecast import day_ahead_forecast
from vpp_gym.scenarios.scenario import Scenario
from vpp_gym.scenarios.synthetic import SyntheticSource


def _clock(days, periods=24):
    return np.repeat(np.arange(days), periods), np.tile(np.arange(periods), days)


def test_first_day_has_no_forecast_and_the_second_expects_the_first():
    day, period = _clock(2)
    price = np.random.default_rng(1).random(48)
    forecast = day_ahead_forecast(price, day, period)
    np.testing.assert_array_equal(forecast[:24], 0.0)
    np.testing.assert_allclose(forecast[24:], price[:24], rtol=1e-14)


def test_weights_after_four_weeks():
    day, period = _clock(30, periods=1)
    price = np.random.default_rng(2).random(30)
    expected = 0.3 * price[28] + 0.2 * price[22:29].mean() + 0.5 * price[[22, 15, 8, 1]].mean()
    assert day_ahead_forecast(price, day, period)[29] == pytest.approx(expected, rel=1e-13)


@pytest.mark.parametrize("first_changed_day", [0, 1, 5, 8, 40, 59])
def test_later_prices_leave_the_forecast_bit_equal(first_changed_day):
    day, period = _clock(60)
    rng = np.random.default_rng(3)
    price = rng.normal(0.04, 0.02, day.size)
    changed = np.where(day >= first_changed_day, rng.normal(5, 3, day.size), price)
    before = day <= first_changed_day
    np.testing.assert_array_equal(
        day_ahead_forecast(price, day, period)[before],
        day_ahead_forecast(changed, day, period)[before],
    )


def test_unknown_future_prices_do_no_harm():
    day, period = _clock(10)
    price = np.full(day.size, 0.05)
    price[day >= 8] = np.nan
    forecast = day_ahead_forecast(price, day, period)
    np.testing.assert_allclose(forecast[(day > 0) & (day <= 8)], 0.05, rtol=1e-14)


@pytest.mark.parametrize("dt_h", [1.0, 0.25])
def test_days_of_23_and_25_hours_keep_their_lines(dt_h):
    steps = round(365 * 24 / dt_h)
    year = Scenario.from_arrays(
        da_eur_per_kwh=np.zeros(steps),
        im_eur_per_kwh=np.zeros(steps),
        start="2019-01-01",
        dt_h=dt_h,
        timezone="Europe/Amsterdam",
    )
    price_of_period = np.arange(year.periods_per_day) / 1000
    forecast = day_ahead_forecast(price_of_period[year.period], year.day, year.period)
    error = np.abs(forecast - price_of_period[year.period])[year.day > 0]
    assert np.sum(error > 1e-12) * dt_h <= 11  # the filled hour, while the forecast reads it
    assert np.isfinite(forecast).all()


def test_it_beats_yesterday_and_last_week_on_synthetic_prices():
    year = SyntheticSource("validation", sessions_per_day=0).scenario(0)
    price, late = year.da_eur_per_kwh, year.day >= 28
    forecast = day_ahead_forecast(price, year.day, year.period)
    error = np.abs(forecast - price)[late].mean()
    for lag in (24, 168):
        assert error < 0.95 * np.abs(np.roll(price, lag) - price)[late].mean()


@pytest.mark.parametrize(
    ("day", "period", "field"),
    [([0, 0], [0, 1], "day"), ([0, 0, 0], [0, 1], "period"), ([0, 1, 0], [0, 0, 1], r"day\[2\]")],
)
def test_refuses_a_wrong_clock(day, period, field):
    with pytest.raises(InvalidInputError, match=field):
        day_ahead_forecast([0.1, 0.2, 0.3], day, period)

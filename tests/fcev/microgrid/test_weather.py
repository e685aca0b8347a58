"""Sun, wind, households and schedules: sizes and shapes that the params name."""

from __future__ import annotations

import numpy as np
import pytest

from vpp_gym.fcev.microgrid.contracts import draw_cars, kinds_of_days
from vpp_gym.fcev.microgrid.households import draw_households, expected_load_kwh
from vpp_gym.fcev.microgrid.neighbourhood import HouseholdParams, WindParams
from vpp_gym.fcev.microgrid.params import MicrogridParams
from vpp_gym.fcev.microgrid.weather import (
    clear_sky_kw_per_m2,
    draw_pv_yield,
    draw_wind_kwh,
    with_memory,
)


def test_clear_sky_of_the_netherlands():
    """Longest day 16.5 to 17 h at 52 degrees north; a clear year gives 1,700 to 2,000 kWh/m2."""
    sky = clear_sky_kw_per_m2(365, 52.0)
    lit = (sky.reshape(-1, 24) > 0).sum(axis=1)
    assert lit.max() in (16, 17, 18)
    assert lit.min() in (7, 8)
    assert 1_700 < sky.sum() < 2_000
    assert sky.max() < 1.0


def test_yield_of_a_year_is_that_of_dutch_roofs():
    """800 to 1,000 kWh per kWp and year."""
    params = HouseholdParams()
    years = [draw_pv_yield(np.random.default_rng(k), params, 365).sum() for k in range(5)]
    assert 800 < np.mean(years) < 1_000


def test_turbine_has_the_capacity_factor_of_a_windy_site():
    params = WindParams()
    wind = [draw_wind_kwh(np.random.default_rng(k), params, 365) for k in range(5)]
    assert 0.2 < np.mean(wind) / params.power_kw < 0.35
    assert np.min(wind) == 0.0
    assert np.max(wind) <= params.power_kw


def test_memory_is_that_asked_for():
    pulse = with_memory(np.array([8.0, 0.0, 10.0, 0.0]), 0.6)
    assert pulse == pytest.approx([8.0, 4.8, 2.88 + 8.0, 0.6 * 10.88])  # 0.8 of what is new
    series = with_memory(np.random.default_rng(0).standard_normal(20_000), 0.9)
    assert np.corrcoef(series[:-1], series[1:])[0, 1] == pytest.approx(0.9, abs=0.02)
    assert series.std() == pytest.approx(1.0, abs=0.1)


def test_households_consume_what_the_params_say_and_use_their_own_pv_first():
    params = HouseholdParams(n_houses=50)
    homes = draw_households(np.random.default_rng(1), params, 365)
    assert homes.load_kwh.sum() / (50 * 365) == pytest.approx(params.load_kwh_per_day, rel=0.02)
    assert (homes.self_used_kwh <= np.minimum(homes.load_kwh, homes.pv_kwh) + 1e-9).all()
    balance = homes.load_kwh - homes.pv_kwh
    np.testing.assert_allclose(homes.deficit_kwh - homes.surplus_kwh, balance, atol=1e-9)


def test_load_is_larger_in_winter_and_in_the_evening():
    load = expected_load_kwh(HouseholdParams(), 365).reshape(-1, 24)
    assert load[:31].mean() > 1.2 * load[181:212].mean()
    assert set(load.argmax(axis=1)) == {18}


def test_schedules_are_constant_over_weekdays_and_over_weekends():
    params = MicrogridParams()
    cars = draw_cars(np.random.default_rng(0), params, 28)
    kinds = kinds_of_days(28)
    for mask in (cars.parked, cars.open):
        by_day = mask.reshape(params.n_cars, 28, 24)
        patterns = {}
        for day in range(28):  # a night's hours depend on yesterday, today and tomorrow
            key = tuple(kinds[day : day + 3])
            same = patterns.setdefault(key, by_day[:, day])
            np.testing.assert_array_equal(by_day[:, day], same)
    np.testing.assert_array_equal(cars.open, cars.usual_open)


def test_days_may_differ_where_the_params_say_so():
    params = MicrogridParams().changed({"schedule": {"day_spread_h": 1.0}})
    cars = draw_cars(np.random.default_rng(0), params, 28)
    assert (cars.open != cars.usual_open).any()


def test_contracts_have_the_stated_ranges():
    """Duration 50 to 100 % of the parked time, maxVolume 30 to 90 kWh: Sec. 4.3.1."""
    params = MicrogridParams().changed({"n_cars": 400})
    cars = draw_cars(np.random.default_rng(0), params, 14)
    assert cars.volume_kwh.min() >= 30
    assert cars.volume_kwh.max() <= 90
    assert cars.volume_kwh.mean() == pytest.approx(60, abs=2)
    share = cars.open.sum() / cars.parked.sum()
    assert 0.6 < share < 0.8


def test_cars_are_home_from_their_return_to_the_next_leaving():
    """Without spread all cars keep to one schedule, another one at weekends."""
    schedule = {
        "leave_h": 8.0,
        "return_h": 18.0,
        "weekend_leave_h": 11.0,
        "weekend_return_h": 15.0,
        "spread_h": 0.0,
        "home_share": 0.0,
    }
    params = MicrogridParams().changed({"schedule": schedule})
    cars = draw_cars(np.random.default_rng(0), params, 14)
    parked, opened = (part.reshape(-1, 14, 24) for part in (cars.parked, cars.open))
    hour, weekend = np.arange(24), kinds_of_days(14)[1:-1] == 1
    away = np.where(weekend[:, None], (hour >= 11) & (hour < 15), (hour >= 8) & (hour < 18))
    assert weekend.sum() == 4
    assert (parked == ~away).all()
    evening = opened[:, ~weekend][:, 0, 18:].argmax(axis=1)
    afternoon = opened[:, weekend][:, 0, 15:].argmax(axis=1)
    assert (evening != afternoon).mean() > 0.3  # each kind of day has a delay of its own

"""Synthetic years: seeded, apart from one another, and close to the real one."""

from __future__ import annotations

import pickle
import time

import numpy as np
import pytest

from vpp_gym.errors import InvalidInputError
from vpp_gym.scenarios.calibration import dutch_2018
from vpp_gym.scenarios.demand import CHARGE_EFF, CHARGE_KW
from vpp_gym.scenarios.fit import mean_imbalance, statistics
from vpp_gym.scenarios.synthetic import SyntheticSource

# statistic: how far the mean of five years may be from the real year
TOLERANCE = {
    "sessions_per_day": 0.5,
    "overnight_share": 0.015,
    "stay_mean_h": 0.2,
    "stay_median_h": 0.5,
    "arrival_soc_mean": 0.01,
    "connected_mean": 0.25,
    "connected_max": 4,
    "load_kwh": 6000,
    "da_mean_eur_per_kwh": 0.001,
    "da_sd_eur_per_kwh": 0.002,
    "im_mean_eur_per_kwh": 0.002,
    "im_sd_eur_per_kwh": 0.003,
    "im_min_eur_per_kwh": 0.2,
    "im_max_eur_per_kwh": 0.15,
    "im_negative_share": 0.012,
    "im_minus_da_mean_eur_per_kwh": 0.001,
    "im_minus_da_sd_eur_per_kwh": 0.003,
    "im_minus_da_mean_abs_eur_per_kwh": 0.002,
    "da_im_correlation": 0.05,
    "da_autocorrelation_1h": 0.03,
    "da_autocorrelation_24h": 0.05,
    "da_autocorrelation_168h": 0.06,
    "im_autocorrelation_1h": 0.05,
    "im_autocorrelation_2h": 0.05,
    "im_autocorrelation_24h": 0.06,
    "im_minus_da_autocorrelation_1h": 0.05,
    "on_arrival_eur": 1500,
    "at_the_deadline_eur": 1500,
    "hindsight_eur": 1200,
}


def _columns(scenario):
    yield from vars(scenario.sessions).values()
    yield scenario.da_eur_per_kwh
    yield scenario.im_short_eur_per_kwh
    yield scenario.im_long_eur_per_kwh


def _bits(scenario):
    return [column.tobytes() for column in _columns(scenario)]


@pytest.fixture(scope="module")
def years():
    source = SyntheticSource("train", 5, dt_h=1.0)
    return [source.scenario(i) for i in range(5)]


@pytest.mark.parametrize("dt_h", [1.0, 0.25])
def test_equal_arguments_give_equal_bits_in_any_order(dt_h):
    first, second = (SyntheticSource("train", dt_h=dt_h, days=20, seed=5) for _ in range(2))
    forward = [_bits(first.scenario(i)) for i in range(3)]
    backward = [_bits(second.scenario(i)) for i in reversed(range(3))][::-1]
    assert forward == backward
    assert first.scenario(1) is first.scenario(1)


def test_pickle_drops_what_was_built_and_builds_it_again():
    source = SyntheticSource("test", days=10)
    before = _bits(source.scenario(0))
    assert len(pickle.dumps(source)) < 2000
    copied = pickle.loads(pickle.dumps(source))
    assert _bits(copied.scenario(0)) == before


def test_splits_indices_and_seeds_share_nothing():
    def prices(split, index, seed=0):
        return SyntheticSource(split, 40, days=5, seed=seed).scenario(index).da_eur_per_kwh

    drawn = [prices(s, i) for s in ("train", "validation", "test") for i in (0, 1, 32)]
    drawn.append(prices("train", 0, seed=1))
    assert len(np.unique(np.concatenate(drawn))) == 10 * 120


def test_prices_do_not_depend_on_the_fleet():
    few, many = (
        SyntheticSource("train", days=30, sessions_per_day=n).scenario(0) for n in (0, 500)
    )
    np.testing.assert_array_equal(few.im_short_eur_per_kwh, many.im_short_eur_per_kwh)
    assert len(few.sessions) == 0
    assert len(many.sessions) / 30 == pytest.approx(500 * dutch_2018().month_factor[0], rel=0.05)


def test_quarters_average_to_the_hour_and_cars_are_the_same():
    hours, quarters = (SyntheticSource("test", dt_h=dt_h).scenario(0) for dt_h in (1.0, 0.25))
    for name in ("da_eur_per_kwh", "im_short_eur_per_kwh", "im_long_eur_per_kwh"):
        four = getattr(quarters, name).reshape(-1, 4)
        np.testing.assert_allclose(four.mean(axis=1), getattr(hours, name), atol=1e-12)
    np.testing.assert_array_equal(np.ptp(quarters.da_eur_per_kwh.reshape(-1, 4), axis=1), 0)
    within = mean_imbalance(quarters).reshape(-1, 4).std(axis=1)
    assert within.mean() == pytest.approx(0.0231, abs=0.003)  # recorded from October 2018 on
    assert len(hours.sessions) == len(quarters.sessions)
    np.testing.assert_array_equal(hours.sessions.owner_draw, quarters.sessions.owner_draw)
    ends = quarters.sessions.departure_step < quarters.n_steps
    stay_h = (quarters.sessions.departure_step - quarters.sessions.arrival_step)[ends] / 4
    hourly = (hours.sessions.departure_step - hours.sessions.arrival_step)[ends]
    np.testing.assert_array_equal(np.ceil(stay_h), hourly)


@pytest.mark.parametrize("params", [None, "price_crisis"])
@pytest.mark.parametrize("calibration", ["dutch_2018", "dutch_2018_2019"])
def test_half_hours_are_means_of_quarters_and_five_minutes_have_their_price(params, calibration):
    more = {"params": params, "calibration": calibration, "days": 14}
    five, quarters, halves, hours = (
        SyntheticSource("test", dt_h=minutes / 60, **more).scenario(0)
        for minutes in (5, 15, 30, 60)
    )
    for name in ("da_eur_per_kwh", "im_short_eur_per_kwh", "im_long_eur_per_kwh"):
        by_quarter = getattr(quarters, name)
        np.testing.assert_array_equal(getattr(five, name), np.repeat(by_quarter, 3))
        mean = by_quarter.reshape(-1, 2).mean(axis=1)
        np.testing.assert_allclose(getattr(halves, name), mean, rtol=0, atol=1e-12)
        again = getattr(halves, name).reshape(-1, 2).mean(axis=1)
        np.testing.assert_allclose(getattr(hours, name), again, rtol=0, atol=1e-12)


def test_cars_come_in_the_step_of_their_minute_at_every_step():
    worlds = {
        minutes: SyntheticSource("train", dt_h=minutes / 60, days=30).scenario(0)
        for minutes in (5, 15, 30, 60)
    }
    five = worlds[5]
    for minutes, world in worlds.items():
        steps, kept = minutes // 5, five.sessions.departure_step < five.n_steps
        np.testing.assert_array_equal(
            world.sessions.arrival_step, five.sessions.arrival_step // steps
        )
        stay = (five.sessions.departure_step - five.sessions.arrival_step)[kept] / steps
        own = (world.sessions.departure_step - world.sessions.arrival_step)[kept]
        np.testing.assert_array_equal(np.ceil(stay), own)
        assert world.dt_h == minutes / 60
        assert world.clock[1] - world.clock[0] == np.timedelta64(minutes, "m")


def test_close_to_the_real_year(years):
    targets = dutch_2018().targets
    found = [statistics(year) for year in years]
    off = {
        name: (mean, targets[name])
        for name, tolerance in TOLERANCE.items()
        if abs((mean := np.mean([f[name] for f in found])) - targets[name]) > tolerance
    }
    assert not off


def test_years_have_one_level_and_different_weeks(years):
    weeks = np.array(
        [year.da_eur_per_kwh[: 52 * 168].reshape(52, 168).mean(axis=1) for year in years]
    )
    assert np.ptp([year.da_eur_per_kwh.mean() for year in years]) < 0.003
    assert weeks.std(axis=0).mean() > 0.004


def test_the_evening_peak_is_later_in_summer(years):
    """17 to 18 h in December and January, 19 to 22 h in June and July, as recorded."""
    days = np.mean([year.da_eur_per_kwh.reshape(365, 24) for year in years], axis=0)
    winter, summer = np.vstack([days[:31], days[-31:]]).mean(axis=0), days[151:212].mean(axis=0)
    assert 12 + winter[12:].argmax() in (17, 18)
    assert 12 + summer[12:].argmax() in (19, 20, 21, 22)


def test_state_two_hours_have_two_prices_with_the_calibrated_mean_between(years):
    for year in years[:2]:
        spread = year.im_short_eur_per_kwh - year.im_long_eur_per_kwh
        assert (spread >= 0).all()
        assert np.mean(spread > 0) == pytest.approx(0.08, abs=0.015)
        assert spread[spread > 0].mean() == pytest.approx(0.03, rel=0.15)


def test_negative_prices_happen(years):
    assert min(year.da_eur_per_kwh.min() for year in years) < 0
    assert all(mean_imbalance(year).min() < -0.05 for year in years)


def test_day_ahead_prices_do_not_depend_on_the_step_and_names_tell_calibrations_apart():
    hours, quarters = (SyntheticSource("train", dt_h=dt_h, days=30) for dt_h in (1.0, 0.25))
    np.testing.assert_array_equal(
        quarters.scenario(0).da_eur_per_kwh, hours.scenario(0).da_eur_per_kwh.repeat(4)
    )
    earlier = SyntheticSource("train", days=30, calibration="dutch_2018_2019")
    assert (quarters.name, earlier.name) == ("synthetic:train", "synthetic:train+dutch_2018_2019")
    notes, before = (one.scenario(0).notes for one in (quarters, earlier))
    assert notes["prices_fitted_on"] == "hours of 2018, quarters of October to December 2018"
    assert before["prices_fitted_on"] == "hours and quarters of 2019, seasons of 2018 and 2019"
    assert notes["sessions_fitted_on"] == before["sessions_fitted_on"] == "2019"


def test_short_worlds_are_the_beginning_of_a_year():
    year, week = (SyntheticSource("train", days=days).scenario(0) for days in (365, 7))
    np.testing.assert_array_equal(week.da_eur_per_kwh, year.da_eur_per_kwh[: week.n_steps])
    np.testing.assert_allclose(
        mean_imbalance(week), mean_imbalance(year)[: week.n_steps], atol=1e-12
    )


@pytest.mark.parametrize("dt_h", [1.0, 0.5, 0.25, 1 / 12])
def test_every_demand_fits_into_its_stay(dt_h):
    sessions = SyntheticSource("validation", dt_h=dt_h, days=90).scenario(0).sessions
    steps = sessions.departure_step - sessions.arrival_step
    need_kwh = (0.97 - sessions.arrival_soc) * sessions.capacity_kwh / CHARGE_EFF
    assert (need_kwh <= steps * dt_h * CHARGE_KW + 1e-9).all()
    assert sessions.arrival_soc.min() >= 0.03 - 1e-12
    assert (np.diff(sessions.arrival_step) >= 0).all()


def test_calendar_and_length(years):
    year = years[0]
    assert (year.n_steps, year.timezone) == (8760, None)
    assert str(year.clock[0]) == "2019-01-01T00:00"
    saturday, sunday = year.day % 7 == 4, year.day % 7 == 5
    arrivals = np.bincount(year.sessions.arrival_step, minlength=8760)
    assert arrivals[saturday].mean() > 1.2 * arrivals[sunday].mean()


def test_a_year_is_fast_to_make():
    source = SyntheticSource("train", 6)
    source.scenario(0)
    taken = []
    for index in range(1, 6):
        begin = time.process_time()
        source.scenario(index)
        taken.append(time.process_time() - begin)
    assert min(taken) < 0.05


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"split": "training"}, "split"),
        ({"dt_h": 0.4}, "dt_h"),
        ({"n_scenarios": 0}, "n_scenarios"),
        ({"days": 0}, "days"),
        ({"days": 1.5}, "days"),
        ({"seed": -1}, "seed"),
        ({"sessions_per_day": -1.0}, "sessions_per_day"),
        ({"sessions_per_day": float("nan")}, "sessions_per_day"),
    ],
)
def test_bad_arguments_name_the_field(arguments, field):
    with pytest.raises(InvalidInputError) as refused:
        SyntheticSource(**arguments)
    assert refused.value.field == field

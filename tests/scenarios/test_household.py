"""Load of a household: energy, shape and noise."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

from vpp_gym.errors import InvalidInputError
from vpp_gym.scenarios.household import HouseholdLoad, household_kwh


def steps(first: str, days: int, dt_h: float = 1.0) -> np.ndarray:
    minutes = np.arange(round(24 * days / dt_h)) * round(60 * dt_h)
    return np.datetime64(first, "m") + minutes.astype("timedelta64[m]")


@pytest.mark.parametrize("dt_h", [1.0, 0.25])
def test_a_year_has_the_energy_stated(dt_h):
    used_kwh = household_kwh(steps("2018-01-01", 365, dt_h), dt_h)
    assert used_kwh.sum() / 365 == pytest.approx(9.6, rel=2e-3)
    assert used_kwh.min() > 0


def test_an_hour_is_the_sum_of_its_quarters():
    hours = household_kwh(steps("2019-06-03", 7), 1.0)
    quarters = household_kwh(steps("2019-06-03", 7, 0.25), 0.25)
    np.testing.assert_allclose(quarters.reshape(-1, 4).sum(axis=1), hours)


def test_season_weekend_and_evening():
    january, july = (
        household_kwh(steps(day, 7), 1.0).sum() for day in ("2019-01-14", "2019-07-15")
    )
    assert january / july == pytest.approx(1.15 / 0.85, rel=1e-3)
    plain = HouseholdLoad(winter=0)
    week = household_kwh(steps("2019-06-03", 7), 1.0, plain).reshape(7, 24)
    np.testing.assert_allclose(week[5:].sum(axis=1) / week[0].sum(), 1.08, rtol=1e-4)
    assert week.sum() == pytest.approx(7 * 9.6, rel=1e-4)
    assert set(week.argmax(axis=1)) == {18}
    assert week[0, :12].argmax() == 7
    assert week[5, :12].argmax() == 9


def test_a_load_that_is_all_base_is_flat():
    flat = household_kwh(
        steps("2019-06-03", 1), 1.0, HouseholdLoad(base_share=1, winter=0, weekend=1)
    )
    np.testing.assert_allclose(flat, 9.6 / 24)


def test_noise_keeps_the_mean_and_follows_its_generator():
    load, clock = HouseholdLoad(noise=0.35), steps("2019-01-01", 365)
    one, same, other = (
        household_kwh(clock, 1.0, load, np.random.default_rng(seed)) for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)
    ratio = one / household_kwh(clock, 1.0)
    assert ratio.mean() == pytest.approx(1, abs=0.02)
    assert ratio.std() == pytest.approx(0.35, abs=0.02)
    with pytest.raises(InvalidInputError, match="rng"):
        household_kwh(clock, 1.0, load)


@pytest.mark.parametrize("option", [{"kwh_per_day": 0}, {"winter": 1.0}, {"evening": 3}])
def test_bad_parameters(option):
    with pytest.raises(ValidationError):
        HouseholdLoad(**option)

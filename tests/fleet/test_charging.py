"""How far a car charges in a time: against steps of a second, and what must hold for any taper."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.worlds import examples
from vpp_gym.fleet.charging import (
    NO_CURVE,
    Charging,
    charging_h,
    exportable_kwh,
    gain_before_kwh,
    gain_kwh,
    is_taper,
    line_curves,
    stored_kw,
    tapers,
)
from vpp_gym.fleet.laxity import dischargeable_kwh


@st.composite
def curves(draw) -> np.ndarray:
    """Of a battery of 50 kWh: one to four knots, the last of a full battery."""
    knots = draw(st.integers(1, 4))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    energy = np.sort(rng.uniform(0, 50, knots))
    energy[-1] = 50.0
    falls = np.sort(rng.uniform(0, 1, knots - 1)) * np.diff(energy)
    share = 1 - np.concatenate([[0.0], np.cumsum(falls)]) / (falls.sum() or 1.0) * rng.uniform(0, 1)
    return np.array([energy, rng.uniform(2, 60) * np.maximum(share, 0.02)])


ENERGY, POWER, HOURS = st.floats(0, 50), st.floats(1, 80), st.floats(0, 4)


@examples(10)
@given(curve=curves(), energy=ENERGY, full_kw=POWER, hours=st.floats(0, 1))
def test_it_is_what_small_steps_come_to(curve, energy, full_kw, hours):
    """Midpoint rule, its error of third order in the step but at a knot."""
    at, dt_h = energy, hours / 4000
    for _ in range(4000):
        middle = at + stored_kw(at, full_kw, curve) * dt_h / 2
        at += stored_kw(middle, full_kw, curve) * dt_h
    assert energy + gain_kwh(energy, hours, full_kw, curve) == pytest.approx(at, abs=2e-5)


@given(curve=curves(), energy=ENERGY, full_kw=POWER, hours=HOURS, share=st.floats(0, 1))
def test_times_add_up_and_turn_around(curve, energy, full_kw, hours, share):
    assert is_taper(curve[None])
    end = energy + gain_kwh(energy, hours, full_kw, curve)
    assert charging_h(energy, end, full_kw, curve) == pytest.approx(hours, abs=1e-9)
    assert charging_h(end, energy, full_kw, curve) == pytest.approx(-hours, abs=1e-9)
    assert gain_before_kwh(end, hours, full_kw, curve) == pytest.approx(end - energy, abs=1e-8)
    middle = energy + gain_kwh(energy, share * hours, full_kw, curve)
    again = middle + gain_kwh(middle, (1 - share) * hours, full_kw, curve)
    assert again == pytest.approx(end, abs=1e-9)


@given(curve=curves(), one=ENERGY, other=ENERGY, full_kw=POWER, hours=HOURS)
def test_who_begins_higher_gains_less_and_concavely(curve, one, other, full_kw, hours):
    low, high = sorted((one, other))
    gains = [
        min(gain_kwh(at, hours, full_kw, curve), 50 - at) for at in (low, (low + high) / 2, high)
    ]  # up to a full battery, of which alone the curve tells
    assert gains[0] >= gains[2] - 1e-9
    assert low + gains[0] <= high + gains[2] + 1e-9
    assert gains[1] >= (gains[0] + gains[2]) / 2 - 1e-9


@given(curve=curves(), energy=ENERGY, full_kw=POWER, hours=HOURS)
def test_without_a_taper_it_is_power_times_time_to_the_bit(curve, energy, full_kw, hours):
    for none in (NO_CURVE, np.array([curve[0], np.full(curve.shape[1], full_kw)])):
        assert not tapers(full_kw, none)
        assert gain_kwh(energy, hours, full_kw, none) == full_kw * hours
        assert gain_before_kwh(energy, hours, full_kw, none) == full_kw * hours
        assert charging_h(energy, 60.0, full_kw, none) == (60.0 - energy) / full_kw


@given(curve=curves(), energy=st.floats(20, 50), full_kw=POWER, laxity=st.floats(0.01, 2))
def test_exporting_it_all_and_recharging_takes_exactly_the_laxity(curve, energy, full_kw, laxity):
    most = exportable_kwh(laxity, energy, 8.0, 0.9, full_kw, curve)
    again_h = charging_h(energy - most / 0.9, energy, full_kw, curve)
    assert most / 8.0 + again_h == pytest.approx(laxity, abs=1e-9)
    plain = exportable_kwh(laxity, energy, 8.0, 0.9, full_kw, NO_CURVE)
    assert plain == pytest.approx(dischargeable_kwh(laxity, full_kw, 8.0, 1.0, 0.9))


def test_nothing_is_exported_without_slack_or_power():
    assert exportable_kwh(0.0, 30.0, 8.0, 0.9, 10.0, NO_CURVE) == 0.0
    assert exportable_kwh(1.0, 30.0, 0.0, 0.9, 10.0, NO_CURVE) == 0.0


def fleet(n=20, seed=0) -> tuple[Charging, np.ndarray]:
    rng = np.random.default_rng(seed)
    capacity = rng.uniform(20, 80, n)
    own = line_curves(capacity, rng.uniform(5, 50, n), rng.uniform(0, 0.95, n), np.full(n, 0.1))
    return Charging(rng.uniform(2, 10, n), 0.9, 0.5, own), rng.uniform(0, 1, n) * capacity


def test_a_fleet_charges_as_its_cars_do():
    charging, energy = fleet()
    steps = np.arange(len(energy))
    gains = charging.gain_kwh(energy, steps), charging.gain_before_kwh(energy, steps)
    reach = charging.reaches_kwh(energy, steps, 3)
    metered = charging.metered_kwh(energy, 4)
    for i in range(len(energy)):
        full_kw, curve = 0.9 * charging.charge_kwh[i] / 0.5, charging.curves[i]
        own = energy[i], steps[i] * 0.5, full_kw, curve
        assert gains[0][i] == pytest.approx(gain_kwh(*own))
        assert gains[1][i] == pytest.approx(gain_before_kwh(*own))
        for k in range(3):
            ahead = gain_kwh(energy[i], (steps[i] + k) * 0.5, full_kw, curve)
            assert reach[i, k] == pytest.approx(energy[i] + ahead)
        assert metered[i, 4] * 0.9 == pytest.approx(gain_kwh(energy[i], 2.0, full_kw, curve))
        assert metered[i, 0] == 0
    some = charging.take(np.array([3, 7]))
    assert (some.gain_kwh(energy[[3, 7]], 2) == charging.gain_kwh(energy, 2)[[3, 7]]).all()


def test_a_fleet_without_curves_charges_by_the_step():
    charging = Charging(np.array([2.0, 3.0]), 0.9, 0.25, np.zeros((2, 2, 0)))
    energy = np.array([5.0, 6.0])
    assert charging.step_curves is None
    assert (charging.gain_kwh(energy, np.array([1, 2])) == [1.8, 5.4]).all()
    assert (charging.reaches_kwh(energy, np.array([0, 1]), 2) == [[5, 6.8], [8.7, 11.4]]).all()
    assert (charging.metered_kwh(energy, 2) == [[0, 2, 4], [0, 3, 6]]).all()


def test_lines_lie_close_below_what_a_step_can_store():
    charging, _ = fleet()
    lines = charging.rise_lines()
    for share in np.linspace(0.02, 1, 60):
        energy = share * charging.curves[:, 0, -1]
        gain = charging.gain_kwh(energy, np.ones(len(energy)))
        gain = np.minimum(gain, charging.curves[:, 0, -1] - energy)
        below = (lines[:, :, 0] + lines[:, :, 1] * energy[:, None]).min(axis=1)
        below = np.minimum(below, charging.curves[:, 0, -1] - energy)
        assert (below <= gain + 1e-9).all()
        assert (below >= gain - 0.01 * charging.full_kwh).all()


def test_without_a_taper_power_is_that_of_the_charger():
    assert stored_kw(30.0, 7.0, NO_CURVE) == 7.0


def test_beyond_the_last_knot_power_is_that_of_the_last():
    curve = np.array([[40.0, 50.0], [10.0, 2.0]])
    assert stored_kw(60.0, 7.0, curve) == 2.0


@pytest.mark.parametrize(
    "curve",
    [
        [[40.0, 50.0], [10.0, 0.0]],
        [[40.0, 50.0], [np.inf, 5.0]],
        [[np.nan, 50.0], [10.0, 5.0]],
        [[50.0, 40.0], [10.0, 5.0]],
        [[40.0, 40.0], [10.0, 5.0]],
        [[30.0, 40.0, 50.0], [10.0, 5.0, 4.0]],
    ],
)
def test_curves_that_jump_turn_back_or_fall_less_and_less_are_no_taper(curve):
    assert not is_taper(np.array([curve]))

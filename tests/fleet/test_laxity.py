"""Laxity and what may be exported within it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpp_gym.fleet.battery import stored_after_kwh
from vpp_gym.fleet.charging import NO_CURVE, charging_h
from vpp_gym.fleet.laxity import GRID_H, dischargeable_kwh, laxity_h, on_grid


def laxity(time_left_h, stored_kwh, target_kwh, charge_kw, charge_eff):
    needs_h = charging_h(stored_kwh, target_kwh, charge_kw * charge_eff, NO_CURVE)
    return laxity_h(time_left_h, needs_h)


def test_laxity_of_the_reference_example():
    assert laxity(4.0, 46.582, 77.6, 11.0, 0.98) == pytest.approx(1.1226, abs=5e-5)


def test_laxity_of_a_car_that_has_enough_grows_with_the_surplus():
    assert laxity(4.0, 77.6, 77.6, 11.0, 0.98) == 4.0
    assert laxity(4.0, 77.6 + 10.78, 77.6, 11.0, 0.98) == pytest.approx(5.0)


def test_laxity_is_negative_where_the_target_is_out_of_reach():
    assert laxity(1.0, 0.0, 21.56, 11.0, 0.98) == pytest.approx(-1.0)


def test_four_hours_of_laxity_at_11_kw():
    """Source: Rahman et al. 2023, Sec. 6.3, with 11 kW and efficiency 0.98."""
    assert dischargeable_kwh(4.0, 11.0, 11.0, 0.98, 0.98) == pytest.approx(21.556, abs=5e-4)


@pytest.mark.parametrize("slack_h", [0.0, -1.0])
def test_nothing_to_export_without_laxity(slack_h):
    assert dischargeable_kwh(slack_h, 11.0, 11.0, 0.98, 0.98) == 0.0


def test_nothing_to_export_without_a_bidirectional_charger():
    assert dischargeable_kwh(4.0, 11.0, 0.0, 0.98, 0.98) == 0.0


@given(
    slack_h=st.floats(0.01, 50),
    charge_kw=st.floats(1, 50),
    discharge_kw=st.floats(1, 50),
    charge_eff=st.floats(0.5, 1),
    discharge_eff=st.floats(0.5, 1),
)
def test_exporting_it_all_and_recharging_takes_exactly_the_laxity(
    slack_h, charge_kw, discharge_kw, charge_eff, discharge_eff
):
    most = dischargeable_kwh(slack_h, charge_kw, discharge_kw, charge_eff, discharge_eff)
    lost = 500.0 - stored_after_kwh(500.0, -most, charge_eff, discharge_eff)
    hours = most / discharge_kw + lost / (charge_eff * charge_kw)
    assert hours == pytest.approx(slack_h)
    left = laxity(slack_h - most / discharge_kw, 500.0 - lost, 500.0, charge_kw, charge_eff)
    assert left == pytest.approx(0.0, abs=1e-9)


@given(hours=st.floats(-1e3, 1e3))
def test_the_grid_moves_a_laxity_by_half_a_mesh_at_most(hours):
    assert abs(on_grid(hours) - hours) <= GRID_H / 2 + 1e-12
    assert on_grid(on_grid(hours)) == on_grid(hours)


def test_equal_laxities_differ_by_rounding_and_not_on_the_grid():
    one, other = 0.1 + 0.2, 0.3
    assert one != other
    assert on_grid(one) == on_grid(other)
    assert on_grid(one) < on_grid(one + 2 * GRID_H)

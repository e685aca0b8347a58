"""What a kilowatt-hour at the meter does to the battery."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpp_gym.fleet.battery import stored_after_kwh


def test_charging_stores_less_than_the_meter_shows():
    assert stored_after_kwh(10.0, 5.0, 0.9, 0.8) == pytest.approx(14.5, abs=1e-12)


def test_discharging_takes_more_out_than_the_meter_shows():
    assert stored_after_kwh(10.0, -4.0, 0.9, 0.8) == pytest.approx(5.0, abs=1e-12)


def test_idling_changes_nothing():
    assert stored_after_kwh(10.0, 0.0, 0.9, 0.8) == 10.0
    assert stored_after_kwh(10.0, -0.0, 0.9, 0.8) == 10.0


def test_a_round_trip_at_nine_tenths_each_way_gives_back_081():
    stored = stored_after_kwh(20.0, 1.0, 0.9, 0.9)
    gained = stored - 20.0
    assert gained * 0.9 == pytest.approx(0.81, abs=1e-12)
    assert stored_after_kwh(stored, -0.81, 0.9, 0.9) == pytest.approx(20.0, abs=1e-12)


def test_trickle_steps_make_no_energy():
    """96 small sales take out what they sell, however small they are."""
    stored = 50.0
    for _ in range(96):
        stored = stored_after_kwh(stored, -0.75 / 96, 0.9, 0.9)
    assert stored == pytest.approx(50.0 - 0.75 / 0.9, abs=1e-12)


@given(
    stored=st.floats(0, 100),
    load=st.floats(0, 50),
    charge_eff=st.floats(0.5, 1),
    discharge_eff=st.floats(0.5, 1),
)
def test_there_and_back_is_never_a_gain(stored, load, charge_eff, discharge_eff):
    full = stored_after_kwh(stored, load, charge_eff, discharge_eff)
    back = stored_after_kwh(full, -load, charge_eff, discharge_eff)
    assert back <= stored + 1e-9
    assert full - stored == pytest.approx(charge_eff * load, abs=1e-9)
    assert full - back == pytest.approx(load / discharge_eff, abs=1e-9)

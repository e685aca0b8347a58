"""Ageing by the law of Schmalstieg et al. 2014, against sums by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.worlds import examples
from vpp_gym.fleet.ageing import (
    AH_PER_CYCLE,
    Condition,
    calendar_alpha,
    cyclic_beta,
    half_cycles,
    loss_of_stay,
    open_circuit_v,
    round_trip_loss,
)

WARM = Condition(temperature_k=298.15, age_days=1461.0, cycles=200.0)


def test_rates_are_those_of_the_article():
    """At 50 % and 35 degrees C, and for cycles of 80 % around 50 %."""
    alpha = (7.543 * 3.67 - 23.75) * 1e6 * np.exp(-6976 / 308.15)
    assert calendar_alpha(0.5, 308.15) == pytest.approx(alpha, rel=1e-12)
    beta = 7.348e-3 * (3.67 - 3.667) ** 2 + 7.6e-4 + 4.081e-3 * 0.8
    assert cyclic_beta(0.5, 0.8) == pytest.approx(beta, rel=1e-12)


def test_a_day_at_rest_is_the_slope_of_the_law():
    day = loss_of_stay(np.full(97, 0.5), 0.25, WARM)
    alpha = float(calendar_alpha(0.5, 298.15))
    assert day.calendar == pytest.approx(alpha * ((1461.5**0.75) - (1460.5**0.75)), rel=1e-6)
    assert day.cyclic == 0


def test_a_charge_from_30_to_80_percent_is_half_a_cycle():
    found = loss_of_stay(np.linspace(0.3, 0.8, 11), 1.0, WARM)
    q = 200 * AH_PER_CYCLE
    slope = np.sqrt(q + 0.5) - np.sqrt(q - 0.5)
    beta = float(cyclic_beta(0.55, 0.5))
    assert found.cyclic == pytest.approx(beta * slope * 0.5 * AH_PER_CYCLE / 2, rel=1e-6)


def test_full_warm_used_and_new_batteries_lose_more():
    def lost(soc=0.5, kelvin=298.15, days=1461.0):
        return loss_of_stay(np.full(25, soc), 1.0, Condition(kelvin, days, 200.0)).calendar

    assert lost(soc=0.9) > lost() > lost(soc=0.2) > 0
    assert lost(kelvin=308.15) > lost()
    assert lost(days=100.0) > lost()
    deep, shallow = round_trip_loss(0.5, 0.8, WARM), round_trip_loss(0.5, 0.1, WARM)
    assert deep > shallow > 0
    assert round_trip_loss(0.5, 0.8, WARM._replace(cycles=50)) == pytest.approx(2 * deep)


def test_a_round_trip_costs_what_its_cycle_loses():
    """10 kWh out of 80 and back, from half charge: two half cycles of an eighth."""
    stay = loss_of_stay(np.array([0.5, 0.375, 0.5]), 1.0, WARM)
    lost_kwh = 80 * stay.cyclic
    assert lost_kwh == pytest.approx(10 * float(round_trip_loss(0.4375, 0.125, WARM)), rel=1e-9)


def test_cycles_within_a_longer_one_are_whole():
    low, high, weight = half_cycles(np.array([0.1, 0.5, 0.4, 0.45, 0.35, 0.9, 0.9, 0.2]))
    found = sorted(zip(low.tolist(), high.tolist(), weight.tolist(), strict=True))
    assert found == [(0.1, 0.9, 1.0), (0.2, 0.9, 1.0), (0.35, 0.5, 2.0), (0.4, 0.45, 2.0)]


@pytest.mark.parametrize("course", [[0.5], [0.5, 0.5, 0.5]])
def test_a_battery_at_rest_has_no_cycle(course):
    assert all(len(part) == 0 for part in half_cycles(np.array(course)))


@examples(60)
@given(st.lists(st.integers(0, 100), min_size=2, max_size=60))
def test_half_cycles_add_up_to_the_throughput(levels):
    """Depths of all half cycles are the way that the level has gone; none leaves its range."""
    soc = np.array(levels) / 100
    low, high, weight = half_cycles(soc)
    way = np.abs(np.diff(soc)).sum()
    assert (weight * (high - low)).sum() == pytest.approx(way, abs=1e-9)
    assert (low >= soc.min()).all()
    assert (high <= soc.max()).all()
    if way:
        assert (high - low).max() == pytest.approx(np.ptp(soc))


def test_voltages_rise_with_the_charge():
    assert (np.diff(open_circuit_v(np.linspace(0, 1, 101))) > 0).all()

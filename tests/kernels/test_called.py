"""Small kernels that only kernels call: what they give."""

from __future__ import annotations

import pytest

from vpp_gym.fcev.fuel_cell import hydrogen_kg
from vpp_gym.fleet.standby import standby_of_kwh
from vpp_gym.kernels import njit


@njit
def standby(net_load_kwh: float) -> float:
    return standby_of_kwh(net_load_kwh, 1.0, 0.1)


@njit
def hydrogen(kwh: float) -> float:
    return hydrogen_kg(kwh, 20.094)


def test_standby_is_that_of_the_part_of_a_step_that_the_least_power_takes():
    assert standby(-0.5) == pytest.approx(0.05)
    assert standby(2.0) == pytest.approx(0.1)


def test_hydrogen_of_the_paper():
    """Park Lee et al. 2018, Sec. 4.3.1: 90 kWh are 4.5 kg."""
    assert hydrogen(90.0) == pytest.approx(4.48, abs=0.005)

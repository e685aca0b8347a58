"""The rule in the parameters decides which cars a fleet's number goes to."""

from __future__ import annotations

import numpy as np
import pytest

from tests.worlds import plain, plain_world
from vpp_gym.simulation import Simulation
from vpp_gym.views import Decisions

TWO_CARS = {
    "arrival_step": [0, 0],
    "departure_step": [6, 10],
    "arrival_soc": [0.5, 0.1],
    "target_soc": [0.7, 0.9],
    "capacity_kwh": [40.0, 120.0],
}
"""The first leaves first, lacks 8 kWh and has 5 hours of slack; the other lacks 96, and has 1."""

ROOM_KWH = (8 / 0.98, 11.0)
"""What each can take in the first step, at the meter."""

SHARE = 9 / sum(ROOM_KWH)


@pytest.mark.parametrize(
    ("rule", "loads_kwh"),
    [
        ("least_laxity", (0.0, 9.0)),
        ("earliest_departure", (ROOM_KWH[0], 9 - ROOM_KWH[0])),
        ("proportional", (SHARE * ROOM_KWH[0], SHARE * ROOM_KWH[1])),
    ],
)
def test_nine_kwh_go_where_the_rule_says(rule: str, loads_kwh: tuple[float, float]):
    world = plain_world(12, sessions=TWO_CARS)
    sim = Simulation(world, plain(disaggregation=rule, contract={"families": ()}))
    sim.reset()
    stored_kwh = sim.snapshot().energy_kwh
    sim.step(Decisions(fleet_kwh=9.0))
    taken_kwh = (sim.snapshot().energy_kwh - stored_kwh) / 0.98
    assert taken_kwh.tolist() == pytest.approx(loads_kwh)


@pytest.mark.parametrize(
    ("more_stored", "loads_kwh"),
    [(2**-50, (4.5, 4.5)), (-(2**-50), (4.5, 4.5)), (1e-6, (0.0, 9.0)), (-1e-6, (9.0, 0.0))],
)
def test_rounding_does_not_decide_who_is_charged(more_stored: float, loads_kwh: tuple):
    """Two cars of the same laxity share, though one has a hair's breadth more."""
    sessions = {
        "arrival_step": [0, 0],
        "departure_step": [10, 10],
        "arrival_soc": [0.3 + more_stored, 0.3],
    }
    sim = Simulation(plain_world(12, sessions=sessions), plain(contract={"families": ()}))
    sim.reset()
    assert sim.hand_out(np.array([9.0]))[0, :2].tolist() == pytest.approx(loads_kwh)

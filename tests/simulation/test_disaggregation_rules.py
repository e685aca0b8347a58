"""The rule in the parameters decides which cars a fleet's number goes to."""

from __future__ import annotations

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

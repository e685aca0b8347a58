"""Schedules where the clock is put back: 25 places for 24 hours of the clock."""

from __future__ import annotations

import numpy as np
import pytest

from tests.worlds import AMSTERDAM, one_car, plain, plain_world
from vpp_gym.errors import InvalidInputError
from vpp_gym.simulation import Simulation
from vpp_gym.views import Decisions

RULES = plain(market={"bid_limit_kw": 40.0}, site={"n_chargers": 1})


def autumn(days: int = 2) -> Simulation:
    """From the 26th of October 2019; the 27th has 25 hours."""
    world = plain_world(24 * days, start="2019-10-26", timezone=AMSTERDAM)
    sim = Simulation(world, RULES)
    sim.reset()
    return sim


def test_what_is_bid_by_the_hour_of_the_clock_is_for_both_of_its_hours():
    sim, by_hour = autumn(), np.zeros(24)
    by_hour[2] = 30.0
    while not sim.is_gate[0]:
        sim.step(Decisions(fleet_kwh=0.0))
    sim.step(Decisions(fleet_kwh=0.0, bids_kwh=by_hour))
    places = np.flatnonzero(sim.state.da_sold_kwh[0, 1])
    assert places.tolist() == [2, 24], "02:00 twice: the hour that comes again stands last"


def test_batches_take_bids_by_the_hour_of_the_clock():
    sim, by_hour = autumn(), np.zeros((1, 24))
    by_hour[0, 2] = 30.0
    while not sim.is_gate[0]:
        sim.advance(np.zeros((1, 1)))
    sim.advance(np.zeros((1, 1)), by_hour)
    assert np.flatnonzero(sim.state.da_sold_kwh[0, 1]).tolist() == [2, 24]


def test_after_the_end_there_is_no_tomorrow():
    sim = autumn(days=1)
    while not sim.done[0]:
        sim.step(Decisions(fleet_kwh=0.0))
    assert sim.slots == 25
    np.testing.assert_array_equal(sim.on_slots(np.ones((1, 24)), absent=7.0), [[1.0] * 24 + [7.0]])


def test_what_lies_behind_the_meter_is_given_in_a_pair():
    site = {"pv_kwh": np.full(48, 5.0)}
    world = plain_world(48, sessions=one_car(0, 40, 0.2), site=site)
    sim = Simulation(world, RULES)
    sim.reset()
    with pytest.raises(InvalidInputError) as refused:
        sim.advance(np.zeros((1, 1)), behind_kwh=np.zeros((1, 3)))
    assert refused.value.field == "behind_kwh"
    sim.advance(np.zeros((1, 1)), behind_kwh=np.array([[0.0, 2.0]]))
    assert sim.state.site[0]["pv_used_kwh"] == 2.0

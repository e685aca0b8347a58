"""Runs of a single stay: only the car of the session asked for, to its end."""

from __future__ import annotations

import numpy as np
import pytest

from tests.worlds import plain, plain_world
from vpp_gym.simulation import Simulation
from vpp_gym.simulation.alone import begin_stays
from vpp_gym.views import Decisions

SESSIONS = {
    "arrival_step": [3, 3, 5],
    "departure_step": [9, 20, 12],
    "arrival_soc": [0.2, 0.5, 0.4],
    "interest_draw": [0.0, 0.0, 0.99],
}
RULES = plain(
    site={"n_chargers": 1},
    contract={"families": ("price_based",), "price_based": {"markup": 1.0, "margin": 0.5}},
    owner={"participation": 0.5},
)


def stay(session: int, rules=RULES) -> Simulation:
    """A run in which that session has just arrived."""
    world = plain_world(48, sessions=SESSIONS)
    sim = Simulation(world, rules)
    arrival = int(world.sessions.arrival_step[session])
    sim.reset(start_step=arrival, end_step=arrival + 1)
    runs, rows = np.array([0]), np.array([session])
    begin_stays(sim.dataset, sim.rules, sim.state, runs, rows)
    return sim


@pytest.mark.parametrize("session", [0, 1, 2])
def test_the_run_is_the_stay_of_that_car_alone(session):
    sim, steps, seen = stay(session), 0, set()
    while not sim.done[0]:
        snapshot = sim.snapshot()
        seen |= set(snapshot.session.tolist())
        sim.step(Decisions(net_load_kwh=snapshot.hi_kwh))
        steps += 1
    assert seen == {session}
    assert steps == SESSIONS["departure_step"][session] - SESSIONS["arrival_step"][session]


def test_whoever_is_interested_signs_and_nobody_signs_twice():
    assert [bool(stay(k).snapshot().has_contract[0]) for k in range(3)] == [True, True, False]
    assert stay(1).accepted.sum() == 1
    assert stay(2).accepted.sum() == 0


def test_nothing_is_signed_where_nothing_is_offered():
    sim = stay(0, plain(site={"n_chargers": 1}, contract={"families": ()}))
    assert not sim.snapshot().has_contract.any()

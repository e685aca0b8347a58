"""What a world does not have: kernels of it change nothing there, and nobody decides on it."""

from __future__ import annotations

import numpy as np
import pytest

from tests.worlds import one_car, plain, plain_world
from vpp_gym.errors import InvalidInputError
from vpp_gym.kernels import COMPILED
from vpp_gym.simulation import Simulation
from vpp_gym.simulation.groups import share_groups, yield_within
from vpp_gym.simulation.reservations import keep_reservations, promise_in_groups
from vpp_gym.simulation.state import State
from vpp_gym.views import Decisions


def begun() -> Simulation:
    """One car at 0.2 that leaves after 30 hours, at no limited connection."""
    sim = Simulation(plain_world(48, sessions=one_car(0, 30, 0.2)), plain(guarantee=True))
    sim.reset()
    return sim


@pytest.mark.skipif(COMPILED, reason="Python cannot call kernels that only kernels call")
def test_kernels_of_groups_change_nothing_where_there_are_none():
    sim = begun()
    assert sim.rules.has_groups is None
    before = State._make(part.copy() for part in sim.state)
    loads = sim.hi_kwh[0].copy()
    dataset, rules, state, ev = sim.dataset, sim.rules, sim.state, sim.state.ev[0, 0]
    assert share_groups(0, None, rules, state, loads) == 0.0
    assert yield_within(0, None, 0, 5.0, True, rules, state, loads) == 0.0
    assert yield_within(0, True, 0, 0.0, True, rules, state, loads) == 0.0  # nothing is to be cut
    keep_reservations(0, None, dataset, rules, state)
    promise_in_groups(0, ev, None, dataset, rules, state)
    np.testing.assert_array_equal(loads, sim.hi_kwh[0])
    for part, again in zip(before, sim.state, strict=True):
        np.testing.assert_array_equal(part, again)


@pytest.mark.parametrize("field", ["storage_kwh", "pv_kwh"])
def test_without_a_site_nothing_but_zero_is_decided_behind_the_meter(field):
    sim, other = begun(), begun()
    with pytest.raises(InvalidInputError, match=rf"(?s){field}.*1.5"):
        sim.step(Decisions(fleet_kwh=3.0, **{field: 1.5}))
    np.testing.assert_array_equal(
        sim.step(Decisions(fleet_kwh=3.0, **{field: 0.0})), other.step(Decisions(fleet_kwh=3.0))
    )


def test_a_watcher_sees_the_loads_of_each_step_before_they_are_taken():
    sim, seen = begun(), []

    def note(watched: Simulation, loads: np.ndarray) -> None:
        ev = watched.state.ev[0, watched.state.lot[0, 0]]
        seen.append((int(watched.state.run["position"][0]), float(loads.sum()), ev["energy_kwh"]))

    sim.watch = note
    for load in (3.0, 0.0, 5.0):
        sim.step(Decisions(fleet_kwh=load))
    assert [(at, load) for at, load, _ in seen] == [(0, 3.0), (1, 0.0), (2, 5.0)]
    stored = [energy for *_, energy in seen]
    assert stored[0] < stored[1] == stored[2] < sim.state.ev[0, 0]["energy_kwh"]

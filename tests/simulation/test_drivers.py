"""Drivers who come back: what their cars have left, and what a run knows of their habits."""

from __future__ import annotations

import numpy as np
import pytest

from tests.worlds import plain, plain_world
from vpp_gym.errors import InvalidInputError
from vpp_gym.evaluation.bounds import dual_estimate
from vpp_gym.scenarios.scenario import Scenario
from vpp_gym.simulation import Simulation
from vpp_gym.views import Decisions

RETURNING = {"returning": True}
VISITS = {
    "arrival_step": [0, 10, 20],
    "departure_step": [4, 16, 30],
    "arrival_soc": [0.50, 0.40, 0.30],
    "target_soc": [0.80, 0.80, 0.80],
    "capacity_kwh": [100.0] * 3,
    "departure_draw": [0.9, 0.9, 0.9],
    "driver": [0, 0, 0],
}
"""One driver: asks for 80 kWh each time, and used 40 and 50 kWh since the target before."""


def world(n_steps: int = 48, **changes) -> Scenario:
    return plain_world(n_steps, sessions=VISITS | changes)


def placed(scenario, **changes) -> Simulation:
    no_contracts = {"contract": {"families": ()}}
    changes = {"guarantee": False, "driver": RETURNING} | no_contracts | changes
    simulation = Simulation(scenario, plain(**changes))
    simulation.reset()
    return simulation


def arrivals(simulation: Simulation, decide) -> dict[int, float]:
    """Energy with which each session arrives [kWh]."""
    found: dict[int, float] = {}
    while not simulation.done[0]:
        snapshot = simulation.snapshot()
        for row in np.flatnonzero(snapshot.steps_connected == 0):
            found[int(snapshot.session[row])] = float(snapshot.energy_kwh[row])
        simulation.step(decide(snapshot))
    return found


def full(snapshot) -> Decisions:
    return Decisions(fleet_kwh=float(snapshot.hi_kwh.sum()))


def idle(snapshot) -> Decisions:
    return Decisions(fleet_kwh=float(snapshot.idle_kwh.sum()))


def test_who_was_served_comes_as_the_scenario_has_it():
    """10.78 kWh are stored in an hour: four hours are enough for 30 kWh, six for 40."""
    assert arrivals(placed(world()), full) == pytest.approx({0: 50, 1: 40, 2: 30})


def test_who_was_not_served_comes_with_what_was_left_minus_the_trip():
    """50 kWh less 40, and 10 less 50: not below the lower limit of 3 kWh."""
    assert arrivals(placed(world()), idle) == pytest.approx({0: 50, 1: 10, 2: 3})


def test_without_returning_cars_come_as_the_scenario_has_them():
    assert arrivals(placed(world(), driver={}), idle) == pytest.approx({0: 50, 1: 40, 2: 30})


def test_strangers_do_not_come_back():
    strangers = world(driver=[-1, -1, -1])
    assert placed(strangers).state.known.shape == (1, 0)
    assert arrivals(placed(strangers), idle) == pytest.approx({0: 50, 1: 40, 2: 30})


def test_a_car_that_was_turned_away_was_charged_elsewhere():
    """Another car holds the only charger in the second visit: the third is as recorded."""
    sessions = {name: [*values[:1], values[1], *values[1:]] for name, values in VISITS.items()}
    sessions["arrival_step"] = [0, 8, 10, 20]
    sessions["departure_step"] = [4, 18, 16, 30]
    sessions["driver"] = [0, -1, 0, 0]
    scenario = plain_world(48, sessions=sessions)
    found = arrivals(placed(scenario, site={"n_chargers": 1}), idle)
    assert found == pytest.approx({0: 50, 1: 40, 3: 30})


def test_a_second_car_of_one_driver_at_once_is_as_the_scenario_has_it():
    overlapping = world(arrival_step=[0, 3, 20], departure_step=[6, 16, 30])
    assert arrivals(placed(overlapping), idle)[1] == pytest.approx(40)


def test_a_battery_takes_no_more_than_it_holds():
    """Charged elsewhere to more than was asked for: 97 kWh is the limit."""
    richer = world(arrival_soc=[0.5, 0.95, 0.3], target_soc=[0.6, 0.97, 0.8])
    found = arrivals(placed(richer), full)
    assert found[1] == pytest.approx(95)
    more = world(arrival_soc=[0.7, 0.95, 0.3], target_soc=[0.6, 0.97, 0.8])
    assert arrivals(placed(more), idle)[1] == pytest.approx(97)


def habits(simulation: Simulation) -> dict[int, tuple[int, float, float]]:
    found = {}
    while not simulation.done[0]:
        now = simulation.snapshot()
        for row in np.flatnonzero(now.steps_connected == 0):
            seen = now.driver_visits[row], now.driver_stay_h[row], now.driver_early_h[row]
            found[int(now.session[row])] = tuple(float(one) for one in seen)
        simulation.step(full(now))
    return found


def test_a_run_learns_visits_stays_and_early_departures():
    """The second leaves at the fourth of six hours: two early."""
    early = {"early_departure_prob": 0.5, "early_exponent": 1.0}
    scenario = world(departure_draw=[0.9, 0.35, 0.9], driver=[7, 7, 7])
    simulation = placed(scenario, owner=early)
    stays = simulation.dataset.sessions["leaves"] - np.array(VISITS["arrival_step"])
    assert stays.tolist() == [4, 4, 10]
    assert habits(simulation) == {0: (0, 0, 0), 1: (1, 4, 0), 2: (2, 4, 1)}
    again = simulation
    again.reset()
    assert again.snapshot().driver_visits.tolist() == [0]


def test_hours_are_hours_at_any_step():
    scenario = world(
        n_steps=4 * 48,
        arrival_step=[0, 40, 80],
        departure_step=[16, 64, 120],
    )
    quarter = Scenario.from_arrays(
        da_eur_per_kwh=scenario.da_eur_per_kwh,
        im_eur_per_kwh=scenario.im_short_eur_per_kwh,
        sessions=scenario.sessions,
        dt_h=0.25,
    )
    assert habits(placed(quarter))[2] == (2, 5.0, 0.0)


def test_what_is_known_of_drivers_is_not_from_the_future():
    """Two worlds that differ after step 12 show the same until then."""
    later = world(
        arrival_step=[0, 10, 15], departure_step=[4, 13, 47], departure_draw=[0.9, 0.1, 0.2]
    )
    one, other = placed(world(departure_step=[4, 13, 30])), placed(later)
    for _ in range(13):
        a, b = one.snapshot(), other.snapshot()
        for name in ("driver", "driver_visits", "driver_stay_h", "driver_early_h", "energy_kwh"):
            np.testing.assert_array_equal(getattr(a, name), getattr(b, name))
        one.step(full(a))
        other.step(full(b))


def test_numbers_of_drivers_change_no_run_without_returning():
    """Bit for bit."""
    rng = np.random.default_rng(3)
    n = 40
    arrival = np.sort(rng.integers(0, 80, n))
    sessions = {
        "arrival_step": arrival,
        "departure_step": arrival + rng.integers(1, 20, n),
        "arrival_soc": rng.random(n) * 0.9,
    }
    known = plain_world(120, sessions=sessions | {"driver": rng.integers(-1, 6, n)})
    unknown = plain_world(120, sessions=sessions)
    one, other = (Simulation(scenario) for scenario in (known, unknown))
    for simulation in (one, other):
        simulation.reset()
    while not one.done[0]:
        share = rng.random()
        loads = [sim.lo_kwh + share * (sim.hi_kwh - sim.lo_kwh) for sim in (one, other)]
        np.testing.assert_array_equal(one.advance(loads[0]), other.advance(loads[1]))


def test_energy_in_cars_balances_over_returns():
    """What leaves is what comes back and was driven, wherever no limit is met."""
    simulation = placed(world(target_soc=[0.6, 0.6, 0.6]))
    found = arrivals(simulation, full)
    trip = simulation.dataset.sessions["trip_kwh"]
    assert trip.tolist() == pytest.approx([0, 20, 30])
    assert found[1] == pytest.approx(60 - trip[1])
    assert found[2] == pytest.approx(60 - trip[2])


def test_bounds_and_wrong_numbers_are_refused():
    with pytest.raises(InvalidInputError, match=r"params\.driver\.returning"):
        dual_estimate(world(), plain(driver=RETURNING))
    with pytest.raises(InvalidInputError, match=r"sessions\.driver\[0\]"):
        world(driver=[-2, 0, 0])
    with pytest.raises(InvalidInputError, match=r"sessions\.driver\[1\]"):
        world(driver=[0, 0.5, 0])
    with pytest.raises(InvalidInputError, match=r"sessions\.driver\[2\]"):
        world(driver=[0, 0, 10**6])

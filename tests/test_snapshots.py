"""Snapshots of every world are closed: nothing shown leads to the world or to its future."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.fcev.car_parks import random_orders, random_park
from tests.fcev.microgrids import article_decision, random_decision, random_grid
from tests.memory import arrays_in, owner
from tests.worlds import plain, plain_world, random_sessions
from vpp_gym.arrays import is_closed
from vpp_gym.fcev.car_park import ledger as car_park_ledger
from vpp_gym.fcev.car_park.article import article_orders
from vpp_gym.fcev.car_park.simulation import CarPark
from vpp_gym.fcev.microgrid import ledger as microgrid_ledger
from vpp_gym.fcev.microgrid.simulation import Microgrid
from vpp_gym.markets import ledger as ev_ledger
from vpp_gym.simulation.simulation import Simulation
from vpp_gym.views import Decisions

Later = Callable[[], None]


def of_evs() -> tuple[Any, Simulation, Later]:
    simulation = fleet(1)

    def later() -> None:
        simulation.step(Decisions(fleet_kwh=float(simulation.hi_kwh.sum()), bids_kwh=np.ones(24)))

    return simulation.snapshot(), simulation, later


def of_joint_evs() -> tuple[Any, Simulation, Later]:
    simulation = fleet(2)
    return simulation.joint_snapshot(), simulation, lambda: advance_all(simulation)


def advance_all(simulation: Simulation) -> None:
    simulation.step([Decisions(fleet_kwh=float(load.sum())) for load in simulation.hi_kwh])


def fleet(n_runs: int) -> Simulation:
    rng = np.random.default_rng(0)
    world = plain_world(96, da=rng.normal(0.05, 0.02, 96), sessions=random_sessions(rng, 60, 96, 1))
    simulation = Simulation(world, plain(), n_envs=n_runs)
    simulation.reset()
    for _ in range(30):
        advance_all(simulation)
    assert simulation.state.run["connected"][0] > 0
    return simulation


def of_the_car_park() -> tuple[Any, CarPark, Later]:
    park = random_park(0, n_days=6)
    park.reset(hour=12)
    rng = np.random.default_rng(0)
    park.submit(random_orders(rng, park.snapshot()))
    park.advance(24)

    def later() -> None:
        park.advance(1)

    return park.snapshot(), park, later


def of_the_microgrid() -> tuple[Any, Microgrid, Later]:
    grid = random_grid(0, n_days=9)
    grid.reset(hour=180)

    def later() -> None:
        grid.advance([random_decision(np.random.default_rng(0), grid.snapshot())])

    return grid.snapshot(), grid, later


each_kind = pytest.mark.parametrize(
    "made", [of_evs, of_joint_evs, of_the_car_park, of_the_microgrid]
)


@each_kind
def test_a_snapshot_shares_no_memory_with_its_world(made):
    snapshot, world, _ = made()
    shown, behind = dict(arrays_in(snapshot)), dict(arrays_in(world))
    assert len(shown) > 5
    assert len(behind) > 10
    for name, array in shown.items():
        for other, part in behind.items():
            assert not np.shares_memory(array, part), f"{name} is a part of {other}"


@each_kind
def test_nobody_can_write_to_a_snapshot_nor_to_what_it_is_cut_from(made):
    snapshot, _, _ = made()
    for name, array in arrays_in(snapshot):
        assert is_closed(array), name


@each_kind
def test_what_a_snapshot_is_cut_from_holds_no_more_than_it_shows(made):
    """Views of one array show all of it: no `.base` goes on to what comes later."""
    snapshot, _, _ = made()
    shown_bytes: dict[int, int] = {}
    bases: dict[int, np.ndarray] = {}
    for _, array in arrays_in(snapshot):
        base = owner(array)
        bases[id(base)] = base
        shown_bytes[id(base)] = shown_bytes.get(id(base), 0) + array.nbytes
    for key, base in bases.items():
        assert shown_bytes[key] >= base.nbytes


@each_kind
def test_a_snapshot_stays_as_it_is_when_its_world_goes_on(made):
    snapshot, _, later = made()
    kept = {name: array.copy() for name, array in arrays_in(snapshot)}
    for _ in range(20):
        later()
    for name, array in arrays_in(snapshot):
        np.testing.assert_array_equal(array, kept[name], err_msg=name)


@each_kind
def test_what_a_world_brings_along_is_read_only(made):
    _, world, _ = made()
    for part in (world.dataset, *world.scenarios):
        for name, array in arrays_in(part):
            if "deals" not in name:  # what owners sign: worked out before the runs that need it
                assert is_closed(array), f"{type(part).__name__}{name}"


def bytes_of(snapshot: Any) -> dict[str, bytes]:
    """All memory behind a snapshot, that of the arrays it is cut from included."""
    return {name: owner(array).tobytes() for name, array in arrays_in(snapshot)}


def test_no_memory_of_a_snapshot_of_the_car_park_depends_on_what_comes_later():
    """From 12:00 on: tomorrow's prices, and every stay of the hours that follow."""
    one = random_park(3, n_days=6)
    hour = 24 * 3 + 12
    rng, scenario = np.random.default_rng(1), one.scenarios[0]
    da, parked = scenario.da_eur_per_kwh.copy(), scenario.drivers.parked.copy()
    da[24 * 4 :] = rng.normal(0.3, 0.1, len(da) - 24 * 4)
    parked[:, hour:] = rng.random((len(parked), parked.shape[1] - hour)) < 0.5
    trip_kg = scenario.drivers.trip_kg.copy()
    trip_kg[:, 4:] = 0.0
    drivers = replace(scenario.drivers, parked=parked, trip_kg=trip_kg)
    other = CarPark([replace(scenario, da_eur_per_kwh=da, drivers=drivers)], one.params)
    for park in (one, other):
        park.reset(hour=12)
    while one.state.hour[0] < hour:
        seen, same = one.snapshot(), other.snapshot()
        assert bytes_of(seen) == bytes_of(same)
        for park, snapshot in ((one, seen), (other, same)):
            park.submit(article_orders(snapshot))
            park.advance(24)
    assert bytes_of(one.snapshot()) == bytes_of(other.snapshot())
    for park in (one, other):
        park.advance(24)
    assert bytes_of(one.snapshot()) != bytes_of(other.snapshot())


@pytest.mark.parametrize("hour", [24 * 7 + 9, 24 * 7 + 15])
def test_no_memory_of_a_snapshot_of_the_microgrid_depends_on_what_comes_later(hour: int):
    """After this hour: loads, sun, wind, stays, and prices that are not yet known."""
    one = random_grid(4, n_days=10)
    rng, scenario = np.random.default_rng(2), one.scenarios[0]
    known = 24 * (hour // 24 + (2 if hour % 24 >= 12 else 1))

    def changed(series: np.ndarray, since: int) -> np.ndarray:
        later = rng.permutation(series[..., since:].ravel()).reshape(series[..., since:].shape)
        return np.concatenate([series[..., :since], later], axis=-1)

    homes, cars = scenario.households, scenario.cars
    later = replace(
        scenario,
        wind_kwh=changed(scenario.wind_kwh, hour + 1),
        da_eur_per_kwh=changed(scenario.da_eur_per_kwh, known),
        households=replace(
            homes,
            load_kwh=changed(homes.load_kwh, hour + 1),
            pv_kwh=changed(homes.pv_kwh, hour + 1),
        ),
        cars=replace(
            cars, parked=changed(cars.parked, hour + 1), open=changed(cars.open, hour + 1)
        ),
    )
    other = Microgrid([later], one.params)
    for grid in (one, other):
        grid.reset(hour=24 * 6)
    while one.state.hour[0] < hour:
        for grid in (one, other):
            grid.advance([article_decision(grid.snapshot())])
    assert bytes_of(one.snapshot()) == bytes_of(other.snapshot())
    for grid in (one, other):
        grid.advance([article_decision(grid.snapshot())])
    assert bytes_of(one.snapshot()) != bytes_of(other.snapshot())


def deface(snapshot: Any) -> int:
    """Overwrite all memory behind a snapshot that its arrays lead to; how many arrays gave way."""
    overwritten = 0
    for _, array in arrays_in(snapshot):
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0
        owner(array).setflags(write=True)  # nothing keeps the owner of a copy from opening it
        owner(array)[...] = 0
        overwritten += 1
    return overwritten


def profit_of_the_car_park(defaced: bool) -> float:
    park = random_park(5, n_days=8)
    park.reset(hour=12)
    profit_eur = 0.0
    for _ in range(7):
        snapshot = park.snapshot()
        orders = article_orders(snapshot)
        if defaced:
            assert deface(snapshot) > 5
        park.submit(orders)
        profit_eur += float(park.advance(24)[0, :, : len(car_park_ledger.MONEY)].sum())
    return profit_eur


def profit_of_the_microgrid(defaced: bool) -> float:
    grid = random_grid(5, n_days=8)
    grid.reset()
    profit_eur = 0.0
    for _ in range(24 * 8):
        snapshot = grid.snapshot()
        decision = article_decision(snapshot)
        if defaced:
            assert deface(snapshot) > 5
        profit_eur += float(grid.advance([decision])[0, : len(microgrid_ledger.MONEY)].sum())
    return profit_eur


def profit_of_evs(defaced: bool) -> float:
    simulation = fleet(1)
    profit_eur = 0.0
    while not simulation.done[0]:
        snapshot = simulation.snapshot()
        decisions = Decisions(fleet_kwh=float(snapshot.hi_kwh.sum()), bids_kwh=np.ones(24))
        if defaced:
            assert deface(snapshot) > 5
        profit_eur += float(simulation.step(decisions)[0, : len(ev_ledger.MONEY)].sum())
    return profit_eur


@pytest.mark.parametrize(
    "profit_eur", [profit_of_evs, profit_of_the_car_park, profit_of_the_microgrid]
)
def test_who_writes_into_snapshots_earns_what_others_earn(profit_eur):
    assert profit_eur(defaced=True) == profit_eur(defaced=False) != 0.0

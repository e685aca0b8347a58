"""Which cars serve: against sorting all of them, for any tanks and prices."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vpp_gym.fcev.car_park.dataset import dataset_of
from vpp_gym.fcev.car_park.params import CarParkParams
from vpp_gym.fcev.car_park.parking import draw_drivers, share_gone, usual_returns
from vpp_gym.fcev.car_park.state import rules_of
from vpp_gym.fcev.car_park.stays import Paid, select_fullest, serve, serving
from vpp_gym.fcev.fuel_cell import available_kwh

CELL = rules_of(CarParkParams()).cell
few = settings(max_examples=60, deadline=None)
each_seed = given(st.integers(0, 10**6))


@each_seed
@few
def test_the_fullest_are_found_without_sorting(seed: int):
    rng = np.random.default_rng(seed)
    tanks = rng.integers(0, 6, rng.integers(1, 30)).astype(float)
    cars, most = rng.permutation(len(tanks)), int(rng.integers(1, len(tanks) + 1))
    chosen = cars.copy()
    select_fullest(chosen, most, tanks)
    assert sorted(chosen) == sorted(cars)
    assert tanks[chosen[most - 1]] == tanks[chosen[:most]].min()
    assert sorted(tanks[chosen[:most]]) == sorted(tanks)[len(tanks) - most :]


def served_by_sorting(price, tanks, plugged, sold_kwh):
    """(n,) kWh of each car: lowest minPrice first, among equals the fullest tank."""
    given_kwh, left_kwh = np.zeros(len(price)), sold_kwh
    for car in sorted(range(len(price)), key=lambda i: (price[i], -tanks[i], i)):
        if plugged[car]:
            could = available_kwh(tanks[car], CELL.reserve_kg, CELL.kwh_per_kg, CELL.v2g_kw)
            given_kwh[car] = min(could, left_kwh)
            left_kwh -= given_kwh[car]
    return given_kwh


@each_seed
@few
def test_cars_serve_as_if_all_had_been_sorted(seed: int):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 40))
    price = rng.integers(5, 8, n) / 100.0
    tanks, plugged = rng.uniform(0.8, 2.5, n), rng.random(n) < 0.7
    sold_kwh, before = float(rng.uniform(1, 12 * n)), tanks.copy()
    order = np.argsort(price, kind="stable")
    tie_end = np.searchsorted(price[order], price[order], side="right")
    cars = serving(order, tie_end, sold_kwh, CELL, tanks, plugged)
    given_kwh, earned_eur = np.zeros(n), np.zeros(n)
    paid = Paid(price, np.full(n, 0.5), 0.75)
    done = serve(cars, sold_kwh, 0.08, CELL, paid, tanks, earned_eur, given_kwh)
    expected = served_by_sorting(price, before, plugged, sold_kwh)
    assert given_kwh == pytest.approx(expected, abs=1e-8)
    assert done.v2g_kwh == pytest.approx(expected.sum(), abs=1e-8)
    assert tanks == pytest.approx(before - given_kwh / CELL.kwh_per_kg)
    assert earned_eur.sum() + CELL.cost_eur_per_kwh * done.v2g_kwh == pytest.approx(done.pay_eur)


def test_moves_of_the_bank_rebuild_who_is_parked():
    rng, params = np.random.default_rng(1), CarParkParams(n_cars=30)
    drivers = [draw_drivers(rng, params, 5) for _ in range(2)]
    price = [np.zeros(120)] * 2
    dataset = dataset_of(price, price, drivers, np.datetime64("2019-01-01"))
    for world, one in enumerate(drivers):
        parked = np.zeros(30, np.bool_)
        for hour in range(120):
            for moves, inside in ((dataset.leaves, False), (dataset.comes, True)):
                first, last = moves.first[world, hour : hour + 2]
                parked[moves.car[first:last]] = inside
            np.testing.assert_array_equal(parked, one.parked[:, hour])


def test_who_has_left_by_an_hour_of_tomorrow():
    """One car from 8 to 17, one from 18 to 7, both certain; the second only on weekdays."""
    usual = np.zeros((2, 2, 24))
    usual[0, :, 8:17] = 1.0
    usual[1, 0, 18:] = usual[1, 0, :7] = 1.0
    gone = share_gone(usual)
    assert gone[0, 0, 12, 0] == 1.0  # the first leaves today
    assert gone[0, 0, 20].tolist() == [0.0] * 7 + [1.0] * 17
    assert gone[0, 1, 20, 0] == 1.0  # tomorrow's habit has no night
    assert gone[1, 0, 20].tolist() == [0.0] * 24  # nobody is there on a weekend's evening
    returns = usual_returns(usual, 12)
    assert returns[0, 0].tolist() == [0.0] * 7 + [1.0] * 10 + [2.0] * 7


def hours_a_day(**parking: float) -> np.ndarray:
    """(n,) hours that cars are usually plugged in on a weekday."""
    params = CarParkParams().changed({"n_cars": 400, "parking": parking})
    return (draw_drivers(np.random.default_rng(0), params, 2).usual[:, 0] > 0).sum(axis=1)


def test_cars_are_parked_as_long_as_the_params_say():
    """Drivers differ by two standard deviations at most."""
    hours = hours_a_day(work_stay_h=8.0, home_stay_h=8.0, spread_h=1.0)
    assert hours.mean() == pytest.approx(8.0, abs=0.5)
    assert (hours.min(), hours.max()) == (6, 10)
    assert hours_a_day(home_stay_h=16.0, spread_h=2.0).max() == 20

"""What aggregators know at 12:00 about tomorrow, for a batch of runs."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from vpp_gym.arrays import Bools, Floats, Ints
from vpp_gym.fcev.car_park.dataset import Dataset
from vpp_gym.fcev.car_park.state import Rules, State
from vpp_gym.fcev.car_park.stays import Cell
from vpp_gym.kernels import njit, total


class Expectation(NamedTuple):
    """What is known of R runs. Hours are those of tomorrow.

    Attributes:
        forecast: (R, 24) EUR/kWh expected.
        energy_kwh: (R, n) V2G above the reserve at the last plug-in, lowest minPrice first.
        most_lots: (R, 24) lots for which enough cars are expected.
        room_kg: (R,) room in the store when what was bought has been used; may be negative.
        due_kg: (R, 24) hydrogen that drivers are expected to refill before the hour's end.
        sold_kwh: (R,) V2G sold for the rest of today.
        committed_kg: (R,) hydrogen that what was bought for the rest of today will make.
    """

    forecast: Floats
    energy_kwh: Floats
    most_lots: Ints
    room_kg: Floats
    due_kg: Floats
    sold_kwh: Floats
    committed_kg: Floats


def empty_expectation(n_runs: int, n_cars: int) -> Expectation:
    """An expectation to be filled by `fill_expectation`."""
    return Expectation(
        forecast=np.zeros((n_runs, 24)),
        energy_kwh=np.zeros((n_runs, n_cars)),
        most_lots=np.zeros((n_runs, 24), np.int64),
        room_kg=np.zeros(n_runs),
        due_kg=np.zeros((n_runs, 24)),
        sold_kwh=np.zeros(n_runs),
        committed_kg=np.zeros(n_runs),
    )


@njit(allocates=True)
def fill_expectation(
    runs: Ints, dataset: Dataset, rules: Rules, state: State, expectation: Expectation
) -> None:
    """Fill the rows of an expectation for some runs."""
    last = dataset.da.shape[1] // 24 - 1
    for row, r in enumerate(runs):
        k, tomorrow = state.scenario[r], min(state.hour[r] // 24 + 1, last)
        kind = dataset.kind[tomorrow]
        expectation.forecast[row] = dataset.forecast[k, 24 * tomorrow : 24 * tomorrow + 24]
        energy_kwh = expectation.energy_kwh[row]
        store_energy(dataset.order[k], state.plug_in_kg[r], rules.cell, energy_kwh)
        cars = dataset.cars[k, kind].copy()
        leave_out_empty(dataset.presence[k, kind], energy_kwh, rules.cell.v2g_kw, cars)
        expectation.most_lots[row] = (cars + 1e-9).astype(np.int64) // rules.cars_per_lot
        book(r, row, rules, state, expectation)
        expect_refills(r, dataset, rules, state, expectation.due_kg[row])


@njit(internal=True)
def store_energy(order: Ints, tank_kg: Floats, cell: Cell, energy_kwh: Floats) -> None:
    """(n,) V2G above the reserve, in the order of the cars."""
    for place, i in enumerate(order):
        energy_kwh[place] = max(tank_kg[i] - cell.reserve_kg, 0.0) * cell.kwh_per_kg


@njit(internal=True)
def leave_out_empty(presence: Floats, energy_kwh: Floats, v2g_kw: float, cars: Floats) -> None:
    """Take those that cannot give for an hour off the (24,) cars expected."""
    for place in range(len(energy_kwh)):
        if energy_kwh[place] < v2g_kw - 1e-9:
            for h in range(24):
                cars[h] -= presence[h, place]


@njit
def book(r: int, row: int, rules: Rules, state: State, expectation: Expectation) -> None:
    """What the market has booked for the rest of today."""
    side, hour = (state.hour[r] // 24) % 2, state.hour[r] % 24
    expectation.sold_kwh[row] = total(state.v2g_kwh[r, side, hour:])
    expectation.committed_kg[row] = total(state.power_kwh[r, side, hour:]) * rules.kg_per_kwh
    left_kg = rules.store_kg - state.stock_kg[r]
    expectation.room_kg[row] = left_kg - expectation.committed_kg[row]


@njit(allocates=True, internal=True)
def expect_refills(r: int, dataset: Dataset, rules: Rules, state: State, due_kg: Floats) -> None:
    """(24,) kg that cars are expected to refill from now to each hour of tomorrow.

    What cars that are plugged in lack already, the trips of those to come, and the V2G
    sold for the rest of today.
    """
    k, today, now = state.scenario[r], state.hour[r] // 24, state.hour[r] % 24
    gone = dataset.gone[k, dataset.kind[today], dataset.kind[today + 1]]
    sold_kwh = state.v2g_kwh[r, today % 2]
    due_kg[:] = rules.trip_kg * dataset.returns[k, dataset.kind[today], dataset.kind[today + 1]]
    due_kg += (
        missing_kg(dataset.usual_kg[k], state.tank_kg[r], state.plugged[r]) * gone[max(now - 1, 0)]
    )
    for hour in range(now, 24):
        if sold_kwh[hour] > 0.0:
            due_kg += sold_kwh[hour] / rules.cell.kwh_per_kg * gone[hour]


@njit(internal=True)
def missing_kg(usual_kg: Floats, tank_kg: Floats, plugged: Bools) -> float:
    """What cars that are plugged in lack of their usual level."""
    missing = 0.0
    for i in range(len(tank_kg)):
        missing += max(usual_kg[i] - tank_kg[i], 0.0) if plugged[i] else 0.0
    return missing

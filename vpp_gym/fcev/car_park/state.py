"""A batch of car parks: the rules, and all that changes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from vpp_gym.arrays import Bools, Floats, Ints
from vpp_gym.fcev.calendar import HOURS
from vpp_gym.fcev.car_park.dataset import Dataset
from vpp_gym.fcev.car_park.params import CarParkParams
from vpp_gym.fcev.car_park.stays import Cell, Tiers


class Rules(NamedTuple):
    """Numbers of `CarParkParams` that an hour and the orders need.

    Attributes:
        most_bids: lots that the electrolyser can use.
        trip_kg: hydrogen of the mean trip.
    """

    cell: Cell
    cars_per_lot: int
    lot_kwh: float
    most_bids: int
    trip_kg: float
    hydrogen_eur_per_kg: float
    kg_per_kwh: float
    store_kg: float
    penalty_eur_per_kwh: float
    tiers: Tiers


class OrderArrays(NamedTuple):
    """Orders of R runs: (R, 24) energies in kWh and limits in EUR/kWh."""

    offer_kwh: Floats
    offer_limit: Floats
    bid_kwh: Floats
    bid_limit: Floats


class State(NamedTuple):
    """All that changes, for B runs.

    Attributes:
        scenario: (B,) which of the dataset's scenarios.
        hour: (B,) of the scenario.
        begun: (B,) hour in which the run began.
        tank_kg: (B, n).
        plugged: (B, n) was plugged in during the last hour.
        n_plugged: (B,) how many of them.
        plug_in_kg: (B, n) level at the last plug-in; before the first, the usual level.
        margin: (B, n) of the present or last stay.
        stock_kg: (B,) in the store.
        v2g_kwh: (B, 2, 24) sold for even and odd days.
        power_kwh: (B, 2, 24) bought for even and odd days.
        earned_eur: (B, n) each driver's pay less the cost of V2G so far.
        given_kwh: (B, n) each driver's V2G so far.
    """

    scenario: Ints
    hour: Ints
    begun: Ints
    tank_kg: Floats
    plugged: Bools
    n_plugged: Ints
    plug_in_kg: Floats
    margin: Floats
    stock_kg: Floats
    v2g_kwh: Floats
    power_kwh: Floats
    earned_eur: Floats
    given_kwh: Floats


def rules_of(params: CarParkParams) -> Rules:
    """The numbers of the hour."""
    cell, contract = params.fuel_cell, params.contract
    return Rules(
        cell=Cell(
            kwh_per_kg=cell.kwh_per_kg,
            v2g_kw=cell.v2g_kw,
            cost_eur_per_kwh=cell.v2g_cost_eur_per_kwh,
            tank_kg=cell.tank_kg,
            reserve_kg=contract.reserve_kg,
        ),
        cars_per_lot=params.cars_per_lot,
        lot_kwh=params.market.lot_kw,
        most_bids=int(params.electrolyser.power_kw // params.market.lot_kw),
        trip_kg=cell.kg_per_km * params.parking.trip_km,
        hydrogen_eur_per_kg=cell.hydrogen_eur_per_kg,
        kg_per_kwh=params.kg_per_kwh,
        store_kg=params.electrolyser.store_kg,
        penalty_eur_per_kwh=params.market.penalty_eur_per_kwh,
        tiers=Tiers(
            levels=np.array(contract.tier_levels, dtype=np.float64),
            margins=np.array(contract.tier_margins, dtype=np.float64),
        ),
    )


def empty_state(n_runs: int, n_cars: int) -> State:
    """A state to be placed with `place`."""
    cars = (n_runs, n_cars)
    return State(
        scenario=np.zeros(n_runs, np.int64),
        hour=np.zeros(n_runs, np.int64),
        begun=np.zeros(n_runs, np.int64),
        tank_kg=np.zeros(cars),
        plugged=np.zeros(cars, np.bool_),
        n_plugged=np.zeros(n_runs, np.int64),
        plug_in_kg=np.zeros(cars),
        margin=np.zeros(cars),
        stock_kg=np.zeros(n_runs),
        v2g_kwh=np.zeros((n_runs, 2, HOURS)),
        power_kwh=np.zeros((n_runs, 2, HOURS)),
        earned_eur=np.zeros(cars),
        given_kwh=np.zeros(cars),
    )


def place(
    state: State, dataset: Dataset, run: int, scenario: int, hour: int, stock_kg: float
) -> None:
    """Begin a run: tanks at their usual level, nothing sold, cars yet to plug in."""
    for field in (
        "plugged",
        "n_plugged",
        "margin",
        "v2g_kwh",
        "power_kwh",
        "earned_eur",
        "given_kwh",
    ):
        getattr(state, field)[run] = 0
    state.scenario[run], state.hour[run], state.begun[run] = scenario, hour, hour
    state.tank_kg[run] = state.plug_in_kg[run] = dataset.usual_kg[scenario]
    state.stock_kg[run] = stock_kg


def empty_orders(n_runs: int) -> OrderArrays:
    """Orders to be filled in."""
    return OrderArrays(*(np.zeros((n_runs, 24)) for _ in OrderArrays._fields))

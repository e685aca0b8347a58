"""The microgrid as arrays: scenarios, numbers of the rules, and what changes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from vpp_gym.arrays import Bools, Floats
from vpp_gym.fcev.fuel_cell import electrolysed_kg
from vpp_gym.fcev.microgrid.params import MicrogridParams


class Dataset(NamedTuple):
    """K scenarios by hour; energies in kWh, prices in EUR/kWh.

    Attributes:
        load: (K, hours).
        self_used: (K, hours).
        deficit: (K, hours).
        surplus: (K, hours).
        wind: (K, hours).
        da: (K, hours) day-ahead price.
        import_price: (K, hours).
        export_price: (K, hours).
        parked: (K, n, hours).
        open: (K, n, hours).
        open_h: (K, n, days + 1) by stay.
        volume: (K, n, 2) by kind of day.
        joins: (K, n, hours).
        kind: (days + 2,) kind of day, from the day before the year on.
        winter: (days,) 1 at midwinter, -1 at midsummer.
        open_share: (K, hours) share of cars within their interval by the usual schedule.
    """

    load: Floats
    self_used: Floats
    deficit: Floats
    surplus: Floats
    wind: Floats
    da: Floats
    import_price: Floats
    export_price: Floats
    parked: Bools
    open: Bools
    open_h: NDArray[np.int64]
    volume: Floats
    joins: Floats
    kind: NDArray[np.int64]
    winter: Floats
    open_share: Floats


class Rules(NamedTuple):
    """Numbers of `MicrogridParams` that the hour needs."""

    kwh_per_kg: float
    v2g_kw: float
    tank_kg: float
    guaranteed_kg: float
    trip_kg: float
    hydrogen_eur_per_kg: float
    trailer_eur_per_kg: float
    electrolyser_kw: float
    kg_per_kwh: float
    store_kg: float
    tariff_eur_per_kwh: float
    commitment_eur_per_kwh: float
    capacity_eur_per_h: float
    reward_scale_eur_per_h: float
    wind_serves_houses: bool


class State(NamedTuple):
    """All that changes, for B runs.

    Attributes:
        scenario: (B,) which of the dataset's scenarios.
        hour: (B,) of the scenario.
        tank_kg: (B, n).
        home: (B, n) at home in this hour.
        plugged: (B, n) at the operator's disposal in this hour.
        left_kwh: (B, n) volume that the contract of this stay still allows.
        given_kwh: (B, n) each car's V2G so far.
        stock_kg: (B,) in the store.
        volume_factor: (B,) on maxVolume of the stays that begin next.
        reward_eur_per_h: (B,) for cars that plug in outside their interval next.
    """

    scenario: NDArray[np.int64]
    hour: NDArray[np.int64]
    tank_kg: Floats
    home: Bools
    plugged: Bools
    left_kwh: Floats
    given_kwh: Floats
    stock_kg: Floats
    volume_factor: Floats
    reward_eur_per_h: Floats


class Decisions(NamedTuple):
    """Decisions of B runs.

    Attributes:
        v2g_kwh: (B,) from the cars in this hour; no more than they can give.
        electrolyser_kwh: (B,) to the electrolyser; no more than it can take.
        volume_factor: (B,) on maxVolume of the stays that begin in the next hour.
        reward_eur_per_h: (B,) for parked cars that plug in outside their interval in the next.
    """

    v2g_kwh: Floats
    electrolyser_kwh: Floats
    volume_factor: Floats
    reward_eur_per_h: Floats


def rules_of(params: MicrogridParams) -> Rules:
    """The numbers of the hour."""
    cell, contract, money = params.fuel_cell, params.contract, params.money
    volume_based = contract.family == "volume_based"
    return Rules(
        kwh_per_kg=cell.kwh_per_kg,
        v2g_kw=cell.v2g_kw,
        tank_kg=cell.tank_kg,
        guaranteed_kg=contract.guaranteed_kg,
        trip_kg=cell.kg_per_km * params.schedule.trip_km,
        hydrogen_eur_per_kg=cell.hydrogen_eur_per_kg,
        trailer_eur_per_kg=money.trailer_eur_per_kg,
        electrolyser_kw=params.electrolyser.power_kw,
        kg_per_kwh=electrolysed_kg(1.0, params.electrolyser.efficiency, cell.hhv_kwh_per_kg),
        store_kg=params.electrolyser.store_kg,
        tariff_eur_per_kwh=contract.tariff_eur_per_kwh,
        commitment_eur_per_kwh=contract.commitment_eur_per_kwh if volume_based else 0.0,
        capacity_eur_per_h=0.0 if volume_based else contract.capacity_eur_per_h,
        reward_scale_eur_per_h=money.reward_scale_eur_per_h,
        wind_serves_houses=params.wind.serves_houses,
    )


def empty_state(n_runs: int, n_cars: int) -> State:
    """A state to be placed with `place`."""
    cars = (n_runs, n_cars)
    return State(
        scenario=np.zeros(n_runs, np.int64),
        hour=np.zeros(n_runs, np.int64),
        tank_kg=np.zeros(cars),
        home=np.zeros(cars, np.bool_),
        plugged=np.zeros(cars, np.bool_),
        left_kwh=np.zeros(cars),
        given_kwh=np.zeros(cars),
        stock_kg=np.zeros(n_runs),
        volume_factor=np.ones(n_runs),
        reward_eur_per_h=np.zeros(n_runs),
    )


def place(
    state: State,
    dataset: Dataset,
    rules: Rules,
    run: int,
    scenario: int,
    hour: int,
    stock_kg: float,
) -> None:
    """Begin a run with full tanks; the stays under way have their whole volume left."""
    home = dataset.parked[scenario, :, hour]
    state.scenario[run], state.hour[run] = scenario, hour
    state.tank_kg[run], state.stock_kg[run] = rules.tank_kg, stock_kg
    state.home[run], state.plugged[run] = home, dataset.open[scenario, :, hour]
    state.given_kwh[run], state.reward_eur_per_h[run] = 0.0, 0.0
    state.volume_factor[run] = 1.0
    # A stay under way began yesterday, unless the car came back earlier today.
    day, of_day = divmod(hour, 24)
    was_away = ~dataset.parked[scenario, :, 24 * day : hour + 1].all(axis=1)
    begun = np.where(was_away & (of_day > 0), day + 1, day)
    volume_kwh = dataset.volume[scenario][np.arange(len(home)), dataset.kind[begun]]
    state.left_kwh[run] = np.where(home, volume_kwh, 0.0)

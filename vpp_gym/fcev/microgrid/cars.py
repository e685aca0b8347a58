"""Cars of the microgrid: what they can give, give, use and refill, for a batch of runs."""

from __future__ import annotations

import math

import numpy as np

from vpp_gym.arrays import Bools, Floats, Ints
from vpp_gym.fcev.fuel_cell import available_kwh, hydrogen_kg
from vpp_gym.fcev.microgrid.ledger import COLUMN
from vpp_gym.fcev.microgrid.state import Dataset, Rules, State
from vpp_gym.kernels import njit


@njit(internal=True)
def car_kwh(plugged: bool, tank_kg: float, left_kwh: float, rules: Rules) -> float:
    """What a car can give in this hour within its contract."""
    if not plugged:
        return 0.0
    could = available_kwh(tank_kg, rules.guaranteed_kg, rules.kwh_per_kg, rules.v2g_kw)
    return min(could, left_kwh)


@njit
def fleet_kwh(plugged: Bools, tank_kg: Floats, left_kwh: Floats, rules: Rules) -> float:
    """What (n,) cars can give in this hour within their contracts."""
    total = 0.0
    for i in range(len(plugged)):
        total += car_kwh(plugged[i], tank_kg[i], left_kwh[i], rules)
    return total


@njit(allocates=True)
def discharge(r: int, wanted_kwh: float, rules: Rules, state: State, record: Floats) -> None:
    """Cars give what is wanted, those with the most volume (or fuel) left first.

    The order, which spreads the use over the drivers, is ours.
    """
    tank_kg, left_kwh, given_kwh = state.tank_kg[r], state.left_kwh[r], state.given_kwh[r]
    plugged, missing_kwh = state.plugged[r], wanted_kwh
    for i in order_of_use(plugged, tank_kg, left_kwh, rules):
        if missing_kwh <= 1e-12:
            break
        gives_kwh = min(car_kwh(plugged[i], tank_kg[i], left_kwh[i], rules), missing_kwh)
        missing_kwh -= gives_kwh
        used_kg = hydrogen_kg(gives_kwh, rules.kwh_per_kg)
        tank_kg[i] -= used_kg
        left_kwh[i] -= gives_kwh
        given_kwh[i] += gives_kwh
        record[COLUMN.v2g_kwh] += gives_kwh
        record[COLUMN.used_kg] += used_kg
    record[COLUMN.v2g_eur] = -rules.tariff_eur_per_kwh * record[COLUMN.v2g_kwh]


@njit(allocates=True, internal=True)
def order_of_use(plugged: Bools, tank_kg: Floats, left_kwh: Floats, rules: Rules) -> Ints:
    """Cars at disposal, the one with the most volume or fuel left first."""
    cars = np.flatnonzero(plugged)
    room_kwh = np.empty(len(cars))
    for c, i in enumerate(cars):
        above_kg = max(tank_kg[i] - rules.guaranteed_kg, 0.0)
        room_kwh[c] = min(left_kwh[i], above_kg * rules.kwh_per_kg)
    return cars[np.argsort(-room_kwh, kind="mergesort")]


@njit(internal=True)
def count_cars(
    k: int, r: int, dataset: Dataset, rules: Rules, state: State, record: Floats
) -> None:
    """How many cars are needed and at hand, and what they are paid for being there."""
    t = state.hour[r]
    plugged, is_open = state.plugged[r], dataset.open[k]
    tank_kg, left_kwh = state.tank_kg[r], state.left_kwh[r]
    joined = 0
    for i in range(len(plugged)):
        can_kwh = car_kwh(plugged[i], tank_kg[i], left_kwh[i], rules)
        record[COLUMN.available_kwh] += can_kwh
        if can_kwh > 1e-9:
            record[COLUMN.cars_available] += 1
        if plugged[i]:
            record[COLUMN.commitment_eur] -= rules.capacity_eur_per_h
            if not is_open[i, t]:
                joined += 1
    deficit = dataset.deficit[k, t]
    record[COLUMN.cars_needed] = np.ceil(deficit / rules.v2g_kw - 1e-9)
    record[COLUMN.shortage_kwh] = max(deficit - record[COLUMN.available_kwh], 0.0)
    record[COLUMN.availability_eur] = -joined * state.reward_eur_per_h[r]


@njit(internal=True)
def come_home(k: int, r: int, dataset: Dataset, rules: Rules, state: State, record: Floats) -> None:
    """Cars that come have driven, refill, and their contract's volume begins anew."""
    t = state.hour[r]
    day = t // 24
    for i in range(state.tank_kg.shape[1]):
        was_home, state.home[r, i] = state.home[r, i], dataset.parked[k, i, t]
        if not state.home[r, i]:
            state.left_kwh[r, i] = 0.0
        if was_home or not state.home[r, i]:
            continue
        driven_kg = min(rules.trip_kg, state.tank_kg[r, i])
        missing_kg = rules.tank_kg - (state.tank_kg[r, i] - driven_kg)
        from_store_kg = min(missing_kg, state.stock_kg[r])
        state.stock_kg[r] -= from_store_kg
        state.tank_kg[r, i] = rules.tank_kg
        volume = dataset.volume[k, i, dataset.kind[day + 1]]
        if volume < np.inf:  # a contract without maxVolume has nothing to be multiplied
            volume *= state.volume_factor[r]
        state.left_kwh[r, i] = volume
        fuel_kwh = (rules.tank_kg - rules.guaranteed_kg) * rules.kwh_per_kg
        effective = min(min(volume, fuel_kwh), dataset.open_h[k, i, day + 1] * rules.v2g_kw)
        record[COLUMN.stays] += 1
        record[COLUMN.committed_kwh] += min(volume, fuel_kwh) if np.isinf(volume) else volume
        record[COLUMN.effective_kwh] += effective
        record[COLUMN.driven_kg] += driven_kg
        record[COLUMN.refilled_kg] += missing_kg
        record[COLUMN.trailer_kg] += missing_kg - from_store_kg
    record[COLUMN.commitment_eur] -= rules.commitment_eur_per_kwh * record[COLUMN.committed_kwh]
    record[COLUMN.hydrogen_eur] = rules.hydrogen_eur_per_kg * record[COLUMN.refilled_kg]
    record[COLUMN.trailer_eur] = -rules.trailer_eur_per_kg * record[COLUMN.trailer_kg]


@njit(internal=True)
def plug_in(k: int, r: int, dataset: Dataset, rules: Rules, state: State) -> None:
    """Cars within their interval are at disposal, and those that the reward brings in."""
    t = state.hour[r]
    pull = 1.0 - math.exp(-state.reward_eur_per_h[r] / rules.reward_scale_eur_per_h)
    for i in range(state.tank_kg.shape[1]):
        joins = state.home[r, i] and dataset.joins[k, i, t] < pull
        state.plugged[r, i] = dataset.open[k, i, t] or joins


@njit
def fairness(given_kwh: Floats) -> float:
    """Jain's index of what the drivers have given: 1 if all alike, 1/n if only one did.

    >>> fairness(np.array([2.0, 2.0])), fairness(np.array([2.0, 0.0])), fairness(np.zeros(3))
    (1.0, 0.5, 1.0)

    Source: Jain, Chiu and Hawe 1984.
    """
    total_kwh, squares = 0.0, 0.0
    for kwh in given_kwh:
        total_kwh += kwh
        squares += kwh * kwh
    return total_kwh * total_kwh / (len(given_kwh) * squares) if squares > 0.0 else 1.0

"""The observations of a batch of microgrids, written into one array."""

from __future__ import annotations

import math
from typing import NamedTuple

from vpp_gym.arrays import Floats
from vpp_gym.fcev.microgrid.cars import fleet_kwh
from vpp_gym.fcev.microgrid.forecast import DAY_H, expected_kwh, expected_price
from vpp_gym.fcev.microgrid.state import Dataset, Rules, State
from vpp_gym.fcev.microgrid.transition import electrolyser_room_kwh
from vpp_gym.kernels import njit

AHEAD = 12
"""Hours that an observation looks ahead, this one included."""
MOST_LEFT_KWH = 100.0
"""Volume left of a car that counts; without a limit in the contract it is infinite."""


class Columns(NamedTuple):
    """First column of every part of the observation, in the order of the parts."""

    clock: int
    weekend: int
    winter: int
    deficit: int
    made: int
    price: int
    open: int
    available: int
    left: int
    fuel: int
    stock: int
    room: int


@njit
def fill_observations(
    at: Columns, dataset: Dataset, rules: Rules, state: State, rows: Floats
) -> None:
    """Write the (B, size) parts in their units; after the year's end as in its last hour."""
    hours = dataset.load.shape[1]
    for r in range(len(rows)):
        t = min(state.hour[r], hours - 1)
        turn = 2 * math.pi * (t % DAY_H) / DAY_H
        rows[r, at.clock], rows[r, at.clock + 1] = math.sin(turn), math.cos(turn)
        rows[r, at.weekend] = dataset.kind[t // DAY_H + 1]
        rows[r, at.winter] = dataset.winter[t // DAY_H]
        fill_ahead(r, t, at, dataset, state, rows[r])
        fill_state(r, at, rules, state, rows[r])


@njit(internal=True)
def fill_ahead(r: int, t: int, at: Columns, dataset: Dataset, state: State, row: Floats) -> None:
    """Energy, prices and cars of this hour and the next."""
    k, n = state.scenario[r], state.plugged.shape[1]
    deficit, surplus, wind = dataset.deficit[k], dataset.surplus[k], dataset.wind[k]
    price = dataset.import_price[k]
    for ahead in range(AHEAD):
        made_kwh = expected_kwh(surplus, t, ahead) + expected_kwh(wind, t, ahead)
        row[at.deficit + ahead] = expected_kwh(deficit, t, ahead) / n
        row[at.made + ahead] = made_kwh / n
        row[at.price + ahead] = expected_price(price, t, ahead)
        within = t + ahead < dataset.load.shape[1]
        row[at.open + ahead] = dataset.open_share[k, t + ahead] if within else 0.0


@njit(internal=True)
def fill_state(r: int, at: Columns, rules: Rules, state: State, row: Floats) -> None:
    """What cars, store and electrolyser can do now."""
    plugged, home, tank_kg = state.plugged[r], state.home[r], state.tank_kg[r]
    n = len(plugged)
    left_kwh, fuel_kg, at_home, at_disposal = 0.0, 0.0, 0, 0
    for i in range(n):
        if plugged[i]:
            left_kwh += min(state.left_kwh[r, i], MOST_LEFT_KWH)
            at_disposal += 1
        if home[i]:
            fuel_kg += tank_kg[i]
            at_home += 1
    row[at.open] = at_disposal / n
    row[at.available] = fleet_kwh(plugged, tank_kg, state.left_kwh[r], rules) / n
    row[at.left] = left_kwh / n
    row[at.fuel] = fuel_kg / (max(at_home, 1) * rules.tank_kg)
    row[at.stock] = state.stock_kg[r] / rules.store_kg
    row[at.room] = electrolyser_room_kwh(state.stock_kg[r], rules) / n

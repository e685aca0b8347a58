"""What happens in an hour of the microgrid, for a batch of runs.

In hour t the cars within their contracts serve the deficit, the electrolyser takes
surplus and wind, and the connection the rest. Then hour t + 1 begins: cars come home,
have driven, and refill from the store, or from a trailer where it is empty.
"""

from __future__ import annotations

import numpy as np

from vpp_gym.arrays import Bools, Floats
from vpp_gym.fcev.microgrid.cars import (
    come_home,
    count_cars,
    discharge,
    fairness,
    fleet_kwh,
    plug_in,
)
from vpp_gym.fcev.microgrid.ledger import COLUMN
from vpp_gym.fcev.microgrid.state import Dataset, Decisions, Rules, State
from vpp_gym.kernels import njit


@njit(internal=True)
def electrolyser_room_kwh(stock_kg: float, rules: Rules) -> float:
    """What the electrolyser can take in this hour: its power, or the room in the store."""
    room_kg = max(rules.store_kg - stock_kg, 0.0)
    return min(rules.electrolyser_kw, room_kg / rules.kg_per_kwh)


@njit(allocates=True)
def limits(rules: Rules, state: State) -> tuple[Floats, Floats]:
    """(B,) what all cars can give and (B,) what the electrolyser can take in this hour, kWh."""
    n_runs = len(state.hour)
    available_kwh, room_kwh = np.empty(n_runs), np.empty(n_runs)
    for r in range(n_runs):
        available_kwh[r] = fleet_kwh(state.plugged[r], state.tank_kg[r], state.left_kwh[r], rules)
        room_kwh[r] = electrolyser_room_kwh(state.stock_kg[r], rules)
    return available_kwh, room_kwh


@njit(internal=True)
def exchange(k: int, r: int, dataset: Dataset, rules: Rules, state: State, record: Floats) -> None:
    """What households, wind, cars and electrolyser leave goes through the connection.

    The electrolyser takes wind first. What it leaves of the wind is exported, unless
    wind may serve houses.
    """
    t = state.hour[r]
    load, deficit, surplus = dataset.load[k, t], dataset.deficit[k, t], dataset.surplus[k, t]
    wind, electrolyser = dataset.wind[k, t], record[COLUMN.electrolyser_kwh]
    wind_left = wind - min(wind, electrolyser)
    net = deficit + max(electrolyser - wind, 0.0) - surplus - record[COLUMN.v2g_kwh]
    if rules.wind_serves_houses:
        net -= wind_left
        wind_left = 0.0
    imported, exported = max(net, 0.0), max(-net, 0.0) + wind_left
    record[COLUMN.load_kwh], record[COLUMN.self_used_kwh] = load, dataset.self_used[k, t]
    record[COLUMN.deficit_kwh], record[COLUMN.surplus_kwh] = deficit, surplus
    record[COLUMN.wind_kwh] = wind
    record[COLUMN.import_kwh], record[COLUMN.export_kwh] = imported, exported
    record[COLUMN.import_eur] = -dataset.import_price[k, t] * imported
    record[COLUMN.export_eur] = dataset.export_price[k, t] * exported
    record[COLUMN.self_sufficiency] = 1.0
    if load > 0:
        record[COLUMN.self_sufficiency] -= min(imported / load, 1.0)


@njit(allocates=True, internal=True)
def advance_hour(
    r: int, dataset: Dataset, rules: Rules, state: State, decisions: Decisions, record: Floats
) -> None:
    """One hour of one run; writes the (len(TERMS),) record."""
    k = state.scenario[r]
    record[:] = 0.0
    before_kg = state.stock_kg[r]
    count_cars(k, r, dataset, rules, state, record)
    discharge(r, decisions.v2g_kwh[r], rules, state, record)
    record[COLUMN.electrolyser_kwh] = decisions.electrolyser_kwh[r]
    record[COLUMN.produced_kg] = rules.kg_per_kwh * record[COLUMN.electrolyser_kwh]
    state.stock_kg[r] += record[COLUMN.produced_kg]
    exchange(k, r, dataset, rules, state, record)
    state.volume_factor[r] = decisions.volume_factor[r]
    state.reward_eur_per_h[r] = decisions.reward_eur_per_h[r]
    state.hour[r] += 1
    if state.hour[r] < dataset.load.shape[1]:
        come_home(k, r, dataset, rules, state, record)
        plug_in(k, r, dataset, rules, state)
    record[COLUMN.stock_eur] = rules.hydrogen_eur_per_kg * (state.stock_kg[r] - before_kg)
    record[COLUMN.fairness] = fairness(state.given_kwh[r])


@njit(allocates=True)
def advance(
    moves: Bools,
    dataset: Dataset,
    rules: Rules,
    state: State,
    decisions: Decisions,
    records: Floats,
) -> None:
    """One hour of every run that moves; writes the (B, len(TERMS)) records."""
    for r in range(len(moves)):
        if moves[r]:
            advance_hour(r, dataset, rules, state, decisions, records[r])

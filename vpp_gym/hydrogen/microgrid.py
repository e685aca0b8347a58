"""Model 2, the microgrid: state, and what happens in an hour, for a batch of runs.

In hour t the cars within their contracts serve the deficit, the electrolyser takes
surplus and wind, and the connection the rest. Then hour t + 1 begins: cars come home,
have driven, and refill from the store, or from a trailer where it is empty.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from vpp_gym.hydrogen.fuel_cell import available_kwh, electrolysed_kg, hydrogen_kg
from vpp_gym.hydrogen.params import MicrogridParams

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

MONEY = (
    "import_eur",
    "export_eur",
    "v2g_eur",
    "commitment_eur",
    "availability_eur",
    "hydrogen_eur",
    "trailer_eur",
    "stock_eur",
)
"""Money of the operator; the sum is the reward. Costs are negative."""

TERMS = (
    *MONEY,
    "load_kwh",
    "self_used_kwh",
    "deficit_kwh",
    "surplus_kwh",
    "wind_kwh",
    "v2g_kwh",
    "electrolyser_kwh",
    "import_kwh",
    "export_kwh",
    "shortage_kwh",
    "available_kwh",
    "cars_needed",
    "cars_available",
    "committed_kwh",
    "effective_kwh",
    "stays",
    "produced_kg",
    "trailer_kg",
    "refilled_kg",
    "driven_kg",
    "used_kg",
    "fairness",
)
"""Columns of an hour's record."""

(
    IMPORT_EUR,
    EXPORT_EUR,
    V2G_EUR,
    COMMITMENT_EUR,
    AVAILABILITY_EUR,
    HYDROGEN_EUR,
    TRAILER_EUR,
    STOCK_EUR,
    LOAD_KWH,
    SELF_USED_KWH,
    DEFICIT_KWH,
    SURPLUS_KWH,
    WIND_KWH,
    V2G_KWH,
    ELECTROLYSER_KWH,
    IMPORT_KWH,
    EXPORT_KWH,
    SHORTAGE_KWH,
    AVAILABLE_KWH,
    CARS_NEEDED,
    CARS_AVAILABLE,
    COMMITTED_KWH,
    EFFECTIVE_KWH,
    STAYS,
    PRODUCED_KG,
    TRAILER_KG,
    REFILLED_KG,
    DRIVEN_KG,
    USED_KG,
    FAIRNESS,
) = range(len(TERMS))

MEANINGS = {
    "import_eur": "electricity from the grid",
    "export_eur": "electricity to the grid",
    "v2g_eur": "tariff paid to drivers for V2G",
    "commitment_eur": "paid for committed volume, or for hours at disposal",
    "availability_eur": "rewards for cars that plug in outside their interval",
    "hydrogen_eur": "hydrogen that drivers refill, at its price",
    "trailer_eur": "hydrogen brought in because the store was empty",
    "stock_eur": "change of the store's hydrogen, at its price",
    "load_kwh": "consumption of the households",
    "self_used_kwh": "of it, served by the household's own PV",
    "deficit_kwh": "of it, beyond all PV",
    "surplus_kwh": "PV beyond the load of all households",
    "wind_kwh": "made by the turbine",
    "v2g_kwh": "given by the cars",
    "electrolyser_kwh": "taken by the electrolyser",
    "import_kwh": "taken from the grid",
    "export_kwh": "given to the grid",
    "shortage_kwh": "of the deficit, beyond what the cars could have given",
    "available_kwh": "what the cars could have given within their contracts",
    "cars_needed": "cars that the deficit needs at full power",
    "cars_available": "cars within their contracts with energy left",
    "committed_kwh": "maxVolume of the stays that begin",
    "effective_kwh": "of it, what fuel above the guarantee and hours of the interval allow",
    "stays": "stays that begin",
    "produced_kg": "hydrogen made by the electrolyser",
    "trailer_kg": "hydrogen brought in",
    "refilled_kg": "hydrogen refilled by drivers",
    "driven_kg": "hydrogen used by driving",
    "used_kg": "hydrogen used for V2G",
    "fairness": "Jain's index of the drivers' V2G so far: 1 if all gave alike",
}


class Bank(NamedTuple):
    """What K worlds bring along, by hour; energies in kWh, prices in EUR/kWh.

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
    """

    load: Floats
    self_used: Floats
    deficit: Floats
    surplus: Floats
    wind: Floats
    da: Floats
    import_price: Floats
    export_price: Floats
    parked: Mask
    open: Mask
    open_h: NDArray[np.int64]
    volume: Floats
    joins: Floats
    kind: NDArray[np.int64]


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
        world: (B,) which of the bank's worlds.
        hour: (B,) of the world.
        tank_kg: (B, n).
        home: (B, n) at home in this hour.
        plugged: (B, n) at the operator's disposal in this hour.
        left_kwh: (B, n) volume that the contract of this stay still allows.
        given_kwh: (B, n) each car's V2G so far.
        stock_kg: (B,) in the store.
        volume_factor: (B,) on maxVolume of the stays that begin next.
        reward_eur_per_h: (B,) for cars that plug in outside their interval next.
    """

    world: NDArray[np.int64]
    hour: NDArray[np.int64]
    tank_kg: Floats
    home: Mask
    plugged: Mask
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
        world=np.zeros(n_runs, np.int64),
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
    state: State, bank: Bank, rules: Rules, run: int, world: int, hour: int, stock_kg: float
) -> None:
    """Begin a run with full tanks; the stays under way have their whole volume left."""
    home = bank.parked[world, :, hour]
    state.world[run], state.hour[run] = world, hour
    state.tank_kg[run], state.stock_kg[run] = rules.tank_kg, stock_kg
    state.home[run], state.plugged[run] = home, bank.open[world, :, hour]
    state.given_kwh[run], state.reward_eur_per_h[run] = 0.0, 0.0
    state.volume_factor[run] = 1.0
    # A stay under way began yesterday, unless the car came back earlier today.
    day, of_day = divmod(hour, 24)
    was_away = ~bank.parked[world, :, 24 * day : hour + 1].all(axis=1)
    begun = np.where(was_away & (of_day > 0), day + 1, day)
    volume_kwh = bank.volume[world][np.arange(len(home)), bank.kind[begun]]
    state.left_kwh[run] = np.where(home, volume_kwh, 0.0)


@njit(cache=True)
def car_kwh(r: int, i: int, rules: Rules, state: State) -> float:
    """What a car can give in this hour within its contract."""
    if not state.plugged[r, i]:
        return 0.0
    could = available_kwh(state.tank_kg[r, i], rules.guaranteed_kg, rules.kwh_per_kg, rules.v2g_kw)
    return min(could, state.left_kwh[r, i])


@njit(cache=True)
def fleet_kwh(r: int, rules: Rules, state: State) -> float:
    """What all cars can give in this hour within their contracts."""
    total = 0.0
    for i in range(state.tank_kg.shape[1]):
        total += car_kwh(r, i, rules, state)
    return total


@njit(cache=True)
def electrolyser_room_kwh(r: int, rules: Rules, state: State) -> float:
    """What the electrolyser can take in this hour: its power, or the room in the store."""
    room_kg = max(rules.store_kg - state.stock_kg[r], 0.0)
    return min(rules.electrolyser_kw, room_kg / rules.kg_per_kwh)


@njit(cache=True)
def limits(r: int, rules: Rules, state: State) -> tuple[float, float]:
    """What all cars can give and what the electrolyser can take in this hour, kWh."""
    return fleet_kwh(r, rules, state), electrolyser_room_kwh(r, rules, state)


@njit(cache=True)
def discharge(r: int, wanted_kwh: float, rules: Rules, state: State, record: Floats) -> None:
    """Cars give what is wanted, those with the most volume (or fuel) left first.

    The order, which spreads the use over the drivers, is ours.
    """
    n = state.tank_kg.shape[1]
    room = np.empty(n)
    for i in range(n):
        above_kg = max(state.tank_kg[r, i] - rules.guaranteed_kg, 0.0)
        room[i] = -min(state.left_kwh[r, i], above_kg * rules.kwh_per_kg)
    left_kwh = wanted_kwh
    for i in np.argsort(room, kind="mergesort"):
        if left_kwh <= 1e-12:
            break
        given_kwh = min(car_kwh(r, i, rules, state), left_kwh)
        left_kwh -= given_kwh
        used_kg = hydrogen_kg(given_kwh, rules.kwh_per_kg)
        state.tank_kg[r, i] -= used_kg
        state.left_kwh[r, i] -= given_kwh
        state.given_kwh[r, i] += given_kwh
        record[V2G_KWH] += given_kwh
        record[USED_KG] += used_kg
    record[V2G_EUR] = -rules.tariff_eur_per_kwh * record[V2G_KWH]


@njit(cache=True)
def look_at_cars(k: int, r: int, bank: Bank, rules: Rules, state: State, record: Floats) -> None:
    """How many cars are needed and at hand, and what they are paid for being there."""
    t = state.hour[r]
    joined = 0
    for i in range(state.tank_kg.shape[1]):
        if car_kwh(r, i, rules, state) > 1e-9:
            record[CARS_AVAILABLE] += 1
        if state.plugged[r, i]:
            record[COMMITMENT_EUR] -= rules.capacity_eur_per_h
            if not bank.open[k, i, t]:
                joined += 1
    deficit = bank.deficit[k, t]
    record[AVAILABLE_KWH] = fleet_kwh(r, rules, state)
    record[CARS_NEEDED] = np.ceil(deficit / rules.v2g_kw - 1e-9)
    record[SHORTAGE_KWH] = max(deficit - record[AVAILABLE_KWH], 0.0)
    record[AVAILABILITY_EUR] = -joined * state.reward_eur_per_h[r]


@njit(cache=True)
def exchange(k: int, r: int, bank: Bank, rules: Rules, state: State, record: Floats) -> None:
    """What households, wind, cars and electrolyser leave goes through the connection.

    The electrolyser takes wind first. What it leaves of the wind is exported, unless
    wind may serve houses.
    """
    t = state.hour[r]
    record[LOAD_KWH], record[SELF_USED_KWH] = bank.load[k, t], bank.self_used[k, t]
    record[DEFICIT_KWH], record[SURPLUS_KWH] = bank.deficit[k, t], bank.surplus[k, t]
    record[WIND_KWH] = bank.wind[k, t]
    wind_left = record[WIND_KWH] - min(record[WIND_KWH], record[ELECTROLYSER_KWH])
    more = max(record[ELECTROLYSER_KWH] - record[WIND_KWH], 0.0)
    net = record[DEFICIT_KWH] + more - record[SURPLUS_KWH] - record[V2G_KWH]
    if rules.wind_serves_houses:
        net -= wind_left
        wind_left = 0.0
    record[IMPORT_KWH], record[EXPORT_KWH] = max(net, 0.0), max(-net, 0.0) + wind_left
    record[IMPORT_EUR] = -bank.import_price[k, t] * record[IMPORT_KWH]
    record[EXPORT_EUR] = bank.export_price[k, t] * record[EXPORT_KWH]


@njit(cache=True)
def come_home(k: int, r: int, bank: Bank, rules: Rules, state: State, record: Floats) -> None:
    """Cars that come have driven, refill, and their contract's volume begins anew."""
    t = state.hour[r]
    day = t // 24
    for i in range(state.tank_kg.shape[1]):
        was_home, state.home[r, i] = state.home[r, i], bank.parked[k, i, t]
        if not state.home[r, i]:
            state.left_kwh[r, i] = 0.0
        if was_home or not state.home[r, i]:
            continue
        driven_kg = min(rules.trip_kg, state.tank_kg[r, i])
        missing_kg = rules.tank_kg - (state.tank_kg[r, i] - driven_kg)
        from_store_kg = min(missing_kg, state.stock_kg[r])
        state.stock_kg[r] -= from_store_kg
        state.tank_kg[r, i] = rules.tank_kg
        volume = state.volume_factor[r] * bank.volume[k, i, bank.kind[day + 1]]
        state.left_kwh[r, i] = volume
        fuel_kwh = (rules.tank_kg - rules.guaranteed_kg) * rules.kwh_per_kg
        effective = min(min(volume, fuel_kwh), bank.open_h[k, i, day + 1] * rules.v2g_kw)
        record[STAYS] += 1
        record[COMMITTED_KWH] += min(volume, fuel_kwh) if np.isinf(volume) else volume
        record[EFFECTIVE_KWH] += effective
        record[DRIVEN_KG] += driven_kg
        record[REFILLED_KG] += missing_kg
        record[TRAILER_KG] += missing_kg - from_store_kg
    record[COMMITMENT_EUR] -= rules.commitment_eur_per_kwh * record[COMMITTED_KWH]
    record[HYDROGEN_EUR] = rules.hydrogen_eur_per_kg * record[REFILLED_KG]
    record[TRAILER_EUR] = -rules.trailer_eur_per_kg * record[TRAILER_KG]


@njit(cache=True)
def plug_in(k: int, r: int, bank: Bank, rules: Rules, state: State) -> None:
    """Cars within their interval are at disposal, and those that the reward brings in."""
    t = state.hour[r]
    pull = 1.0 - np.exp(-state.reward_eur_per_h[r] / rules.reward_scale_eur_per_h)
    for i in range(state.tank_kg.shape[1]):
        joins = state.home[r, i] and bank.joins[k, i, t] < pull
        state.plugged[r, i] = bank.open[k, i, t] or joins


@njit(cache=True)
def fairness(given_kwh: Floats) -> float:
    """Jain's index of what the drivers have given: 1 if all alike, 1/n if only one did.

    >>> fairness(np.array([2.0, 2.0])), fairness(np.array([2.0, 0.0])), fairness(np.zeros(3))
    (1.0, 0.5, 1.0)

    Source: Jain, Chiu and Hawe 1984.
    """
    squares = (given_kwh**2).sum()
    return given_kwh.sum() ** 2 / (len(given_kwh) * squares) if squares > 0 else 1.0


@njit(cache=True)
def advance_hour(
    r: int, bank: Bank, rules: Rules, state: State, decisions: Decisions, record: Floats
) -> None:
    """One hour of one run; writes the (len(TERMS),) record."""
    k = state.world[r]
    record[:] = 0.0
    before_kg = state.stock_kg[r]
    look_at_cars(k, r, bank, rules, state, record)
    discharge(r, decisions.v2g_kwh[r], rules, state, record)
    record[ELECTROLYSER_KWH] = decisions.electrolyser_kwh[r]
    record[PRODUCED_KG] = rules.kg_per_kwh * record[ELECTROLYSER_KWH]
    state.stock_kg[r] += record[PRODUCED_KG]
    exchange(k, r, bank, rules, state, record)
    state.volume_factor[r] = decisions.volume_factor[r]
    state.reward_eur_per_h[r] = decisions.reward_eur_per_h[r]
    state.hour[r] += 1
    if state.hour[r] < bank.load.shape[1]:
        come_home(k, r, bank, rules, state, record)
        plug_in(k, r, bank, rules, state)
    record[STOCK_EUR] = rules.hydrogen_eur_per_kg * (state.stock_kg[r] - before_kg)
    record[FAIRNESS] = fairness(state.given_kwh[r])


@njit(cache=True)
def advance(
    moves: Mask, bank: Bank, rules: Rules, state: State, decisions: Decisions, records: Floats
) -> None:
    """One hour of every run that moves; writes the (B, len(TERMS)) records."""
    for r in range(len(moves)):
        if moves[r]:
            advance_hour(r, bank, rules, state, decisions, records[r])

"""Books of their own for one run of the microgrid, from docs/fuel-cell and the parameters."""

from __future__ import annotations

from math import ceil, exp, inf
from typing import Any

import numpy as np

from tests.attack.ev_worlds import one_of, somewhere
from vpp_gym.fcev.microgrid.contracts import Cars
from vpp_gym.fcev.microgrid.households import Households
from vpp_gym.fcev.microgrid.ledger import TERMS
from vpp_gym.fcev.microgrid.params import MicrogridParams
from vpp_gym.fcev.microgrid.simulation import MicrogridScenario

FIRST_DAY = np.datetime64("2019-01-01")


def weekend(day: int) -> int:
    """Whether a day of the year is a Saturday or Sunday; day 0 is a Tuesday."""
    return int((day + 1) % 7 >= 5)


def random_machines(
    rng: np.random.Generator, tank_kg: float, power_kw: tuple[float, ...]
) -> dict[str, dict[str, float]]:
    """Fuel cells and electrolyser of either world, whose power lies in a range of its own."""
    return {
        "fuel_cell": {
            "efficiency": somewhere(rng, 0.2, 1.0, 0.51),
            "hydrogen_eur_per_kg": somewhere(rng, 0, 8, 1.1946),
            "v2g_kw": somewhere(rng, 0.5, 80, 10.0),
            "tank_kg": tank_kg,
        },
        "electrolyser": {
            "power_kw": somewhere(rng, *power_kw),
            "efficiency": somewhere(rng, 0.3, 1.0, 0.75),
            "store_kg": somewhere(rng, 0.5, 100, 12.0),
            "initial_share": somewhere(rng, 0, 1, 0.0, 1.0),
        },
    }


def random_grid_params(rng: np.random.Generator) -> MicrogridParams:
    tank_kg, trip_km = somewhere(rng, 1.0, 12, 5.6), somewhere(rng, 0, 60, 0.0)
    keep_kg = somewhere(rng, min(1.0, 0.01 * trip_km), tank_kg, max(1.0, 0.01 * trip_km))
    return MicrogridParams().changed(
        {
            "n_cars": int(rng.integers(1, 14)),
            **random_machines(rng, tank_kg, power_kw=(0, 500, 0.0, 80.0)),
            "wind": {"serves_houses": bool(rng.random() < 0.5)},
            "schedule": {"trip_km": trip_km},
            "contract": {
                "family": one_of(rng, "volume_based", "control_based"),
                "guaranteed_kg": max(keep_kg, 0.01 * trip_km),
                "tariff_eur_per_kwh": somewhere(rng, 0, 0.5, 0.0),
                "commitment_eur_per_kwh": somewhere(rng, 0, 0.1, 0.005),
                "capacity_eur_per_h": somewhere(rng, 0, 0.1, 0.02),
            },
            "money": {
                "import_fee_eur_per_kwh": somewhere(rng, 0, 0.3, 0.12),
                "export_fee_eur_per_kwh": somewhere(rng, 0, 0.1, 0.03),
                "trailer_eur_per_kg": somewhere(rng, 0, 10, 3.0),
                "reward_scale_eur_per_h": somewhere(rng, 0.01, 1, 0.2),
            },
        }
    )


def stays(rng: np.random.Generator, n: int, hours: int) -> np.ndarray:
    """(n, hours) home or away, changing at random hours."""
    changes = rng.random((n, hours)) < rng.choice([0.05, 0.15, 0.4], (n, 1))
    return (np.cumsum(changes, axis=1) + rng.integers(0, 2, (n, 1))) % 2 == 1


def random_grid_scenario(rng: np.random.Generator, params: MicrogridParams) -> MicrogridScenario:
    n, days = params.n_cars, int(rng.integers(2, 9))
    hours = 24 * days
    parked = stays(rng, n, hours)
    opened = parked & (rng.random((n, hours)) < rng.choice([0.3, 0.9, 1.0]))
    free = params.contract.family == "control_based"
    load, pv = rng.gamma(2.0, 30.0, hours), rng.gamma(0.5, 60.0, hours)
    return MicrogridScenario(
        name="attack",
        households=Households(load, pv, np.minimum(load, pv) * rng.random(hours)),
        wind_kwh=rng.gamma(0.5, 60.0, hours) * rng.choice([0.0, 1.0]),
        da_eur_per_kwh=rng.normal(0.05, 0.1, hours),
        cars=Cars(
            parked=parked,
            open=parked if free else opened,
            usual_open=parked,
            open_h=rng.integers(0, 25, (n, days + 1)),
            volume_kwh=np.full((n, 2), inf) if free else rng.uniform(0, 120, (n, 2)),
            joins=rng.random((n, hours)),
        ),
    )


class GridBooks:
    """One run from an hour on."""

    def __init__(self, scenario: MicrogridScenario, params: MicrogridParams, hour: int) -> None:
        self.world, self.params, self.t = scenario, params, hour
        self.cars, self.cell = scenario.cars, params.fuel_cell
        n = params.n_cars
        self.kwh_per_kg = self.cell.efficiency * self.cell.hhv_kwh_per_kg
        self.kg_per_kwh = params.electrolyser.efficiency / self.cell.hhv_kwh_per_kg
        self.stock = params.electrolyser.initial_share * params.electrolyser.store_kg
        self.tank, self.given = np.full(n, self.cell.tank_kg), np.zeros(n)
        self.home = self.cars.parked[:, hour].copy()
        self.plugged = self.cars.open[:, hour].copy()
        self.left = np.array([self._volume_under_way(i, hour) for i in range(n)])
        self.reward = 0.0
        self.book: dict[str, float] = {}

    def _volume_under_way(self, i: int, hour: int) -> float:
        """Of a stay that began yesterday, unless the car was away for a part of today."""
        if not self.home[i]:
            return 0.0
        day = hour // 24
        here_all_day = self.cars.parked[i, 24 * day : hour + 1].all()
        return float(self.cars.volume_kwh[i, weekend(day - 1 if here_all_day else day)])

    def can_give(self) -> np.ndarray:
        """(n,) kWh of each car in this hour."""
        above = np.maximum(0.0, self.tank - self.params.contract.guaranteed_kg) * self.kwh_per_kg
        most = np.minimum(np.minimum(above, self.cell.v2g_kw), self.left)
        return np.where(self.plugged, most, 0.0)

    def can_take(self) -> float:
        """kWh of the electrolyser."""
        machine = self.params.electrolyser
        return min(machine.power_kw, max(0.0, machine.store_kg - self.stock) / self.kg_per_kwh)

    def step(self, v2g: float, electrolyser: float, factor: float, reward: float) -> None:
        book = dict.fromkeys(TERMS, 0.0)
        before = self.stock
        self._at_hand(book)
        self._give(book, v2g)
        book["electrolyser_kwh"] = electrolyser
        book["produced_kg"] = electrolyser * self.kg_per_kwh
        self.stock += book["produced_kg"]
        self._connection(book)
        self.reward = reward
        self.t += 1
        if self.t < self.cars.parked.shape[1]:
            self._come_home(book, factor)
        book["stock_eur"] = self.cell.hydrogen_eur_per_kg * (self.stock - before)
        squares = float(self.given @ self.given)
        if squares > 0:
            book["fairness"] = float(self.given.sum()) ** 2 / (len(self.given) * squares)
        else:
            book["fairness"] = 1.0
        self.book = book

    def _at_hand(self, book: dict[str, float]) -> None:
        can, homes = self.can_give(), self.world.households
        deficit = max(0.0, homes.load_kwh[self.t] - homes.pv_kwh[self.t])
        book["available_kwh"] = can.sum()
        book["cars_available"] = float((can > 1e-9).sum())
        book["cars_needed"] = float(ceil(deficit / self.cell.v2g_kw - 1e-9))
        book["shortage_kwh"] = max(0.0, deficit - can.sum())
        outside = self.plugged & ~self.cars.open[:, self.t]
        book["availability_eur"] = -self.reward * outside.sum()
        if self.params.contract.family == "control_based":
            book["commitment_eur"] -= self.params.contract.capacity_eur_per_h * self.plugged.sum()

    def _give(self, book: dict[str, float], wanted: float) -> None:
        """The car with the most left serves first."""
        above = np.maximum(0.0, self.tank - self.params.contract.guaranteed_kg) * self.kwh_per_kg
        can, most_left = self.can_give(), np.minimum(self.left, above)
        missing = wanted
        for i in sorted(np.flatnonzero(self.plugged), key=lambda i: -most_left[i]):
            gives = min(can[i], missing)
            missing -= gives
            self.tank[i] -= gives / self.kwh_per_kg
            self.left[i] -= gives
            self.given[i] += gives
            book["v2g_kwh"] += gives
        book["used_kg"] = book["v2g_kwh"] / self.kwh_per_kg
        book["v2g_eur"] = -self.params.contract.tariff_eur_per_kwh * book["v2g_kwh"]

    def _connection(self, book: dict[str, float]) -> None:
        """Everything made equals everything used, import and export included."""
        homes, t, money = self.world.households, self.t, self.params.money
        load, pv, wind = homes.load_kwh[t], homes.pv_kwh[t], self.world.wind_kwh[t]
        used_by_machine = book["electrolyser_kwh"]
        free_wind = max(0.0, wind - used_by_machine)
        need = load - pv - book["v2g_kwh"] + max(0.0, used_by_machine - wind)
        if self.params.wind.serves_houses:
            need, free_wind = need - free_wind, 0.0
        bought, sold = max(0.0, need), max(0.0, -need) + free_wind
        da = self.world.da_eur_per_kwh[t]
        book |= {
            "load_kwh": load,
            "self_used_kwh": homes.self_used_kwh[t],
            "deficit_kwh": max(0.0, load - pv),
            "surplus_kwh": max(0.0, pv - load),
            "wind_kwh": wind,
            "import_kwh": bought,
            "export_kwh": sold,
            "import_eur": -bought * (da + money.import_fee_eur_per_kwh),
            "export_eur": sold * (da - money.export_fee_eur_per_kwh),
            "self_sufficiency": 1.0 - min(1.0, bought / load) if load > 0 else 1.0,
        }
        made = pv + wind + book["v2g_kwh"] + bought
        assert abs(made - load - used_by_machine - sold) < 1e-8 * (1 + made)

    def _come_home(self, book: dict[str, float], factor: float) -> None:
        contract, day = self.params.contract, self.t // 24
        trip_kg = self.cell.kg_per_km * self.params.schedule.trip_km
        for i in range(len(self.tank)):
            came = self.cars.parked[i, self.t] and not self.home[i]
            self.home[i] = self.cars.parked[i, self.t]
            if not self.home[i]:
                self.left[i] = 0.0
            if not came:
                continue
            driven = min(trip_kg, self.tank[i])
            refilled = self.cell.tank_kg - self.tank[i] + driven
            stored = min(refilled, self.stock)
            self.stock -= stored
            self.tank[i] = self.cell.tank_kg
            volume = self.cars.volume_kwh[i, weekend(day)]
            self.left[i] = inf if np.isinf(volume) else volume * factor
            fuel = (self.cell.tank_kg - contract.guaranteed_kg) * self.kwh_per_kg
            within = self.cars.open_h[i, day + 1] * self.cell.v2g_kw
            book["stays"] += 1
            book["committed_kwh"] += fuel if np.isinf(volume) else self.left[i]
            book["effective_kwh"] += min(self.left[i], fuel, within)
            book["driven_kg"] += driven
            book["refilled_kg"] += refilled
            book["trailer_kg"] += refilled - stored
        if contract.family == "volume_based":
            book["commitment_eur"] -= contract.commitment_eur_per_kwh * book["committed_kwh"]
        book["hydrogen_eur"] = self.cell.hydrogen_eur_per_kg * book["refilled_kg"]
        book["trailer_eur"] = -self.params.money.trailer_eur_per_kg * book["trailer_kg"]
        pull = 1.0 - exp(-self.reward / self.params.money.reward_scale_eur_per_h)
        joins = self.home & (self.cars.joins[:, self.t] < pull)
        self.plugged = self.cars.open[:, self.t] | joins

    def row(self) -> list[Any]:
        return [self.book[name] for name in TERMS]

"""Books of their own for one run of the car park, from docs/fuel-cell and the parameters."""

from __future__ import annotations

from math import ceil
from typing import Any

import numpy as np

from tests.attack.ev_worlds import one_of, somewhere
from tests.attack.grid_books import random_machines, stays, weekend
from vpp_gym.fcev.car_park.ledger import TERMS
from vpp_gym.fcev.car_park.params import CarParkParams
from vpp_gym.fcev.car_park.parking import Drivers
from vpp_gym.fcev.car_park.simulation import CarParkScenario


def random_park_params(rng: np.random.Generator) -> CarParkParams:
    tank_kg = somewhere(rng, 2.0, 12, 5.6)
    margins = tuple(rng.random(3).tolist())
    levels = tuple(np.sort(rng.random(2)).tolist())
    return CarParkParams().changed(
        {
            "n_cars": int(rng.integers(1, 40)),
            **random_machines(rng, tank_kg, power_kw=(0, 900, 0.0, 500.0)),
            "parking": {"trip_km": 0.0, "trip_sd_km": 0.0},
            "contract": {
                "tier_levels": levels,
                "tier_margins": margins,
                "reserve_kg": somewhere(rng, 0, 0.5 * tank_kg, 0.0, 1.0),
            },
            "market": {
                "lot_kw": somewhere(rng, 1, 150, 100.0, 10.0),
                "penalty_eur_per_kwh": somewhere(rng, 0, 0.3, 0.05),
            },
        }
    )


def random_park_scenario(rng: np.random.Generator, params: CarParkParams) -> CarParkScenario:
    n, days = params.n_cars, int(rng.integers(2, 9))
    hours, tank_kg = 24 * days, params.fuel_cell.tank_kg
    price = rng.normal(0.06, 0.06, hours)
    asked = rng.uniform(0.0, 0.15, n)
    return CarParkScenario(
        name="attack",
        da_eur_per_kwh=price,
        forecast_eur_per_kwh=price + rng.normal(0, 0.03, hours),
        drivers=Drivers(
            at_work=rng.random(n) < 0.5,
            usual=rng.random((n, 2, 24)) * (rng.random((n, 2, 24)) < 0.8),
            parked=stays(rng, n, hours),
            trip_kg=rng.uniform(0, one_of(rng, 0.5, tank_kg), (n, days)),
            usual_kg=rng.uniform(0, tank_kg, n),
            min_price_eur_per_kwh=asked.round(one_of(rng, 1, 2, 6)),
        ),
    )


class ParkBooks:
    """One run from an hour on."""

    def __init__(self, scenario: CarParkScenario, params: CarParkParams, hour: int) -> None:
        self.world, self.params, self.t, self.begun = scenario, params, hour, hour
        self.drivers, self.cell = scenario.drivers, params.fuel_cell
        n, machine = params.n_cars, params.electrolyser
        self.kwh_per_kg = self.cell.efficiency * self.cell.hhv_kwh_per_kg
        self.kg_per_kwh = machine.efficiency / self.cell.hhv_kwh_per_kg
        wear = self.cell.v2g_wear * self.cell.cost_eur_per_kw / self.cell.life_h
        self.cost = self.cell.hydrogen_eur_per_kg / self.kwh_per_kg + wear
        self.stock = machine.initial_share * machine.store_kg
        self.tank = self.drivers.usual_kg.copy()
        self.at_plug_in = self.tank.copy()
        self.plugged = np.zeros(n, dtype=bool)
        self.margin = np.zeros(n)
        self.sold: dict[int, np.ndarray] = {}
        self.bought: dict[int, np.ndarray] = {}

    def most_offers(self) -> np.ndarray:
        """(24,) lots of tomorrow that enough cars are expected for."""
        tomorrow = min(self.t // 24 + 1, len(self.world.da_eur_per_kwh) // 24 - 1)
        above = np.maximum(0.0, self.at_plug_in - self.params.contract.reserve_kg) * self.kwh_per_kg
        usual = self.drivers.usual[above >= self.cell.v2g_kw - 1e-9, weekend(tomorrow)]
        per_lot = ceil(self.params.market.lot_kw / self.cell.v2g_kw)
        return np.floor(usual.sum(0) + 1e-9).astype(int) // per_lot

    def clear(self, offers: Any, asks: Any, bids: Any, limits: Any) -> None:
        """Lots and prices of tomorrow's 24 hours."""
        day = self.t // 24 + 1
        price = self.world.da_eur_per_kwh[24 * day : 24 * day + 24]
        if len(price):
            lot = self.params.market.lot_kw
            self.sold[day] = np.where(price >= asks, lot * np.asarray(offers), 0.0)
            self.bought[day] = np.where(price <= limits, lot * np.asarray(bids), 0.0)

    def hour(self) -> list[float]:
        """What the next hour books."""
        book, t = dict.fromkeys(TERMS, 0.0), self.t
        day, of_day, da = t // 24, t % 24, self.world.da_eur_per_kwh[t]
        self._leave_and_come(book)
        sold = self.sold.get(day, np.zeros(24))[of_day]
        self._deliver(book, sold, da)
        self._store(book, self.bought.get(day, np.zeros(24))[of_day], da)
        book["plugged_in"] = float(self.plugged.sum())
        self.t += 1
        return [book[name] for name in TERMS]

    def _leave_and_come(self, book: dict[str, float]) -> None:
        now = self.drivers.parked[:, self.t]
        before = self.drivers.parked[:, self.t - 1] if self.t > self.begun else np.zeros_like(now)
        for i in np.flatnonzero(before & ~now):
            refilled = max(0.0, self.drivers.usual_kg[i] - self.tank[i])
            self.tank[i] += refilled
            book["refilled_kg"] += refilled
        contract = self.params.contract
        for i in np.flatnonzero(now & ~before):
            driven = min(self.tank[i], self.drivers.trip_kg[i, self.t // 24])
            self.tank[i] -= driven
            book["driven_kg"] += driven
            self.at_plug_in[i] = self.tank[i]
            level = self.tank[i] / self.cell.tank_kg
            tier = sum(level >= least for least in contract.tier_levels)
            self.margin[i] = contract.tier_margins[tier]
        self.plugged = now.copy()

    def _deliver(self, book: dict[str, float], sold: float, da: float) -> None:
        """The lowest minPrice serves first, among equals the fullest tank."""
        asked, left, pay, best = self.drivers.min_price_eur_per_kwh, sold, 0.0, 0.0
        reserve = self.params.contract.reserve_kg
        for i in sorted(np.flatnonzero(self.plugged), key=lambda i: (asked[i], -self.tank[i])):
            can = max(0.0, self.tank[i] - reserve) * self.kwh_per_kg
            gives = min(can, self.cell.v2g_kw, left)
            left -= gives
            self.tank[i] -= gives / self.kwh_per_kg
            excess = max(0.0, da - asked[i])
            pay += gives * (asked[i] + self.margin[i] * excess)
            best += gives * (asked[i] + self.params.contract.tier_margins[-1] * excess)
            if asked[i] > da:
                book["below_min_price_kwh"] += gives
        given = sold - left
        book |= {
            "sold_kwh": sold,
            "v2g_kwh": given,
            "short_kwh": left,
            "used_kg": given / self.kwh_per_kg,
            "v2g_eur": sold * da,
            "short_eur": -left * (da + self.params.market.penalty_eur_per_kwh),
            "driver_pay_eur": -pay,
            "driver_profit_eur": pay - given * self.cost,
            "potential_profit_eur": best - given * self.cost,
        }

    def _store(self, book: dict[str, float], bought: float, da: float) -> None:
        machine, before = self.params.electrolyser, self.stock
        price, penalty = self.cell.hydrogen_eur_per_kg, self.params.market.penalty_eur_per_kwh
        stored = min(self.stock, book["refilled_kg"])
        self.stock -= stored
        used = min(bought, max(0.0, machine.store_kg - self.stock) / self.kg_per_kwh)
        self.stock += used * self.kg_per_kwh
        trailer = book["refilled_kg"] - stored
        book |= {
            "bought_kwh": bought,
            "unused_kwh": bought - used,
            "produced_kg": used * self.kg_per_kwh,
            "trailer_kg": trailer,
            "power_eur": -bought * da,
            "unused_eur": (bought - used) * (da - penalty),
            "hydrogen_eur": price * book["refilled_kg"],
            "trailer_eur": -price * trailer,
            "stock_eur": price * (self.stock - before),
        }

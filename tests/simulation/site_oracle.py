"""A site's connection once more, in plain Python and with linear programs.

Beside `tests.simulation.oracle`, from which it takes the cars. What the least load of a car is
where promises are kept is not retyped: see `least_total_kwh`, which bounds it from below.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
from scipy.optimize import linprog

from tests.simulation.group_oracle import Reservations, handed_out
from tests.simulation.oracle import Car, Oracle
from vpp_gym.params import VPPParams
from vpp_gym.scenarios.scenario import Scenario


class SiteOracle(Oracle):
    """One run with a site."""

    def __init__(
        self,
        scenario: Scenario,
        params: VPPParams,
        menu: Sequence[tuple[float, float]],
        start: int = 0,
        end: int | None = None,
    ) -> None:
        self.site, self.start = scenario.site, start
        storage = params.storage
        self.stored_kwh = storage.kwh * storage.initial_soc
        self.months: dict[tuple[int, int], float] = {}
        self.years: dict[int, float] = {}
        self.promises: dict[int, float] = {}
        self.net_kwh = 0.0
        self.used: dict[str, float] = {}
        self.params, self.scenario, self.lot = params, scenario, []
        self.reservations = Reservations(self) if params.connection.groups else None
        super().__init__(scenario, params, menu, start, end)

    # What is there, and allowed, in a step

    def series(self, name: str, t: int) -> float:
        """kWh of sun or building in a step."""
        series = None if self.site is None else getattr(self.site, name)
        return 0.0 if series is None else float(series[t])

    def limit_kwh(self, way: str, t: int) -> float:
        own = getattr(self.params.connection, f"{way}_limit_kw")
        series = None if self.site is None else getattr(self.site, f"{way}_limit_kw")
        kw = [np.inf if own is None else own, np.inf if series is None else float(series[t])]
        return min(kw) * self.scenario.dt_h

    def least_limit_kwh(self) -> float:
        """Of imports, whatever is announced."""
        own = self.params.connection.import_limit_kw
        series = None if self.site is None else self.site.import_limit_kw
        least = np.inf if series is None else self.site.least_import_limit_kw
        return min(np.inf if own is None else own, least) * self.scenario.dt_h

    @property
    def kept_free_kwh(self) -> float:
        """Of every import limit: what all chargers may take beside their cars' loads."""
        site = self.params.site
        return site.n_chargers * site.standby_kw * self.scenario.dt_h

    @property
    def is_limited(self) -> bool:
        return bool(np.isfinite(self.least_limit_kwh()) or self.params.connection.groups)

    def building_peak_kwh(self) -> float:
        return 0.0 if self.site is None else self.site.building_peak_kw * self.scenario.dt_h

    def storage_limits(self) -> tuple[float, float]:
        storage = self.params.storage
        power = storage.kw * self.scenario.dt_h
        free = (storage.kwh - self.stored_kwh) / storage.charge_eff
        return -min(power, self.stored_kwh * storage.discharge_eff), min(power, max(0.0, free))

    def limits(self, car: Car) -> tuple[float, float]:
        """As if nothing were guaranteed, where the connection limits what can be."""
        if not self.is_limited:
            return super().limits(car)
        told = self.params
        self.params = told.replace(guarantee=False)
        found = super().limits(car)
        self.params = told
        return found

    def bids_allowed(self, period: int) -> tuple[float, float]:
        if self.params.market.bid_limit_kw is not None:
            return super().bids_allowed(period)
        site, dt_h, power = self.params.site, self.scenario.dt_h, self.params.storage.kw
        chargers_kw = site.n_chargers * max(site.charge_kw, site.discharge_kw)
        if site.charger_kw is not None:
            chargers_kw = sum(site.charger_kw)
        building_kw = 0.0 if self.site is None else self.site.building_peak_kw
        sun_kw = 0.0 if self.site is None else self.site.pv_peak_kw
        take_kwh = (chargers_kw + power + building_kw) * dt_h
        give_kwh = (chargers_kw + power + sun_kw) * dt_h
        if self.params.market.bid_limit == "chargers":
            return -take_kwh, give_kwh
        took = self.could_take.get(period) or [0.0]
        gave = self.could_give.get(period) or [0.0]
        return -min(take_kwh, sum(took) / len(took)), min(give_kwh, sum(gave) / len(gave))

    # Promises

    def rooms_kwh(self, horizon: int) -> np.ndarray:
        """What cars can count on in this step and the following ones."""
        notice = round(self.params.connection.notice_h / self.scenario.dt_h)
        last = self.scenario.n_steps - 1
        rooms = [self.limit_kwh("import", self.t) - self.series("building_kwh", self.t)]
        for ahead in range(1, horizon):
            known = self.limit_kwh("import", min(self.t + ahead, last))
            limit = known if ahead <= notice else self.least_limit_kwh()
            rooms.append(limit - self.building_peak_kwh())
        return np.maximum(np.array(rooms) - self.kept_free_kwh, 0.0)

    def needs(self) -> tuple[list[float], list[float], list[int]]:
        """Of the cars that are there: to be charged, a full step, and steps left."""
        eff, dt_h = self.params.site.charge_eff, self.scenario.dt_h
        cars = [car for car in self.lot if car is not None]
        return (
            [max(0.0, self.promises[car.session] - car.stored_kwh) / eff for car in cars],
            [car.charge_kw * dt_h for car in cars],
            [min(self.steps_left(car), round(48 / dt_h)) for car in cars],
        )

    def _car(self, session: int, row: dict[str, float], place: int) -> Car:
        car = super()._car(session, row, place)
        self.promises[session] = car.target_kwh
        if not self.is_limited:
            return car
        if self.reservations is not None:
            self.promises[session] = self.reservations.promise(place, car)
            return car
        eff, dt_h = self.params.site.charge_eff, self.scenario.dt_h
        need, full, steps = self.needs()
        reach = min(
            max(0.0, car.target_kwh - car.stored_kwh) / eff,
            car.charge_kw * dt_h * self.steps_left(car),
        )
        full, steps = [*full, car.charge_kw * dt_h], [*steps, car_steps(self, car)]
        rooms = self.rooms_kwh(max(steps))
        more = most_served([*need, reach], full, steps, rooms)
        more -= most_served([*need, 0.0], full, steps, rooms)
        if more < reach - 1e-9 or reach < (car.target_kwh - car.stored_kwh) / eff:
            self.promises[session] = car.stored_kwh + eff * max(0.0, more)
        return car

    def least_total_kwh(self) -> float:
        """Least that all cars together must take in this step for promises to be kept."""
        need, full, steps = self.needs()
        if not need:
            return 0.0
        rooms = self.rooms_kwh(max(steps))
        rooms[0] = 0.0
        return sum(need) - most_served(need, full, steps, rooms)

    def no_room_kwh(self, car: Car, due_kwh: float, leaves: int) -> float:
        stay_h = (min(leaves, car.departure) - car.arrival) * self.scenario.dt_h
        reach = self.pace(car).after(car.arrival_kwh, stay_h)
        return max(0.0, min(due_kwh, reach) - self.promises[car.session])

    # The step

    def site_step(
        self,
        loads_kwh: Sequence[float],
        bids_kwh: Sequence[float],
        floors_kwh: Sequence[float],
        storage_kwh: float,
        sun_kwh: float,
    ) -> dict[str, float]:
        """Advance by one step with what was decided; `floors_kwh` are the least loads."""
        loads, storage, sun = list(loads_kwh), storage_kwh, sun_kwh
        base, yielded = self.series("building_kwh", self.t), 0.0
        if self.reservations is not None:
            yielded = self._share_groups(loads, floors_kwh)
        free = self.limit_kwh("import", self.t) - self.kept_free_kwh
        over = base + sum(loads) + storage - sun - free
        under = -self.limit_kwh("export", self.t) - (base + sum(loads) + storage - sun)
        if over > 0:
            more = min(over, self.series("pv_kwh", self.t) - sun)
            less = min(over - more, max(0.0, storage))
            sun, storage = sun + more, storage - less
            yielded += self._cut(loads, floors_kwh, over - more - less, +1)
        elif under > 0:
            less = min(under, sun)
            more = min(under - less, max(0.0, -storage))
            sun, storage = sun - less, storage + more
            yielded += self._cut(loads, floors_kwh, under - less - more, -1)
        beside = sum(self.standby_kwh(load) for load in loads)
        self.net_kwh = base + sum(loads) + beside + storage - sun
        self.used = {"storage": storage, "sun": sun, "yielded": yielded, "base": base}
        return self.step(loads, bids_kwh)

    def _share_groups(self, loads: list[float], floors: Sequence[float]) -> float:
        """Bring every group within its limits, inner ones first; what was cut."""
        groups, cut = self.reservations.groups, 0.0
        for g, members in enumerate(groups.members):
            net = groups.load(g, loads)
            cut += self._cut(loads, floors, net - groups.import_kwh[g], +1, members, g)
            cut += self._cut(loads, floors, -groups.export_kwh[g] - net, -1, members, g)
        return cut

    def _cut(
        self,
        loads: list[float],
        floors: Sequence[float],
        amount: float,
        sign: int,
        members: Collection[int] | None = None,
        before: int | None = None,
    ) -> float:
        """Take from charging the cars with most laxity first; from discharging, with least."""
        wants: dict[int, tuple[float, float]] = {}
        for place, car in enumerate(self.lot):
            if car is not None and (members is None or place in members):
                key = -sign * float(np.floor(self.laxity_h(car) / 1e-6 + 0.5))
                _, hi = self.limits(car)
                idle = min(max(0.0, floors[place]), hi)
                wants[place] = key, max(0.0, sign * (loads[place] - idle))
        if self.reservations is not None:
            groups = self.reservations.groups
            slack = {}
            for g, inner in enumerate(groups.members[:before]):
                if members is None or inner <= members:
                    limits = groups.export_kwh if sign > 0 else groups.import_kwh
                    slack[g] = limits[g] + sign * groups.load(g, loads)
            wants = groups.narrowed(wants, slack)
        parts = handed_out(wants, max(0.0, amount))
        for place, (_, part) in parts.items():
            loads[place] -= sign * part
        return sum(part for _, part in parts.values())

    def _remember(self, load_kwh: float) -> None:
        super()._remember(self.net_kwh)
        period, power = self.period(self.t), self.params.storage.kw * self.scenario.dt_h
        self.could_take[period][-1] += power + self.used["base"]
        self.could_give[period][-1] += power + self.series("pv_kwh", self.t)

    def _settle(self, today: dt.date, load_kwh: float) -> None:
        super()._settle(today, self.net_kwh)
        storage, tariff, now = self.params.storage, self.params.tariff, self.clock(self.t)
        load, net = self.used["storage"], self.net_kwh
        if load > 0:
            self.stored_kwh += load * storage.charge_eff
        else:
            self.stored_kwh += load / storage.discharge_eff
        takes, gives = max(0.0, net), max(0.0, -net)

        def fee(way: str) -> float:
            fees = getattr(tariff, f"{way}_fee_eur_per_kwh")
            return fees[now.hour] if len(fees) == 24 else fees[0]

        month = (now.year, now.month)
        rise = max(0.0, takes - self.months.get(month, 0.0))
        self.months[month] = self.months.get(month, 0.0) + rise
        self._add(
            grid_fee_eur=-takes * fee("import") - gives * fee("export"),
            energy_tax_eur=-tariff.energy_tax_eur_per_kwh * self._taxed_kwh(now.year, net),
            peak_fee_eur=-rise / self.scenario.dt_h * tariff.peak_eur_per_kw_month,
            storage_wear_eur=-max(0.0, -load) * storage.wear_eur_per_kwh,
            import_kwh=takes,
            export_kwh=gives,
            building_kwh=self.used["base"],
            pv_kwh=self.used["sun"],
            curtailed_kwh=self.series("pv_kwh", self.t) - self.used["sun"],
            storage_charge_kwh=max(0.0, load),
            storage_discharge_kwh=max(0.0, -load),
            yielded_kwh=self.used["yielded"],
        )

    def _taxed_kwh(self, year: int, net_kwh: float) -> float:
        if not self.params.tariff.net_metering:
            return max(0.0, net_kwh)
        before = self.years.get(year, 0.0)
        self.years[year] = before + net_kwh
        return max(0.0, before + net_kwh) - max(0.0, before)

    def _close(self) -> None:
        super()._close()
        storage, steps = self.params.storage, round(24 / self.scenario.dt_h)
        prices = self.scenario.da_eur_per_kwh[max(self.start, self.t - steps) : self.t]
        more = self.stored_kwh - storage.kwh * storage.initial_soc
        worth = more * storage.discharge_eff if more > 0 else more / storage.charge_eff
        self._add(storage_left_eur=worth * float(np.mean(prices)))


def car_steps(oracle: SiteOracle, car: Car) -> int:
    """Steps for which a promise looks for room."""
    return min(oracle.steps_left(car), round(48 / oracle.scenario.dt_h))


def most_served(
    need: Sequence[float], full: Sequence[float], steps: Sequence[int], rooms: np.ndarray
) -> float:
    """What a linear program serves of needs within the rooms of the steps."""
    n, horizon = len(need), len(rooms)
    if sum(need) <= 0:
        return 0.0
    bounds: list[Any] = [
        (0.0, full[k] if s < steps[k] else 0.0) for k in range(n) for s in range(horizon)
    ]
    of_cars = np.kron(np.eye(n), np.ones(horizon))
    of_steps = np.kron(np.ones(n), np.eye(horizon))
    found = linprog(
        -np.ones(n * horizon),
        A_ub=np.vstack([of_cars, of_steps]),
        b_ub=np.concatenate([need, np.minimum(rooms, 1e6)]),
        bounds=bounds,
    )
    assert found.status == 0, found.message
    return float(-found.fun)

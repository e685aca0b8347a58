"""Groups of chargers with limits of their own, in plain Python: beside `SiteOracle`.

Reservations are a mapping from steps to kWh for each car, and a group is a set of chargers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tests.simulation.oracle import Car
from tests.sites import members_of

Wants = dict[int, tuple[float, float]]
"""By charger: a key, and what is wanted [kWh]."""


def handed_out(wants: Wants, amount: float) -> Wants:
    """An amount in ascending order of keys; equal ones share by what they want."""
    result: Wants = {}
    left = amount
    for key in sorted({key for key, _ in wants.values()}):
        same = {place: kwh for place, (k, kwh) in wants.items() if k == key}
        total = sum(same.values())
        part = min(left, total)
        for place, kwh in same.items():
            result[place] = key, (kwh * part / total if total > 0 else 0.0)
        left -= part
    return result


class Groups:
    """The groups of some parameters, the smallest first."""

    def __init__(self, params: Any, dt_h: float) -> None:
        groups = params.connection.groups
        inside = members_of(groups)

        def depth(group: Any) -> int:
            by_name = {one.name: one for one in groups}
            return 0 if group.parent is None else 1 + depth(by_name[group.parent])

        ordered = sorted(groups, key=depth, reverse=True)
        self.members = [inside[group.name] for group in ordered]
        self.import_kwh = [
            max(0.0, group.import_kw - params.site.standby_kw * len(inside[group.name])) * dt_h
            for group in ordered
        ]  # less what their chargers may take beside the loads of cars
        self.export_kwh = [
            np.inf if group.export_kw is None else group.export_kw * dt_h for group in ordered
        ]

    def narrowed(self, wants: Wants, slack: Mapping[int, float]) -> Wants:
        """Wants cut down to the slack of groups, inner ones first."""
        for g, amount in slack.items():
            own = {place: want for place, want in wants.items() if place in self.members[g]}
            wants = wants | handed_out(own, max(amount, 0.0))
        return wants

    def load(self, g: int, loads: Sequence[float]) -> float:
        return sum(loads[place] for place in self.members[g])

    def envelope(self, lo: Sequence[float], hi: Sequence[float]) -> tuple[float, float]:
        """Least and largest load of all chargers from idle on, charger by charger."""
        idle = [min(max(0.0, a), b) for a, b in zip(lo, hi, strict=True)]
        ends = []
        for sign, limits, reach in ((1, self.import_kwh, hi), (-1, self.export_kwh, lo)):
            wants = {k: (0.0, sign * (reach[k] - idle[k])) for k in range(len(idle))}
            slack = {g: limits[g] - sign * self.load(g, idle) for g in range(len(limits))}
            total = sum(kwh for _, kwh in self.narrowed(wants, slack).values())
            ends.append(sum(idle) + sign * total)
        return ends[1], ends[0]


class Reservations:
    """What is reserved for each car; `site` is a SiteOracle."""

    def __init__(self, site: Any) -> None:
        self.site, self.of = site, {}  # by session
        self.groups = Groups(site.params, site.scenario.dt_h)
        self.measured = -1
        self.floors: dict[int, float] = {}

    def last(self, car: Car) -> int:
        """Step behind the last one in which a car can be charged."""
        site = self.site
        return site.t + min(site.steps_left(car), round(48 / site.scenario.dt_h) - 1)

    def need_kwh(self, car: Car) -> float:
        missing = self.site.promises[car.session] - car.stored_kwh
        return max(0.0, missing) / self.site.params.site.charge_eff

    def cars(self) -> list[tuple[int, Car]]:
        """In the order in which they came."""
        there = [(place, car) for place, car in enumerate(self.site.lot) if car is not None]
        return sorted(there, key=lambda one: one[1].session)

    def free_kwh(self, place: int, step: int, cars: Sequence[tuple[int, Car]]) -> float:
        """Least room of all limits that a charger is behind."""
        taken = {at: self.of[car.session].get(step, 0.0) for at, car in cars}
        room = self.rooms[step - self.site.t] - sum(taken.values())
        for members, limit in zip(self.groups.members, self.groups.import_kwh, strict=True):
            if place in members:
                room = min(room, limit - sum(taken.get(other, 0.0) for other in members))
        return max(0.0, room)

    def reserve(
        self, place: int, car: Car, need_kwh: float, first: int, cars: Sequence[tuple[int, Car]]
    ) -> float:
        """Reserve from the last step on; what is not."""
        site, eff = self.site, self.site.params.site.charge_eff
        end = site.promises[car.session]
        for step in range(self.last(car) - 1, site.t + first - 1, -1):
            full = (end - site.needed(car, end, 1)) / eff
            take = min(need_kwh, full, self.free_kwh(place, step, cars))
            if need_kwh <= 0:
                break
            self.of[car.session][step] = take
            need_kwh -= take
            end -= eff * take
        return max(0.0, need_kwh)

    def move_back(self, cars: Sequence[tuple[int, Car]]) -> None:
        self.rooms = self.site.rooms_kwh(round(48 / self.site.scenario.dt_h))
        for _, car in cars:
            left = self.need_kwh(car) if self.site.params.guarantee else 0.0
            kept: dict[int, float] = {}
            for step in sorted(self.of[car.session], reverse=True):
                if self.site.t <= step < self.last(car):
                    kept[step] = min(left, self.of[car.session][step])
                    left -= kept[step]
            self.of[car.session] = kept
        for place, car in cars:
            self.of[car.session] = {}
            self.reserve(place, car, self.need_kwh(car), 0, cars)

    def promise(self, place: int, car: Car) -> float:
        """What a car that arrives now is promised."""
        site, eff = self.site, self.site.params.site.charge_eff
        cars = self.cars()
        self.move_back(cars)
        self.of[car.session] = {}
        full = site.charged(car, car.stored_kwh, max(1, car.departure - site.t))
        wish = max(car.stored_kwh, min(car.target_kwh, full))
        site.promises[car.session] = wish
        cars = [*cars, (place, car)]
        lacking = self.reserve(place, car, (wish - car.stored_kwh) / eff, 0, cars)
        if lacking <= 1e-9 and wish >= car.target_kwh - 1e-9:
            return car.target_kwh
        return wish - eff * lacking

    def measure(self) -> None:
        """Least loads of the step to come, by charger."""
        site, cars = self.site, self.cars()
        if not site.params.guarantee or self.measured == site.t:
            return
        self.measured, self.floors = site.t, {}
        self.move_back(cars)
        eff, out = site.params.site.charge_eff, site.params.site.discharge_eff
        for place, car in cars:
            lo, hi = site.limits(car)
            now = self.of[car.session].get(site.t, 0.0)
            if now > 1e-9:
                lo = min(now, hi)
            elif lo < 0:
                spare = max(0.0, car.stored_kwh - site.promises[car.session])
                again = max(0.0, -lo / out - spare) / eff
                if again > 0:
                    self.of[car.session] = {}
                    need = self.need_kwh(car) + again
                    lacking = self.reserve(place, car, need, 1, cars)
                    lo = max(lo, -(spare + eff * max(0.0, again - lacking)) * out)
            self.floors[place] = lo

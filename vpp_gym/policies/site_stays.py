"""Stays of cars in the hindsight program of a site, those of drivers who come back among them.

A car of a known driver may arrive with what it left with, less the trip, within its battery's
limits (`params.driver.returning`). What it left with depends on what was decided, and the limits
bend the relation: no linear program has it exactly. Here the energy on arrival lies between
straight lines around it. All that can happen lies between them, too, so that the program's value
stays a bound.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from vpp_gym.arrays import Floats, Ints
from vpp_gym.fleet.charging import NO_CURVE, gain_kwh
from vpp_gym.params import VPPParams
from vpp_gym.scenarios.scenario import Scenario
from vpp_gym.simulation import Simulation
from vpp_gym.simulation.dataset import Dataset
from vpp_gym.solvers.site_lp import Columns, Rows
from vpp_gym.views import Decisions

Line = tuple[float, float]
"""Offset [kWh] and slope."""
NARROW_KWH = 1e-9
"""A range that is as narrow as rounding."""
LEVEL = 1e-8
"""A slope that is level but for rounding."""


class Stays(NamedTuple):
    """The cars that find a charger, in the order of their arrival."""

    session: Ints  # (n,) row in the scenario
    first: Ints  # (n,) step of arrival
    steps: Ints  # (n,) until they really leave
    early: Ints  # (n,) 1: before they said
    arrival_kwh: Floats  # (n,) stored on arrival, in the scenario
    target_kwh: Floats  # (n,)
    full_kwh: Floats  # (n,) of a step at full power, at the meter
    full_kw: Floats  # (n,) stored per hour at full power
    curves: Floats  # (n, 2, K) of `vpp_gym.fleet.charging`
    dt_h: float
    due_kwh: Floats  # (n,) demand when they leave, in the battery, as the scenario has them arrive
    missed_eur: Floats  # (n,) penalty per kWh missing in the battery
    charger: Ints  # (n,) at which each is charged
    before: Ints  # (n,) the stay that a car comes back from; -1: it comes as in the scenario
    trip_kwh: Floats  # (n,) used since
    least_kwh: Floats  # (n,) with which it comes back
    most_kwh: Floats  # (n,)

    def gain_kwh(self, k: int, energy_kwh: float) -> float:
        """What car k stores in its stay at full power, from an energy on."""
        curve = self.curves[k] if self.curves.shape[2] else NO_CURVE
        hours, full_kw = int(self.steps[k]) * self.dt_h, float(self.full_kw[k])
        return float(gain_kwh(energy_kwh, hours, full_kw, curve))

    def due_from_kwh(self, k: int, energy_kwh: float) -> float:
        """What car k misses when it leaves without having been charged, from an energy on."""
        target_kwh = float(self.target_kwh[k])
        if self.early[k]:
            target_kwh = min(target_kwh, energy_kwh + self.gain_kwh(k, energy_kwh))
        return target_kwh - energy_kwh

    def retail_eur(self, params: VPPParams) -> float:
        """What drivers who do not come back pay if they miss nothing."""
        once_kwh = float(self.due_kwh[self.before < 0].sum())
        return once_kwh / params.site.charge_eff * params.driver.retail_eur_per_kwh


def stays_of(sim: Simulation, scenario: Scenario) -> Stays:
    """Who finds a charger and comes back from where, which no decision changes.

    Args:
        sim: of the scenario; run to its end.
        scenario: the same.
    """
    sim.reset()
    kw: dict[int, float] = {}
    charger: dict[int, int] = {}
    run, occupied, evs = sim.state.run, sim.state.occupied, sim.state.ev
    while not sim.done[0]:
        there = occupied[0]
        pairs = zip(evs["session"][0, there], evs["charge_kw"][0, there], strict=True)
        kw.update((int(session), float(each)) for session, each in pairs)
        charger.update(zip(evs["session"][0, there].tolist(), np.flatnonzero(there), strict=True))
        sim.step(Decisions(fleet_kwh=float(run["fleet_idle_kwh"][0])))
    rows = np.array(sorted(kw), dtype=np.int64)
    dataset, driver, eff = sim.dataset, sim.params.driver, sim.params.site.charge_eff
    cars, dt_h = dataset.sessions[rows], scenario.dt_h
    first, leaves = scenario.sessions.arrival_step[rows], cars["leaves"]
    full_kwh = dt_h * np.array([kw[row] for row in rows.tolist()])
    early = leaves < cars["departure"]
    penalty = dataset.steps["shortfall_eur_per_kwh"][np.minimum(leaves, scenario.n_steps - 1)]
    before = np.full(len(rows), -1, dtype=np.int64)
    if driver.returning:
        before = visits_before(dataset, scenario, rows)
    stays = Stays(
        session=rows,
        first=first,
        steps=leaves - first,
        early=early.astype(np.int64),
        arrival_kwh=cars["arrival_kwh"].copy(),
        target_kwh=cars["target_kwh"].copy(),
        full_kwh=full_kwh,
        full_kw=eff * full_kwh / dt_h,
        curves=dataset.curves[rows],
        dt_h=dt_h,
        due_kwh=np.zeros(len(rows)),
        missed_eur=np.where(early, driver.early_shortfall_share, 1.0) * penalty,
        charger=np.array([charger[row] for row in rows.tolist()], dtype=np.int64),
        before=before,
        trip_kwh=cars["trip_kwh"].copy(),
        least_kwh=np.minimum(cars["min_kwh"], cars["arrival_kwh"]),
        most_kwh=np.maximum(cars["battery_max_kwh"], cars["arrival_kwh"]),
    )
    due = [max(stays.due_from_kwh(k, float(stays.arrival_kwh[k])), 0.0) for k in range(len(rows))]
    return stays._replace(due_kwh=np.array(due, dtype=np.float64))


def visits_before(dataset: Dataset, scenario: Scenario, rows: Ints) -> Ints:
    """(n,) for each stay the one whose energy its car comes back with; -1: as in the scenario.

    A car that was turned away since, or whose driver's stay before is not over, comes as in the
    scenario.

    Args:
        dataset: of the scenario alone.
        scenario: its sessions in the order of arrival.
        rows: (n,) sessions that find a charger, rising.
    """
    arrival, driver = scenario.sessions.arrival_step, dataset.sessions["driver"]
    stay_of = {row: k for k, row in enumerate(rows.tolist())}
    leaves = dataset.sessions["leaves"]
    # Who leaves makes room before others come, and in the order in which they came.
    events = [(int(arrival[row]), 1, row) for row in range(len(arrival))]
    events += [(int(leaves[row]), 0, row) for row in stay_of]
    left: dict[int, int] = {}
    before = np.full(len(rows), -1, dtype=np.int64)
    for _, comes, row in sorted(events):
        who = int(driver[row])
        if who < 0:
            continue
        if not comes:
            left[who] = stay_of[row]
        elif row in stay_of:
            before[stay_of[row]] = left.pop(who, -1)
        else:
            left.pop(who, None)
    return before


def steps_of(stays: Stays) -> tuple[Ints, Ints]:
    """(m,) car and step of each step of each stay, car by car."""
    of_car = np.repeat(np.arange(len(stays.steps)), stays.steps)
    begins = np.cumsum(stays.steps) - stays.steps
    return of_car, stays.first[of_car] + np.arange(len(of_car)) - begins[of_car]


def add_cars(stays: Stays, params: VPPParams, columns: Columns, rows: Rows, balance: Ints) -> Ints:
    """Charging of every car in each of its steps, and what it misses; columns of the first.

    Args:
        stays: of the cars.
        params: rules of the world.
        columns: of the program, to which some are added.
        rows: of the program, to which some are added.
        balance: (T,) rows in which what the cars take in each step is entered.
    """
    n, eff, retail_eur = len(stays.steps), params.site.charge_eff, params.driver.retail_eur_per_kwh
    of_car, of_step = steps_of(stays)
    back = stays.before >= 0
    charge = columns.add(
        len(of_car), np.where(back, -retail_eur, 0.0)[of_car], 0.0, stays.full_kwh[of_car]
    )
    rows.put(balance[of_step], charge, 1.0 + params.site.charging_standby)
    lost_eur = stays.missed_eur + np.where(back, 0.0, retail_eur / eff)
    missed = columns.add(n, lost_eur, 0.0, np.inf)
    # No car stores more than full power gives it from its arrival on, or than its target.
    gets = [stays.gain_kwh(k, float(stays.arrival_kwh[k])) for k in range(n)]
    wanted = np.maximum(stays.target_kwh - stays.arrival_kwh, 0.0)
    most = np.where(back, np.inf, np.minimum(wanted, np.array(gets, dtype=np.float64)))
    fits = rows.add(np.full(n, -np.inf), most)
    rows.put(fits[of_car], charge, eff)
    served = rows.add(np.where(back, -np.inf, stays.due_kwh), np.full(n, np.inf))
    rows.put(served, missed, 1.0)
    rows.put(served[of_car], charge, eff)
    if back.any():
        of_stay = np.split(charge, np.cumsum(stays.steps)[:-1])
        _add_returns(stays, eff, of_stay, missed, columns, rows)
    return charge


def _add_returns(
    stays: Stays, eff: float, charge: list[Ints], missed: Ints, columns: Columns, rows: Rows
) -> None:
    """What cars come back with, and what they can get and miss then."""
    low, high = stays.arrival_kwh.copy(), stays.arrival_kwh.copy()
    comes = np.full(len(stays.steps), -1, dtype=np.int64)
    for k, before in enumerate(stays.before.tolist()):  # the stay before has a lower number
        if before < 0:
            continue
        target, trip = float(stays.target_kwh[before]), float(stays.trip_kwh[k])
        limits = float(stays.least_kwh[k]), float(stays.most_kwh[k])
        least, most = float(low[before]), float(high[before])
        most = max(most, min(target, most + stays.gain_kwh(before, most)))
        bends = [min(max(limit + trip, least), most) for limit in limits]
        at = [least, *bends, most]
        points = [(x, min(max(x - trip, limits[0]), limits[1])) for x in at]
        low[k], high[k] = points[0][1], points[-1][1]
        comes[k] = columns.add(1, 0.0, low[k], high[k])[0]
        for sign in (1.0, -1.0):
            for offset, slope in lines_below(points, sign):
                row = rows.add(np.array([_stored_kwh(stays, before, comes, slope) + offset]), FREE)
                rows.put(row, comes[k : k + 1], sign)
                _put_stored(rows, row, comes[before], charge[before], eff, -slope)
        _add_return(stays, k, (float(low[k]), float(high[k])), eff, charge[k], missed, comes, rows)


FREE: Floats = np.array([np.inf])


def _stored_kwh(stays: Stays, k: int, comes: Ints, slope: float) -> float:
    """What a line over the energy with which car k leaves has as a number, not as a column."""
    return slope * float(stays.arrival_kwh[k]) if comes[k] < 0 else 0.0


def _put_stored(rows: Rows, row: Ints, comes: int, charge: Ints, eff: float, factor: float) -> None:
    """Enter so many times the energy with which a car leaves, its number apart."""
    if factor == 0.0:
        return
    rows.put(np.repeat(row, len(charge)), charge, factor * eff)
    if comes >= 0:
        _put_if(rows, row, np.array([comes]), factor)


def _add_return(
    stays: Stays,
    k: int,
    between_kwh: tuple[float, float],
    eff: float,
    charge: Ints,
    missed: Ints,
    comes: Ints,
    rows: Rows,
) -> None:
    """What car k can get, and what it misses, where it comes with an energy of a range."""
    target = float(stays.target_kwh[k])
    ends = [(x, max(target - x, 0.0)) for x in between_kwh]
    if between_kwh[0] < target < between_kwh[1]:
        ends.insert(1, (target, 0.0))
    own = comes[k : k + 1]
    all_of = np.zeros(len(charge), dtype=np.int64)
    fits = rows.add(-FREE, np.array([stays.gain_kwh(k, between_kwh[0])]))
    rows.put(fits[all_of], charge, eff)
    for offset, slope in lines_below(ends, -1.0):  # -room >= offset + slope * energy
        room = rows.add(-FREE, np.array([-offset]))
        rows.put(room[all_of], charge, eff)
        _put_if(rows, room, own, slope)
    due = [(x, stays.due_from_kwh(k, x)) for x in between_kwh]
    for offset, slope in lines_below(due, 1.0):
        served = rows.add(np.array([offset]), FREE)
        rows.put(served, missed[k : k + 1], 1.0)
        rows.put(served[all_of], charge, eff)
        _put_if(rows, served, own, -slope)


def _put_if(rows: Rows, row: Ints, column: Ints, value: float) -> None:
    """One entry, unless it is nothing."""
    if value != 0.0:
        rows.put(row, column, value)


def lines_below(points: list[tuple[float, float]], sign: float) -> Iterator[Line]:
    """The lines of the convex hull below `sign` times what joins some points.

    Args:
        points: from left to right.
        sign: 1 or -1.

    >>> list(lines_below([(0, 2), (1, 0), (3, 0)], 1.0))
    [(2.0, -2.0), (0.0, 0.0)]
    >>> list(lines_below([(0, 2), (1, 0), (3, 0)], -1.0))
    [(-2.0, 0.6666666666666666)]
    """
    if points[-1][0] - points[0][0] <= NARROW_KWH:
        yield min(sign * y for _, y in points), 0.0
        return
    hull: list[tuple[float, float]] = []
    for x, y in ((float(x), sign * float(y)) for x, y in points):
        if hull and x - hull[-1][0] <= NARROW_KWH:
            hull[-1] = (hull[-1][0], min(hull[-1][1], y))
            continue
        while len(hull) > 1 and _bends_down(hull[-2], hull[-1], (x, y)):
            hull.pop()
        hull.append((x, y))
    for (x0, y0), (x1, y1) in pairwise(hull):
        slope = (y1 - y0) / (x1 - x0)
        if abs(slope) <= LEVEL:
            yield min(y0, y1), 0.0
        else:
            yield y0 - slope * x0, slope


def _bends_down(a: tuple[float, float], b: tuple[float, float], c: tuple[float, float]) -> bool:
    """Whether b lies on or above the line from a to c."""
    return (b[1] - a[1]) * (c[0] - a[0]) >= (c[1] - a[1]) * (b[0] - a[0])

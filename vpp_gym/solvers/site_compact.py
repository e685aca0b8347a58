"""The plan of a site as a smaller linear program, for many cars or many plans.

What it plans is what `vpp_gym.solvers.site_lp` plans, to rounding, in fewer rows and columns:

- A car that may not discharge only fills up: what it stores in between needs no column, and its
  whole stay is one row, the sum of what it charges.
- The lines below which a tapering car charges (`Cars.rise_lines`) bind in few steps. They are left
  out at first; those that the answer breaks are added, and the program goes on from there, until it
  breaks none. So the last answer is that of the program with all of them.

The solver begins where the grid gives what is taken and every store keeps what it has
(`Program.lead`), from where a fifth to a seventh of its steps are left.

Steps far ahead can be put together in blocks (`edges`). That is an approximation: prices and loads
of a block are its mean, and within it a car's load is even over the steps of its stay.
"""

from __future__ import annotations

import threading
from functools import lru_cache
from typing import NamedTuple

import highspy
import numpy as np

from vpp_gym.arrays import Floats, Ints
from vpp_gym.errors import SolveFailedError
from vpp_gym.solvers.site_groups import add_group_rows
from vpp_gym.solvers.site_lp import OVER_EUR_PER_KWH, Cars, Connection, SitePlan
from vpp_gym.solvers.site_program import Program
from vpp_gym.solvers.site_start import (
    MANY_CARS,
    basis_from,
    classes_of,
    mean_of_classes,
    one_for_many,
)
from vpp_gym.solvers.site_tapers import Tapers, add_broken_lines

OFF, DEVEX = 0, 1
"""Choices of HiGHS: no scaling, and how rows are weighed that may leave the basis."""
_LOCAL = threading.local()


class _Blocks(NamedTuple):
    """The steps that are planned as one."""

    edges: Ints  # (B + 1,) first step of each block, and the horizon
    length: Ints  # (B,) steps

    def sums(self, series: Floats) -> Floats:
        """(..., B) sums over the steps of each block."""
        return np.add.reduceat(series, self.edges[:-1], axis=-1)

    def means(self, series: Floats) -> Floats:
        """(..., B) means."""
        return self.sums(series) / self.length


class _Stays(NamedTuple):
    """The blocks of every car's stay, one after the other."""

    car: Ints  # (S,)
    block: Ints  # (S,)
    inside: Ints  # (S,) steps of the block that belong to the stay
    first: Ints  # (n + 1,) where the blocks of each car begin


class _Loads(NamedTuple):
    """Columns of the program."""

    charge: Ints  # (S,)
    discharge: Ints  # (G,) of the cars that may
    giving: Ints  # (G,) which of the S these are
    into: Ints  # (B,) battery
    out: Ints  # (B,)
    sun: Ints  # (B,)
    balance: Ints  # (B,) rows


@lru_cache(maxsize=1024)
def coarse_edges(horizon: int, single: int = 8, growth: float = 1.5, most: int = 12) -> Ints:
    """First steps of blocks that grow with how far ahead they are, and the horizon behind them.

    Args:
        horizon: number of steps.
        single: so many blocks of one step come first.
        growth: of the length of a block from one to the next.
        most: steps of a block.

    >>> coarse_edges(20, single=3, growth=2, most=4).tolist()
    [0, 1, 2, 3, 5, 9, 13, 17, 20]
    """
    edges, length = list(range(min(single, horizon) + 1)), 1.0
    while edges[-1] < horizon:
        length = min(length * growth, most)
        edges.append(min(edges[-1] + round(length), horizon))
    found = np.array(edges, dtype=np.int64)
    found.setflags(write=False)
    return found


def plan_compact(
    cars: Cars,
    connection: Connection,
    edges: Ints | None = None,
    tapers: Tapers | None = None,
    charge_eur_per_kwh: Floats | None = None,
) -> SitePlan:
    """The cheapest plan of a site.

    Args:
        cars: their stays end within the horizon.
        connection: of the site.
        edges: first step of each block that is planned as one, and the horizon; the first has one
            step. None: every step by itself, which is exact.
        tapers: how cars taper, if that is not in `cars.rise_lines`.
        charge_eur_per_kwh: (n, H) what each kWh charged costs beside its price; None: nothing.

    Raises:
        SolveFailedError: not solved.
    """
    horizon = connection.horizon
    edges = np.arange(horizon + 1) if edges is None else edges
    blocks = _Blocks(edges, edges[1:] - edges[:-1])
    if tapers is None and cars.rise_lines is not None:
        tapers = Tapers(np.full(len(cars.steps), -np.inf), cars.rise_lines.__getitem__)
    stays, loads, program = _built(cars, connection, blocks, charge_eur_per_kwh)
    start = None
    if len(cars.steps) >= MANY_CARS:
        start = _start(cars, connection, blocks, stays, program, charge_eur_per_kwh)
    values, prices, cost_eur = _solved(program, cars, stays, loads, tapers, start)
    load = values[loads.charge]
    load[loads.giving] -= values[loads.discharge]
    at_step = np.repeat(np.arange(len(blocks.length)), blocks.length)
    spread = np.zeros((len(cars.steps), len(blocks.length)))
    spread[stays.car, stays.block] = load / stays.inside
    per_step = blocks.length[at_step]
    return SitePlan(
        net_load_kwh=spread[:, at_step] * (np.arange(horizon) < cars.steps[:, None]),
        storage_kwh=(values[loads.into] - values[loads.out])[at_step] / per_step,
        sun_kwh=np.minimum(values[loads.sun][at_step] / per_step, connection.sun_kwh),
        cost_eur=cost_eur,
        price_eur_per_kwh=-prices[loads.balance][at_step],
    )


def _built(
    cars: Cars, connection: Connection, blocks: _Blocks, charge_eur_per_kwh: Floats | None
) -> tuple[_Stays, _Loads, Program]:
    """The program without the lines of cars that taper."""
    stays, program = _stays(cars, blocks), Program()
    loads = _add_site(connection, blocks, program)
    beside: Floats | float = 0.0
    if charge_eur_per_kwh is not None:
        beside = blocks.means(charge_eur_per_kwh)[stays.car, stays.block]
    loads = _add_cars(cars, blocks, stays, loads, program, beside)
    if cars.in_group is not None:
        add_group_rows(connection, cars.in_group, blocks, stays, loads, program)
    return stays, loads, program


def _start(
    cars: Cars,
    connection: Connection,
    blocks: _Blocks,
    stays: _Stays,
    program: Program,
    charge_eur_per_kwh: Floats | None,
) -> highspy.HighsBasis | None:
    """A basis from which the program of many cars is soon solved; None: there is none."""
    gives = np.bincount(stays.car, _may_give(cars, blocks, stays)) > 0
    number = classes_of(cars, np.diff(stays.first), gives)
    beside = charge_eur_per_kwh
    if beside is not None:
        beside = mean_of_classes(beside, number)
    few = _built(one_for_many(cars, number, gives), connection, blocks, beside)[2]
    highs = _highs()
    few.hand_to(highs)
    highs.setBasis(few.begins())
    highs.run()
    if highs.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        return None
    return basis_from(highs, few, program, number)


def _stays(cars: Cars, blocks: _Blocks) -> _Stays:
    """Which blocks belong to the stay of each car."""
    count = np.searchsorted(blocks.edges, cars.steps, side="left")
    first = np.concatenate([[0], np.cumsum(count)])
    car = np.repeat(np.arange(len(cars.steps)), count)
    block = np.arange(len(car)) - first[car]
    inside = np.minimum(cars.steps[car] - blocks.edges[block], blocks.length[block])
    return _Stays(car, block, inside, first)


def _add_site(site: Connection, blocks: _Blocks, program: Program) -> _Loads:
    """What is taken, given and used in each block, peak and battery."""
    n = len(blocks.length)
    building = blocks.sums(site.building_kwh)
    balance = program.add_rows(n, -building, -building)
    sun = program.add(n, 0.0, 0.0, blocks.sums(site.sun_kwh))
    most_in, most_out = blocks.sums(site.import_kwh), blocks.sums(site.export_kwh)
    buy, sell = blocks.means(site.buy_eur_per_kwh), blocks.means(site.sell_eur_per_kwh)
    taken, sold = program.add(n, buy, 0.0, most_in), program.add(n, -sell, 0.0, most_out)
    # Where there is no limit, nothing goes beyond it.
    over = program.add(n, OVER_EUR_PER_KWH, 0.0, np.where(np.isfinite(most_in), np.inf, 0.0))
    for block, sign in ((sun, -1.0), (taken, -1.0), (sold, 1.0), (over, -1.0)):
        program.put(balance, block, sign)
    program.lead(balance, taken)
    if site.peak_eur_per_kwh > 0.0:
        peak = program.add(1, site.peak_eur_per_kwh, 0.0, np.inf)
        above = program.add_rows(n, -np.inf, site.peak_kwh)
        program.put(above, taken, 1.0 / blocks.length)
        program.put(above, np.repeat(peak, n), -1.0)
    into, out = _add_storage(site, blocks, balance, program)
    none = np.zeros(0, dtype=np.int64)
    return _Loads(none, none, none, into, out, sun, balance)


def _add_storage(
    site: Connection, blocks: _Blocks, balance: Ints, program: Program
) -> tuple[Ints, Ints]:
    """Charging and discharging of the battery in each block."""
    n = len(blocks.length)
    is_there = float(site.storage_max_kwh > 0)
    power: Floats = np.asarray(site.storage_power_kwh * blocks.length * is_there, dtype=np.float64)
    into = program.add(n, 0.0, 0.0, power)
    out = program.add(n, site.storage_wear_eur_per_kwh, 0.0, power)
    if site.storage_max_kwh <= 0.0:
        return into, out
    worth = np.zeros(n)
    worth[-1] = -site.storage_value_eur_per_kwh
    stored = program.add(n, worth, 0.0, site.storage_max_kwh)
    begins = np.zeros(n)
    begins[0] = site.storage_kwh
    change = program.add_rows(n, begins, begins)
    program.put(change, stored, 1.0)
    program.put(change[1:], stored[:-1], -1.0)
    program.put(change, into, -site.storage_charge_eff)
    program.put(change, out, 1.0 / site.storage_discharge_eff)
    program.put(balance, into, 1.0)
    program.put(balance, out, -1.0)
    program.lead(change, stored)
    return into, out


def _add_cars(
    cars: Cars,
    blocks: _Blocks,
    stays: _Stays,
    loads: _Loads,
    program: Program,
    charge_eur_per_kwh: Floats | float,
) -> _Loads:
    """What every car charges in the blocks of its stay, and what those discharge that may."""
    car, block = stays.car, stays.block
    n, now = len(cars.steps), block == 0
    may_give = _may_give(cars, blocks, stays)
    ever = np.bincount(car, may_give, minlength=n) > 0
    may_take = np.where((cars.energy_kwh <= cars.max_kwh) | ever, cars.charge_kwh, 0.0)[car]
    could = np.maximum(cars.hi_kwh, 0.0)
    most = np.where(now, could[car], may_take * stays.inside)
    least = np.where(now, np.minimum(np.maximum(cars.lo_kwh, 0.0), could)[car], 0.0)
    charge = program.add(len(car), charge_eur_per_kwh, least, most, (car, block))
    program.put(loads.balance[block], charge, 1.0 + cars.charging_standby)
    energy, target = cars.energy_kwh, cars.target_kwh
    room = np.maximum(cars.max_kwh - energy, 0.0)
    missing = np.minimum(np.maximum(target - energy, 0.0), room)
    # What is charged fills what is missing first; what then is still missing is paid for.
    only = np.flatnonzero(~ever)
    whole = only, np.zeros(len(only), dtype=np.int64)
    fills = program.add(len(only), -cars.shortfall_eur_per_kwh, 0.0, missing[only], whole)
    beyond = program.add(len(only), 0.0, 0.0, (room - missing)[only], whole)
    row_of = np.full(n, -1, dtype=np.int64)
    row_of[only] = program.add_rows(len(only), 0.0, 0.0, whole)
    mine = np.flatnonzero(~ever[car])
    program.put(row_of[car[mine]], charge[mine], cars.charge_eff)
    program.put(row_of[only], fills, -1.0)
    program.put(row_of[only], beyond, -1.0)
    # The program counts from "all is missing": one number, so that costs are those of the plan.
    due = cars.shortfall_eur_per_kwh * float(np.maximum(target - energy, 0.0)[only].sum())
    program.add(1, due, 1.0, 1.0)
    giving = np.flatnonzero(ever[car])
    if not giving.size:
        return loads._replace(charge=charge, giving=giving)
    pay = _mean_pay(cars, blocks, stays)[giving]
    at = car[giving], block[giving]
    discharge = program.add(len(giving), pay, 0.0, may_give[giving], at)
    program.put(loads.balance[block[giving]], discharge, -(1.0 - cars.discharging_standby))
    _add_stored(cars, stays, giving, charge[giving], discharge, program)
    return loads._replace(charge=charge, discharge=discharge, giving=giving)


def _may_give(cars: Cars, blocks: _Blocks, stays: _Stays) -> Floats:
    """(S,) most that each car discharges in each block of its stay."""
    contracts = cars.contract_kwh > 0
    most = np.zeros((len(contracts), len(blocks.length)))
    if contracts.any():
        ahead = np.arange(cars.discharge_kwh.shape[1]) < cars.steps[contracts, None]
        most[contracts] = blocks.sums(cars.discharge_kwh[contracts] * ahead)
    found: Floats = most[stays.car, stays.block]
    now = stays.block == 0
    found[now] = np.maximum(-cars.lo_kwh, 0.0)[stays.car[now]]
    return found


def _mean_pay(cars: Cars, blocks: _Blocks, stays: _Stays) -> Floats:
    """(S,) what an owner is paid per kWh, mean of the block's steps."""
    means: Floats = blocks.means(cars.pay_eur_per_kwh)[stays.car, stays.block]
    return means


def _add_stored(
    cars: Cars,
    stays: _Stays,
    giving: Ints,
    charge: Ints,
    discharge: Ints,
    program: Program,
) -> None:
    """Stored energy, contract and target of the cars that may discharge."""
    car, now = stays.car[giving], stays.block[giving] == 0
    own, place = car[now], np.cumsum(now) - 1  # car by car, each from its first block on
    lower = np.minimum(cars.min_kwh, cars.energy_kwh)[car]
    upper = np.maximum(cars.max_kwh, cars.energy_kwh)[car]
    at = car, stays.block[giving]
    stored = program.add(len(giving), 0.0, lower, upper, at)
    begins = np.where(now, cars.energy_kwh[car], 0.0)
    change = program.add_rows(len(giving), begins, begins, at)
    program.put(change, stored, 1.0)
    program.put(change[~now], stored[~now] - 1, -1.0)
    program.put(change, charge, -cars.charge_eff)
    program.put(change, discharge, 1.0 / cars.discharge_eff)
    program.lead(change, stored)
    capped = np.isfinite(cars.contract_kwh[car])
    whole = own, np.zeros(len(own), dtype=np.int64)
    within = program.add_rows(len(own), -np.inf, cars.contract_kwh[own], whole)
    program.put(within[place[capped]], discharge[capped], 1.0)
    short = program.add(len(own), cars.shortfall_eur_per_kwh, 0.0, np.inf, whole)
    served = program.add_rows(len(own), cars.target_kwh[own], np.inf, whole)
    program.put(served, short, 1.0)
    program.put(served, stored[np.append(np.flatnonzero(now)[1:], len(now)) - 1], 1.0)


def _solved(
    program: Program,
    cars: Cars,
    stays: _Stays,
    loads: _Loads,
    tapers: Tapers | None,
    start: highspy.HighsBasis | None,
) -> tuple[Floats, Floats, float]:
    """Values, prices and cost of the program, with the lines that its answer would break."""
    highs = _highs()
    program.hand_to(highs)
    highs.setBasis(program.begins() if start is None else start)
    low, high = program.low, program.high
    known: dict[int, Floats] = {}
    while True:
        values, prices = _run(highs)
        values = np.minimum(np.maximum(values, low), high)
        if tapers is None or not add_broken_lines(highs, values, cars, stays, loads, tapers, known):
            return values, prices, float(highs.getObjectiveValue())


def _highs() -> highspy.Highs:
    """The solver of this thread, which keeps what is dear to set up."""
    if not hasattr(_LOCAL, "highs"):
        _LOCAL.highs = highspy.Highs()
        _LOCAL.highs.silent()
        # So small a program is solved sooner than it is simplified, scaled, or priced dearly.
        for name, value in (
            ("presolve", "off"),
            ("simplex_scale_strategy", OFF),
            ("simplex_dual_edge_weight_strategy", DEVEX),
        ):
            _LOCAL.highs.setOptionValue(name, value)
    return _LOCAL.highs


def _run(highs: highspy.Highs) -> tuple[Floats, Floats]:
    """Optimal values, and prices of the rows."""
    highs.run()
    status = highs.getModelStatus()
    if status != highspy.HighsModelStatus.kOptimal:
        label = highs.modelStatusToString(status)
        raise SolveFailedError(f"plan of the site: HIGHS: {label}")
    solution = highs.getSolution()
    values = np.asarray(solution.col_value, dtype=np.float64)
    return values, np.asarray(solution.row_dual, dtype=np.float64)

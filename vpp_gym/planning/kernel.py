"""The planner inside the compiled step: the plans of schedulers, straight from the state.

What `vpp_gym.policies.scheduler.RollingScheduler` does with a snapshot, these kernels do with
the arrays of the simulator: the same kernels on the same numbers, bit for bit alike.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from vpp_gym.arrays import Bools, Floats, Ints
from vpp_gym.kernels import njit
from vpp_gym.planning.car import (
    is_by_step,
    is_planned,
    missed_kwh_eur,
    write_curve,
    write_discharge,
    write_kinks,
    write_limits,
    write_selling,
)
from vpp_gym.planning.spec import PlannerSpec
from vpp_gym.policies.base import ROUNDING_H
from vpp_gym.simulation.dataset import Dataset
from vpp_gym.simulation.state import Rules, State
from vpp_gym.solvers.budget import SOLVED
from vpp_gym.solvers.leaving import Kinks
from vpp_gym.solvers.limits import Rules as PlanRules
from vpp_gym.solvers.stay import StayMemory, plan_row, stay_memory


class Paths(NamedTuple):
    """What is expected of prices in each run, from its present step on.

    Attributes:
        made_at: (B,) position for which the rows hold; -1: none.
        da: (B, H) EUR/kWh, day-ahead prices, known or expected.
        short: (B, H) EUR/kWh.
        long: (B, H) EUR/kWh.
        inputs: (B, `N_INPUTS`) what the network sees, where it is kept.
    """

    made_at: Ints
    da: Floats
    short: Floats
    long: Floats
    inputs: Floats


class Fleet(NamedTuple):
    """The plan of some EVs of a run, as `net_load_of_fleet` takes it, EV k in row k."""

    buy: Floats  # (1, H)
    sell: Floats  # (1 or n, H)
    dearest: Ints  # (1, H)
    charge_kwh: Floats  # (n, 1)
    discharge_kwh: Floats  # (n, 1 or H)
    evs: Floats  # (n, 8) in the order of `vpp_gym.solvers.limits.Ev`
    kinks: Kinks
    curves: Floats  # (n or 1, 2, K) tapers


HAZARD_STEPS = 384
"""Declared stays up to so many steps whose hazards are kept: 1.2 MB for each planner or thread."""


class StepMemory(NamedTuple):
    """Working memory for the plans of a step, of one EV after the other, H steps at most.

    Attributes:
        chargers: (N,) of the EVs that are planned.
        own: (8,) limits of an EV in the order of `vpp_gym.solvers.limits.Ev`.
        charge_kwh: (1,) its limit of charging.
        rows: (7, H + 1) by step: the prices of buying and selling, then of an EV what it earns by
            discharging, its limit of discharging, and its `Kinks`.
        order: (H,) steps by falling price of buying, kept as a start for the next sort.
        ordered: (2,) the position for which they were sorted, and how many.
        hazards: (S, S) by declared stay and step how likely a driver who is there leaves after
            it; negative: not worked out.
        curve: (2, K) how an EV tapers.
        none: (2, 0) the same of one that does not.
        plan: (H,) of an EV.
        stay: of its search.
    """

    chargers: Ints
    own: Floats
    charge_kwh: Floats
    rows: Floats
    order: Ints
    ordered: Ints
    hazards: Floats
    curve: Floats
    none: Floats
    plan: Floats
    stay: StayMemory


def step_memory(n_chargers: int, horizon: int, knots: int, leaves: bool) -> StepMemory:
    """Memory for so many chargers, steps and knots of tapers, and drivers who may leave early."""
    kept = min(horizon + 1, HAZARD_STEPS + 1) if leaves else 0
    return StepMemory(
        chargers=np.zeros(n_chargers, np.int64),
        own=np.zeros(8),
        charge_kwh=np.zeros(1),
        rows=np.zeros((7, horizon + 1)),
        order=np.zeros(horizon, np.int64),
        ordered=np.zeros(2, np.int64),
        hazards=np.full((kept, kept), -1.0),
        curve=np.zeros((2, knots)),
        none=np.zeros((2, 0)),
        plan=np.zeros(horizon),
        stay=stay_memory(horizon, knots > 0),
    )


@njit(internal=True)
def undecided(b: int, state: State, spec: PlannerSpec, chargers: Ints) -> int:
    """List the chargers of the EVs that are planned and whose limits leave a choice; how many."""
    n = 0
    for k in range(state.run[b].connected):
        i = state.lot[b, k]
        ev = state.ev[b, i]
        if ev.lo_kwh < ev.hi_kwh and is_planned(ev, spec):
            chargers[n] = i
            n += 1
    return n


@njit(internal=True)
def keep_limits(
    b: int, rules: Rules, state: State, spec: PlannerSpec, net_load_kwh: Floats
) -> None:
    """Fill the (N,) net load of the EVs of a run before any plan.

    It comes closest to none within limits. EVs that are not planned charge at full power where
    idling would leave too little time, see `vpp_gym.policies.base.idle_until_forced_kwh`.
    """
    for k in range(state.run[b].connected):
        i = state.lot[b, k]
        ev = state.ev[b, i]
        wanted_kwh = 0.0
        if not is_planned(ev, spec) and ev.laxity_h < rules.dt_h - ROUNDING_H:
            wanted_kwh = max(ev.target_kwh - ev.energy_kwh, 0.0) / rules.charge_eff
        net_load_kwh[i] = min(max(wanted_kwh, ev.lo_kwh), ev.hi_kwh)


@njit(allocates=True, internal=True)
def fleet_of(
    b: int, dataset: Dataset, rules: Rules, state: State, spec: PlannerSpec, paths: Paths
) -> Fleet:
    """The problem of all connected EVs of a run, in the order of its lot.

    Args:
        b: run of the batch, with at least one EV.
        dataset: the scenarios.
        rules: parameters.
        state: of the batch.
        spec: of the planner.
        paths: of prices, of this step.
    """
    run, n = state.run[b], state.run[b].connected
    t = run.position
    horizon, by_step, paid = 1, False, False
    for k in range(n):
        ev = state.ev[b, state.lot[b, k]]
        horizon = max(horizon, ev.departure - t)
        by_step = by_step or is_by_step(ev, t)
        paid = paid or ev.tariff_eur_per_kwh != 0.0 or ev.margin != 0.0
    buy, long = np.empty((1, horizon)), np.empty(horizon)
    _write_prices(b, spec, paths, 0.0, 0.0, buy[0], long)
    sell = np.empty((n if paid else 1, horizon))
    if not paid:
        sell[0] = long
    charge_kwh, discharge_kwh = np.empty((n, 1)), np.empty((n, horizon if by_step else 1))
    evs, da, leaves = np.empty((n, 8)), paths.da[b], spec.early_prob != 0.0
    width, knots = horizon if leaves else 0, dataset.curves.shape[2]
    eur, due_kwh = np.zeros((n, width)), np.empty((n, width))
    stays = np.ones((n, width + 1 if leaves else 0))
    curves = np.zeros((n if knots else 1, 2, knots))
    missing_eur, hazards = missed_kwh_eur(t, dataset, rules), np.zeros((0, 0))
    for k in range(n):
        ev = state.ev[b, state.lot[b, k]]
        charge_kwh[k, 0] = ev.charge_kw * rules.dt_h
        write_discharge(ev, t, rules.dt_h, by_step, da, discharge_kwh[k])
        if paid:
            write_selling(ev, long, da, sell[k])
        write_limits(ev, t, evs[k])
        if leaves:
            world = ev, t, dataset, rules, spec
            write_kinks(*world, missing_eur, hazards, eur[k], due_kwh[k], stays[k])
        if knots:
            write_curve(ev, dataset, rules, curves[k])
    dearest = np.zeros((1, horizon), np.int64)
    if not leaves:
        order = np.argsort(buy[0], kind="mergesort")
        for i in range(horizon):
            dearest[0, i] = order[horizon - 1 - i]
    kinks = Kinks(eur, due_kwh, stays)
    return Fleet(buy, sell, dearest, charge_kwh, discharge_kwh, evs, kinks, curves)


@njit(inline="always")
def _write_prices(
    b: int,
    spec: PlannerSpec,
    paths: Paths,
    buy_more: float,
    sell_more: float,
    buy: Floats,
    sell: Floats,
) -> None:
    """Fill what it costs to charge and what discharging earns, with what is taken besides."""
    for i in range(len(buy)):
        buy[i], sell[i] = paths.short[b, i], paths.long[b, i]
        if i == 0:
            buy[i] += buy_more
            sell[i] += sell_more
        buy[i] *= 1.0 + spec.charging_standby
        sell[i] *= 1.0 - spec.discharging_standby


@njit
def sort_dearest(t: int, buy: Floats, memory: StepMemory) -> None:
    """Order the steps ahead by falling price, later steps first among equals.

    It begins with the order of the step before: a path of prices moves little between the two,
    so that little is left to do. What comes out does not depend on it.

    Args:
        t: position of the first step.
        buy: (n,) EUR/kWh.
        memory: its order is changed.
    """
    order, before, n = memory.order, memory.ordered[1], 0
    moved = t - memory.ordered[0]
    if not 0 <= moved <= before:
        moved = 0
    for j in range(before):
        step = order[j] - moved
        if 0 <= step < len(buy):
            order[n] = step
            n += 1
    for step in range(n, len(buy)):
        order[step] = step
    for j in range(1, len(buy)):
        step, place = order[j], j
        price = buy[step]
        while place > 0:
            other = order[place - 1]
            if buy[other] > price or (buy[other] == price and other > step):
                break
            order[place] = other
            place -= 1
        order[place] = step
    memory.ordered[0], memory.ordered[1] = t, len(buy)


@njit(internal=True)
def plan_step(
    b: int,
    n: int,
    dataset: Dataset,
    rules: Rules,
    state: State,
    spec: PlannerSpec,
    paths: Paths,
    buy_more: float,
    sell_more: float,
    memory: StepMemory,
    net_load_kwh: Floats,
) -> bool:
    """Fill the net load in this step of some EVs by their plans; whether all plans were found.

    Args:
        b: run of the batch.
        n: how many EVs are planned.
        dataset: the scenarios.
        rules: parameters.
        state: of the batch.
        spec: of the planner.
        paths: of prices, of this step.
        buy_more: EUR/kWh by which the planner finds this step's short price dearer.
        sell_more: EUR/kWh by which it finds its long price dearer.
        memory: with the chargers of these EVs.
        net_load_kwh: (N,) result, within the limits of the step.
    """
    t, horizon, longest, by_step = state.run[b].position, 1, 1, False
    for k in range(state.run[b].connected):
        ev = state.ev[b, state.lot[b, k]]
        if is_planned(ev, spec):
            longest = max(longest, ev.departure - t)
            by_step = by_step or is_by_step(ev, t)
    for k in range(n):
        horizon = max(horizon, state.ev[b, memory.chargers[k]].departure - t)
    rows, da, knots = memory.rows, paths.da[b], dataset.curves.shape[2]
    _write_prices(b, spec, paths, buy_more, sell_more, rows[0, :horizon], rows[1, :horizon])
    leaves, solved = spec.early_prob != 0.0, True
    if not leaves:
        sort_dearest(t, rows[0, :horizon], memory)
    missing_eur = missed_kwh_eur(t, dataset, rules)
    plan_rules = PlanRules(rules.charge_eff, rules.discharge_eff, spec.hard_eur_per_kwh)
    for k in range(n):
        ev = state.ev[b, memory.chargers[k]]
        end = max(ev.departure - t, 1)
        memory.charge_kwh[0] = ev.charge_kw * rules.dt_h
        # One limit stands for all steps, unless there is only one step.
        sell, discharge = rows[1, :end], rows[3, : max(end, min(longest, 2)) if by_step else 1]
        write_discharge(ev, t, rules.dt_h, by_step, da, discharge)
        if ev.tariff_eur_per_kwh != 0.0 or ev.margin != 0.0:
            sell = rows[2, :end]
            write_selling(ev, rows[1, :end], da, sell)
        write_limits(ev, t, memory.own)
        if not spec.discharges:
            memory.own[6] = 0.0
        width = end if leaves else 0
        eur, due_kwh, stays = rows[4, :width], rows[5, :width], rows[6]
        if leaves:
            world, kinks = (ev, t, dataset, rules, spec), (eur, due_kwh, stays)
            write_kinks(*world, missing_eur, memory.hazards, *kinks)
        curve = memory.none
        if knots:
            write_curve(ev, dataset, rules, memory.curve)
            curve = memory.curve
        plan = memory.plan[:end]
        for i in range(end):
            plan[i] = 0.0
        status = plan_row(
            rows[0, :end],
            sell,
            memory.order[: 0 if leaves else horizon],
            memory.charge_kwh,
            discharge,
            memory.own,
            plan_rules,
            eur,
            due_kwh,
            stays,
            curve,
            memory.none,
            memory.stay,
            1,
            plan,
        )
        net_load_kwh[memory.chargers[k]] = min(max(plan[0], ev.lo_kwh), ev.hi_kwh)
        solved = solved and status == SOLVED
    return solved


@njit(nogil=True)
def plan_batch(
    dataset: Dataset,
    rules: Rules,
    state: State,
    spec: PlannerSpec,
    paths: Paths,
    memory: StepMemory,
    more_eur_per_kwh: Floats,
    net_load_kwh: Floats,
    solved: Bools,
) -> None:
    """Fill the net load of every EV in this step, by plans at corrected prices.

    Args:
        dataset: the scenarios.
        rules: parameters.
        state: of the batch.
        spec: of the planner.
        paths: of prices, of this step.
        memory: to work in.
        more_eur_per_kwh: (B, 2) by which short and long price of this step are dearer than
            the planner believes.
        net_load_kwh: (B, N) result, within the limits of the step.
        solved: (B,) result: all plans of the run were found.
    """
    for b in range(len(solved)):
        solved[b] = True
        for i in range(net_load_kwh.shape[1]):
            net_load_kwh[b, i] = 0.0
        run = state.run[b]
        if run.connected == 0 or run.position >= run.end:
            continue
        more = more_eur_per_kwh[b]
        keep_limits(b, rules, state, spec, net_load_kwh[b])
        n = undecided(b, state, spec, memory.chargers)
        if n > 0:
            world = dataset, rules, state, spec, paths
            solved[b] = plan_step(b, n, *world, more[0], more[1], memory, net_load_kwh[b])

"""From EVs at their chargers to battery-side problems, and back to net load."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from vpp_gym.arrays import Floats, Ints
from vpp_gym.fleet.charging import tapers
from vpp_gym.kernels import njit
from vpp_gym.solvers.budget import SOLVED, UNFINISHED, PlanMemory, plan_memory, search_plan
from vpp_gym.solvers.leaving import Kinks
from vpp_gym.solvers.limits import Ev, Rules
from vpp_gym.solvers.segments import NOISE_KWH, Stay

MAX_NODES = 20_000


def dearest_first(buy: Floats) -> Ints:
    """Steps from the highest to the lowest price, later steps first among equals.

    Along the last axis of (H,) or (n, H) prices.
    """
    return np.ascontiguousarray(np.argsort(buy, kind="stable", axis=-1)[..., ::-1])


ANY, BELOW, IDLE = 0, 1, 2
"""Behind the window: charge at will, up to the late limit, or not at all."""

STAY_ROWS = 9
"""Rows of working memory: limits and prices of a stay, a plan, and two weighted prices."""


class StayMemory(NamedTuple):
    """Working memory for one EV after the other, of at most H steps.

    Attributes:
        rows: (`STAY_ROWS`, H + 1) numbers by step.
        plan: of the search.
    """

    rows: Floats
    plan: PlanMemory


@njit(allocates=True)
def stay_memory(steps: int, tapers: bool) -> StayMemory:
    """Memory for so many steps, of EVs that may taper or not."""
    return StayMemory(np.empty((STAY_ROWS, steps + 1)), plan_memory(steps, tapers))


@njit
def discharge_end(discharge_kwh: Floats, ev: Ev, steps: int) -> int:
    """One behind the last step in which the EV may discharge, 0 if there is none.

    With one limit for all steps it is the end of the contract's window.
    """
    end = min(max(int(ev.discharge_steps), 0), steps)
    while len(discharge_kwh) > 1 and end > 0 and discharge_kwh[end - 1] == 0.0:
        end -= 1
    return end


@njit(allocates=True)
def stay_of(
    buy: Floats,
    sell: Floats,
    dearest: Ints,
    charge_kwh: Floats,
    discharge_kwh: Floats,
    ev: Ev,
    rules: Rules,
    back: int,
    late: int,
    leave_eur: Floats,
    due_kwh: Floats,
    curve: Floats,
) -> Stay:
    """The battery-side problem of one EV.

    The window of energy is shrunk to what contract and charger can reach, which
    changes no plan but keeps the lists of segments short. An EV that starts outside
    its window moves only towards it until step `back`, and is inside from there on.
    The early steps end with the last possible discharge, or later where a limit of
    the stored energy still changes behind it.

    Args:
        buy: (T,) EUR/kWh at the meter.
        sell: (T,) EUR/kWh at the meter.
        dearest: (H,) steps by falling `buy`, see `Stay`.
        charge_kwh: (T,) or (1,) limit at the meter.
        discharge_kwh: (T,) or (1,) limit at the meter.
        ev: its other limits.
        rules: efficiencies and penalty.
        back: step, 0 for an EV that starts inside; T + 1: it stays outside.
        late: ANY, BELOW or IDLE behind the contract's window.
        leave_eur: (T or 0,) see `Stay`.
        due_kwh: (T or 0,) see `Stay`.
        curve: (2, K) see `Stay`.
    """
    rows = np.empty((STAY_ROWS, len(buy) + 1))
    limits = buy, sell, charge_kwh, discharge_kwh, ev, rules
    early_steps, budget_kwh = _fill_stay(*limits, back, late, len(leave_eur) > 0, rows)
    ends = early_steps, budget_kwh
    return _stay_in(rows, len(buy), dearest, ev, rules, ends, leave_eur, due_kwh, curve)


@njit(inline="source")
def _stay_in(
    rows: Floats,
    steps: int,
    dearest: Ints,
    ev: Ev,
    rules: Rules,
    ends: tuple[int, float],
    leave_eur: Floats,
    due_kwh: Floats,
    curve: Floats,
) -> Stay:
    """The problem whose limits and prices `_fill_stay` has written."""
    return Stay(
        rows[0, :steps],
        rows[1, :steps],
        rows[2, :steps],
        rows[3, :steps],
        rows[4, : steps + 1],
        rows[5, : steps + 1],
        dearest,
        ends[0],
        ev.energy_kwh,
        ev.target_kwh,
        rules.shortfall_eur_per_kwh,
        ends[1],
        leave_eur,
        due_kwh,
        curve,
    )


@njit(internal=True)
def _fill_stay(
    buy: Floats,
    sell: Floats,
    charge_kwh: Floats,
    discharge_kwh: Floats,
    ev: Ev,
    rules: Rules,
    back: int,
    late: int,
    may_leave: bool,
    rows: Floats,
) -> tuple[int, float]:
    """Write limits and prices of a stay; its early steps, and its budget [kWh stored]."""
    steps = len(buy)
    window = min(max(int(ev.discharge_steps), 0), steps)
    early_steps = window if late == BELOW else discharge_end(discharge_kwh, ev, steps)
    if early_steps < back <= steps:
        early_steps = back
    if may_leave:
        early_steps = steps
    budget_kwh = max(ev.contract_kwh, 0.0) / rules.discharge_eff
    rise_eur, fall_eur, rise_kwh, fall_kwh = rows[0], rows[1], rows[2], rows[3]
    can_rise, can_fall = 0.0, 0.0
    for i in range(steps):
        rise_eur[i], fall_eur[i] = buy[i] / rules.charge_eff, sell[i] * rules.discharge_eff
        rise_kwh[i], fall_kwh[i] = 0.0, 0.0
        may_rise = i >= back or ev.energy_kwh <= ev.max_kwh
        if may_rise and not (late == IDLE and i >= window):
            rise_kwh[i] = charge_kwh[min(i, len(charge_kwh) - 1)] * rules.charge_eff
        in_window = i < window and budget_kwh > 0.0
        if in_window and (i >= back or ev.energy_kwh >= ev.min_kwh):
            limit_kwh = discharge_kwh[min(i, len(discharge_kwh) - 1)]
            fall_kwh[i] = limit_kwh / rules.discharge_eff
        can_rise, can_fall = can_rise + rise_kwh[i], can_fall + fall_kwh[i]
    lowest = max(ev.min_kwh, ev.energy_kwh - min(budget_kwh, can_fall))
    highest = min(ev.max_kwh, ev.energy_kwh + can_rise)
    lower_kwh, upper_kwh = rows[4], rows[5]
    for i in range(steps + 1):
        lower_kwh[i] = lowest if i >= back else min(lowest, ev.energy_kwh)
        upper_kwh[i] = highest if i >= back else max(highest, ev.energy_kwh)
        if late == BELOW and i >= window:
            upper_kwh[i] = min(upper_kwh[i], ev.late_max_kwh)
    return early_steps, budget_kwh


@njit
def charges_late(plan: Floats, ev: Ev) -> bool:
    """Whether a plan charges beyond the late limit behind the contract's window."""
    energy = ev.energy_kwh
    for i in range(len(plan)):
        energy += plan[i]
        late = i >= ev.discharge_steps and plan[i] > NOISE_KWH
        if late and energy > ev.late_max_kwh + NOISE_KWH:
            return True
    return False


@njit(internal=True)
def _may_be_first_inside(back: int, discharge_kwh: Floats, ev: Ev, steps: int) -> bool:
    """Whether an EV that starts outside its window may come back in step `back`.

    From above it comes by its last discharge at the latest. From below a step in which
    it cannot discharge needs no trial: to be inside by the next asks for less.
    """
    end = discharge_end(discharge_kwh, ev, steps)
    if ev.energy_kwh > ev.max_kwh or len(discharge_kwh) == 1:
        return back <= end
    return back < end and discharge_kwh[back] > 0.0


@njit(internal=True)
def _plan_of(
    buy: Floats,
    sell: Floats,
    dearest: Ints,
    charge_kwh: Floats,
    discharge_kwh: Floats,
    ev: Ev,
    rules: Rules,
    leave_eur: Floats,
    due_kwh: Floats,
    curve: Floats,
    memory: StayMemory,
    plan: Floats,
) -> int:
    """Optimal change of the stored energy per step, where limits are not convex too.

    Above its window an EV may not charge, below it not discharge, and once back
    inside it stays there: every step in which it could come back is tried. Behind
    the contract's window it may not charge beyond the late limit, though be there:
    where the plan without that rule breaks it, the EV is either below the limit
    then, or does not charge any more.
    """
    steps = len(buy)
    trial, best_eur = memory.rows[6, :steps], np.inf
    limits = buy, sell, charge_kwh, discharge_kwh, ev, rules
    outside = ev.energy_kwh > ev.max_kwh or ev.energy_kwh < ev.min_kwh
    for back in range(1 if outside else 0, steps + 2 if outside else 1):
        if 0 < back <= steps and not _may_be_first_inside(back, discharge_kwh, ev, steps):
            continue
        for late in range(3):
            ends = _fill_stay(*limits, back, late, len(leave_eur) > 0, memory.rows)
            rows = memory.rows
            stay = _stay_in(rows, steps, dearest, ev, rules, ends, leave_eur, due_kwh, curve)
            status, cost = search_plan(stay, MAX_NODES, memory.plan, trial)
            if status == UNFINISHED:
                return UNFINISHED
            breaks = status == SOLVED and late == ANY and charges_late(trial, ev)
            if status == SOLVED and cost < best_eur and not breaks:
                best_eur = cost
                for i in range(steps):
                    plan[i] = trial[i]
            if late == ANY and not (breaks and cost < best_eur):
                break
    return SOLVED


@njit(allocates=True)
def net_load_of_fleet(
    buy: Floats,
    sell: Floats,
    dearest: Ints,
    charge_kwh: Floats,
    discharge_kwh: Floats,
    fleet: Floats,
    rules: Rules,
    kinks: Kinks,
    curves: Floats,
) -> tuple[Floats, Ints]:
    """Optimal net load (n, H) at the meter, and SOLVED or UNFINISHED (n,) of each EV.

    Args:
        buy: (n or 1, H) EUR/kWh at the meter.
        sell: (n or 1, H) EUR/kWh at the meter.
        dearest: (n or 1, H) steps by falling `buy`, see `Stay`.
        charge_kwh: (n or 1, H or 1) limit at the meter.
        discharge_kwh: (n or 1, H or 1) limit at the meter.
        fleet: (n, 8) other limits in the order of `Ev`.
        rules: efficiencies and penalty.
        kinks: what it costs if EVs leave earlier; prices are weighted by them.
        curves: (n or 1, 2, K) see `Stay`.
    """
    n, horizon, none = len(fleet), buy.shape[1], np.zeros((2, 0))
    net_load, status = np.zeros((n, horizon)), np.zeros(n, np.int64)
    memory = stay_memory(horizon, curves.shape[2] > 0)
    series = buy, sell, dearest, charge_kwh, discharge_kwh
    for k in range(n):
        status[k] = plan_one(k, *series, fleet, rules, kinks, curves, none, memory, net_load[k])
    return net_load, status


@njit(internal=True)
def plan_one(
    k: int,
    buy: Floats,
    sell: Floats,
    dearest: Ints,
    charge_kwh: Floats,
    discharge_kwh: Floats,
    fleet: Floats,
    rules: Rules,
    kinks: Kinks,
    curves: Floats,
    none: Floats,
    memory: StayMemory,
    net_load_kwh: Floats,
) -> int:
    """Fill the (H,) optimal net load of EV k up to its departure; see `net_load_of_fleet`.

    Args:
        k: row of the fleet.
        buy, sell, dearest, charge_kwh, discharge_kwh, fleet, rules, kinks, curves: as there.
        none: (2, 0) the curve of an EV that does not taper.
        memory: to work in.
        net_load_kwh: (H,) result, left alone behind the departure.

    Returns:
        SOLVED or UNFINISHED.
    """
    own, horizon = fleet[k], len(net_load_kwh)
    end, row = min(int(own[7]), horizon), min(k, len(kinks.due_kwh) - 1)
    return plan_row(
        buy[min(k, len(buy) - 1), :end],
        sell[min(k, len(sell) - 1), :end],
        dearest[min(k, len(dearest) - 1)],
        charge_kwh[min(k, len(charge_kwh) - 1)],
        discharge_kwh[min(k, len(discharge_kwh) - 1)],
        own,
        rules,
        kinks.eur_per_kwh[row, :end],
        kinks.due_kwh[row, :end],
        kinks.stays[row],
        curves[min(k, len(curves) - 1)],
        none,
        memory,
        end,
        net_load_kwh[:end],
    )


@njit(internal=True)
def plan_row(
    buy: Floats,
    sell: Floats,
    dearest: Ints,
    charge_kwh: Floats,
    discharge_kwh: Floats,
    own: Floats,
    rules: Rules,
    leave_eur: Floats,
    due_kwh: Floats,
    stays: Floats,
    curve: Floats,
    none: Floats,
    memory: StayMemory,
    wanted: int,
    plan: Floats,
) -> int:
    """Fill the (T,) optimal net load of one EV at the meter; SOLVED or UNFINISHED.

    Args:
        buy: (T,) EUR/kWh at the meter.
        sell: (T,) EUR/kWh at the meter.
        dearest: (H,) steps by falling `buy`, see `Stay`; not read where the EV may leave.
        charge_kwh: (T or more, or 1,) limit at the meter.
        discharge_kwh: (T or more, or 1,) limit at the meter.
        own: (8,) other limits in the order of `Ev`.
        rules: efficiencies and penalty.
        leave_eur: (T or 0,) see `Kinks`, of which these are rows.
        due_kwh: (T or 0,)
        stays: (> T or 0,)
        curve: (2, K) see `Stay`.
        none: (2, 0) the curve of an EV that does not taper.
        memory: to work in.
        wanted: steps of which the net load is asked for.
        plan: (T,) result, not meant to be read behind the steps that are wanted; zeros where
            there is no plan, if it was zeros before.
    """
    end = len(plan)
    ev = Ev(own[0], own[1], own[2], own[3], own[4], own[5], own[6], own[7])
    own_buy, own_sell, missing_eur = buy, sell, rules.shortfall_eur_per_kwh
    if len(leave_eur):
        for i in range(end):
            memory.rows[7, i], memory.rows[8, i] = buy[i] * stays[i], sell[i] * stays[i]
        own_buy, own_sell = memory.rows[7, :end], memory.rows[8, :end]
        missing_eur *= stays[end - 1]
    at_end = Rules(rules.charge_eff, rules.discharge_eff, missing_eur)
    problem = own_buy, own_sell, dearest, charge_kwh, discharge_kwh, ev, at_end
    most_kwh = charge_kwh[0]
    for i in range(len(charge_kwh)):
        most_kwh = max(most_kwh, charge_kwh[i])
    own_curve = curve if tapers(most_kwh * rules.charge_eff, curve) else none
    status = _plan_of(*problem, leave_eur, due_kwh, own_curve, memory, plan)
    for i in range(wanted):
        if abs(plan[i]) < NOISE_KWH:
            plan[i] = 0.0
        elif plan[i] > 0.0:
            plan[i] = min(plan[i] / rules.charge_eff, charge_kwh[min(i, len(charge_kwh) - 1)])
        else:
            limit_kwh = discharge_kwh[min(i, len(discharge_kwh) - 1)]
            plan[i] = max(plan[i] * rules.discharge_eff, -limit_kwh)
    return status

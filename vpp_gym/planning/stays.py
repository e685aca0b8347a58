"""Whole stays planned on arrival at known prices, straight from the state.

What `vpp_gym.policies.stays.best_plans` does for the stays that
`vpp_gym.policies.planned_stays.left_stays` reads from a snapshot, these kernels do with the
arrays of the simulator: the same plans, bit for bit.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from vpp_gym.arrays import Bools, Floats, Ints
from vpp_gym.fleet.charging import gain_before_kwh, gain_kwh
from vpp_gym.kernels import njit
from vpp_gym.planning.car import (
    falls,
    is_by_step,
    write_curve,
    write_discharge,
    write_limits,
    write_selling,
)
from vpp_gym.policies.scheduler import HARD_EUR_PER_KWH
from vpp_gym.policies.stays import TOLERANCE_KWH
from vpp_gym.simulation.dataset import Dataset
from vpp_gym.simulation.state import Rules, State
from vpp_gym.solvers.budget import SOLVED
from vpp_gym.solvers.limits import Rules as PlanRules
from vpp_gym.solvers.stay import StayMemory, plan_row, stay_memory


class KnownPrices(NamedTuple):
    """Prices of a run of T steps from its first on, all known.

    Attributes:
        buy: (T,) EUR/kWh for charging.
        sell: (T,) EUR/kWh for discharging, before owners are paid.
        da: (T or more,) EUR/kWh, day-ahead prices to the end of the scenario.
        total_da: (1 + as many,) their sums.
        penalty: (T or more,) EUR/kWh on what cars that leave in a step are short of.
    """

    buy: Floats
    sell: Floats
    da: Floats
    total_da: Floats
    penalty: Floats


class Owed(NamedTuple):
    """How long a stay is planned, and what is owed then: see `vpp_gym.policies.stays.Stays`."""

    steps: int
    energy_kwh: float
    due_kwh: float
    floor_kwh: float
    forced: bool
    penalty_eur_per_kwh: float
    after_eur_per_kwh: float


class Followed(NamedTuple):
    """Plans of who is connected, and memory to make them.

    Attributes:
        plans: (N, H + 1) kWh at the meter from the arrival of each charger's EV on, the last 0.
        first: (N,) step of the run in which it arrived.
        planned_kwh: (N,) of this step, of connected EVs in the order of their chargers.
        within_kwh: (N,) the same within the limits of the step.
        net_load_kwh: (1, N) that by charger.
        solved: (1,) all plans of this step were found.
        rows: (6, H + 1) by step: prices of buying, of selling, what the EV's discharge earns, the
            day-ahead price, its limit of discharging, and a plan.
        own: (8,) limits of an EV in the order of `vpp_gym.solvers.limits.Ev`.
        charge_kwh: (1,) its limit of charging.
        curve: (2, K) how it tapers.
        none: (2, 0) the same of one that does not.
        stay: of its search.
    """

    plans: Floats
    first: Ints
    planned_kwh: Floats
    within_kwh: Floats
    net_load_kwh: Floats
    solved: Bools
    rows: Floats
    own: Floats
    charge_kwh: Floats
    curve: Floats
    none: Floats
    stay: StayMemory


def nothing_planned(n_chargers: int, horizon: int, knots: int) -> Followed:
    """Memory for so many chargers, steps of the longest stay, and knots of tapers."""
    return Followed(
        plans=np.zeros((n_chargers, horizon + 1)),
        first=np.zeros(n_chargers, np.int64),
        planned_kwh=np.zeros(n_chargers),
        within_kwh=np.zeros(n_chargers),
        net_load_kwh=np.zeros((1, n_chargers)),
        solved=np.ones(1, np.bool_),
        rows=np.zeros((6, horizon + 1)),
        own=np.zeros(8),
        charge_kwh=np.zeros(1),
        curve=np.zeros((2, knots)),
        none=np.zeros((2, 0)),
        stay=stay_memory(horizon, knots > 0),
    )


@njit(allocates=True)
def plan_arrivals(
    dataset: Dataset, rules: Rules, state: State, prices: KnownPrices, followed: Followed
) -> None:
    """Plan the stays of EVs that arrive in this step of a run.

    Args:
        dataset: the scenarios.
        rules: parameters.
        state: of one run.
        prices: of the run.
        followed: its plans change, and it tells whether all of them were found.
    """
    run = state.run[0]
    t, longest, by_step, by_curve = run.position, 1, False, False
    for k in range(run.connected):
        ev = state.ev[0, state.lot[0, k]]
        by_curve = by_curve or falls(ev, dataset)
    for k in range(run.connected):
        ev = state.ev[0, state.lot[0, k]]
        if ev.arrival == t:
            longest = max(longest, _owed(ev, run, dataset, rules, prices, by_curve).steps)
            by_step = by_step or is_by_step(ev, t)
    followed.solved[0] = True
    for k in range(run.connected):
        i = state.lot[0, k]
        ev = state.ev[0, i]
        if ev.arrival != t:
            continue
        owed = _owed(ev, run, dataset, rules, prices, by_curve)
        _write_prices(ev, run, prices, owed, followed)
        # One limit stands for all steps, unless there is only one step.
        width = max(owed.steps, min(longest, 2)) if by_step else 1
        discharge_kwh = followed.rows[4, :width]
        write_discharge(ev, t, rules.dt_h, by_step, followed.rows[3], discharge_kwh)
        plan, followed.first[i] = followed.plans[i], t - run.start
        for j in range(len(plan)):
            plan[j] = 0.0
        limits = discharge_kwh, by_curve, plan[: owed.steps]
        if not _best_plan(ev, t, dataset, rules, owed, followed, *limits):
            followed.solved[0] = False


@njit
def follow(state: State, followed: Followed) -> None:
    """Look up what is planned for this step, and bring it within the limits.

    Args:
        state: of one run.
        followed: with the plans; the loads are filled in.
    """
    run, n, last = state.run[0], 0, followed.plans.shape[1] - 1
    step = run.position - run.start
    for i in range(state.occupied.shape[1]):
        followed.net_load_kwh[0, i] = 0.0
        if not state.occupied[0, i]:
            continue
        ev = state.ev[0, i]
        planned_kwh = followed.plans[i, min(step - followed.first[i], last)]
        within_kwh = planned_kwh if planned_kwh > ev.lo_kwh else ev.lo_kwh
        within_kwh = within_kwh if within_kwh < ev.hi_kwh else ev.hi_kwh
        followed.planned_kwh[n], followed.within_kwh[n] = planned_kwh, within_kwh
        followed.net_load_kwh[0, i] = within_kwh
        n += 1


@njit(internal=True)
def _owed(
    ev: Any, run: Any, dataset: Dataset, rules: Rules, prices: KnownPrices, by_curve: bool
) -> Owed:
    """As `vpp_gym.policies.stays.owed_at_the_end`, and the prices of what is missed and left."""
    t, energy_kwh, target_kwh = run.position, ev.energy_kwh, ev.target_kwh
    declared, leaves, left = max(ev.departure - t, 1), ev.leaves - t, run.end - t
    full_kwh = rules.charge_eff * (ev.charge_kw * rules.dt_h)
    full_kw, curve = full_kwh / rules.dt_h, dataset.curves[ev.session]
    due_kwh, floor_kwh, forced, steps = target_kwh, -np.inf, False, leaves
    if leaves < declared:
        gained_kwh = full_kwh * leaves
        if by_curve:
            gained_kwh = gain_kwh(energy_kwh, leaves * rules.dt_h, full_kw, curve)
        due_kwh = min(target_kwh, energy_kwh + gained_kwh)
    if rules.guarantee:
        gained_kwh = full_kwh * declared
        if by_curve:
            gained_kwh = gain_kwh(energy_kwh, declared * rules.dt_h, full_kw, curve)
        forced = energy_kwh + gained_kwh < target_kwh - TOLERANCE_KWH
        steps = leaves if forced else min(leaves, declared)
        rest = declared - min(steps, declared)
        later_kwh = full_kwh * rest
        if by_curve:
            later_kwh = gain_before_kwh(target_kwh, rest * rules.dt_h, full_kw, curve)
        floor_kwh = target_kwh - later_kwh
    # Behind the run's end charging goes on to the declared departure at most.
    planned = min(steps, left) + max(min(steps, declared) - left, 0)
    end, step = run.end - run.start, t - run.start
    penalty = prices.penalty[min(step + leaves, min(end, len(prices.penalty) - 1))]
    if leaves < declared:
        penalty *= rules.early_shortfall_share
    length = len(prices.da)
    until = min(max(step + declared, min(end + 1, length)), length)
    after = (prices.total_da[until] - prices.total_da[end]) / max(until - end, 1)
    return Owed(planned, energy_kwh, due_kwh, floor_kwh, forced, penalty, after)


@njit(internal=True)
def _write_prices(ev: Any, run: Any, prices: KnownPrices, owed: Owed, followed: Followed) -> None:
    """Fill prices of the steps of a stay; behind the run's end it is settled at one."""
    rows, first, end = followed.rows, run.position - run.start, run.end - run.start
    for i in range(owed.steps):
        within = first + i < end
        rows[0, i] = prices.buy[first + i] if within else owed.after_eur_per_kwh
        rows[1, i] = prices.sell[first + i] if within else owed.after_eur_per_kwh
        rows[3, i] = prices.da[first + i] if within else owed.after_eur_per_kwh
    write_selling(ev, rows[1], rows[3], rows[2, : owed.steps])


@njit(allocates=True, internal=True)
def _best_plan(
    ev: Any,
    t: int,
    dataset: Dataset,
    rules: Rules,
    owed: Owed,
    followed: Followed,
    discharge_kwh: Floats,
    by_curve: bool,
    plan: Floats,
) -> bool:
    """Fill the (steps,) best plan of a stay, as `best_plans` does; whether it was found."""
    full_kwh, curve = ev.charge_kw * rules.dt_h, followed.none
    if owed.forced:
        _write_full_power(ev, dataset, rules, by_curve, plan)
        return True
    if by_curve:
        curve = followed.curve
        write_curve(ev, dataset, rules, curve)
    write_limits(ev, t, followed.own)
    followed.charge_kwh[0], followed.own[7] = full_kwh, owed.steps
    order = np.argsort(followed.rows[0, : owed.steps], kind="mergesort")[::-1].copy()
    hard = owed.floor_kwh >= owed.due_kwh
    lost_eur = rules.retail_eur_per_kwh / rules.charge_eff
    slope = HARD_EUR_PER_KWH if hard else owed.penalty_eur_per_kwh + lost_eur
    problem = rules, owed, followed, order, discharge_kwh, curve
    solved = _plan_at(slope, *problem, plan)
    if not hard and (followed.own[6] > 0.0 or owed.energy_kwh >= owed.due_kwh):
        other = followed.rows[5, : owed.steps]
        solved = _plan_at(owed.penalty_eur_per_kwh, *problem, other) and solved
        costs = rules, owed, followed.rows
        if _cost_eur(other, *costs) < _cost_eur(plan, *costs) - 1e-12:
            for i in range(len(plan)):
                plan[i] = other[i]
    return solved


@njit(internal=True)
def _plan_at(
    slope: float,
    rules: Rules,
    owed: Owed,
    followed: Followed,
    order: Ints,
    discharge_kwh: Floats,
    curve: Floats,
    plan: Floats,
) -> bool:
    """Fill the best plan where each missing kWh costs the slope, none below the floor."""
    problem = order, rules, followed, discharge_kwh, curve
    solved = _solve(owed.due_kwh, slope, *problem, plan)
    below = _end_kwh(plan, rules, owed) < owed.floor_kwh - TOLERANCE_KWH
    # What the floor cuts off lies on it: the best cost is convex in the energy at the end.
    if below and owed.floor_kwh < owed.due_kwh:
        solved = _solve(owed.floor_kwh, HARD_EUR_PER_KWH, *problem, plan) and solved
    return solved


@njit(internal=True)
def _solve(
    due_kwh: float,
    slope: float,
    order: Ints,
    rules: Rules,
    followed: Followed,
    discharge_kwh: Floats,
    curve: Floats,
    plan: Floats,
) -> bool:
    """Fill the best plan for what is due, each kWh short of it at the slope."""
    end, rows = len(plan), followed.rows
    followed.own[4] = max(due_kwh, 0.0)
    for i in range(end):
        plan[i] = 0.0
    status = plan_row(
        rows[0, :end],
        rows[2, :end],
        order,
        followed.charge_kwh,
        discharge_kwh,
        followed.own,
        PlanRules(rules.charge_eff, rules.discharge_eff, slope),
        rows[3, :0],
        rows[3, :0],
        rows[3],
        curve,
        followed.none,
        followed.stay,
        end,
        plan,
    )
    return status == SOLVED


@njit(internal=True)
def _write_full_power(
    ev: Any, dataset: Dataset, rules: Rules, by_curve: bool, plan: Floats
) -> None:
    """Fill the load that charges until the target is stored."""
    energy_kwh, full_kwh = ev.energy_kwh, ev.charge_kw * rules.dt_h
    full_kw, curve = rules.charge_eff * full_kwh / rules.dt_h, dataset.curves[ev.session]
    missing_kwh = max(ev.target_kwh - energy_kwh, 0.0) / rules.charge_eff
    before_kwh = 0.0
    for i in range(len(plan)):
        most_kwh = (i + 1) * full_kwh
        if by_curve:
            reach_kwh = energy_kwh + gain_kwh(energy_kwh, (i + 1) * rules.dt_h, full_kw, curve)
            most_kwh = (reach_kwh - energy_kwh) / rules.charge_eff
        charged_kwh = min(most_kwh, missing_kwh)
        plan[i] = charged_kwh - before_kwh
        before_kwh = charged_kwh


@njit(internal=True)
def _end_kwh(plan: Floats, rules: Rules, owed: Owed) -> float:
    """Stored after a plan."""
    rise_kwh = 0.0
    for load_kwh in plan:
        if load_kwh > 0.0:
            rise_kwh += load_kwh * rules.charge_eff
        else:
            rise_kwh += load_kwh / rules.discharge_eff
    return owed.energy_kwh + rise_kwh


@njit(internal=True)
def _cost_eur(plan: Floats, rules: Rules, owed: Owed, rows: Floats) -> float:
    """What a plan costs: trade, penalty, lost retail revenue."""
    short_kwh = max(owed.due_kwh - _end_kwh(plan, rules, owed), 0.0)
    demand_kwh = max(owed.due_kwh - owed.energy_kwh, 0.0)
    lost_kwh = min(short_kwh, demand_kwh) / rules.charge_eff
    trade_eur = 0.0
    for i in range(len(plan)):
        trade_eur += plan[i] * (rows[0, i] if plan[i] > 0.0 else rows[2, i])
    penalty_eur = short_kwh * owed.penalty_eur_per_kwh
    return trade_eur + penalty_eur + lost_kwh * rules.retail_eur_per_kwh

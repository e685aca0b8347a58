"""The planner inside the compiled step: the plans of `hazard_mpc`, straight from the state.

What `vpp_gym.policies.scheduler.RollingScheduler` does with a snapshot, these kernels do with
the arrays of the simulator: the same kernels on the same numbers, bit for bit alike.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from vpp_gym.arrays import Bools, Floats, Ints
from vpp_gym.fleet.charging import gain_kwh
from vpp_gym.kernels import njit
from vpp_gym.planning.past import Past, half_spread_at
from vpp_gym.policies.forecast_net import STEPS_AHEAD, Net, correction_of, inputs_of
from vpp_gym.policies.market_path import Anchoring, Moment, anchored_path
from vpp_gym.simulation.dataset import Dataset
from vpp_gym.simulation.state import Rules, State
from vpp_gym.solvers.budget import SOLVED
from vpp_gym.solvers.leaving import Kinks
from vpp_gym.solvers.limits import Rules as PlanRules
from vpp_gym.solvers.stay import net_load_of_fleet
from vpp_gym.views import HISTORY_DAYS


class PlannerSpec(NamedTuple):
    """What the planner believes, and how it plans.

    Attributes:
        anchoring: of the anchored forecast.
        learned: the network corrects it.
        net: the network; not read where it is not used.
        shows_inputs: what the network sees is kept, with or without the network.
        knows_price: the imbalance price of the present step is known.
        early_prob: share of drivers who leave early.
        early_exponent: of when they do.
        hard_eur_per_kwh: penalty in plans on what is missing at the declared departure.
        charging_standby: what is taken besides for each kWh charged.
        discharging_standby: the same for each kWh discharged.
        periods: of a day.
    """

    anchoring: Anchoring
    learned: bool
    net: Net
    shows_inputs: bool
    knows_price: bool
    early_prob: float
    early_exponent: float
    hard_eur_per_kwh: float
    charging_standby: float
    discharging_standby: float
    periods: int


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


@njit(allocates=True, nogil=True)
def expect(
    dataset: Dataset, rules: Rules, state: State, spec: PlannerSpec, past: Past, out: Paths
) -> None:
    """Fill the rows of runs that have moved since.

    Args:
        dataset: the scenarios.
        rules: parameters.
        state: of the batch.
        spec: of the planner.
        past: of the dataset.
        out: (B, >= `STEPS_AHEAD`) and as long as the longest stay.
    """
    for b in range(len(out.made_at)):
        run = state.run[b]
        t = run.position
        if out.made_at[b] == t or t > run.last:
            continue
        n_steps = STEPS_AHEAD
        for k in range(run.connected):
            n_steps = max(n_steps, state.ev[b, state.lot[b, k]].departure - t)
        step = dataset.steps[t]
        known = step.tomorrow_end if dataset.period[t] > rules.gate_period else step.today_end
        since = max(run.first, t - HISTORY_DAYS * spec.periods)
        at = Moment(since, t, known, step.tomorrow_end, spec.periods)
        anchor, mid = anchored_path(
            dataset.da_eur_per_kwh,
            dataset.da_forecast_eur_per_kwh,
            dataset.period,
            dataset.residual_eur_per_kwh,
            at,
            n_steps,
            spec.anchoring,
        )
        half_spread = half_spread_at(since, t, past)
        if spec.learned or spec.shows_inputs:
            last = 0.0
            if t > run.first:
                settled = dataset.steps[t - 1]
                last = settled.short_eur_per_kwh - settled.long_eur_per_kwh
            seen = inputs_of(
                dataset.residual_eur_per_kwh[since:t],
                anchor,
                mid,
                dataset.period[t],
                step.weekday,
                half_spread,
                last,
            )
            for i in range(len(seen)):
                out.inputs[b, i] = seen[i]
            if spec.learned:
                correction = correction_of(seen, spec.net)
                for i in range(STEPS_AHEAD):
                    mid[i] += correction[i]
        for i in range(n_steps):
            out.da[b, i] = anchor[i]
            out.short[b, i] = mid[i] + half_spread
            out.long[b, i] = mid[i] - half_spread
        if spec.knows_price:
            out.short[b, 0], out.long[b, 0] = step.short_eur_per_kwh, step.long_eur_per_kwh
        out.made_at[b] = t


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


@njit(allocates=True)
def fleet_of(
    b: int,
    dataset: Dataset,
    rules: Rules,
    state: State,
    spec: PlannerSpec,
    paths: Paths,
    buy_more: float,
    sell_more: float,
) -> Fleet:
    """The problem of all connected EVs of a run, in the order of its lot.

    Args:
        b: run of the batch, with at least one EV.
        dataset: the scenarios.
        rules: parameters.
        state: of the batch.
        spec: of the planner.
        paths: of prices, of this step.
        buy_more: EUR/kWh by which the planner finds this step's short price dearer.
        sell_more: EUR/kWh by which it finds its long price dearer.
    """
    run, n = state.run[b], state.run[b].connected
    t = run.position
    horizon, by_step, paid = 1, False, False
    for k in range(n):
        ev = state.ev[b, state.lot[b, k]]
        horizon = max(horizon, ev.departure - t)
        asks = ev.contract_start > t or ev.min_price_eur_per_kwh > -np.inf
        by_step = by_step or (t < ev.contract_end and asks)
        paid = paid or ev.tariff_eur_per_kwh != 0.0 or ev.margin != 0.0
    buy = paths.short[b : b + 1, :horizon].copy()
    long = paths.long[b, :horizon].copy()
    buy[0, 0] += buy_more
    long[0] += sell_more
    for i in range(horizon):
        buy[0, i] *= 1.0 + spec.charging_standby
        long[i] *= 1.0 - spec.discharging_standby
    sell = np.empty((n if paid else 1, horizon))
    if not paid:
        sell[0] = long
    charge_kwh, discharge_kwh = np.empty((n, 1)), np.empty((n, horizon if by_step else 1))
    evs = np.empty((n, 8))
    for k in range(n):
        ev = state.ev[b, state.lot[b, k]]
        running = t < ev.contract_end
        max_kwh = ev.battery_max_kwh if running else ev.target_kwh
        charge_kwh[k, 0] = ev.charge_kw * rules.dt_h
        power_kwh, wait = ev.discharge_kw * rules.dt_h, max(ev.contract_start - t, 0)
        for i in range(discharge_kwh.shape[1]):
            allowed = not by_step
            if by_step:
                price = paths.da[b, i]
                allowed = i >= (wait if running else 0) and price >= ev.min_price_eur_per_kwh
            discharge_kwh[k, i] = power_kwh if allowed else 0.0
        if paid:
            least = ev.min_price_eur_per_kwh
            for i in range(horizon):
                above = max(paths.da[b, i] - least, 0.0) if np.isfinite(least) else 0.0
                sell[k, i] = long[i] - ev.tariff_eur_per_kwh - ev.margin * above
        evs[k, 0] = ev.energy_kwh
        evs[k, 1] = min(max(ev.min_kwh, ev.keep_kwh), max_kwh)
        evs[k, 2], evs[k, 3], evs[k, 4] = max_kwh, ev.target_kwh, ev.target_kwh
        evs[k, 5] = max(ev.contract_end - t, 0)
        evs[k, 6] = ev.contract_kwh if running else 0.0
        evs[k, 7] = max(ev.departure - t, 1)
    kinks = _kinks(b, dataset, rules, state, spec, horizon)
    dearest = np.zeros((1, horizon), np.int64)
    if not kinks.due_kwh.size:
        order = np.argsort(buy[0], kind="mergesort")
        for i in range(horizon):
            dearest[0, i] = order[horizon - 1 - i]
    curves = _curves(b, dataset, rules, state)
    return Fleet(buy, sell, dearest, charge_kwh, discharge_kwh, evs, kinks, curves)


@njit(allocates=True)
def _curves(b: int, dataset: Dataset, rules: Rules, state: State) -> Floats:
    """(n or 1, 2, K) how the EVs of a run taper: stored kWh, and most stored in a step."""
    n, knots = state.run[b].connected, dataset.curves.shape[2]
    curves = np.zeros((n if knots else 1, 2, knots))
    for k in range(n if knots else 0):
        session = state.ev[b, state.lot[b, k]].session
        for j in range(knots):
            curves[k, 0, j] = dataset.curves[session, 0, j]
            curves[k, 1, j] = dataset.curves[session, 1, j] * rules.dt_h
    return curves


@njit(allocates=True)
def _kinks(
    b: int, dataset: Dataset, rules: Rules, state: State, spec: PlannerSpec, horizon: int
) -> Kinks:
    """What it costs to hold too little when drivers leave early."""
    run, n = state.run[b], state.run[b].connected
    if spec.early_prob == 0.0:
        return Kinks(np.zeros((1, 0)), np.zeros((1, 0)), np.zeros((1, 0)))
    t = run.position
    missing_eur = rules.early_shortfall_share * dataset.steps[t].shortfall_eur_per_kwh
    missing_eur += rules.retail_eur_per_kwh / rules.charge_eff
    eur, due_kwh = np.zeros((n, horizon)), np.empty((n, horizon))
    stays = np.ones((n, horizon + 1))
    for k in range(n):
        ev = state.ev[b, state.lot[b, k]]
        behind, left = t - ev.arrival, max(ev.departure - t, 1)
        stay, full_kwh = behind + left, rules.charge_eff * (ev.charge_kw * rules.dt_h)
        before = 0.0
        if left > 1:
            before = math.pow(behind / (stay - 1), spec.early_exponent)
        for i in range(horizon):
            most_kwh = full_kwh * (behind + i + 1)
            if dataset.curves.shape[2] > 0:
                hours, full_kw = (behind + i + 1) * rules.dt_h, full_kwh / rules.dt_h
                curve = dataset.curves[ev.session]
                most_kwh = gain_kwh(ev.arrival_kwh, hours, full_kw, curve)
            due_kwh[k, i] = min(ev.target_kwh, ev.arrival_kwh + most_kwh)
            hazard = 0.0
            if left > 1 and behind + i + 1 < stay:
                after = math.pow((behind + i + 1) / (stay - 1), spec.early_exponent)
                still_there = 1.0 - spec.early_prob * before
                hazard = 1.0
                if still_there > 0.0:
                    hazard = spec.early_prob * (after - before) / still_there
                before = after
            eur[k, i] = stays[k, i] * hazard * missing_eur
            stays[k, i + 1] = stays[k, i] * (1.0 - hazard)
    return Kinks(eur, due_kwh, stays)


@njit(allocates=True, nogil=True)
def plan_batch(
    dataset: Dataset,
    rules: Rules,
    state: State,
    spec: PlannerSpec,
    paths: Paths,
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
        more_eur_per_kwh: (B, 2) by which short and long price of this step are dearer than
            the planner believes.
        net_load_kwh: (B, N) result, within the limits of the step.
        solved: (B,) result: all plans of the run were found.
    """
    plan_rules = PlanRules(rules.charge_eff, rules.discharge_eff, spec.hard_eur_per_kwh)
    for b in range(len(solved)):
        solved[b] = True
        for i in range(net_load_kwh.shape[1]):
            net_load_kwh[b, i] = 0.0
        run = state.run[b]
        if run.connected == 0 or run.position >= run.end:
            continue
        more = more_eur_per_kwh[b]
        one = fleet_of(b, dataset, rules, state, spec, paths, more[0], more[1])
        series = one.buy, one.sell, one.dearest, one.charge_kwh, one.discharge_kwh
        plans, status = net_load_of_fleet(*series, one.evs, plan_rules, one.kinks, one.curves)
        for k in range(run.connected):
            i = state.lot[b, k]
            ev = state.ev[b, i]
            net_load_kwh[b, i] = min(max(plans[k, 0], ev.lo_kwh), ev.hi_kwh)
            solved[b] = solved[b] and status[k] == SOLVED

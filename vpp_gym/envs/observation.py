"""The kernel that fills observations, column by column in the order of their fields."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from vpp_gym.arrays import Floats, Ints, Observations
from vpp_gym.contracts.choice import pay_eur_per_kwh
from vpp_gym.envs.fields import DEAR_EUR_PER_KWH, FAR_H, HOURS_AHEAD
from vpp_gym.envs.market_table import MARKET_COLUMNS, RESIDUAL_NOW, MarketTable, write_market
from vpp_gym.envs.site_fields import write_site
from vpp_gym.fleet.profile import RAMPS, add_charging, hourly_loads_kwh
from vpp_gym.kernels import njit
from vpp_gym.simulation.charging import charging_h, gain_in_kwh, tapers
from vpp_gym.simulation.contracting import due_at_kwh
from vpp_gym.simulation.dataset import Dataset
from vpp_gym.simulation.state import Rules, State, fetch_ahead


class Contracts(NamedTuple):
    """Sums over the open contracts of a run."""

    left_kwh: float  # that may still be discharged
    waiting_kwh: float  # of that, before its window opens
    pay_eur: float  # that owners get for all that is left
    least_eur: float  # for it at the least prices


@njit(inline="always")
def usable_kwh(ev: Any, t: int, dt_h: float) -> float:
    """What an EV's contract still allows in the time that its window has left, 48 h at most."""
    left_h = min((ev.contract_end - max(t, ev.contract_start)) * dt_h, FAR_H)
    return min(ev.contract_kwh, ev.discharge_kw * left_h)


@njit(inline="always")
def owed_eur_per_kwh(ev: Any, da_eur_per_kwh: float) -> float:
    """What an EV's owner gets for a kWh discharged at a day-ahead price, as it is shown."""
    pay = pay_eur_per_kwh(
        ev.tariff_eur_per_kwh, ev.margin, ev.min_price_eur_per_kwh, da_eur_per_kwh
    )
    return min(pay, DEAR_EUR_PER_KWH)


@njit(inline="always")
def least_eur_per_kwh(ev: Any) -> float:
    """Least day-ahead price at which an EV may be discharged, as it is shown."""
    price = ev.min_price_eur_per_kwh
    return 0.0 if price == -np.inf else min(max(price, -DEAR_EUR_PER_KWH), DEAR_EUR_PER_KWH)


@njit(allocates=True)
def observe(
    dataset: Dataset,
    rules: Rules,
    state: State,
    lag_steps: int,
    per_charger: bool,
    per_scale: Floats,
    market: MarketTable,
    runs: Ints,
    out: Observations,
) -> None:
    """Fill rows of (B, size) observations, column by column in the order of the table.

    Args:
        dataset: the scenarios.
        rules: parameters.
        state: of the batch.
        lag_steps: by which imbalance prices are published late.
        per_charger: each charger is shown, too.
        per_scale: (size,) one over the scale of each column.
        market: what was made of the columns that do not depend on the run.
        runs: (n,) rows that are filled.
        out: result.
    """
    row = np.zeros(len(per_scale))
    ramps = np.empty((HOURS_AHEAD + 2, RAMPS))
    for k in range(len(runs)):
        b = runs[k]
        observe_run(
            b,
            dataset,
            rules,
            state,
            lag_steps,
            per_charger,
            per_scale,
            market,
            row,
            ramps,
            out[b],
        )


@njit(inline="always")
def observe_run(
    b: int,
    dataset: Dataset,
    rules: Rules,
    state: State,
    lag_steps: int,
    per_charger: bool,
    per_scale: Floats,
    market: MarketTable,
    row: Floats,
    ramps: Floats,
    out: Observations,
) -> None:
    """Fill the (size,) observation of run b; row and ramps are working memory.

    What does not depend on the run is taken from the table, where it was made.
    """
    run = state.run[b]
    t, live = run.position, 0
    if t <= run.last and t < len(market.made) and market.made[t]:
        live = MARKET_COLUMNS
        for j in range(live):
            out[j] = market.shown[t, j]
        if t >= run.end:
            out[RESIDUAL_NOW] = np.float32(0.0)
    else:
        write_market(t, run.first, run.last, run.end, dataset, rules, lag_steps, row)
    column = _write_schedule(b, dataset, rules, state, row, MARKET_COLUMNS)
    da = dataset.da_eur_per_kwh[min(state.run[b].position, state.run[b].last)]
    column = _write_fleet(b, da, dataset, rules, state, row, column, ramps)
    if per_charger:
        _write_chargers(b, da, dataset, rules, state, row, column)
    write_site(b, dataset.has_site, dataset, rules, state, per_scale, row)
    # Unsigned: no index counts from the end, so that eight are done at a time.
    for j in range(np.uint64(live), np.uint64(len(row))):
        out[j] = np.float32(row[j] * per_scale[j])


@njit(inline="always")
def _write_schedule(
    b: int, dataset: Dataset, rules: Rules, state: State, row: Floats, column: int
) -> int:
    """What is sold in the hours ahead, as far as the schedules go."""
    run = state.run[b]
    t = run.position
    step = dataset.steps[min(t, run.last)]
    seen = step.tomorrow_end if t < run.end else t
    hour = round(1.0 / rules.dt_h)
    hours = min(max(seen - t + hour - 1, 0) // hour, HOURS_AHEAD)
    of_today = min(max(step.today_end - t + hour - 1, 0) // hour, hours)
    today, tomorrow = state.da_sold_kwh[b, 0], state.da_sold_kwh[b, 1]
    # Unsigned: see `observe_run`.
    for k in range(np.uint64(of_today)):
        row[column + k] = today[np.uint64(dataset.slot[t + k * hour])]
    for k in range(np.uint64(of_today), np.uint64(hours)):
        row[column + k] = tomorrow[np.uint64(dataset.slot[t + k * hour])]
    for k in range(np.uint64(hours), np.uint64(HOURS_AHEAD)):
        row[column + k] = 0.0
    return column + HOURS_AHEAD


@njit(inline="always")
def _write_fleet(
    b: int,
    da: float,
    dataset: Dataset,
    rules: Rules,
    state: State,
    row: Floats,
    column: int,
    ramps: Floats,
) -> int:
    run = state.run[b]
    for h in range(ramps.shape[0]):
        for k in range(RAMPS):
            ramps[h, k] = 0.0
    # Two copies of one loop: where no car tapers it has no calls, and its sums stay in registers.
    if dataset.curves.shape[2] == 0:
        gap_kwh, power_kw, contracts = _add_cars(b, da, dataset, rules, state, ramps)
    else:
        gap_kwh, power_kw, contracts = _add_cars(b, da, dataset, rules, state, ramps)
    row[column] = run.connected / state.occupied.shape[1]
    row[column + 1] = run.fleet_lo_kwh
    row[column + 2] = run.fleet_idle_kwh
    row[column + 3] = run.fleet_hi_kwh
    row[column + 4] = gap_kwh
    earliest, latest = column + 5, column + 5 + HOURS_AHEAD
    hourly_loads_kwh(power_kw, ramps, row, earliest, latest)
    if dataset.curves.shape[2] > 0:
        _add_tapered(b, dataset, rules, state, row, earliest, latest)
    column = latest + HOURS_AHEAD
    row[column], row[column + 1] = contracts.left_kwh, contracts.waiting_kwh
    row[column + 2] = contracts.pay_eur / contracts.left_kwh if contracts.left_kwh > 0.0 else 0.0
    row[column + 3] = contracts.least_eur / contracts.left_kwh if contracts.left_kwh > 0.0 else 0.0
    return column + 4


@njit(inline="always")
def _add_cars(
    b: int, da: float, dataset: Dataset, rules: Rules, state: State, ramps: Floats
) -> tuple[float, float, Contracts]:
    """Add what cars charge to the ramps.

    Returns:
        What is due by now and not stored, the power of who charges, and what contracts allow.
    """
    t, n = state.run[b].position, state.run[b].connected
    gap_kwh, power_kw = 0.0, 0.0
    left_kwh, waiting_kwh, pay_eur, least_eur = 0.0, 0.0, 0.0, 0.0
    for k in range(n):
        fetch_ahead(b, k, n, state)
        ev = state.ev[b, state.lot[b, k]]
        if t < ev.contract_end:
            usable = usable_kwh(ev, t, rules.dt_h)
            left_kwh += usable
            waiting_kwh += usable if t < ev.contract_start else 0.0
            pay_eur += usable * owed_eur_per_kwh(ev, da)
            least_eur += usable * least_eur_per_kwh(ev)
        gap_kwh += max(due_at_kwh(ev, t, dataset, rules) - ev.energy_kwh, 0.0)
        need_kwh = ev.target_kwh - ev.energy_kwh
        if need_kwh > 0.0:
            left_h = max(ev.departure - t, 1) * rules.dt_h
            full_h = min(charging_h(ev, ev.target_kwh, dataset, rules), left_h)
            if not tapers(ev, dataset, rules):
                add_charging(full_h, left_h, ev.charge_kw, ramps)
                power_kw += ev.charge_kw
    return gap_kwh, power_kw, Contracts(left_kwh, waiting_kwh, pay_eur, least_eur)


@njit(internal=True)
def _add_tapered(
    b: int, dataset: Dataset, rules: Rules, state: State, row: Floats, earliest: int, latest: int
) -> None:
    """Add hour by hour what cars that taper charge at the earliest and at the latest."""
    t = state.run[b].position
    for k in range(state.run[b].connected):
        ev = state.ev[b, state.lot[b, k]]
        if ev.target_kwh <= ev.energy_kwh or not tapers(ev, dataset, rules):
            continue
        left_h = max(ev.departure - t, 1) * rules.dt_h
        full_h = min(charging_h(ev, ev.target_kwh, dataset, rules), left_h)
        before_kwh, after_kwh = 0.0, 0.0
        for hour in range(HOURS_AHEAD):
            early_h, late_h = min(hour + 1.0, full_h), min(hour + 1.0 - (left_h - full_h), full_h)
            early = gain_in_kwh(ev, ev.energy_kwh, early_h, dataset, rules)
            late = gain_in_kwh(ev, ev.energy_kwh, max(late_h, 0.0), dataset, rules)
            # Rounding may leave -1e-14.
            row[earliest + hour] += max(early - before_kwh, 0.0) / rules.charge_eff
            row[latest + hour] += max(late - after_kwh, 0.0) / rules.charge_eff
            before_kwh, after_kwh = early, late


@njit(internal=True)
def _write_chargers(
    b: int, da: float, dataset: Dataset, rules: Rules, state: State, row: Floats, column: int
) -> None:
    n = state.occupied.shape[1]
    t = state.run[b].position
    for k in range(column, len(row)):
        row[k] = 0.0
    for k in range(state.run[b].connected):
        i = state.lot[b, k]
        ev, at = state.ev[b, i], column + i
        row[at] = 1.0
        row[at + n] = ev.energy_kwh / ev.battery_max_kwh
        row[at + 2 * n] = ev.target_kwh / ev.battery_max_kwh
        row[at + 3 * n] = min(max(ev.departure - t, 1) * rules.dt_h, FAR_H)
        gap_kwh = max(due_at_kwh(ev, t, dataset, rules) - ev.energy_kwh, 0.0)
        row[at + 4 * n] = gap_kwh / ev.battery_max_kwh
        row[at + 5 * n] = min(max(ev.laxity_h, -FAR_H), FAR_H)
        row[at + 6 * n] = ev.lo_kwh
        row[at + 7 * n] = ev.hi_kwh
        if t < ev.contract_end:
            row[at + 8 * n] = usable_kwh(ev, t, rules.dt_h)
            row[at + 9 * n] = min(max(ev.contract_start - t, 0) * rules.dt_h, FAR_H)
            row[at + 10 * n] = min(ev.keep_kwh / ev.battery_max_kwh, 1.0)
            row[at + 11 * n] = owed_eur_per_kwh(ev, da)
            row[at + 12 * n] = least_eur_per_kwh(ev)

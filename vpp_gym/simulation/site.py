"""A site's connection in the transition: its envelope, how it is shared, and what it books.

Where limits bind, what was decided gives way in this order. Of imports: curtailed sun is used, the
battery stops charging, cars with the most laxity charge less. Of exports: sun is curtailed, the
battery stops discharging, cars with the least laxity discharge less. Before that, each group of
chargers with limits of its own is brought within them in the same way.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from vpp_gym.arrays import Floats
from vpp_gym.fleet.laxity import on_grid
from vpp_gym.fleet.shared import give_way
from vpp_gym.kernels import Present, njit
from vpp_gym.markets.ledger import COLUMN
from vpp_gym.simulation.dataset import Dataset
from vpp_gym.simulation.groups import group_envelope, share_groups, yield_within
from vpp_gym.simulation.limits_ahead import is_limited
from vpp_gym.simulation.room import EXTRA, FULL, NEED, TAKE, TIME, keep_promises
from vpp_gym.simulation.state import Rules, State

Record = Any
"""One row of a record array: SITE or RUN, changed in place."""


@njit(internal=True)
def open_site(b: int, dataset: Dataset, rules: Rules, state: State) -> None:
    """The connection of a run at its start."""
    site = state.site[b]
    site.take_rated_kwh, site.give_rated_kwh = 0.0, 0.0
    _add_ratings(b, dataset.has_site, dataset, rules, state)
    site.storage_kwh = rules.storage_initial_kwh
    site.peak_kwh, site.net_of_year_kwh = 0.0, 0.0
    site.month, site.year = -1, -1
    site.storage_load_kwh, site.pv_used_kwh, site.yielded_kwh = 0.0, 0.0, 0.0
    _forget_wishes(site)


@njit(internal=True)
def _add_ratings(b: int, has_site: Present, dataset: Dataset, rules: Rules, state: State) -> None:
    """What may be bid beyond the power of the chargers."""
    if has_site is None:
        return
    if rules.bids_by_site:
        site, step = state.site[b], dataset.site[state.run[b].position]
        site.take_rated_kwh = step.building_peak_kwh + rules.storage_power_kwh
        site.give_rated_kwh = step.pv_peak_kwh + rules.storage_power_kwh


@njit(internal=True)
def _forget_wishes(site: Record) -> None:
    site.storage_wanted_kwh, site.pv_wanted_kwh = 0.0, np.inf


@njit(internal=True)
def measure_site(b: int, has_site: Present, dataset: Dataset, rules: Rules, state: State) -> None:
    """Limits of the battery and the fleet's envelope for the coming step, and promises kept."""
    if has_site is None:
        return
    run, site = state.run[b], state.site[b]
    t = min(run.position, run.last)
    step = dataset.site[t]
    if rules.guarantee and is_limited(t, has_site, dataset):
        keep_promises(b, dataset, rules, state)
    power_kwh = rules.storage_power_kwh
    free_kwh = max(rules.storage_max_kwh - site.storage_kwh, 0.0)
    site.storage_hi_kwh = min(power_kwh, free_kwh / rules.storage_charge_eff)
    site.storage_lo_kwh = -min(power_kwh, site.storage_kwh * rules.storage_discharge_eff)
    lo, idle, hi = 0.0, 0.0, 0.0
    for k in range(run.connected):
        ev = state.ev[b, state.lot[b, k]]
        lo += ev.lo_kwh
        idle += min(max(0.0, ev.lo_kwh), ev.hi_kwh)
        hi += ev.hi_kwh
    lo, idle, hi = group_envelope(b, rules.has_groups, (lo, idle, hi), rules, state)
    most_kwh = step.import_kwh - step.building_kwh + step.pv_kwh - site.storage_lo_kwh
    least_kwh = -step.export_kwh - step.building_kwh - site.storage_hi_kwh
    run.fleet_lo_kwh = min(max(lo, least_kwh), idle)
    run.fleet_idle_kwh = idle
    run.fleet_hi_kwh = max(min(hi, most_kwh), idle)
    run.take_kwh += step.building_kwh + power_kwh
    run.give_kwh += step.pv_kwh + power_kwh


@njit
def share_connection(
    b: int,
    t: int,
    has_site: Present,
    dataset: Dataset,
    rules: Rules,
    state: State,
    net_load_kwh: Floats,
) -> None:
    """Bring what was decided for a step within the limits of the connection.

    Args:
        b: run of the batch.
        t: position of the step.
        has_site: of the dataset.
        dataset: the scenarios.
        rules: parameters.
        state: of the batch; battery and sun of the step are noted in it.
        net_load_kwh: (N,) dispatch at the meter, changed in place.
    """
    if has_site is None:
        return
    run, site, step = state.run[b], state.site[b], dataset.site[t]
    load, moved = 0.0, 0.0
    for k in range(run.connected):
        i = state.lot[b, k]
        ev = state.ev[b, i]
        net_load_kwh[i] = min(max(net_load_kwh[i], ev.lo_kwh), ev.hi_kwh)
        load += net_load_kwh[i]
    if len(rules.groups) > 0:
        moved, load = share_groups(b, rules.has_groups, rules, state, net_load_kwh), 0.0
        for k in range(run.connected):
            load += net_load_kwh[state.lot[b, k]]
    storage = min(max(site.storage_wanted_kwh, site.storage_lo_kwh), site.storage_hi_kwh)
    sun = min(max(site.pv_wanted_kwh, 0.0), step.pv_kwh)
    net = step.building_kwh + load - sun + storage
    over, under = net - step.import_kwh, -step.export_kwh - net
    if over > 0.0:
        more = min(over, step.pv_kwh - sun)
        less = min(over - more, max(storage, 0.0))
        sun, storage = sun + more, storage - less
        moved += _yield(b, over - more - less, True, rules, state, net_load_kwh)
    elif under > 0.0:
        less = min(under, sun)
        more = min(under - less, max(-storage, 0.0))
        sun, storage = sun - less, storage + more
        moved += _yield(b, under - less - more, False, rules, state, net_load_kwh)
    site.storage_load_kwh, site.pv_used_kwh, site.yielded_kwh = storage, sun, moved
    _forget_wishes(site)


@njit(internal=True)
def _yield(
    b: int, amount_kwh: float, charging: bool, rules: Rules, state: State, net_load_kwh: Floats
) -> float:
    """Cut charging by an amount, most laxity first, or discharging, least first; what was cut.

    Least loads are kept if they can be. Where they cannot, the limit holds.
    """
    if amount_kwh <= 0.0:
        return 0.0
    if len(rules.groups) > 0:
        everybody = len(rules.groups)
        return yield_within(
            b, rules.has_groups, everybody, amount_kwh, charging, rules, state, net_load_kwh
        )
    cut = _cut(b, amount_kwh, charging, True, state, net_load_kwh)
    if charging and amount_kwh > cut:
        cut += _cut(b, amount_kwh - cut, charging, False, state, net_load_kwh)
    return cut


@njit
def _cut(
    b: int, amount_kwh: float, charging: bool, keeps: bool, state: State, net_load_kwh: Floats
) -> float:
    """Cut by an amount, or what there is; `keeps` goes no further than the least loads."""
    n, shared = state.run[b].connected, state.shared[b]
    sign = 1.0 if charging else -1.0
    for k in range(n):
        i = state.lot[b, k]
        ev = state.ev[b, i]
        idle = min(max(0.0, ev.lo_kwh), ev.hi_kwh) if keeps else 0.0
        shared[NEED, k] = max(sign * (net_load_kwh[i] - idle), 0.0)
        shared[TIME, k] = -sign * on_grid(ev.laxity_h)
    working = shared[TAKE], shared[EXTRA], shared[FULL]
    cut = give_way(amount_kwh, n, shared[NEED], shared[TIME], *working)
    for k in range(n):
        i = state.lot[b, k]
        net_load_kwh[i] -= sign * shared[TAKE, k]
        state.ev[b, i].lo_kwh = min(state.ev[b, i].lo_kwh, net_load_kwh[i])
    return cut


@njit(internal=True)
def book_site(
    b: int,
    t: int,
    has_site: Present,
    dataset: Dataset,
    rules: Rules,
    state: State,
    load_kwh: float,
    row: Floats,
) -> float:
    """Book what the connection took and gave in a step; its net import [kWh].

    Args:
        b: run of the batch.
        t: position of the step.
        has_site: of the dataset; without a site the cars' load is all there is.
        dataset: the scenarios.
        rules: parameters.
        state: of the batch; battery and peak are changed in it.
        load_kwh: net load of the cars.
        row: terms of the step.
    """
    if has_site is None:
        return load_kwh
    site, step = state.site[b], dataset.site[t]
    storage, sun = site.storage_load_kwh, site.pv_used_kwh
    net_kwh = step.building_kwh + load_kwh - sun + storage
    _use_storage(site, storage, rules, row)
    row[COLUMN.building_kwh] = step.building_kwh
    row[COLUMN.pv_kwh] = sun
    row[COLUMN.curtailed_kwh] = step.pv_kwh - sun
    row[COLUMN.yielded_kwh] = site.yielded_kwh
    import_kwh, export_kwh = max(net_kwh, 0.0), max(-net_kwh, 0.0)
    row[COLUMN.import_kwh], row[COLUMN.export_kwh] = import_kwh, export_kwh
    row[COLUMN.grid_fee_eur] = -(
        import_kwh * step.import_fee_eur_per_kwh + export_kwh * step.export_fee_eur_per_kwh
    )
    row[COLUMN.energy_tax_eur] = -rules.energy_tax_eur_per_kwh * _taxed_kwh(
        site, step.year, net_kwh, rules.net_metering
    )
    if step.month != site.month:
        site.month, site.peak_kwh = step.month, 0.0
    if import_kwh > site.peak_kwh:
        row[COLUMN.peak_fee_eur] = -(import_kwh - site.peak_kwh) * rules.peak_eur_per_kwh
        site.peak_kwh = import_kwh
    return net_kwh


@njit(internal=True)
def _use_storage(site: Record, load_kwh: float, rules: Rules, row: Floats) -> None:
    """Charge or discharge the stationary battery."""
    if load_kwh >= 0.0:
        stored_kwh = site.storage_kwh + load_kwh * rules.storage_charge_eff
        row[COLUMN.storage_charge_kwh] = load_kwh
    else:
        stored_kwh = site.storage_kwh + load_kwh / rules.storage_discharge_eff
        row[COLUMN.storage_discharge_kwh] = -load_kwh
        row[COLUMN.storage_wear_eur] = load_kwh * rules.storage_wear_eur_per_kwh
    site.storage_kwh = min(max(stored_kwh, 0.0), rules.storage_max_kwh)


@njit
def _taxed_kwh(site: Record, year: int, net_kwh: float, net_metering: bool) -> float:
    """What of a step's net import is taxed: all of it, or what the year's net import grows by."""
    if not net_metering:
        return max(net_kwh, 0.0)
    if year != site.year:
        site.year, site.net_of_year_kwh = year, 0.0
    before_kwh = max(site.net_of_year_kwh, 0.0)
    site.net_of_year_kwh += net_kwh
    return max(site.net_of_year_kwh, 0.0) - before_kwh


@njit(internal=True)
def close_site(
    b: int, has_site: Present, dataset: Dataset, rules: Rules, state: State, row: Floats
) -> None:
    """Settle what the battery has more or less than at the beginning of the run.

    At the mean day-ahead price of the run's last 24 hours, after the losses of giving it or
    charging it again.
    """
    if has_site is None:
        return
    run = state.run[b]
    steps = round(24.0 / rules.dt_h)
    since, price = max(run.position - steps, run.start), 0.0
    for t in range(since, run.position):
        price += dataset.da_eur_per_kwh[t]
    price /= run.position - since
    more_kwh = state.site[b].storage_kwh - rules.storage_initial_kwh
    if more_kwh >= 0.0:
        row[COLUMN.storage_left_eur] += more_kwh * rules.storage_discharge_eff * price
    else:
        row[COLUMN.storage_left_eur] += more_kwh / rules.storage_charge_eff * price

"""Groups of chargers in a step: their envelope, and bringing decisions within their limits."""

from __future__ import annotations

from vpp_gym.arrays import Floats
from vpp_gym.fleet.groups import narrow
from vpp_gym.fleet.laxity import on_grid
from vpp_gym.fleet.shared import give_way
from vpp_gym.kernels import Present, njit
from vpp_gym.simulation.group_tree import OF, RANK
from vpp_gym.simulation.room import BUCKET, EXTRA, KEY, NEED, RANKS, TAKE, TIME
from vpp_gym.simulation.state import Rules, Scratch, State


@njit(internal=True)
def group_envelope(
    b: int,
    has_groups: Present,
    of_cars: tuple[float, float, float],
    rules: Rules,
    state: State,
) -> tuple[float, float, float]:
    """Least, idle and largest load of all cars, and of those of each group, within its limits.

    Args:
        b: run of the batch.
        has_groups: of the rules.
        of_cars: the sums of the cars' own limits, which hold where there are no groups.
        rules: parameters.
        state: of the batch; sums of groups are changed in it.
    """
    if has_groups is None:
        return of_cars
    lo, idle, hi = 0.0, 0.0, 0.0
    for g in range(len(rules.groups)):
        of = state.group[b, g]
        of.lo_kwh, of.idle_kwh, of.hi_kwh = 0.0, 0.0, 0.0
    for k in range(state.run[b].connected):
        i = state.lot[b, k]
        ev = state.ev[b, i]
        idles = min(max(0.0, ev.lo_kwh), ev.hi_kwh)
        g = rules.charger_group[OF, i]
        if g < 0:
            lo, idle, hi = lo + ev.lo_kwh, idle + idles, hi + ev.hi_kwh
        else:
            of = state.group[b, g]
            of.lo_kwh, of.idle_kwh = of.lo_kwh + ev.lo_kwh, of.idle_kwh + idles
            of.hi_kwh += ev.hi_kwh
    for g in range(len(rules.groups)):
        of, group = state.group[b, g], rules.groups[g]
        of.lo_kwh = min(max(of.lo_kwh, -group.export_kwh), of.idle_kwh)
        of.hi_kwh = max(min(of.hi_kwh, group.import_kwh), of.idle_kwh)
        if group.parent < 0:
            lo, idle, hi = lo + of.lo_kwh, idle + of.idle_kwh, hi + of.hi_kwh
        else:
            within = state.group[b, group.parent]
            within.lo_kwh += of.lo_kwh
            within.idle_kwh += of.idle_kwh
            within.hi_kwh += of.hi_kwh
    return lo, idle, hi


@njit(internal=True)
def narrow_limits(
    b: int,
    has_groups: Present,
    proportional: bool,
    rules: Rules,
    state: State,
    fleet_kwh: float,
    scratch: Scratch,
) -> None:
    """Narrow the limits between which a fleet's number is handed out to what groups allow.

    Args:
        b: run of the batch.
        has_groups: of the rules.
        proportional: share by room instead of by key.
        rules: parameters.
        state: of the batch.
        fleet_kwh: to be handed out.
        scratch: limits and keys of the connected cars; the limits are narrowed.
    """
    if has_groups is None:
        return
    n, shared, slack = state.run[b].connected, state.shared[b], state.group_slack[b]
    up = fleet_kwh > state.run[b].fleet_idle_kwh
    sign = 1.0 if up else -1.0
    for g in range(len(rules.groups)):
        group, idle = rules.groups[g], state.group[b, g].idle_kwh
        slack[g] = group.import_kwh - idle if up else group.export_kwh + idle
    for k in range(n):
        lo, hi = scratch.lo_kwh[k], scratch.hi_kwh[k]
        idle = min(max(0.0, lo), hi)
        shared[RANKS, k] = rules.charger_group[RANK, state.lot[b, k]]
        shared[NEED, k] = hi - idle if up else idle - lo
        shared[KEY, k] = 0.0 if proportional else sign * scratch.key[k]
    narrow(
        n,
        shared[RANKS],
        len(rules.groups),
        rules.groups,
        slack,
        shared[KEY],
        shared[NEED],
        shared[TAKE],
        shared[EXTRA],
        shared[BUCKET],
    )
    for k in range(n):
        idle = min(max(0.0, scratch.lo_kwh[k]), scratch.hi_kwh[k])
        if up:
            scratch.hi_kwh[k] = idle + shared[NEED, k]
        else:
            scratch.lo_kwh[k] = idle - shared[NEED, k]


@njit(internal=True)
def share_groups(
    b: int, has_groups: Present, rules: Rules, state: State, net_load_kwh: Floats
) -> float:
    """Bring the loads of each group within its limits, those within others first.

    Args:
        b: run of the batch.
        has_groups: of the rules.
        rules: parameters.
        state: of the batch.
        net_load_kwh: (N,) dispatch at the meter, within the limits of each car; changed in place.

    Returns:
        kWh by which loads were cut.
    """
    moved = 0.0
    if has_groups is None:
        return moved
    for g in range(len(rules.groups)):
        group = rules.groups[g]
        net = group_load_kwh(b, g, rules, state, net_load_kwh)
        over, under = net - group.import_kwh, -group.export_kwh - net
        if over > 0.0:
            moved += yield_within(b, has_groups, g, over, True, rules, state, net_load_kwh)
        elif under > 0.0:
            moved += yield_within(b, has_groups, g, under, False, rules, state, net_load_kwh)
    return moved


@njit(internal=True)
def group_load_kwh(b: int, g: int, rules: Rules, state: State, net_load_kwh: Floats) -> float:
    """Net load of the cars of a group."""
    net, group = 0.0, rules.groups[g]
    for k in range(state.run[b].connected):
        i = state.lot[b, k]
        if group.first <= rules.charger_group[RANK, i] < group.end:
            net += net_load_kwh[i]
    return net


@njit(internal=True)
def yield_within(
    b: int,
    has_groups: Present,
    g: int,
    amount_kwh: float,
    charging: bool,
    rules: Rules,
    state: State,
    net_load_kwh: Floats,
) -> float:
    """Cut the charging of a group by an amount, most laxity first, or discharging, least first.

    Least loads are kept if they can be. Where they cannot, the limit holds. No group within it
    gives more than it may because less is charged there, or takes more because less is given.

    Args:
        b: run of the batch.
        has_groups: of the rules.
        g: the group; the number of groups for all cars.
        amount_kwh: to be cut.
        charging: whether charging is cut, or discharging.
        rules: parameters.
        state: of the batch.
        net_load_kwh: (N,) changed in place.

    Returns:
        What was cut.
    """
    if has_groups is None:
        return 0.0
    if amount_kwh <= 0.0:
        return 0.0
    cut = _cut(b, g, amount_kwh, charging, True, rules, state, net_load_kwh)
    if charging and amount_kwh > cut:
        cut += _cut(b, g, amount_kwh - cut, charging, False, rules, state, net_load_kwh)
    return cut


@njit
def _cut(
    b: int,
    g: int,
    amount_kwh: float,
    charging: bool,
    keeps: bool,
    rules: Rules,
    state: State,
    net_load_kwh: Floats,
) -> float:
    """Cut by an amount, or what there is; `keeps` goes no further than the least loads."""
    n, shared = state.run[b].connected, state.shared[b]
    sign, everybody = 1.0 if charging else -1.0, g == len(rules.groups)
    for k in range(n):
        i = state.lot[b, k]
        ev, rank = state.ev[b, i], rules.charger_group[RANK, i]
        idle = min(max(0.0, ev.lo_kwh), ev.hi_kwh) if keeps else 0.0
        shared[NEED, k], shared[RANKS, k] = 0.0, rank
        if everybody or rules.groups[g].first <= rank < rules.groups[g].end:
            shared[NEED, k] = max(sign * (net_load_kwh[i] - idle), 0.0)
        shared[KEY, k] = -sign * on_grid(ev.laxity_h)
        shared[TIME, k] = shared[KEY, k]
    slack = state.group_slack[b]
    for c in range(g):  # what stands before a group may be within it, what stands behind it not
        group = rules.groups[c]
        limit_kwh = group.export_kwh if charging else group.import_kwh
        slack[c] = limit_kwh + sign * group_load_kwh(b, c, rules, state, net_load_kwh)
    narrow(
        n,
        shared[RANKS],
        g,
        rules.groups,
        slack,
        shared[KEY],
        shared[NEED],
        shared[TAKE],
        shared[EXTRA],
        shared[BUCKET],
    )
    working = shared[TAKE], shared[EXTRA], shared[BUCKET]
    cut = give_way(amount_kwh, n, shared[NEED], shared[TIME], *working)
    for k in range(n):
        i = state.lot[b, k]
        net_load_kwh[i] -= sign * shared[TAKE, k]
        state.ev[b, i].lo_kwh = min(state.ev[b, i].lo_kwh, net_load_kwh[i])
    return cut

"""What may be decided in a step, and how a decision for a fleet becomes one for each car."""

from __future__ import annotations

from vpp_gym.arrays import Floats
from vpp_gym.fleet.disaggregation import EARLIEST_DEPARTURE, PROPORTIONAL, hand_out
from vpp_gym.fleet.laxity import on_grid
from vpp_gym.kernels import njit
from vpp_gym.simulation.arguments import TOLERANCE_KWH
from vpp_gym.simulation.groups import narrow_limits
from vpp_gym.simulation.state import Rules, Scratch, State, fetch_ahead


@njit
def disaggregate(
    rules: Rules, state: State, fleet_kwh: Floats, net_load_kwh: Floats, scratch: Scratch
) -> None:
    """Hand each fleet's net load to its EVs by the disaggregation rule.

    Args:
        rules: parameters.
        state: the batch.
        fleet_kwh: (B,) within the fleet's envelope.
        net_load_kwh: (B, N) result.
        scratch: working memory.
    """
    for b in range(len(fleet_kwh)):
        disaggregate_run(b, rules, state, fleet_kwh[b], net_load_kwh[b], scratch)


@njit(inline="always")
def disaggregate_run(
    b: int, rules: Rules, state: State, fleet_kwh: float, net_load_kwh: Floats, scratch: Scratch
) -> None:
    """Hand the net load of run b to its EVs; see `disaggregate`."""
    earliest = rules.disaggregation == EARLIEST_DEPARTURE
    proportional = rules.disaggregation == PROPORTIONAL
    n = state.run[b].connected
    for k in range(n):
        fetch_ahead(b, k, n, state)
        ev = state.ev[b, state.lot[b, k]]
        scratch.lo_kwh[k], scratch.hi_kwh[k] = ev.lo_kwh, ev.hi_kwh
        scratch.key[k] = float(ev.departure) if earliest else on_grid(ev.laxity_h)
    narrow_limits(b, rules.has_groups, proportional, rules, state, fleet_kwh, scratch)
    hand_out(
        fleet_kwh,
        n,
        scratch.lo_kwh,
        scratch.hi_kwh,
        scratch.key,
        proportional,
        scratch.load_kwh,
        scratch.sorted_key,
        scratch.room_kwh,
        scratch.bucket,
    )
    for i in range(len(net_load_kwh)):
        net_load_kwh[i] = 0.0
    for k in range(n):
        net_load_kwh[state.lot[b, k]] = scratch.load_kwh[k]


@njit
def first_outside_limits(state: State, net_load_kwh: Floats) -> tuple[int, int]:
    """(run, charger) of the first net load outside its limits, or (-1, -1)."""
    for b in range(net_load_kwh.shape[0]):
        for i in range(net_load_kwh.shape[1]):
            x = net_load_kwh[b, i]
            above_lo = x >= state.ev[b, i].lo_kwh - TOLERANCE_KWH
            if not (above_lo and x <= state.ev[b, i].hi_kwh + TOLERANCE_KWH):
                return b, i
    return -1, -1


@njit(inline="always")
def bid_lo_kwh(b: int, period: int, rules: Rules, state: State) -> float:
    """Least bid of a period: minus what may be bought."""
    limit_kwh = rules.bid_limit_kwh + state.site[b].take_rated_kwh
    if not rules.bids_by_cars:
        return -limit_kwh
    return -min(state.expected_take_kwh[b, period], limit_kwh)


@njit(inline="always")
def bid_hi_kwh(b: int, period: int, rules: Rules, state: State) -> float:
    """Largest bid of a period: what may be sold."""
    limit_kwh = rules.bid_limit_kwh + state.site[b].give_rated_kwh
    if not rules.bids_by_cars:
        return limit_kwh
    return min(state.expected_give_kwh[b, period], limit_kwh)


@njit
def bid_limits(rules: Rules, state: State, lo_kwh: Floats, hi_kwh: Floats) -> None:
    """Fill (B, L) least and largest bids of every period, + sells."""
    for b in range(lo_kwh.shape[0]):
        for k in range(lo_kwh.shape[1]):
            lo_kwh[b, k] = bid_lo_kwh(b, k, rules, state)
            hi_kwh[b, k] = bid_hi_kwh(b, k, rules, state)

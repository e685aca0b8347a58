"""One step of a batch of environments as one kernel: decode the action, advance, observe."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

import numpy as np

from vpp_gym.actions import from_idle
from vpp_gym.arrays import Floats, Observations
from vpp_gym.envs.fields import HOURS_AHEAD
from vpp_gym.envs.market_table import MarketTable
from vpp_gym.envs.observation import observe_run
from vpp_gym.fleet.profile import RAMPS
from vpp_gym.kernels import njit
from vpp_gym.simulation.choices import bid_hi_kwh, bid_lo_kwh, disaggregate_run
from vpp_gym.simulation.dataset import Dataset
from vpp_gym.simulation.state import Rules, Scratch, State
from vpp_gym.simulation.transition import step_run

TOUCHED_EVS = 1024
"""EVs of a run that are read before its step: 192 KiB, which stay in a processor's second cache."""


class BidMode(IntEnum):
    """How the bid schedule comes about."""

    SCHEDULE = 0
    """All places of tomorrow's schedule in the action, read at the gate."""
    PERIOD = 1
    """One period in the action of each step."""
    EXPECTED_LOAD = 2
    """The expected load is bought."""
    GIVEN = 3
    """In kWh, by somebody else than the agent."""

    def entries(self, slots: int) -> int:
        """Entries of the action that bid, for a schedule of so many places."""
        return {BidMode.SCHEDULE: slots, BidMode.PERIOD: 1}.get(self, 0)


class ActionSpec(NamedTuple):
    """How actions are read."""

    per_charger: bool
    storage: bool  # the last of them is the stationary battery's
    n_dispatch: int  # entries that dispatch; those behind them bid
    bids: int  # the value of a BidMode: a kernel takes a number many times faster than a member
    bid_scale: float  # share of the range of bids that an entry of 1 moves
    lag_steps: int
    per_scale: Floats  # (size,) one over the scale of the observation


class StepMemory(NamedTuple):
    """Working memory of an environment's step: one run at a time."""

    net_load_kwh: Floats  # (N,)
    bids_kwh: Floats  # (S,)
    row: Floats  # (size,) of the observation
    ramps: Floats  # (HOURS_AHEAD + 2, RAMPS)
    touched: Floats  # (3,)


def step_memory(n_chargers: int, slots: int, size: int) -> StepMemory:
    """Working memory for a fleet, the places of a schedule and the size of an observation."""
    return StepMemory(
        np.zeros(n_chargers),
        np.zeros(slots),
        np.zeros(size),
        np.empty((HOURS_AHEAD + 2, RAMPS)),
        np.zeros(3),
    )


@njit(nogil=True)
def step_batch(
    dataset: Dataset,
    rules: Rules,
    state: State,
    how: ActionSpec,
    market: MarketTable,
    scratch: Scratch,
    memory: StepMemory,
    actions: Floats,
    pending_bids: Floats,
    records: Floats,
    out: Observations,
) -> None:
    """Step every run by its action, without holding the interpreter's lock.

    Args:
        dataset: the scenarios.
        rules: parameters.
        state: changed in place.
        how: how actions are read.
        market: columns of the observation that were made before.
        scratch: working memory of the simulator.
        memory: working memory of the environment.
        actions: (B, A) dispatch first, then the stationary battery, then bids.
        pending_bids: (B, S) entries of the next bid schedule, changed in place; kWh where given.
        records: (B, K) result, by `TERMS`.
        out: (B, size) observations.
    """
    for b in range(len(actions)):
        _touch(b, state, memory.touched)
        _decode(b, rules, state, how, actions, memory.net_load_kwh, scratch)
        _advance(
            b,
            dataset,
            rules,
            state,
            how,
            market,
            actions,
            memory.net_load_kwh,
            pending_bids,
            records[b],
            out[b],
            memory,
        )


@njit(nogil=True)
def decode_batch(
    rules: Rules,
    state: State,
    how: ActionSpec,
    actions: Floats,
    net_load_kwh: Floats,
    scratch: Scratch,
) -> None:
    """Fill (B, N) net loads that actions stand for; 0 at free chargers."""
    for b in range(len(actions)):
        for i in range(net_load_kwh.shape[1]):
            net_load_kwh[b, i] = 0.0
        _decode(b, rules, state, how, actions, net_load_kwh[b], scratch)


@njit(nogil=True)
def step_given(
    dataset: Dataset,
    rules: Rules,
    state: State,
    how: ActionSpec,
    market: MarketTable,
    memory: StepMemory,
    actions: Floats,
    net_load_kwh: Floats,
    pending_bids: Floats,
    records: Floats,
    out: Observations,
) -> None:
    """Step every run with net loads that are decided already; see `step_batch`.

    Args:
        dataset: the scenarios.
        rules: parameters.
        state: changed in place.
        how: how actions are read.
        market: as in `step_batch`.
        memory: working memory.
        actions: (B, A) of which only the bids are read.
        net_load_kwh: (B, N) within the limits of the step.
        pending_bids: (B, S) as in `step_batch`, as are the next two.
        records: (B, K) result.
        out: (B, size) observations.
    """
    for b in range(len(actions)):
        _advance(
            b,
            dataset,
            rules,
            state,
            how,
            market,
            actions,
            net_load_kwh[b],
            pending_bids,
            records[b],
            out[b],
            memory,
        )


@njit(inline="always")
def _touch(b: int, state: State, touched: Floats) -> None:
    """Read a word from each line of memory that holds an EV of run b.

    The lines come to the processor side by side, and not one after the other when the stages of
    the step ask for them. More EVs than `TOUCHED_EVS` would push each other out again.
    """
    first, second, third = 0.0, 0.0, 0.0
    for k in range(min(state.run[b].connected, TOUCHED_EVS)):
        ev = state.ev[b, state.lot[b, k]]
        first += ev.energy_kwh
        second += ev.keep_kwh
        third += ev.margin
    touched[0], touched[1], touched[2] = first, second, third


@njit(inline="always")
def _decode(
    b: int,
    rules: Rules,
    state: State,
    how: ActionSpec,
    actions: Floats,
    net_load_kwh: Floats,
    scratch: Scratch,
) -> None:
    """Fill the (N,) net load that the action of run b stands for."""
    run = state.run[b]
    if how.per_charger:
        for k in range(run.connected):
            i = state.lot[b, k]
            ev = state.ev[b, i]
            idle_kwh = min(max(0.0, ev.lo_kwh), ev.hi_kwh)
            net_load_kwh[i] = from_idle(ev.lo_kwh, idle_kwh, ev.hi_kwh, actions[b, i])
    else:
        fleet_kwh = from_idle(run.fleet_lo_kwh, run.fleet_idle_kwh, run.fleet_hi_kwh, actions[b, 0])
        disaggregate_run(b, rules, state, fleet_kwh, net_load_kwh, scratch)


@njit(inline="always")
def _advance(
    b: int,
    dataset: Dataset,
    rules: Rules,
    state: State,
    how: ActionSpec,
    market: MarketTable,
    actions: Floats,
    net_load_kwh: Floats,
    pending_bids: Floats,
    record: Floats,
    out: Observations,
    memory: StepMemory,
) -> None:
    """Bid, step and observe run b."""
    run, bids_kwh = state.run[b], memory.bids_kwh
    if how.storage:
        site = state.site[b]
        site.storage_wanted_kwh = from_idle(
            site.storage_lo_kwh, 0.0, site.storage_hi_kwh, actions[b, how.n_dispatch - 1]
        )
    if run.position < run.end:
        period = dataset.period[run.position]
        entry = (period - rules.gate_period - 1) % state.expected_load_kwh.shape[1]
        _note_bids(b, entry, how, actions, how.n_dispatch, pending_bids)
        if period == rules.gate_period:
            _submit(b, dataset, rules, state, how, pending_bids, bids_kwh)
    step_run(b, dataset, rules, state, net_load_kwh, bids_kwh, record)
    observe_run(
        b,
        dataset,
        rules,
        state,
        how.lag_steps,
        how.per_charger,
        how.per_scale,
        market,
        memory.row,
        memory.ramps,
        out,
    )


@njit(inline="always")
def _note_bids(
    b: int,
    entry: int,
    how: ActionSpec,
    actions: Floats,
    n_dispatch: int,
    pending_bids: Floats,
) -> None:
    """Keep what the action bids for the next schedule; one bid is for the period `entry`."""
    if how.bids == BidMode.SCHEDULE:
        for k in range(pending_bids.shape[1]):
            pending_bids[b, k] = actions[b, n_dispatch + k]
    elif how.bids == BidMode.PERIOD:
        pending_bids[b, entry] = actions[b, n_dispatch]


@njit(inline="always")
def _submit(
    b: int,
    dataset: Dataset,
    rules: Rules,
    state: State,
    how: ActionSpec,
    pending_bids: Floats,
    bids_kwh: Floats,
) -> None:
    """The schedule: expected load bought, moved by the entries, or as given; within the limits.

    An hour that tomorrow's clock shows again has places of its own. What agents bid period by
    period is for both times.
    """
    periods = state.expected_load_kwh.shape[1]
    for k in range(periods):
        bids_kwh[k] = _bid_kwh(b, k, pending_bids[b, k], rules, state, how)
    if pending_bids.shape[1] > periods:
        step = dataset.steps[state.run[b].position]
        for at in range(step.today_end, step.tomorrow_end):
            slot, period = dataset.slot[at], dataset.period[at]
            if slot >= periods:
                entry = pending_bids[b, period if how.bids == BidMode.PERIOD else slot]
                bids_kwh[slot] = _bid_kwh(b, period, entry, rules, state, how)


@njit(inline="always")
def _bid_kwh(
    b: int, period: int, entry: float, rules: Rules, state: State, how: ActionSpec
) -> float:
    """Bid of one place of the schedule, at a time of the clock."""
    least_kwh, most_kwh = bid_lo_kwh(b, period, rules, state), bid_hi_kwh(b, period, rules, state)
    bid_kwh = entry
    if how.bids != BidMode.GIVEN:
        moved_kwh = bid_kwh * how.bid_scale * (most_kwh - least_kwh)
        bid_kwh = moved_kwh - state.expected_load_kwh[b, period]
    return min(max(bid_kwh, least_kwh), most_kwh)

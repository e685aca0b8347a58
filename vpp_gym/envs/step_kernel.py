"""One environment step as one kernel: decode the action, advance, observe."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from vpp_gym.arrays import Floats, Observations
from vpp_gym.envs.fields import HOURS_AHEAD
from vpp_gym.envs.observation import observe_run
from vpp_gym.kernels import njit
from vpp_gym.simulation.dataset import Dataset
from vpp_gym.simulation.state import Rules, Scratch, State
from vpp_gym.simulation.transition import disaggregate_run, step_run

SCHEDULE, PERIOD, EXPECTED_LOAD, GIVEN = range(4)
"""How the schedule comes about: read from one action, period by period from those of a day, the
expected load bought, or given in kWh by somebody else than the agent."""

ROUNDING = 1e-6
"""How far an action may lie outside [-1, 1]."""


class ActionSpec(NamedTuple):
    """How actions are read."""

    per_charger: bool
    bids: int  # SCHEDULE, PERIOD, EXPECTED_LOAD or GIVEN
    bid_step_kwh: float  # that an entry of 1 moves a period
    bid_limit_kwh: float
    lag_steps: int
    per_scale: Floats  # (size,) one over the scale of the observation


class StepMemory(NamedTuple):
    """Working memory of an environment's step: one run at a time."""

    net_load_kwh: Floats  # (N,)
    bids_kwh: Floats  # (L,)
    row: Floats  # (size,) of the observation
    early: Floats  # (2, HOURS_AHEAD + 1)
    late: Floats  # (2, HOURS_AHEAD + 1)


def step_memory(n_chargers: int, periods: int, size: int) -> StepMemory:
    """Working memory for a fleet, a day of periods and the size of an observation."""
    return StepMemory(
        np.zeros(n_chargers),
        np.zeros(periods),
        np.zeros(size),
        np.empty((2, HOURS_AHEAD + 1)),
        np.empty((2, HOURS_AHEAD + 1)),
    )


@njit
def first_outside(actions: Floats) -> int:
    """Flat index of the first entry outside [-1, 1], or -1."""
    for b in range(actions.shape[0]):
        for j in range(actions.shape[1]):
            if not abs(actions[b, j]) <= 1.0 + ROUNDING:
                return b * actions.shape[1] + j
    return -1


@njit(nogil=True)
def step_batch(
    dataset: Dataset,
    rules: Rules,
    state: State,
    how: ActionSpec,
    actions: Floats,
    draft: Floats,
    record: Floats,
    out: Observations,
    scratch: Scratch,
    memory: StepMemory,
) -> None:
    """Step every run by its action, without holding the interpreter's lock.

    Args:
        dataset: the scenarios.
        rules: parameters.
        state: changed in place.
        how: how actions are read.
        actions: (B, A) dispatch first, then bids.
        draft: (B, L) entries of the next bid schedule, changed in place; kWh where given.
        record: (B, K) result, by `TERMS`.
        out: (B, size) observations.
        scratch: working memory of the simulator.
        memory: working memory of the environment.
    """
    n_dispatch = state.occupied.shape[1] if how.per_charger else 1
    net_load_kwh, bids_kwh = memory.net_load_kwh, memory.bids_kwh
    for b in range(len(actions)):
        run = state.run[b]
        if how.per_charger:
            for k in range(run.connected):
                i = state.lot[b, k]
                ev = state.ev[b, i]
                net_load_kwh[i] = between(ev.lo_kwh, ev.hi_kwh, actions[b, i])
        else:
            fleet_kwh = between(run.fleet_lo_kwh, run.fleet_hi_kwh, actions[b, 0])
            disaggregate_run(b, rules, state, fleet_kwh, net_load_kwh, scratch)
        if run.position < run.end:
            period = dataset.period[run.position]
            _draft(b, period, rules.gate_period, how, actions, n_dispatch, draft)
            if period == rules.gate_period:
                _submit(b, state, how, draft, bids_kwh)
        step_run(b, dataset, rules, state, net_load_kwh, bids_kwh, record[b])
        observe_run(
            b,
            dataset,
            rules,
            state,
            how.lag_steps,
            how.per_charger,
            how.per_scale,
            memory.row,
            memory.early,
            memory.late,
            out[b],
        )


@njit(inline="always")
def _draft(
    b: int,
    period: int,
    gate_period: int,
    how: ActionSpec,
    actions: Floats,
    n_dispatch: int,
    draft: Floats,
) -> None:
    """Write what the action bids into the draft of the next schedule."""
    periods = draft.shape[1]
    if how.bids == SCHEDULE:
        for k in range(periods):
            draft[b, k] = actions[b, n_dispatch + k]
    elif how.bids == PERIOD:
        draft[b, (period - gate_period - 1) % periods] = actions[b, n_dispatch]


@njit(inline="always")
def _submit(b: int, state: State, how: ActionSpec, draft: Floats, bids_kwh: Floats) -> None:
    """The schedule: expected load bought, moved by the draft, or as given; within the bid limit."""
    for k in range(draft.shape[1]):
        bid_kwh = draft[b, k]
        if how.bids != GIVEN:
            bid_kwh = bid_kwh * how.bid_step_kwh - state.expected_load_kwh[b, k]
        bids_kwh[k] = min(max(bid_kwh, -how.bid_limit_kwh), how.bid_limit_kwh)


@njit
def between(lo: float, hi: float, action: float) -> float:
    """Point of [lo, hi] that an action in [-1, 1] stands for."""
    return min(max(lo + (action + 1.0) / 2.0 * (hi - lo), lo), hi)

"""One environment step as one kernel: decode the action, advance, observe."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from vpp_gym.envs.fields import HOURS_AHEAD, Observations
from vpp_gym.envs.observation import observe_run
from vpp_gym.simulation.bank import Bank
from vpp_gym.simulation.state import Rules, Scratch, State
from vpp_gym.simulation.transition import disaggregate_run, step_run

Floats = NDArray[np.float64]

SHEET, LINE, EXPECTED_LOAD, GIVEN = range(4)
"""How the sheet comes about: read from one action, line by line from those of a day, the
expected load bought, or given in kWh by somebody else than the agent."""

ROUNDING = 1e-6
"""How far an action may lie outside [-1, 1]."""


class Play(NamedTuple):
    """How actions are read."""

    per_charger: bool
    bids: int  # SHEET, LINE, EXPECTED_LOAD or GIVEN
    bid_step_kwh: float  # that an entry of 1 moves a line
    bid_limit_kwh: float
    lag_steps: int
    per_scale: Floats  # (size,) one over the scale of the observation


@njit(cache=True)
def first_outside(actions: Floats) -> int:
    """Flat index of the first entry outside [-1, 1], or -1."""
    for b in range(actions.shape[0]):
        for j in range(actions.shape[1]):
            if not abs(actions[b, j]) <= 1.0 + ROUNDING:
                return b * actions.shape[1] + j
    return -1


@njit(cache=True, nogil=True)
def play(
    bank: Bank,
    rules: Rules,
    state: State,
    how: Play,
    actions: Floats,
    draft: Floats,
    record: Floats,
    out: Observations,
    scratch: Scratch,
) -> None:
    """Step every run by its action, without holding the interpreter's lock.

    Args:
        bank: the scenarios.
        rules: parameters.
        state: changed in place.
        how: how actions are read.
        actions: (B, A) dispatch first, then bids.
        draft: (B, L) entries of the next bid sheet, changed in place; kWh where given.
        record: (B, K) result, by `TERMS`.
        out: (B, size) observations.
        scratch: working memory.
    """
    n_chargers, lines = state.occupied.shape[1], draft.shape[1]
    n_dispatch = n_chargers if how.per_charger else 1
    net_load_kwh, bids_kwh = np.zeros(n_chargers), np.zeros(lines)
    row = np.zeros(len(how.per_scale))
    early, late = np.empty((2, HOURS_AHEAD + 1)), np.empty((2, HOURS_AHEAD + 1))
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
            line = bank.line[run.position]
            _draft(b, line, rules.gate_line, how, actions, n_dispatch, draft)
            if line == rules.gate_line:
                _submit(b, state, how, draft, bids_kwh)
        step_run(b, bank, rules, state, net_load_kwh, bids_kwh, record[b])
        observe_run(
            b,
            bank,
            rules,
            state,
            how.lag_steps,
            how.per_charger,
            how.per_scale,
            row,
            early,
            late,
            out[b],
        )


@njit(cache=True, inline="always")
def _draft(
    b: int,
    line: int,
    gate_line: int,
    how: Play,
    actions: Floats,
    n_dispatch: int,
    draft: Floats,
) -> None:
    """Write what the action bids into the draft of the next sheet."""
    lines = draft.shape[1]
    if how.bids == SHEET:
        for k in range(lines):
            draft[b, k] = actions[b, n_dispatch + k]
    elif how.bids == LINE:
        draft[b, (line - gate_line - 1) % lines] = actions[b, n_dispatch]


@njit(cache=True, inline="always")
def _submit(b: int, state: State, how: Play, draft: Floats, bids_kwh: Floats) -> None:
    """The sheet: expected load bought, moved by the draft, or as given; within the bid limit."""
    for k in range(draft.shape[1]):
        bid_kwh = draft[b, k]
        if how.bids != GIVEN:
            bid_kwh = bid_kwh * how.bid_step_kwh - state.expected_load_kwh[b, k]
        bids_kwh[k] = min(max(bid_kwh, -how.bid_limit_kwh), how.bid_limit_kwh)


@njit(cache=True)
def between(lo: float, hi: float, action: float) -> float:
    """Point of [lo, hi] that an action in [-1, 1] stands for."""
    return min(max(lo + (action + 1.0) / 2.0 * (hi - lo), lo), hi)

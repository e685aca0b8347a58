"""The snapshot of a run: copies of what its operator knows, and nothing later."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from vpp_gym.params import VPPParams
from vpp_gym.simulation.bank import Bank
from vpp_gym.simulation.state import Rules, State
from vpp_gym.views import HISTORY_DAYS, Snapshot


@njit(cache=True)
def known_until(bank: Bank, gate_line: int, t: int) -> int:
    """Position at which the known day-ahead prices end.

    They reach to the end of today, and after the gate's step to the end of tomorrow.
    """
    return bank.tomorrow_end[t] if bank.line[t] > gate_line else bank.today_end[t]


def look(
    bank: Bank,
    rules: Rules,
    state: State,
    run: int,
    params: VPPParams,
    first: int,
    time: np.datetime64,
) -> Snapshot:
    """Snapshot of one run.

    Args:
        bank: the scenarios.
        rules: parameters.
        state: the batch.
        run: row of the batch.
        params: handed on to the policy.
        first: position at which the run's scenario begins.
        time: local clock of the step.
    """
    t, end = int(state.position[run]), int(state.end[run])
    fields: dict[str, Any] = {
        **_fleet(state, run, t, int(bank.first_session[first])),
        **_market(bank, rules, state, run, t, first),
        "expected_load_kwh": state.expected_load_kwh[run].copy(),
    }
    shown = params.market.imbalance_lag_steps == 0 and t < end
    for value in fields.values():
        if isinstance(value, np.ndarray):
            value.setflags(write=False)
    return Snapshot(
        step=t - int(state.start[run]),
        steps_left=end - t,
        time=time,
        dt_h=rules.dt_h,
        is_gate=t < end and int(bank.line[t]) == rules.gate_line,
        params=params,
        im_short_now_eur_per_kwh=float(bank.short_eur_per_kwh[t]) if shown else None,
        im_long_now_eur_per_kwh=float(bank.long_eur_per_kwh[t]) if shown else None,
        **fields,
    )


def _fleet(state: State, run: int, t: int, first_session: int) -> dict[str, Any]:
    at = np.flatnonzero(state.occupied[run])
    running = t < state.contract_end[run, at]
    target, ceiling = state.target_kwh[run, at], state.ceiling_kwh[run, at]
    lo, hi = state.lo_kwh[run, at], state.hi_kwh[run, at]
    return {
        "session": state.session[run, at] - first_session,
        "charger": at,
        "energy_kwh": state.stored_kwh[run, at],
        "target_kwh": target,
        "min_kwh": state.min_kwh[run, at],
        "max_kwh": np.where(running, ceiling, target),
        "charge_kw": state.charge_kw[run, at],
        "discharge_kw": state.discharge_kw[run, at],
        "steps_to_departure": state.departure[run, at] - t,
        "contract_kwh": np.where(running, state.contract_kwh[run, at], 0.0),
        "contract_steps": np.maximum(state.contract_end[run, at] - t, 0),
        "payoff_eur": state.payoff_eur[run, at],
        "lo_kwh": lo,
        "hi_kwh": hi,
        "idle_kwh": np.clip(0.0, lo, hi),
        "laxity_h": state.laxity_h[run, at],
    }


def _market(
    bank: Bank, rules: Rules, state: State, run: int, t: int, first: int
) -> dict[str, Any]:
    past = slice(max(first, t - HISTORY_DAYS * round(24 / rules.dt_h)), t)
    history = {
        "line_past": bank.line[past].copy(),
        "da_past_eur_per_kwh": bank.da_eur_per_kwh[past].copy(),
        "im_short_past_eur_per_kwh": bank.short_eur_per_kwh[past].copy(),
        "im_long_past_eur_per_kwh": bank.long_eur_per_kwh[past].copy(),
    }
    if t >= int(state.end[run]):
        ahead = slice(t, t)
        known = tomorrow = t
    else:
        known = known_until(bank, rules.gate_line, t)
        tomorrow = int(bank.today_end[t])
        ahead = slice(t, int(bank.tomorrow_end[t]))
    line = bank.line[ahead].copy()
    sheet = np.arange(ahead.start, ahead.stop) >= tomorrow
    return {
        **history,
        "line": line,
        "n_known": known - t,
        "da_eur_per_kwh": np.concatenate(
            [bank.da_eur_per_kwh[t:known], bank.outlook_eur_per_kwh[known : ahead.stop]]
        ),
        "da_sold_kwh": state.da_sold_kwh[run][sheet.astype(np.int64), line],
    }

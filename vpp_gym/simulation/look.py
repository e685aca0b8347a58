"""The snapshot of a run: copies of what its operator knows, and nothing later."""

from __future__ import annotations

from typing import Any

import numpy as np

from vpp_gym.params import VPPParams
from vpp_gym.simulation.bank import Bank
from vpp_gym.simulation.state import EV, Rules, State
from vpp_gym.views import HISTORY_DAYS, Snapshot


def _known_until(bank: Bank, gate_line: int, t: int) -> int:
    """Position at which the known day-ahead prices end.

    They reach to the end of today, and after the gate's step to the end of tomorrow.
    """
    step = bank.steps[t]
    return int(step["tomorrow_end"] if bank.line[t] > gate_line else step["today_end"])


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
    clock = state.run[run]
    t, end = int(clock["position"]), int(clock["end"])
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
        step=t - int(clock["start"]),
        steps_left=end - t,
        time=time,
        dt_h=rules.dt_h,
        is_gate=t < end and int(bank.line[t]) == rules.gate_line,
        params=params,
        im_short_now_eur_per_kwh=float(bank.steps["short_eur_per_kwh"][t]) if shown else None,
        im_long_now_eur_per_kwh=float(bank.steps["long_eur_per_kwh"][t]) if shown else None,
        **fields,
    )


def _fleet(state: State, run: int, t: int, first_session: int) -> dict[str, Any]:
    at = np.flatnonzero(state.occupied[run])
    lot = state.ev[run, at]
    ev = {name: np.ascontiguousarray(lot[name]) for name in EV.names or ()}
    running = t < ev["contract_end"]
    return {
        "session": ev["session"] - first_session,
        "charger": at,
        "energy_kwh": ev["stored_kwh"],
        "target_kwh": ev["target_kwh"],
        "min_kwh": ev["min_kwh"],
        "max_kwh": np.where(running, ev["ceiling_kwh"], ev["target_kwh"]),
        "charge_kw": ev["charge_kw"],
        "discharge_kw": ev["discharge_kw"],
        "steps_to_departure": ev["departure"] - t,
        "has_contract": ev["contract_end"] > 0,
        "offer": np.where(ev["contract_end"] > 0, ev["offer"], -1),
        "contract_kwh": np.where(running, ev["contract_kwh"], 0.0),
        "contract_wait": np.where(running, np.maximum(ev["contract_start"] - t, 0), 0),
        "contract_steps": np.maximum(ev["contract_end"] - t, 0),
        "keep_kwh": ev["keep_kwh"],
        "min_price_eur_per_kwh": ev["min_price_eur_per_kwh"],
        "tariff_eur_per_kwh": ev["tariff_eur_per_kwh"],
        "margin": ev["margin"],
        "payoff_eur": ev["payoff_eur"],
        "lo_kwh": ev["lo_kwh"],
        "hi_kwh": ev["hi_kwh"],
        "idle_kwh": np.clip(0.0, ev["lo_kwh"], ev["hi_kwh"]),
        "laxity_h": ev["laxity_h"],
    }


def _market(bank: Bank, rules: Rules, state: State, run: int, t: int, first: int) -> dict[str, Any]:
    past = slice(max(first, t - HISTORY_DAYS * round(24 / rules.dt_h)), t)
    history = {
        "line_past": bank.line[past].copy(),
        "da_past_eur_per_kwh": bank.da_eur_per_kwh[past].copy(),
        "im_short_past_eur_per_kwh": bank.steps["short_eur_per_kwh"][past].copy(),
        "im_long_past_eur_per_kwh": bank.steps["long_eur_per_kwh"][past].copy(),
    }
    if t >= int(state.run["end"][run]):
        ahead = slice(t, t)
        known = tomorrow = t
    else:
        known = _known_until(bank, rules.gate_line, t)
        tomorrow = int(bank.steps["today_end"][t])
        ahead = slice(t, int(bank.steps["tomorrow_end"][t]))
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

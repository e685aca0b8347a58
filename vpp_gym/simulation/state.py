"""The state of a batch of B environments with N chargers each, and its rules."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from vpp_gym.contracts.design import design_menu
from vpp_gym.fleet.disaggregation import RULES
from vpp_gym.markets.ledger import TERMS
from vpp_gym.params import VPPParams

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


class Rules(NamedTuple):
    """Parameters as the kernels read them."""

    dt_h: float
    charge_eff: float
    discharge_eff: float
    guarantee: bool
    gate_line: int
    retail_eur_per_kwh: float
    shortfall_eur_per_kwh: float
    wear_eur_per_kwh: float
    owner_types: Floats  # (M,)
    cumulative_prob: Floats  # (M,)
    disaggregation: int


class State(NamedTuple):
    """Everything that changes; all arrays have the leading batch axis B.

    Chargers without an EV hold zeros. Limits (lo, hi, idle, laxity) are those
    of the step about to be dispatched.
    """

    start: Ints  # (B,) position at which the run began
    position: Ints  # (B,) the step about to be dispatched
    end: Ints  # (B,) position at which the run ends
    occupied: Bools  # (B, N)
    session: Ints  # (B, N) row in the bank
    departure: Ints  # (B, N) position
    stored_kwh: Floats  # (B, N)
    arrival_kwh: Floats  # (B, N)
    target_kwh: Floats  # (B, N)
    min_kwh: Floats  # (B, N)
    ceiling_kwh: Floats  # (B, N) the battery's upper limit
    charge_kw: Floats  # (B, N)
    discharge_kw: Floats  # (B, N)
    contract_kwh: Floats  # (B, N) left to discharge, at the meter
    contract_end: Ints  # (B, N) position at which the window closes
    payoff_eur: Floats  # (B, N) owed at departure
    lo_kwh: Floats  # (B, N) least net load of the step
    hi_kwh: Floats  # (B, N) largest net load of the step
    laxity_h: Floats  # (B, N)
    envelope_kwh: Floats  # (B, 3) sums over the fleet: lo, idle, hi
    da_sold_kwh: Floats  # (B, 2, L) committed for today and tomorrow, by line
    expected_load_kwh: Floats  # (B, L) running mean of the net load, by line
    load_days: Ints  # (B, L) days behind that mean
    menu_kwh: Floats  # (B, M) energy of each contract on the menu
    menu_eur: Floats  # (B, M) payoff of each contract on the menu
    menu_term: Ints  # (B,) steps; 0 offers nothing
    accepted: Ints  # (B, M) contracts accepted since the run began
    pending: Floats  # (B, K) booked before the first dispatch


def rules_of(params: VPPParams, dt_h: float) -> Rules:
    """Rules for the kernels."""
    contract = params.contract
    return Rules(
        dt_h=dt_h,
        charge_eff=params.site.charge_eff,
        discharge_eff=params.site.discharge_eff,
        guarantee=params.guarantee,
        gate_line=round(params.market.gate_closure_h / dt_h),
        retail_eur_per_kwh=params.driver.retail_eur_per_kwh,
        shortfall_eur_per_kwh=params.driver.shortfall_eur_per_kwh,
        wear_eur_per_kwh=contract.wear_eur_per_kwh,
        owner_types=np.array(contract.owner_types),
        cumulative_prob=np.cumsum(contract.type_prob),
        disaggregation=RULES.index(params.disaggregation),
    )


def empty_state(n_envs: int, params: VPPParams, dt_h: float) -> State:
    """State of n_envs runs that have not begun, with the designed menu on offer."""
    lines, n_types = round(24 / dt_h), len(params.contract.owner_types)
    sizes = {
        "da_sold_kwh": (2, lines),
        "expected_load_kwh": (lines,),
        "load_days": (lines,),
        "envelope_kwh": (3,),
        "pending": (len(TERMS),),
        **dict.fromkeys(("menu_kwh", "menu_eur", "accepted"), (n_types,)),
        **dict.fromkeys(("start", "position", "end", "menu_term"), ()),
    }
    integers = {
        *("start", "position", "end", "session", "departure", "contract_end"),
        *("load_days", "menu_term", "accepted"),
    }
    arrays = {}
    for name in State._fields:
        kind = np.bool_ if name == "occupied" else np.int64 if name in integers else np.float64
        arrays[name] = np.zeros((n_envs, *sizes.get(name, (params.site.n_chargers,))), dtype=kind)
    state = State(**arrays)
    post_designed_menu(state, params, dt_h)
    return state


def post_designed_menu(state: State, params: VPPParams, dt_h: float) -> None:
    """Put the exact menu of `params.contract` on offer in every run."""
    contract = params.contract
    if contract.term_h == 0:
        return
    menu = design_menu(
        contract.owner_types,
        contract.type_prob,
        kappa_eur=contract.kappa_eur,
        wear_eur_per_kwh=contract.wear_eur_per_kwh,
        energy_cap_kwh=params.site.discharge_kw * contract.term_h,
    )
    state.menu_kwh[:] = menu.energy_kwh
    state.menu_eur[:] = menu.payoff_eur
    state.menu_term[:] = round(contract.term_h / dt_h)

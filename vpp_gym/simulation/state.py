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
Records = NDArray[np.void]


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


EV = np.dtype(
    [
        ("stored_kwh", np.float64),
        ("arrival_kwh", np.float64),
        ("target_kwh", np.float64),
        ("min_kwh", np.float64),
        ("ceiling_kwh", np.float64),  # the battery's upper limit
        ("charge_kw", np.float64),
        ("discharge_kw", np.float64),
        ("contract_kwh", np.float64),  # left to discharge, at the meter
        ("payoff_eur", np.float64),  # owed at departure
        ("lo_kwh", np.float64),  # least net load of the step to come
        ("hi_kwh", np.float64),  # largest net load of the step to come
        ("laxity_h", np.float64),
        ("departure", np.int64),  # position
        ("contract_end", np.int64),  # position at which the window closes
        ("session", np.int64),  # row in the bank
    ],
    align=True,
)
"""One charger's EV; all zero where none is connected."""

RUN = np.dtype(
    [
        ("start", np.int64),  # position at which the run began
        ("position", np.int64),  # the step about to be dispatched
        ("end", np.int64),  # position at which the run ends
        ("first", np.int64),  # position at which the scenario begins
        ("last", np.int64),  # position of the scenario's last step
        ("connected", np.int64),  # number of EVs connected
        ("menu_term", np.int64),  # steps; 0 offers nothing
        ("fleet_lo_kwh", np.float64),  # the envelope of the step to come
        ("fleet_idle_kwh", np.float64),
        ("fleet_hi_kwh", np.float64),
    ],
    align=True,
)
"""One run's clock, term of the menu, and flexibility envelope."""


class State(NamedTuple):
    """Everything that changes; all arrays have the leading batch axis B.

    EVs and runs are records (`EV`, `RUN`), so that a kernel finds what belongs
    together in one place; `state.ev["stored_kwh"]` is the (B, N) array of a field.
    """

    run: Records  # (B,) of RUN
    occupied: Bools  # (B, N)
    lot: Ints  # (B, N) chargers of the connected EVs, in order of arrival
    ev: Records  # (B, N) of EV
    da_sold_kwh: Floats  # (B, 2, L) committed for today and tomorrow, by line
    expected_load_kwh: Floats  # (B, L) running mean of the net load, by line
    load_days: Ints  # (B, L) days behind that mean
    menu_kwh: Floats  # (B, M) energy of each contract on the menu
    menu_eur: Floats  # (B, M) payoff of each contract on the menu
    accepted: Ints  # (B, M) contracts accepted since the run began
    pending: Floats  # (B, K) booked before the first dispatch


class Scratch(NamedTuple):
    """Working memory of the kernels: one run at a time, N chargers."""

    lo_kwh: Floats  # (N,)
    hi_kwh: Floats  # (N,)
    key: Floats  # (N,)
    load_kwh: Floats  # (N,)
    sorted_key: Floats  # (N,)
    room_kwh: Floats  # (N,)


def scratch_for(n_chargers: int) -> Scratch:
    """Working memory for a fleet."""
    return Scratch(*(np.empty(n_chargers) for _ in Scratch._fields))


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
    n = n_envs, params.site.n_chargers
    state = State(
        run=np.zeros(n_envs, dtype=RUN),
        occupied=np.zeros(n, dtype=np.bool_),
        lot=np.zeros(n, dtype=np.int64),
        ev=np.zeros(n, dtype=EV),
        da_sold_kwh=np.zeros((n_envs, 2, lines)),
        expected_load_kwh=np.zeros((n_envs, lines)),
        load_days=np.zeros((n_envs, lines), dtype=np.int64),
        menu_kwh=np.zeros((n_envs, n_types)),
        menu_eur=np.zeros((n_envs, n_types)),
        accepted=np.zeros((n_envs, n_types), dtype=np.int64),
        pending=np.zeros((n_envs, len(TERMS))),
    )
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
    state.run["menu_term"] = round(contract.term_h / dt_h)

"""Exact optimal plan of each EV by itself, microseconds apiece.

Where nothing couples the fleet (no site limit, no quadratic term) the schedule of
Rahman et al. 2023, program (16), separates per EV. Each is then solved exactly,
negative prices included, by the recursion of `segments` instead of an LP.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from vpp_gym.arrays import Floats
from vpp_gym.errors import SolveFailedError
from vpp_gym.solvers.budget import SOLVED
from vpp_gym.solvers.leaving import Leaving, kinks_of
from vpp_gym.solvers.limits import (
    Ev,
    Rules,
    checked_curves,
    checked_fleet,
    checked_power,
    checked_prices,
    checked_rules,
    n_evs,
    per_ev,
)
from vpp_gym.solvers.single_ev_milp import milp_plan
from vpp_gym.solvers.stay import dearest_first, net_load_of_fleet


def plan_ev(
    buy: ArrayLike,
    sell: ArrayLike,
    *,
    energy_kwh: float,
    min_kwh: float,
    max_kwh: float,
    target_kwh: float,
    charge_kwh: ArrayLike,
    discharge_kwh: ArrayLike,
    discharge_steps: int,
    contract_kwh: float,
    charge_eff: float,
    discharge_eff: float,
    shortfall_eur_per_kwh: float,
    late_max_kwh: float | None = None,
    curve: ArrayLike | None = None,
) -> Floats:
    """Net load per step that costs least: exact, for prices of any sign.

    Minimises sum(buy * charge - sell * discharge) plus the penalty on what is
    missing at the end. Charging and discharging never share a step. Among equal
    plans charging comes early, and a discharge that gains nothing is left out.

    Args:
        buy: (T,) EUR/kWh at the meter for charging.
        sell: (T,) EUR/kWh at the meter for discharging.
        energy_kwh: stored now. Above max_kwh the EV cannot charge, below min_kwh
            not discharge, until it is back inside.
        min_kwh: lower limit of the stored energy: the battery's own, or the level
            that the contract promises to keep.
        max_kwh: upper limit of the stored energy.
        target_kwh: to be stored after the last step.
        charge_kwh: (T,) or scalar, limit per step at the meter.
        discharge_kwh: (T,) or scalar, limit per step at the meter; zero where the
            contract does not let the EV discharge.
        discharge_steps: the contract's window: discharge is possible in the first
            so many steps only.
        contract_kwh: most that may be discharged in all, at the meter; inf: no cap.
        charge_eff: in (0, 1].
        discharge_eff: in (0, 1].
        shortfall_eur_per_kwh: per kWh of battery energy missing at the end; a
            value above any price makes a reachable target hard.
        late_max_kwh: behind discharge_steps the EV may be above this, but not
            charge beyond it; by default max_kwh.
        curve: (2, K) how the EV tapers: stored kWh, rising, and the most that a step at full
            power stores while the EV stays there, falling ever faster; None: it does not.

    Returns:
        (T,) kWh at the meter, + takes from the grid.

    Raises:
        InvalidInputError: a price or limit that cannot be used.
        SolveFailedError: no solver finished (very many steps of negative price).

    >>> plan_ev([0.3, 0.1, 0.2], [0.3, 0.1, 0.2], energy_kwh=10, min_kwh=2, max_kwh=40,
    ...     target_kwh=20, charge_kwh=10, discharge_kwh=10, discharge_steps=3,
    ...     contract_kwh=4, charge_eff=1.0, discharge_eff=1.0, shortfall_eur_per_kwh=1e3)
    array([-4., 10.,  4.])
    """
    return _solved(
        checked_prices(buy, sell, 1),
        (charge_kwh, discharge_kwh),
        checked_fleet(
            1,
            energy_kwh=energy_kwh,
            min_kwh=min_kwh,
            max_kwh=max_kwh,
            late_max_kwh=max_kwh if late_max_kwh is None else late_max_kwh,
            target_kwh=target_kwh,
            discharge_steps=discharge_steps,
            contract_kwh=contract_kwh,
            steps=np.size(buy),
        ),
        checked_rules(charge_eff, discharge_eff, shortfall_eur_per_kwh),
        curves=None if curve is None else np.asarray(curve, dtype=float)[None],
    )[0]


def plan_fleet(
    buy: ArrayLike,
    sell: ArrayLike,
    *,
    steps: ArrayLike,
    energy_kwh: ArrayLike,
    min_kwh: ArrayLike,
    max_kwh: ArrayLike,
    target_kwh: ArrayLike,
    charge_kwh: ArrayLike,
    discharge_kwh: ArrayLike,
    discharge_steps: ArrayLike,
    contract_kwh: ArrayLike,
    charge_eff: float,
    discharge_eff: float,
    shortfall_eur_per_kwh: float,
    late_max_kwh: ArrayLike | None = None,
    leaving: Leaving | None = None,
    curves: ArrayLike | None = None,
) -> Floats:
    """`plan_ev` for n EVs that share the prices of a horizon of H steps.

    Args:
        buy: (H,) EUR/kWh at the meter, or (n, H) where each EV has its own.
        sell: (H,) EUR/kWh at the meter, or (n, H): what each EV's discharge earns,
            after what its owner is paid for it.
        steps: (n,) or scalar, steps to the EV's departure; it uses the first so
            many prices. A horizon that ends earlier cuts the stay there.
        energy_kwh: (n,) or scalar, as are the limits below; see `plan_ev`.
        min_kwh: lower limit of the stored energy.
        max_kwh: upper limit of the stored energy.
        target_kwh: to be stored after the EV's last step.
        charge_kwh: limit per step at the meter, or (n, H) for each step.
        discharge_kwh: limit per step at the meter, or (n, H) for each step.
        discharge_steps: steps to the end of the contract's window.
        contract_kwh: energy left in the contract, at the meter; inf: no cap.
        charge_eff: in (0, 1].
        discharge_eff: in (0, 1].
        shortfall_eur_per_kwh: per kWh of battery energy missing at departure.
        late_max_kwh: limit of charging behind the contract's window.
        leaving: how EVs may leave before the end of their stay; None: they do not.
        curves: (n, 2, K) how each EV tapers, see `plan_ev`; None: none does.

    Returns:
        (n, H) kWh at the meter, zero after an EV's departure.

    Raises:
        InvalidInputError: a price or limit that cannot be used.
        SolveFailedError: no solver finished.
    """
    limits = (energy_kwh, min_kwh, max_kwh, target_kwh, charge_kwh, discharge_kwh)
    n = n_evs(*limits, discharge_steps, contract_kwh, steps)
    return _solved(
        checked_prices(buy, sell, n),
        (per_ev(charge_kwh), per_ev(discharge_kwh)),
        checked_fleet(
            n,
            energy_kwh=energy_kwh,
            min_kwh=min_kwh,
            max_kwh=max_kwh,
            late_max_kwh=max_kwh if late_max_kwh is None else late_max_kwh,
            target_kwh=target_kwh,
            discharge_steps=discharge_steps,
            contract_kwh=contract_kwh,
            steps=steps,
        ),
        checked_rules(charge_eff, discharge_eff, shortfall_eur_per_kwh),
        leaving,
        curves,
    )


def _solved(
    prices: tuple[Floats, Floats],
    powers_kwh: tuple[ArrayLike, ArrayLike],
    fleet: Floats,
    rules: Rules,
    leaving: Leaving | None = None,
    curves: ArrayLike | None = None,
) -> Floats:
    """Net load (n, H) by the exact recursion, by HiGHS for an EV that it gives up on."""
    buy, sell = prices
    shape = len(fleet), buy.shape[1]
    charge = checked_power("charge_kwh", powers_kwh[0], *shape)
    discharge = checked_power("discharge_kwh", powers_kwh[1], *shape)
    kinks = kinks_of(leaving, *shape)
    # Where EVs may leave, nothing is filled in order of price: see `Stay.dearest`.
    dearest = dearest_first(buy) if leaving is None else np.zeros(buy.shape, np.int64)
    series = buy, sell, dearest, charge, discharge
    tapers = checked_curves(curves, len(fleet))
    net_load, status = net_load_of_fleet(*series, fleet, rules, kinks, tapers)
    if (status == SOLVED).all():
        return net_load
    if tapers.shape[2]:
        raise SolveFailedError("an EV that tapers, at prices that are negative in too many steps")
    for k in np.flatnonzero(status != SOLVED):
        ev = Ev(*fleet[k])
        n = min(int(ev.steps), shape[1])
        own_buy, own_sell, own_charge, own_discharge = (
            np.broadcast_to(rows, shape)[k, :n].copy() for rows in (buy, sell, charge, discharge)
        )
        own = kinks.of_ev(int(k), n)
        net_load[k, :n] = milp_plan(own_buy, own_sell, own_charge, own_discharge, ev, rules, own)
    return net_load


def plan_cost(
    net_load_kwh: ArrayLike,
    buy: ArrayLike,
    sell: ArrayLike,
    *,
    energy_kwh: float,
    target_kwh: float,
    charge_eff: float,
    discharge_eff: float,
    shortfall_eur_per_kwh: float,
) -> float:
    """Cost of a plan in EUR: what `plan_ev` minimises.

    Args:
        net_load_kwh: (T,) kWh at the meter, + takes from the grid.
        buy: (T,) EUR/kWh at the meter.
        sell: (T,) EUR/kWh at the meter, the EV's own.
        energy_kwh: stored before the first step.
        target_kwh: wanted after the last step.
        charge_eff: in (0, 1].
        discharge_eff: in (0, 1].
        shortfall_eur_per_kwh: per kWh of battery energy missing at the end.
    """
    net_load = np.asarray(net_load_kwh, dtype=float)
    charge, discharge = np.maximum(net_load, 0.0), np.maximum(-net_load, 0.0)
    end_kwh = energy_kwh + charge_eff * charge.sum() - discharge.sum() / discharge_eff
    trade_eur = np.dot(buy, charge) - np.dot(sell, discharge)
    return float(trade_eur + shortfall_eur_per_kwh * max(target_kwh - end_kwh, 0.0))

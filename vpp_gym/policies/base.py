"""Base of policies that dispatch EVs, what a policy offers to owners, and simple dispatches."""

from __future__ import annotations

from typing import Any

import numpy as np

from vpp_gym.arrays import Floats, Ints
from vpp_gym.fleet.charging import Charging
from vpp_gym.params import VPPParams
from vpp_gym.policy import StatelessPolicy
from vpp_gym.views import Decisions, Snapshot

ROUNDING_H = 1e-9
"""Laxity of a whole step may be less by so much."""
ALL = slice(None)
"""Every connected EV."""


def with_offer(policy: Any, params: VPPParams) -> VPPParams:
    """Parameters with the contracts that a policy offers to owners.

    A policy may say so by two attributes; without them it leaves the offers to the world.
    `term_h` stands for the fixed-term menu of that term alone, 0 for no offer, None for what
    the world offers. `contract`, a mapping, changes any of `ContractParams` beyond that.
    Owners stay as the world has them.
    """
    term_h = getattr(policy, "term_h", None)
    changes: dict[str, Any] = {}
    if term_h is not None:
        changes = {"families": ("fixed_term",) if term_h > 0 else (), "term_h": term_h}
    changes |= getattr(policy, "contract", None) or {}
    return params.replace(contract=changes) if changes else params


class Dispatcher(StatelessPolicy[Snapshot, Decisions]):
    """Base class of policies that dispatch and do not bid: override `net_load_kwh`.

    Attributes:
        term_h: what it offers to owners, see `with_offer`.
        repair_kwh: total change so far that brought net loads within the snapshot's limits;
            except for rounding, 0 for a dispatcher that respects them.
    """

    name: str = "dispatcher"
    term_h: int | None = None
    repair_kwh: float = 0.0

    def net_load_kwh(self, snapshot: Snapshot) -> Floats:
        """(n,) kWh at the meter of each connected EV, + takes from the grid."""
        raise NotImplementedError

    def decide(self, snapshot: Snapshot) -> Decisions:
        """The dispatch, repaired into the limits, by charger; no bids."""
        wanted = self.net_load_kwh(snapshot)
        feasible = np.clip(wanted, snapshot.lo_kwh, snapshot.hi_kwh)
        self.repair_kwh += float(np.abs(feasible - wanted).sum())
        return Decisions(net_load_kwh=by_charger(snapshot, feasible))


def by_charger(snapshot: Snapshot, net_load_kwh: Floats) -> Floats:
    """(n_chargers,) kWh from the (n,) kWh of the connected EVs; 0 at free chargers."""
    result = np.zeros(snapshot.params.site.n_chargers)
    result[snapshot.charger] = net_load_kwh
    return result


def idle_until_forced_kwh(snapshot: Snapshot) -> Floats:
    """(n,) kWh: full power where idling this step would leave too little time, else 0.

    Source: Rahman et al. 2023, Algorithm 1, step 1.
    """
    forced = snapshot.laxity_h < snapshot.dt_h - ROUNDING_H
    return np.where(forced, to_target_kwh(snapshot), snapshot.idle_kwh)


def least_load_kwh(snapshot: Snapshot) -> Floats:
    """(n,) kWh: smallest net load after which every reachable target stays reachable.

    What a guarantee of the world would enforce, see `vpp_gym.fleet.envelope`; full power
    where the target is out of reach.
    """
    site = snapshot.params.site
    later = snapshot.steps_to_departure - 1
    later_kwh = charging_of(snapshot).gain_before_kwh(snapshot.target_kwh, later)
    gain_kwh = snapshot.target_kwh - later_kwh - snapshot.energy_kwh
    load_kwh = np.where(gain_kwh > 0, gain_kwh / site.charge_eff, gain_kwh * site.discharge_eff)
    return np.minimum(np.maximum(load_kwh, snapshot.lo_kwh), snapshot.hi_kwh)


def charging_of(snapshot: Snapshot, rows: Ints | slice = ALL) -> Charging:
    """How the connected EVs charge.

    Args:
        snapshot: of the step.
        rows: (m,) which of the connected EVs; all by default.
    """
    return Charging(
        snapshot.charge_kw[rows] * snapshot.dt_h,
        snapshot.params.site.charge_eff,
        snapshot.dt_h,
        snapshot.curves[rows],
    )


def to_target_kwh(snapshot: Snapshot) -> Floats:
    """(n,) kWh: full power, but no more than fills up to the target, within the limits."""
    missing_kwh = np.maximum(snapshot.target_kwh - snapshot.energy_kwh, 0.0)
    wanted = np.minimum(missing_kwh / snapshot.params.site.charge_eff, snapshot.hi_kwh)
    return np.maximum(wanted, snapshot.lo_kwh)

"""The protocol that every policy follows: Stable-Baselines3's `predict`."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

import numpy as np

from vpp_gym.arrays import Floats
from vpp_gym.params import VPPParams
from vpp_gym.scenarios.scenario import Scenario
from vpp_gym.views import Decisions, Snapshot


@runtime_checkable
class Policy(Protocol):
    """Turns a snapshot into decisions.

    Attributes:
        name: row label in results.
        term_h: term of the fixed-term menu that this policy offers; 0 offers nothing,
            None leaves the offers to the world.
        privileged: it may see the future; only the hindsight optimum and
            references labelled so are.
    """

    name: str
    term_h: int | None
    privileged: bool

    def predict(
        self,
        observation: Snapshot,
        state: Any = None,
        episode_start: Any = None,
        deterministic: bool = True,
    ) -> tuple[Decisions, Any]:
        """Decisions for this step, and the policy's own state for the next."""
        ...


@runtime_checkable
class Privileged(Protocol):
    """A policy, bidder or forecaster that is shown the whole scenario before a run."""

    def reveal(self, scenario: Scenario, params: VPPParams, start_step: int, end_step: int) -> None:
        """Receive the future.

        Args:
            scenario: the world of the run.
            params: its rules, with the menu term that the run uses.
            start_step: scenario step at which the run begins.
            end_step: first scenario step after the run.
        """
        ...


def with_offer(policy: Policy, params: VPPParams) -> VPPParams:
    """Rules of the world with what a policy offers to owners.

    Its `term_h`, unless it is None, stands for the fixed-term menu of that term alone, and
    0 for no offer; a mapping `contract`, if the policy has one, changes any of
    `ContractParams` beyond that. Owners stay as the world has them.
    """
    changes: dict[str, Any] = {}
    if policy.term_h is not None:
        families = ("fixed_term",) if policy.term_h > 0 else ()
        changes = {"families": families, "term_h": policy.term_h}
    changes |= getattr(policy, "contract", None) or {}
    return params.replace(contract=changes) if changes else params


class Dispatcher:
    """Base of policies that schedule and do not bid: they answer with kWh per connected EV.

    Attributes:
        repair_kwh: what had to be changed so far to bring answers within the
            snapshot's limits; rounding aside, 0 for a dispatcher that plans well.
    """

    name: str = "dispatcher"
    term_h: int | None = None
    privileged: bool = False
    repair_kwh: float = 0.0

    def net_load_kwh(self, snapshot: Snapshot) -> Floats:
        """(n,) kWh at the meter of each connected EV, + takes from the grid."""
        raise NotImplementedError

    def predict(
        self,
        observation: Snapshot,
        state: Any = None,
        episode_start: Any = None,
        deterministic: bool = True,
    ) -> tuple[Decisions, Any]:
        """The dispatch, repaired into the limits, by charger; no bids."""
        wanted = self.net_load_kwh(observation)
        feasible = np.clip(wanted, observation.lo_kwh, observation.hi_kwh)
        self.repair_kwh += float(np.abs(feasible - wanted).sum())
        return Decisions(net_load_kwh=by_charger(observation, feasible)), state


def by_charger(snapshot: Snapshot, net_load_kwh: Floats) -> Floats:
    """(n_chargers,) kWh from the (n,) kWh of the connected EVs; 0 at free chargers."""
    result = np.zeros(snapshot.params.site.n_chargers)
    result[snapshot.charger] = net_load_kwh
    return result


def idle_until_forced_kwh(snapshot: Snapshot) -> Floats:
    """(n,) kWh: full power where idling this step would leave too little time, else 0.

    Source: Rahman et al. 2023, Algorithm 1, step 1.
    """
    forced = snapshot.laxity_h < snapshot.dt_h - 1e-9
    return np.where(forced, to_target_kwh(snapshot), snapshot.idle_kwh)


def least_load_kwh(snapshot: Snapshot) -> Floats:
    """(n,) kWh: least net load behind which every target in reach stays in reach.

    What a guarantee of the world would enforce, see `vpp_gym.fleet.envelope`; full power
    where the target is out of reach.
    """
    site = snapshot.params.site
    later_kwh = (snapshot.steps_to_departure - 1) * snapshot.charge_kw * snapshot.dt_h
    gain_kwh = snapshot.target_kwh - site.charge_eff * later_kwh - snapshot.energy_kwh
    load_kwh = np.where(gain_kwh > 0, gain_kwh / site.charge_eff, gain_kwh * site.discharge_eff)
    return np.clip(load_kwh, snapshot.lo_kwh, snapshot.hi_kwh)


def to_target_kwh(snapshot: Snapshot) -> Floats:
    """(n,) kWh: full power, but no more than fills up to the target, within the limits."""
    missing_kwh = np.maximum(snapshot.target_kwh - snapshot.energy_kwh, 0.0)
    wanted = np.minimum(missing_kwh / snapshot.params.site.charge_eff, snapshot.hi_kwh)
    return np.maximum(wanted, snapshot.lo_kwh)

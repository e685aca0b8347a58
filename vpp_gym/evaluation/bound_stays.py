"""The stays of a run as the planner of a bound knows them, and what owners accept."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from vpp_gym.arrays import Bools, Floats, Records, read_only
from vpp_gym.fleet.charging import Charging
from vpp_gym.fleet.departures import early_hazard
from vpp_gym.params import VPPParams
from vpp_gym.params.owner import OwnerParams
from vpp_gym.policies.planned_stays import Run
from vpp_gym.policies.standby import with_standby
from vpp_gym.policies.stays import Stays, owed_at_the_end
from vpp_gym.solvers.uncertain_stay import UncertainStay

LATE_MEANS = 8.0
"""Times the mean delay behind which a plan does not look."""
SLACK_KWH = 1e-7
"""Rounding of energies."""


def known_stays(
    evs: Records, charging: Charging, run: Run, params: VPPParams, first: int, start_step: int
) -> tuple[Stays, Floats]:
    """Stays of EVs that arrive together, and their price behind the run's end."""
    declared, leaves = evs["departure"] - start_step, evs["leaves"] - start_step
    signed = evs["contract_end"] > 0
    owed = owed_at_the_end(
        declared_steps=declared - first,
        leaving_steps=leaves - first,
        steps_left=run.n_steps - first,
        energy_kwh=evs["energy_kwh"],
        target_kwh=evs["target_kwh"],
        charging=charging,
        guarantee=params.guarantee,
    )
    most_kwh = np.where(signed, evs["battery_max_kwh"], evs["target_kwh"])
    stays = Stays(
        energy_kwh=evs["energy_kwh"],
        min_kwh=np.minimum(evs["min_kwh"], most_kwh),
        max_kwh=most_kwh,
        target_kwh=evs["target_kwh"],
        charging=charging,
        discharge_kwh=evs["discharge_kw"] * charging.dt_h,
        discharge_steps=np.where(signed, declared - first, 0),
        contract_kwh=np.where(signed, np.inf, 0.0),
        penalty_eur_per_kwh=run.penalty_of(leaves, declared),
        **owed,  # type: ignore[arg-type]
    )
    return stays, run.price_after(declared)


def out_of_reach(evs: Records, charging: Charging, params: VPPParams) -> Bools:
    """(n,) the target is guaranteed and cannot be reached: there is nothing to decide."""
    stored_kwh = evs["energy_kwh"]
    end_kwh = stored_kwh + charging.gain_kwh(stored_kwh, evs["departure"] - evs["arrival"])
    out: Bools = end_kwh < evs["target_kwh"] - SLACK_KWH
    return out & params.guarantee


def uncertain_stay(
    ev: Any,
    charging: Charging,
    run: Run,
    params: VPPParams,
    price: Floats,
    first: int,
    pay: float,
) -> UncertainStay:
    """The stay of an EV whose declared departure lies within the run.

    Args:
        ev: EV record, as it was on arrival.
        charging: of this EV.
        run: what is known of it.
        params: rules.
        price: (T,) EUR/kWh of net load.
        first: step of the arrival in the run.
        pay: EUR/kWh that the owner gets for a discharge.
    """
    site, owner, signed = params.site, params.owner, ev["contract_end"] > 0
    declared, stored = int(ev["departure"] - ev["arrival"]), float(ev["energy_kwh"])
    steps, dt_h = declared, charging.dt_h
    if not params.guarantee and owner.late_departure_prob > 0:
        late = int(np.ceil(LATE_MEANS * owner.late_mean_h / dt_h))
        steps = min(declared + late, run.n_steps - first)
    after, target = np.arange(steps + 1), float(ev["target_kwh"])
    full_kwh, each = float(charging.full_kwh[0]), charging.take(np.zeros(steps + 1, np.int64))
    may_give = signed & (after[:-1] < declared)
    fall_kwh = float(ev["discharge_kw"]) * dt_h / site.discharge_eff * may_give
    fallen_kwh = np.concatenate([[0.0], np.cumsum(fall_kwh)])
    lower = np.maximum(min(float(ev["min_kwh"]), stored), stored - fallen_kwh)
    if params.guarantee:
        later_kwh = each.gain_before_kwh(np.full(steps + 1, target), declared - after)
        lower = np.maximum(lower, target - later_kwh)
    lower[0] = min(lower[0], stored)
    reach = stored + each.gain_kwh(np.full(steps + 1, stored), after)
    due = np.where(after < declared, np.minimum(target, reach), target)
    # Below the energy on arrival no revenue is left to lose: a line from there is no dearer.
    demand = np.maximum(due - stored, 0.0)
    below = lower < stored - SLACK_KWH
    share = np.divide(demand, due - lower, out=np.ones(steps + 1), where=below & (due > lower))
    lost_eur = params.driver.retail_eur_per_kwh / site.charge_eff * share
    own = price[first : first + steps]
    buy, sell = with_standby(site, own, own)
    rise_eur = buy / site.charge_eff
    return UncertainStay(
        rise_eur=rise_eur,
        fall_eur=np.minimum(site.discharge_eff * (sell - pay), rise_eur),
        rise_kwh=np.full(steps, full_kwh),
        fall_kwh=fall_kwh,
        lower_kwh=lower,
        upper_kwh=np.full(
            steps + 1, max(float(ev["battery_max_kwh"]) if signed else target, stored)
        ),
        hazard=leaving_hazard(owner, declared, steps, dt_h, first + steps == run.n_steps),
        due_kwh=due,
        miss_eur=run.penalty_of(first + after, np.full(len(after), first + declared)) + lost_eur,
        energy_kwh=stored,
    )


@lru_cache(maxsize=4096)
def leaving_hazard(
    owner: OwnerParams, declared: int, steps: int, dt_h: float, ends: bool
) -> Floats:
    """(steps + 1,) probability that a driver who is still there leaves after so many steps.

    Args:
        owner: how drivers keep to what they declare.
        declared: steps to the declared departure.
        steps: planned; as many as declared where it does not matter who is late.
        dt_h: hours per step.
        ends: everybody leaves with the last step.
    """
    hazard = np.zeros(steps + 1)
    prob = owner.early_departure_prob if declared > 1 else 0.0
    for k in range(1, min(declared, steps + 1)):
        hazard[k] = early_hazard(k, declared, prob, owner.early_exponent)
    if declared <= steps:
        on_time_or_late = 1.0 - prob
        late = owner.late_departure_prob / on_time_or_late if on_time_or_late > 0 else 0.0
        hazard[declared] = max(1.0 - late, 0.0)
    hazard[declared + 1 :] = -np.expm1(-dt_h / owner.late_mean_h)
    if ends or steps == declared:
        hazard[steps] = 1.0
    return read_only(hazard)


def least_pay(evs: Records, params: VPPParams, end_step: int) -> Floats:
    """(n,) EUR per kWh discharged: the least that owners accept, as far as it is sure to be due.

    Args:
        evs: as they were on arrival.
        params: rules.
        end_step: one past the last step of the run.
    """
    stay = evs["departure"] - evs["arrival"]
    kept = np.where(stay > 1, 1.0 - params.owner.early_departure_prob, 1.0)
    kept[evs["departure"] > end_step] = 0.0
    pay: Floats = kept * evs["perceived_eur_per_kwh"]
    return pay

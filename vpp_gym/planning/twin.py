"""What a planner would have earned in the place of an agent, and what a kWh is worth to it."""

from __future__ import annotations

from typing import NamedTuple

from vpp_gym.arrays import Floats, Ints
from vpp_gym.contracts.choice import pay_eur_per_kwh
from vpp_gym.fleet.battery import stored_after_kwh
from vpp_gym.fleet.standby import standby_of_kwh
from vpp_gym.kernels import njit
from vpp_gym.markets.settlement import imbalance_eur
from vpp_gym.planning.kernel import Fleet, Paths, fleet_of
from vpp_gym.planning.spec import PlannerSpec
from vpp_gym.simulation.contracting import due_at_kwh
from vpp_gym.simulation.dataset import Dataset
from vpp_gym.simulation.state import Rules, State
from vpp_gym.solvers.limits import Rules as PlanRules
from vpp_gym.solvers.stay import net_load_of_fleet


class Twin(NamedTuple):
    """What would be, had the planner decided the last step.

    Attributes:
        session: (B, N) of the EV at each charger that goes on; -1: there is none.
        energy_kwh: (B, N) that it would have stored.
        contract_kwh: (B, N) that its contract would still allow.
        gain_eur: (B,) what the own action earned beyond the planner's so far: in the step
            itself, and of EVs that left after it.
    """

    session: Ints
    energy_kwh: Floats
    contract_kwh: Floats
    gain_eur: Floats


@njit(nogil=True)
def note_twin(
    dataset: Dataset, rules: Rules, state: State, own_kwh: Floats, planned_kwh: Floats, twin: Twin
) -> None:
    """Before a step: book what it earns beyond the planner's, and what remains to be valued.

    Args:
        dataset: the scenarios.
        rules: parameters.
        state: of the batch.
        own_kwh: (B, N) net load that is about to be dispatched.
        planned_kwh: (B, N) what the planner would do.
        twin: result.
    """
    for b in range(len(own_kwh)):
        run = state.run[b]
        t = run.position
        twin.gain_eur[b] = 0.0
        for i in range(own_kwh.shape[1]):
            twin.session[b, i] = -1
        if t >= run.end:
            continue
        step, da = dataset.steps[t], dataset.da_eur_per_kwh[t]
        own_load, planned_load, gain = 0.0, 0.0, 0.0
        price = dataset.steps[min(t + 1, run.last)].shortfall_eur_per_kwh
        for k in range(run.connected):
            i = state.lot[b, k]
            ev = state.ev[b, i]
            own, planned = own_kwh[b, i], planned_kwh[b, i]
            own_load += own
            own_load += standby_of_kwh(own, rules.least_kwh, rules.standby_kwh)
            planned_load += planned
            planned_load += standby_of_kwh(planned, rules.least_kwh, rules.standby_kwh)
            pay = pay_eur_per_kwh(ev.tariff_eur_per_kwh, ev.margin, ev.min_price_eur_per_kwh, da)
            gain += pay * (min(own, 0.0) - min(planned, 0.0))
            energy = stored_after_kwh(ev.energy_kwh, own, rules.charge_eff, rules.discharge_eff)
            other = stored_after_kwh(ev.energy_kwh, planned, rules.charge_eff, rules.discharge_eff)
            if ev.leaves > t + 1:
                twin.session[b, i], twin.energy_kwh[b, i] = ev.session, other
                twin.contract_kwh[b, i] = max(ev.contract_kwh + min(planned, 0.0), 0.0)
                continue
            due_kwh = due_at_kwh(ev, t + 1, dataset, rules)
            share = rules.early_shortfall_share if t + 1 < ev.departure else 1.0
            gain += _service_eur(due_kwh, ev.arrival_kwh, energy, share * price, rules)
            gain -= _service_eur(due_kwh, ev.arrival_kwh, other, share * price, rules)
        sold = -state.da_sold_kwh[b, 0, dataset.slot[t]]
        short, long = step.short_eur_per_kwh, step.long_eur_per_kwh
        gain += imbalance_eur(sold - own_load, short, long)
        gain -= imbalance_eur(sold - planned_load, short, long)
        twin.gain_eur[b] = gain


@njit(internal=True)
def _service_eur(
    due_kwh: float, arrival_kwh: float, stored_kwh: float, missing_eur: float, rules: Rules
) -> float:
    """What a driver pays who leaves with so much stored, less the penalty on what is missing."""
    unserved_kwh = max(due_kwh - stored_kwh, 0.0)
    served_kwh = max(max(due_kwh - arrival_kwh, 0.0) - unserved_kwh, 0.0)
    return served_kwh / rules.charge_eff * rules.retail_eur_per_kwh - unserved_kwh * missing_eur


@njit(allocates=True, nogil=True)
def value_twin(
    dataset: Dataset, rules: Rules, state: State, spec: PlannerSpec, paths: Paths, twin: Twin
) -> None:
    """After a step: add what the planner expects to earn from here, less from its own place.

    Only EVs whose energy differs count. What is missing at a declared departure is valued at
    what it costs, not at the penalty inside plans.

    Args:
        dataset: the scenarios.
        rules: parameters.
        state: of the batch.
        spec: of the planner.
        paths: of prices, of the step to come.
        twin: of the step before; its gain is changed.
    """
    plan_rules = PlanRules(rules.charge_eff, rules.discharge_eff, spec.hard_eur_per_kwh)
    for b in range(len(twin.gain_eur)):
        run = state.run[b]
        t = run.position
        differs = False
        for k in range(run.connected):
            i = state.lot[b, k]
            ev = state.ev[b, i]
            if t <= run.last and twin.session[b, i] == ev.session:
                differs = differs or ev.energy_kwh != twin.energy_kwh[b, i]
        if not differs:
            continue
        one = fleet_of(b, dataset, rules, state, spec, paths)
        series = one.buy, one.sell, one.dearest, one.charge_kwh, one.discharge_kwh
        missing_eur = dataset.steps[t].shortfall_eur_per_kwh
        missing_eur += rules.retail_eur_per_kwh / rules.charge_eff
        others = one.evs.copy()
        for k in range(run.connected):
            i = state.lot[b, k]
            ev = state.ev[b, i]
            if twin.session[b, i] == ev.session:
                others[k, 0] = twin.energy_kwh[b, i]
                others[k, 6] = twin.contract_kwh[b, i] if t < ev.contract_end else 0.0
        own, _ = net_load_of_fleet(*series, one.evs, plan_rules, one.kinks, one.curves)
        planned, _ = net_load_of_fleet(*series, others, plan_rules, one.kinks, one.curves)
        for k in range(run.connected):
            if others[k, 0] != one.evs[k, 0]:
                twin.gain_eur[b] += _cost_eur(k, planned[k], one, others, rules, missing_eur)
                twin.gain_eur[b] -= _cost_eur(k, own[k], one, one.evs, rules, missing_eur)


BUMP_KWH = 0.1
"""More energy in the battery, to see what a kWh is worth."""


@njit(allocates=True, nogil=True)
def margins(
    dataset: Dataset, rules: Rules, state: State, spec: PlannerSpec, paths: Paths, out: Floats
) -> None:
    """Fill (B, 3): the planner's net load of the fleet, and its margins of charging and giving.

    A margin is the price of this step less what a kWh at the meter is worth to the plan: the
    difference of its cost with a little more in the battery. Charging pays below 0, discharging
    above.
    """
    plan_rules = PlanRules(rules.charge_eff, rules.discharge_eff, spec.hard_eur_per_kwh)
    for b in range(len(out)):
        out[b, 0], out[b, 1], out[b, 2] = 0.0, 0.0, 0.0
        run = state.run[b]
        if run.connected == 0 or run.position > run.last:
            continue
        one = fleet_of(b, dataset, rules, state, spec, paths)
        series = one.buy, one.sell, one.dearest, one.charge_kwh, one.discharge_kwh
        missing_eur = dataset.steps[run.position].shortfall_eur_per_kwh
        missing_eur += rules.retail_eur_per_kwh / rules.charge_eff
        more = one.evs.copy()
        for k in range(len(more)):
            more[k, 0] += BUMP_KWH
        plans, _ = net_load_of_fleet(*series, one.evs, plan_rules, one.kinks, one.curves)
        others, _ = net_load_of_fleet(*series, more, plan_rules, one.kinks, one.curves)
        takes, gives = 0.0, 0.0
        for k in range(run.connected):
            ev = state.ev[b, state.lot[b, k]]
            out[b, 0] += min(max(plans[k, 0], ev.lo_kwh), ev.hi_kwh)
            saved = _cost_eur(k, plans[k], one, one.evs, rules, missing_eur)
            saved -= _cost_eur(k, others[k], one, more, rules, missing_eur)
            worth = saved / BUMP_KWH
            take, give = max(ev.hi_kwh, 0.0), max(-ev.lo_kwh, 0.0)
            sell = one.sell[min(k, len(one.sell) - 1), 0]
            out[b, 1] += take * (one.buy[0, 0] - worth * rules.charge_eff)
            out[b, 2] += give * (sell - worth / rules.discharge_eff)
            takes += take
            gives += give
        out[b, 1] = out[b, 1] / takes if takes > 0.0 else 0.0
        out[b, 2] = out[b, 2] / gives if gives > 0.0 else 0.0


@njit
def _cost_eur(
    k: int, plan: Floats, one: Fleet, evs: Floats, rules: Rules, missing_eur: float
) -> float:
    """Expected cost of the plan of one EV from a stored energy [EUR]."""
    energy, cost, weighs = evs[k, 0], 0.0, len(one.kinks.due_kwh[0]) > 0
    end, stays = int(evs[k, 7]), 1.0
    sell = one.sell[min(k, len(one.sell) - 1)]
    for i in range(end):
        stays = one.kinks.stays[k, i] if weighs else 1.0
        cost += stays * plan[i] * (one.buy[0, i] if plan[i] > 0.0 else sell[i])
        energy = stored_after_kwh(energy, plan[i], rules.charge_eff, rules.discharge_eff)
        if weighs and i < end - 1:
            cost += one.kinks.eur_per_kwh[k, i] * max(one.kinks.due_kwh[k, i] - energy, 0.0)
    return cost + stays * missing_eur * max(evs[k, 4] - energy, 0.0)

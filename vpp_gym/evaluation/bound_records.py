"""What the best plans of all stays book, at given prices and without bids."""

from __future__ import annotations

from typing import Any

import numpy as np

from vpp_gym.arrays import Floats, Records
from vpp_gym.evaluation.bound_arrivals import Arrivals
from vpp_gym.evaluation.bound_stays import known_stays, least_pay, out_of_reach, uncertain_stay
from vpp_gym.fleet.charging import Charging
from vpp_gym.markets.ledger import COLUMN, TERMS
from vpp_gym.params import VPPParams
from vpp_gym.policies.planned_stays import Run
from vpp_gym.policies.standby import with_standby
from vpp_gym.policies.stays import Service, Stays, best_plans, end_kwh, prices_of_stays
from vpp_gym.scenarios.scenario import Scenario
from vpp_gym.simulation.arguments import TOLERANCE_KWH
from vpp_gym.solvers.uncertain_stay import UncertainStay, moves_until


def records_of(
    scenario: Scenario, params: VPPParams, arrivals: Arrivals, price: Floats, start_step: int
) -> Floats:
    """(T, K) terms of the best plans at given prices; nothing is bid.

    Args:
        scenario: of the run.
        params: rules.
        arrivals: of the run.
        price: (T,) EUR/kWh of net load.
        start_step: first step.
    """
    n_steps, service = len(price), Service.of(params)
    run = Run(scenario, params, start_step, start_step + n_steps)
    records = np.zeros((n_steps, len(TERMS)))
    evs = arrivals.evs
    arrived = evs["arrival"] - start_step
    pay = least_pay(evs, params, start_step + n_steps)
    curves = arrivals.simulation.dataset.curves[evs["session"]]
    charging = Charging(
        evs["charge_kw"] * scenario.dt_h, params.site.charge_eff, scenario.dt_h, curves
    )
    forced = out_of_reach(evs, charging, params)
    known = (evs["departure"] - start_step > n_steps) | forced
    for first in np.unique(arrived[known]):
        rows = np.flatnonzero(known & (arrived == first))
        own = charging.take(rows)
        stays, after = known_stays(evs[rows], own, run, params, int(first), start_step)
        own_price = prices_of_stays(price[first:], stays, after)
        buy, sell = with_standby(params.site, own_price, own_price)
        plans = best_plans(stays, buy, sell - pay[rows][:, None], service)
        _book_trade(records, plans, int(first), pay[rows], after)
        _book_service(records, evs[rows], stays, plans, int(first), service)
    for row in np.flatnonzero(~known):
        first = int(arrived[row])
        own = charging.take(np.array([row]))
        stay = uncertain_stay(evs[row], own, run, params, price, first, pay[row])
        _book_stay(records, evs[row], stay, first, pay[row], run, service)
    charged, discharged = records[:, COLUMN.charge_kwh], records[:, COLUMN.discharge_kwh]
    standby = params.site.charging_standby * charged + params.site.discharging_standby * discharged
    load = charged - discharged + standby
    # More standby than at full power pays where the price is negative.
    most_kwh = params.site.n_chargers * params.site.standby_kw * scenario.dt_h
    records[:, COLUMN.standby_kwh] = standby
    records[:, COLUMN.load_value_eur] = -load * price + most_kwh * np.maximum(-price, 0.0)
    records[:, COLUMN.wear_eur] = records[:, COLUMN.discharge_kwh] * params.owner.wear_eur_per_kwh
    records[:, COLUMN.im_sold_kwh] = -load
    records[:, COLUMN.arrivals] = arrivals.arrived
    records[:, COLUMN.turned_away] = arrivals.turned_away
    return records


def _book_stay(
    records: Floats,
    ev: Any,
    stay: UncertainStay,
    first: int,
    pay: float,
    run: Run,
    service: Service,
) -> None:
    """Book what an EV trades until it leaves, what its owner gets, and its driver."""
    real, planned = int(ev["leaves"] - ev["arrival"]), len(stay.rise_eur)
    leaves = min(real, planned)
    rise, fall = moves_until(stay, leaves)
    span = slice(first, first + leaves)
    records[span, COLUMN.charge_kwh] += rise / service.charge_eff
    discharged = fall * service.discharge_eff
    records[span, COLUMN.discharge_kwh] += discharged
    records[span, COLUMN.payoff_eur] -= pay * discharged
    due_kwh = stay.due_kwh[leaves]
    end_kwh = stay.energy_kwh + rise.sum() - fall.sum()
    missing_kwh = max(due_kwh - end_kwh, 0.0) if stay.hazard[leaves] > 0 or real == leaves else 0.0
    _book_driver(
        records,
        min(first + real, len(records)) - 1,
        demand_kwh=max(due_kwh - stay.energy_kwh, 0.0),
        missing_kwh=missing_kwh,
        miss_eur=missing_kwh * stay.miss_eur[leaves],
        service=service,
    )


def _book_driver(
    records: Floats,
    step: Any,
    *,
    demand_kwh: Any,
    missing_kwh: Any,
    miss_eur: Any,
    service: Service,
) -> None:
    """Book what drivers get, pay and miss, when they leave.

    Args:
        records: (T, K) terms.
        step: before which they leave, one or (n,).
        demand_kwh: what they are owed beyond what they came with.
        missing_kwh: to what they are owed.
        miss_eur: what this costs, penalty and lost revenue.
        service: what drivers pay.
    """
    served_kwh = np.maximum(demand_kwh - missing_kwh, 0.0)
    eur_per_kwh = service.retail_eur_per_kwh / service.charge_eff
    for column, amount in {
        COLUMN.demand_kwh: demand_kwh,
        COLUMN.served_kwh: served_kwh,
        COLUMN.unserved_kwh: missing_kwh,
        COLUMN.retail_eur: served_kwh * eur_per_kwh,
        COLUMN.shortfall_eur: (demand_kwh - served_kwh) * eur_per_kwh - miss_eur,
        COLUMN.departures: 1.0,
        COLUMN.fully_served: missing_kwh <= TOLERANCE_KWH,
    }.items():
        np.add.at(records[:, column], step, amount)


def _book_trade(records: Floats, plans: Floats, first: int, pay: Floats, after: Floats) -> None:
    """Book what the plans of EVs that arrive in a step trade, and what their owners get."""
    charged, discharged = np.maximum(plans, 0.0), np.maximum(-plans, 0.0)
    within = min(plans.shape[1], len(records) - first)
    span = slice(first, first + within)
    records[span, COLUMN.charge_kwh] += charged[:, :within].sum(axis=0)
    records[span, COLUMN.discharge_kwh] += discharged[:, :within].sum(axis=0)
    records[span, COLUMN.payoff_eur] -= pay @ discharged[:, :within]
    behind_eur = (discharged * (after - pay)[:, None] - charged * after[:, None])[:, within:]
    records[-1, COLUMN.carried_eur] += behind_eur.sum()


def _book_service(
    records: Floats, evs: Records, stays: Stays, plans: Floats, first: int, service: Service
) -> None:
    """Book what drivers of stays that were planned with their ends known get, pay and miss."""
    missing_kwh = np.maximum(stays.due_kwh - end_kwh(stays, plans, service), 0.0)
    demand_kwh = np.maximum(stays.due_kwh - stays.energy_kwh, 0.0)
    lost_kwh = np.minimum(missing_kwh, demand_kwh) / service.charge_eff
    penalty_eur = missing_kwh * stays.penalty_eur_per_kwh
    _book_driver(
        records,
        np.minimum(first + evs["leaves"] - evs["arrival"], len(records)) - 1,
        demand_kwh=demand_kwh,
        missing_kwh=missing_kwh,
        miss_eur=penalty_eur + lost_kwh * service.retail_eur_per_kwh,
        service=service,
    )

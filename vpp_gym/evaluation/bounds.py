"""What no policy can be expected to exceed: information relaxation with a penalty.

Who knew the future would plan at the realised prices. The penalty takes that knowledge back: in
every step the fleet's net load times the difference between the realised reference price and
what it was expected to be, given all steps before. It is zero in expectation for every policy
that does not know the price of a step when it dispatches (a martingale difference times a
decision made before), so that the best plan in hindsight of "value less penalty" bounds the
expected value of all of them. Value less penalty is the value at expected prices.

Operations. All energy is valued at the reference price, bids are left out. Every stay is planned
by itself by someone who knows all sessions, all day-ahead prices and what each price was expected
to be, without a penalty for it, but of departures only their law: the plan is the exact dynamic
program with the hazard of leaving in each step, and the car leaves when it really does. (Who
shows up at a full car park depends on departures, but on no decision.) Whatever is offered to
owners, the bound stands: who may sign any contract is taken to have signed one without limits but
those of the battery, up to the declared departure, and to get no more than an owner accepts at
least. Where a car may leave with less than it came with, the lost revenue is rounded down, to
keep costs convex.

What an owner accepts. An owner signs what makes up for the perceived wear of all that may be
discharged, if the contract's payoff is paid. A tariff is paid for what is discharged, come what
may; a payoff is forfeited, in whole or in part, by those who leave early, and nobody knows when
they sign whether they will. A payoff of g is therefore worth (1 - p) g to an owner who leaves
early at probability p, and is not asked to be worth more: owners do not weigh that chance. So a
discharged kWh costs (1 - p) times the perceived wear at least. In a run that ends before the
declared departure the payoff may not be due at all: then nothing.

Market. A bid b gains no more than b (DA - reference), in steps with two prices, too. It is made at
the gate of the day before, within limits that depend on sessions and contracts only: the most that
these can become times what DA - reference is expected to be at the gate, or zero.

A run that ends before its scenario. Of cars that declare to stay beyond its end it is known when
they leave; a driver who is late by more than `LATE_MEANS` times the mean owes nothing any more.

What is left out. Plans of cars with a departure within the run do not know tapers, which can only
raise them. Worlds in which this step's imbalance price is known before the dispatch are
refused. Prices must not depend on the sessions. Offers of other families than those here could be
signed by owners who are not paid their perceived wear: those are not covered.

Source: Brown, Smith, Sun 2010, Information Relaxations and Duality in Stochastic Dynamic
Programs, doi:10.1287/opre.1090.0796.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

from vpp_gym.arrays import Bools, Floats, Records, read_only
from vpp_gym.errors import InvalidInputError
from vpp_gym.evaluation.ev import WORLD
from vpp_gym.fleet.charging import Charging
from vpp_gym.fleet.departures import early_hazard
from vpp_gym.markets.ledger import COLUMN, TERMS
from vpp_gym.markets.settlement import reference_price
from vpp_gym.params import VPPParams, as_params
from vpp_gym.params.contract import offer
from vpp_gym.params.owner import OwnerParams
from vpp_gym.policies.bidders import tomorrow
from vpp_gym.policies.forecasters import DayAheadAnchored, Forecaster, day_ahead_anchor
from vpp_gym.policies.hindsight import Run, settled_prices
from vpp_gym.policies.stays import (
    Service,
    Stays,
    best_plans,
    end_kwh,
    owed_at_the_end,
    prices_of_stays,
)
from vpp_gym.scenarios.price_expectations import price_expectations
from vpp_gym.scenarios.scenario import Scenario
from vpp_gym.scenarios.synthetic import SyntheticSource
from vpp_gym.simulation import Simulation
from vpp_gym.simulation.transition import TOLERANCE_KWH
from vpp_gym.solvers.uncertain_stay import UncertainStay, moves_until

LATE_MEANS = 8.0
"""Times the mean delay behind which a plan does not look."""
SLACK_KWH = 1e-7
"""Rounding of energies."""

DUAL_BOUND = "dual_bound"
DUAL_ESTIMATE = "dual_estimate"

ANY_OFFER = offer("price_based", markup=1.0, margin=0.0, keep_soc=0.0)
"""Everybody signs it who may sign anything: who has time to discharge and to charge again."""


@dataclass(frozen=True)
class ExpectedReference:
    """Reference price of each step as it was expected, EUR/kWh.

    Attributes:
        next_eur_per_kwh: (T,) given all steps before.
        gate_eur_per_kwh: (T,) given the steps before the gate of the day before.
    """

    next_eur_per_kwh: Floats
    gate_eur_per_kwh: Floats


def dual_bound(
    source: SyntheticSource,
    index: int = 0,
    params: VPPParams | dict[str, Any] | str | None = None,
    *,
    start_step: int = 0,
    end_step: int | None = None,
) -> pd.DataFrame:
    """Days of a run whose mean over years no policy can exceed, a row per day.

    Compare means over years: in one of them a policy may be lucky. `profit_eur` less
    `position_eur` bounds operations, `profit_eur` the market. It holds for every policy that is
    not privileged and whatever it offers; rows are the columns of `vpp_gym.evaluation.evaluate`
    that have a meaning here.

    Args:
        source: of quarter hours, see `vpp_gym.scenarios.price_expectations`.
        index: of the year.
        params: rules; what they offer to owners has no influence, nor how owners' experience
            moves participation.
        start_step: first step.
        end_step: one past the last step; the end of the year by default.

    Raises:
        InvalidInputError: a law that is not known, or an imbalance price that policies know.
    """
    rules = as_params(params)
    scenario = source.scenario(index)
    expected = price_expectations(source, index, rules.market.gate_closure_h)
    pricing, da = rules.market.imbalance_pricing, scenario.da_eur_per_kwh
    reference = ExpectedReference(
        expected.next_reference_eur_per_kwh, expected.gate_reference_eur_per_kwh
    )
    if pricing == "single":
        reference = ExpectedReference(expected.next_im_eur_per_kwh, expected.gate_im_eur_per_kwh)
    elif pricing == "dual":
        reference = ExpectedReference(da, da)
    return relaxed_days(
        scenario, rules, reference, DUAL_BOUND, start_step=start_step, end_step=end_step
    )


def dual_estimate(
    scenario: Scenario,
    params: VPPParams | dict[str, Any] | str | None = None,
    *,
    forecaster: Forecaster | None = None,
    start_step: int = 0,
    end_step: int | None = None,
) -> pd.DataFrame:
    """The same with forecasts in the place of expectations: an estimate, and no bound.

    For recorded prices, whose law nobody knows: whoever forecasts better may exceed it.

    Args:
        scenario: of the run.
        params: rules.
        forecaster: what is expected; by default that of the rolling MPC.
        start_step: first step.
        end_step: one past the last step; the end of the scenario by default.
    """
    rules = as_params(params)
    reference = forecast_reference(scenario, rules, forecaster or DayAheadAnchored(), end_step)
    return relaxed_days(
        scenario, rules, reference, DUAL_ESTIMATE, start_step=start_step, end_step=end_step
    )


def forecast_reference(
    scenario: Scenario,
    params: VPPParams,
    forecaster: Forecaster,
    end_step: int | None = None,
) -> ExpectedReference:
    """What a forecaster expects of the reference price, step by step and at each gate.

    It is shown a world whose imbalance price is the reference price. At the gate the
    day-ahead prices of tomorrow count as known, as they do for the bound.

    Args:
        scenario: of the run.
        params: rules.
        forecaster: not privileged.
        end_step: behind it day-ahead prices stand in.

    Raises:
        InvalidInputError: a forecaster that sees the future.
    """
    if forecaster.privileged:
        raise InvalidInputError("forecaster", forecaster.name, "give one that is not privileged")
    reference = reference_price(*settled_prices(scenario, params))
    shown = Scenario.from_arrays(
        da_eur_per_kwh=scenario.da_eur_per_kwh,
        im_eur_per_kwh=reference,
        start=scenario.start,
        dt_h=scenario.dt_h,
        timezone=scenario.timezone,
    )
    sim = Simulation(shown, params.replace(market={"imbalance_pricing": "single"}))
    sim.reset()
    idle = np.zeros((1, sim.n_chargers))
    ahead, at_gate = scenario.da_eur_per_kwh.copy(), scenario.da_eur_per_kwh.copy()
    for step in range(scenario.n_steps if end_step is None else end_step):
        snapshot = sim.snapshot()
        ahead[step] = forecaster.forecast(snapshot, 1)[0][0]
        rows = tomorrow(snapshot) if snapshot.is_gate else np.zeros(0, np.int64)
        if len(rows):
            horizon = int(rows[-1]) + 1
            gap = forecaster.forecast(snapshot, horizon)[0] - day_ahead_anchor(snapshot, horizon)
            at_gate[step + rows] += gap[rows]
        sim.advance(idle, checked=True)
    return ExpectedReference(ahead, at_gate)


def relaxed_days(
    scenario: Scenario,
    params: VPPParams,
    expected: ExpectedReference,
    name: str,
    *,
    start_step: int = 0,
    end_step: int | None = None,
) -> pd.DataFrame:
    """Day rows of the best plans in hindsight at expected prices, and of the best bids.

    Args:
        scenario: of the run.
        params: rules.
        expected: prices.
        name: of the row in tables.
        start_step: first step.
        end_step: one past the last step; the end of the scenario by default.
    """
    if params.market.imbalance_lag_steps == 0:
        remedy = "the bound is for policies that do not know this step's price: use 1"
        raise InvalidInputError("params.market.imbalance_lag_steps", 0, remedy)
    start, end = WORLD.span(scenario, start_step, end_step)
    rules = params.replace(
        contract=ANY_OFFER, owner={"participation": 1.0, "participation_memory": 0}
    )
    sites = Arrivals(scenario, rules, start, end)
    records = _records(scenario, rules, sites, expected.next_eur_per_kwh[start:end], start)
    gap = (scenario.da_eur_per_kwh - expected.gate_eur_per_kwh)[start:end]
    # What bids gain is a position; all else is the load, settled at the expected price.
    records[:, COLUMN.da_eur] = np.maximum(sites.most_kwh * gap, sites.least_kwh * gap)
    records[:, COLUMN.im_eur] = records[:, COLUMN.load_value_eur]
    days = WORLD.day_rows(scenario, sites, records, np.zeros(end - start))  # type: ignore[arg-type]
    for place, (column, label) in enumerate(
        {"policy": name, "scenario": scenario.name, "seed": 0}.items()
    ):
        days.insert(place, column, label)
    return days


class Arrivals:
    """Who finds a charger in a run, and what may be bid in it at most.

    Both follow from sessions and contracts, not from the dispatch.

    Args:
        scenario: of the run.
        params: rules, with an offer that everybody signs who may.
        start_step: first step.
        end_step: one past the last step.

    Attributes:
        evs: EV records as they were on arrival.
        arrived: (T,) cars that came.
        turned_away: (T,) of them, those that found no free charger.
        least_kwh: (T,) least bid that is allowed, <= 0.
        most_kwh: (T,) largest bid that is allowed, >= 0.
        day: (T,) local day of each step.
        accepted: after each step, contracts signed so far.
        simulation: of the run.
    """

    def __init__(
        self, scenario: Scenario, params: VPPParams, start_step: int, end_step: int
    ) -> None:
        self.simulation = sim = Simulation(scenario, params)
        sim.reset(0, start_step, end_step)
        n_steps = end_step - start_step
        self.day, period = (one[start_step:end_step] for one in (scenario.day, scenario.period))
        self.arrived, self.turned_away = np.zeros((2, n_steps))
        self.least_kwh, self.most_kwh = np.zeros((2, n_steps))
        self.accepted: list[Floats] = []
        seen: list[Records] = []
        idle = np.zeros((1, sim.n_chargers))  # moved within the limits by the simulator
        for step in range(n_steps):
            new = sim.state.occupied[0] & (sim.state.ev["arrival"][0] == start_step + step)
            seen.append(sim.state.ev[0][new].copy())
            if sim.is_gate[0]:
                ahead = np.flatnonzero(self.day == self.day[step] + 1)
                least, most = sim.bids_allowed_kwh
                self.least_kwh[ahead] = least[0, period[ahead]]
                self.most_kwh[ahead] = most[0, period[ahead]]
            row = sim.advance(idle, checked=True)[0]
            self.arrived[step] = row[COLUMN.arrivals]
            self.turned_away[step] = row[COLUMN.turned_away]
            self.accepted.append(sim.accepted[0].astype(np.float64))
        self.evs: Records = np.concatenate(seen)


def _records(
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
    pay = _least_pay(evs, params, start_step + n_steps)
    curves = arrivals.simulation.dataset.curves[evs["session"]]
    charging = Charging(
        evs["charge_kw"] * scenario.dt_h, params.site.charge_eff, scenario.dt_h, curves
    )
    forced = _out_of_reach(evs, charging, params)
    known = (evs["departure"] - start_step > n_steps) | forced
    for first in np.unique(arrived[known]):
        rows = np.flatnonzero(known & (arrived == first))
        own = charging.take(rows)
        stays, after = _stays(evs[rows], own, run, params, int(first), start_step)
        buy = prices_of_stays(price[first:], stays, after)
        plans = best_plans(stays, buy, buy - pay[rows][:, None], service)
        _book_trade(records, plans, int(first), pay[rows], after)
        _book_service(records, evs[rows], stays, plans, int(first), service)
    for row in np.flatnonzero(~known):
        first = int(arrived[row])
        own = charging.take(np.array([row]))
        stay = _uncertain_stay(evs[row], own, run, params, price, first, pay[row])
        _book_stay(records, evs[row], stay, first, pay[row], run, service)
    load = records[:, COLUMN.charge_kwh] - records[:, COLUMN.discharge_kwh]
    records[:, COLUMN.load_value_eur] = -load * price
    records[:, COLUMN.wear_eur] = records[:, COLUMN.discharge_kwh] * params.owner.wear_eur_per_kwh
    records[:, COLUMN.im_sold_kwh] = -load
    records[:, COLUMN.arrivals] = arrivals.arrived
    records[:, COLUMN.turned_away] = arrivals.turned_away
    return records


def _stays(
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


def _out_of_reach(evs: Records, charging: Charging, params: VPPParams) -> Bools:
    """(n,) the target is guaranteed and cannot be reached: there is nothing to decide."""
    stored_kwh = evs["energy_kwh"]
    end_kwh = stored_kwh + charging.gain_kwh(stored_kwh, evs["departure"] - evs["arrival"])
    out: Bools = end_kwh < evs["target_kwh"] - SLACK_KWH
    return out & params.guarantee


def _uncertain_stay(
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
    rise_eur = own / site.charge_eff
    return UncertainStay(
        rise_eur=rise_eur,
        fall_eur=np.minimum(site.discharge_eff * (own - pay), rise_eur),
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


def _least_pay(evs: Records, params: VPPParams, end_step: int) -> Floats:
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

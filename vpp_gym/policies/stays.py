"""Whole stays planned at known prices, by someone who knows when each car leaves."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np

from vpp_gym.arrays import Bools, Floats, Ints
from vpp_gym.fleet.charging import Charging
from vpp_gym.params import VPPParams
from vpp_gym.policies.scheduler import HARD_EUR_PER_KWH
from vpp_gym.solvers.single_ev import plan_fleet

TOLERANCE_KWH = 1e-7
"""Rounding of a plan's energies."""


@dataclass(frozen=True)
class Stays:
    """Limits of n stays from their first step on, and what their drivers are owed.

    A stay that outlasts the run goes on behind its end, as far as the simulator settles it
    there: in `steps` - `booked_steps` more steps at one price, see `prices_of_stays`.

    Attributes:
        steps: (n,) planned, >= 1.
        booked_steps: (n,) of them within the run.
        energy_kwh: (n,) stored at the beginning.
        min_kwh: (n,) lower limit of the stored energy.
        max_kwh: (n,) upper limit while a contract runs, else the target.
        target_kwh: (n,) declared; behind a contract's window nothing is charged beyond it.
        due_kwh: (n,) owed at the end of the plan.
        floor_kwh: (n,) never less at the end of the plan, if it can be reached: what a
            guarantee of the world enforces for the declared departure.
        charging: of the n EVs.
        discharge_kwh: (n,) limit per step at the meter, or (n, H) for each step.
        discharge_steps: (n,) steps to the end of the contract's window.
        contract_kwh: (n,) most that may be discharged, at the meter.
        penalty_eur_per_kwh: (n,) of stored energy that is missing to what is due.
        forced: (n,) the target is out of reach and guaranteed: full power until it is stored.
    """

    steps: Ints
    booked_steps: Ints
    energy_kwh: Floats
    min_kwh: Floats
    max_kwh: Floats
    target_kwh: Floats
    due_kwh: Floats
    floor_kwh: Floats
    charging: Charging
    discharge_kwh: Floats
    discharge_steps: Ints
    contract_kwh: Floats
    penalty_eur_per_kwh: Floats
    forced: Bools

    def __len__(self) -> int:
        return len(self.steps)

    def take(self, rows: Ints | Bools) -> Stays:
        """Some of the stays."""
        columns = {one.name: getattr(self, one.name) for one in fields(self)}
        charging = columns.pop("charging").take(rows)
        return Stays(charging=charging, **{name: one[rows] for name, one in columns.items()})


@dataclass(frozen=True)
class Service:
    """Efficiencies, and what drivers pay.

    Attributes:
        charge_eff: in (0, 1].
        discharge_eff: in (0, 1].
        retail_eur_per_kwh: per kWh at the meter.
    """

    charge_eff: float
    discharge_eff: float
    retail_eur_per_kwh: float

    @classmethod
    def of(cls, params: VPPParams) -> Service:
        """Of some parameters."""
        site = params.site
        return cls(site.charge_eff, site.discharge_eff, params.driver.retail_eur_per_kwh)

    def rise_kwh(self, net_load_kwh: Floats) -> Floats:
        """Change of the stored energy."""
        stored = net_load_kwh * self.charge_eff
        return np.where(net_load_kwh > 0, stored, net_load_kwh / self.discharge_eff)


def owed_at_the_end(
    *,
    declared_steps: Ints,
    leaving_steps: Ints,
    steps_left: int,
    energy_kwh: Floats,
    target_kwh: Floats,
    charging: Charging,
    guarantee: bool,
) -> dict[str, Ints | Floats | Bools]:
    """How long stays are planned, and what is owed then: some columns of `Stays`.

    Who leaves early is owed what full power would have reached by then. A guarantee holds
    for the declared departure: it leaves no choice to those who stay on, and of those who
    leave early it only asks that the target was within reach of the declared departure.

    Args:
        declared_steps: (n,) from the arrival to the declared departure.
        leaving_steps: (n,) to the real one.
        steps_left: of the run, from the arrival on.
        energy_kwh: (n,) stored on arrival.
        target_kwh: (n,) declared.
        charging: of the n EVs.
        guarantee: the world enforces that targets stay within reach.
    """
    early = leaving_steps < declared_steps
    stay = np.minimum(leaving_steps, declared_steps)
    reach_kwh = energy_kwh + charging.gain_kwh(energy_kwh, stay)
    due_kwh = np.where(early, np.minimum(target_kwh, reach_kwh), target_kwh)
    forced = np.zeros(len(due_kwh), dtype=np.bool_)
    floor_kwh = np.full(len(due_kwh), -np.inf)
    steps = leaving_steps
    if guarantee:
        most_kwh = energy_kwh + charging.gain_kwh(energy_kwh, declared_steps)
        forced = most_kwh < target_kwh - TOLERANCE_KWH
        steps = np.where(forced, leaving_steps, np.minimum(leaving_steps, declared_steps))
        rest = declared_steps - np.minimum(steps, declared_steps)
        floor_kwh = target_kwh - charging.gain_before_kwh(target_kwh, rest)
    # Behind the run's end charging goes on to the declared departure at most.
    booked = np.minimum(steps, steps_left)
    beyond = np.maximum(np.minimum(steps, declared_steps) - steps_left, 0)
    return {
        "steps": booked + beyond,
        "booked_steps": booked,
        "due_kwh": due_kwh,
        "floor_kwh": floor_kwh,
        "forced": forced,
    }


def prices_of_stays(market_eur_per_kwh: Floats, stays: Stays, after_eur_per_kwh: Floats) -> Floats:
    """(H,) or (n, H) prices of the steps of some stays.

    Args:
        market_eur_per_kwh: (T,) or (n, T) to the end of the run.
        stays: they begin in the first of those steps.
        after_eur_per_kwh: (n,) price at which each stay is settled behind the run's end.
    """
    horizon = int(stays.steps.max())
    within = market_eur_per_kwh[..., :horizon]
    if horizon <= market_eur_per_kwh.shape[-1]:
        return within
    rows = np.repeat(after_eur_per_kwh[:, None], horizon, axis=1)
    rows[:, : within.shape[-1]] = within
    return rows


def best_plans(stays: Stays, buy: Floats, sell: Floats, service: Service) -> Floats:
    """(n, H) net load of each stay at the least cost.

    Leaving short costs the penalty and, up to the demand, lost retail revenue: the
    lower of two lines. The cheaper of the best plans for each is the best of all.

    Args:
        stays: n of them.
        buy: (H,) or (n, H) EUR/kWh for charging.
        sell: (H,) or (n, H) EUR/kWh for discharging.
        service: efficiencies and what drivers pay.
    """
    lost_eur = service.retail_eur_per_kwh / service.charge_eff
    best = _plans(stays, buy, sell, service, stays.penalty_eur_per_kwh + lost_eur)
    hard = stays.floor_kwh >= stays.due_kwh
    without_demand = stays.energy_kwh >= stays.due_kwh
    again = np.flatnonzero(~hard & ~stays.forced & ((stays.contract_kwh > 0) | without_demand))
    if len(again):
        some = stays.take(again)
        prices = _rows(buy, again), _rows(sell, again)
        plans = _plans(some, *prices, service, some.penalty_eur_per_kwh)
        cheaper = _cost_eur(some, plans, *prices, service) < (
            _cost_eur(some, best[again], *prices, service) - 1e-12
        )
        best[again[cheaper]] = plans[cheaper]
    return best


def end_kwh(stays: Stays, net_load_kwh: Floats, service: Service) -> Floats:
    """(n,) stored after a plan."""
    end: Floats = stays.energy_kwh + service.rise_kwh(net_load_kwh).sum(axis=1)
    return end


def _plans(stays: Stays, buy: Floats, sell: Floats, service: Service, slope: Floats) -> Floats:
    """(n, H) best plans where each missing kWh costs the slope, none below the floor."""
    slope = np.where(stays.floor_kwh >= stays.due_kwh, HARD_EUR_PER_KWH, slope)
    plans = np.empty((len(stays), buy.shape[-1]))
    for value in np.unique(slope[~stays.forced]):
        rows = np.flatnonzero((slope == value) & ~stays.forced)
        plans[rows] = _solved(stays.take(rows), buy, sell, service, rows, float(value))
    if stays.forced.any():
        rows = np.flatnonzero(stays.forced)
        plans[rows] = _full_power(stays.take(rows), plans.shape[1], service)
    low = (end_kwh(stays, plans, service) < stays.floor_kwh - TOLERANCE_KWH) & ~stays.forced
    # What the floor cuts off lies on it: the best cost is convex in the energy at the end.
    rows = np.flatnonzero(low & (stays.floor_kwh < stays.due_kwh))
    if len(rows):
        at_floor = stays.take(rows)
        at_floor = replace(at_floor, due_kwh=at_floor.floor_kwh)
        plans[rows] = _solved(at_floor, buy, sell, service, rows, HARD_EUR_PER_KWH)
    return plans


def _solved(
    stays: Stays, buy: Floats, sell: Floats, service: Service, rows: Ints, slope: float
) -> Floats:
    return plan_fleet(
        _rows(buy, rows),
        _rows(sell, rows),
        steps=stays.steps,
        energy_kwh=stays.energy_kwh,
        min_kwh=stays.min_kwh,
        max_kwh=stays.max_kwh,
        late_max_kwh=stays.target_kwh,
        target_kwh=np.maximum(stays.due_kwh, 0.0),
        charge_kwh=stays.charging.charge_kwh,
        discharge_kwh=stays.discharge_kwh,
        discharge_steps=stays.discharge_steps,
        contract_kwh=stays.contract_kwh,
        charge_eff=service.charge_eff,
        discharge_eff=service.discharge_eff,
        shortfall_eur_per_kwh=slope,
        curves=stays.charging.step_curves,
    )


def _full_power(stays: Stays, horizon: int, service: Service) -> Floats:
    """(n, H) net load that charges until the target is stored."""
    full_kwh = stays.charging.metered_kwh(stays.energy_kwh, horizon)
    missing_kwh = np.maximum(stays.target_kwh - stays.energy_kwh, 0.0) / service.charge_eff
    charged = np.minimum(full_kwh, missing_kwh[:, None])
    plans = np.diff(charged, axis=1)
    plans[np.arange(horizon) >= stays.steps[:, None]] = 0.0
    return plans


def _cost_eur(stays: Stays, plans: Floats, buy: Floats, sell: Floats, service: Service) -> Floats:
    """(n,) EUR that plans cost: trade, penalty, lost retail revenue."""
    short_kwh = np.maximum(stays.due_kwh - end_kwh(stays, plans, service), 0.0)
    demand_kwh = np.maximum(stays.due_kwh - stays.energy_kwh, 0.0)
    lost_kwh = np.minimum(short_kwh, demand_kwh) / service.charge_eff
    trade_eur: Floats = np.where(plans > 0, plans * buy, plans * sell).sum(axis=1)
    penalty_eur = short_kwh * stays.penalty_eur_per_kwh
    return trade_eur + penalty_eur + lost_kwh * service.retail_eur_per_kwh


def _rows(prices: Floats, rows: Ints) -> Floats:
    """Prices of some of the stays; (H,) are everybody's."""
    return prices if prices.ndim == 1 else prices[rows]

"""Every stay planned on arrival at the marginal prices that came true. Privileged."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vpp_gym.arrays import Floats, Ints
from vpp_gym.markets.settlement import applied_prices, reference_price
from vpp_gym.params import VPPParams
from vpp_gym.policies.base import Dispatcher
from vpp_gym.policies.contract_terms import discharge_limits, selling_price
from vpp_gym.policies.scheduler import HARD_EUR_PER_KWH
from vpp_gym.scenarios.behaviour import leaving_step
from vpp_gym.scenarios.scenario import Scenario
from vpp_gym.solvers.single_ev import plan_fleet
from vpp_gym.views import Snapshot

Columns = dict[str, NDArray]


class PlannedStays(Dispatcher):
    """Plans each stay when the EV arrives, and plays the plans.

    Args:
        scenario: the world of the run.
        params: its rules.
        start_step: scenario step at which the run begins.
        end_step: first scenario step after the run.
    """

    name = "planned_stays"
    privileged = True

    def __init__(
        self, scenario: Scenario, params: VPPParams, start_step: int, end_step: int
    ) -> None:
        buy, sell = marginal_prices(scenario, params, start_step)
        self.buy, self.sell = buy[start_step:end_step], sell[start_step:end_step]
        self.da = scenario.da_eur_per_kwh[start_step:end_step]
        leaves = leaving_step(scenario.sessions, params.owner.early_departure_prob)
        self.leaves = leaves - start_step
        self._left: dict[int, Floats] = {}

    def net_load_kwh(self, snapshot: Snapshot) -> Floats:
        """(n,) kWh at the meter of each connected EV."""
        sessions = snapshot.session.tolist()
        new = np.array([row for row, one in enumerate(sessions) if one not in self._left], int)
        if len(new):
            ahead = slice(snapshot.step, None)
            stays = left_stays(snapshot, new, self.leaves, self.da[ahead])
            sell = selling_price(snapshot, new, self.sell[ahead], self.da[ahead])
            plans = best_plans(snapshot, new, stays, self.buy[ahead], sell)
            self._left |= {sessions[row]: plan for row, plan in zip(new, plans, strict=True)}
        net_load = np.array([self._left[one][0] for one in sessions], dtype=np.float64)
        self._left = {one: self._left[one][1:] for one in sessions}
        return net_load


def marginal_prices(
    scenario: Scenario, params: VPPParams, start_step: int
) -> tuple[Floats, Floats]:
    """(T,) EUR/kWh that one more kWh of charging costs, and one of discharging earns.

    Both are the reference price where a bid is possible; else the imbalance price
    of the side on which the fleet would be.
    """
    da, short, long = settled_prices(scenario, params)
    gate_period = round(params.market.gate_closure_h / scenario.dt_h)
    gates = np.flatnonzero(scenario.period[start_step:] == gate_period)
    first_day = scenario.day[start_step + gates[0]] + 1 if len(gates) else scenario.n_steps
    site = params.site
    fleet_kw = site.n_chargers * max(site.charge_kw, site.discharge_kw)
    bid = (scenario.day >= first_day) & (params.bid_limit_kw >= fleet_kw)
    marginal = reference_price(da, short, long)
    return np.where(bid, marginal, short), np.where(bid, marginal, long)


def settled_prices(scenario: Scenario, params: VPPParams) -> tuple[Floats, Floats, Floats]:
    """(T,) day-ahead, short and long price [EUR/kWh] under the params' rule."""
    short, long = applied_prices(
        params.market.imbalance_pricing,
        scenario.da_eur_per_kwh,
        scenario.im_short_eur_per_kwh,
        scenario.im_long_eur_per_kwh,
    )
    return scenario.da_eur_per_kwh, short, long


def best_plans(snapshot: Snapshot, rows: Ints, stays: Columns, buy: Floats, sell: Floats) -> Floats:
    """(len(rows), H) net load of EVs that have just arrived, at the least cost.

    Leaving short costs the penalty and, up to the demand, lost retail revenue: the
    lower of two lines. The cheaper of the best plans for each is the best of all.

    Args:
        snapshot: of the arrival step.
        rows: which of the connected EVs.
        stays: their `left_stays`.
        buy: price of charging from this step to the end of the run.
        sell: (H,) price of discharging, or (m, H) one for each EV.
    """
    horizon = int(stays["steps"].max())
    buy, sell = buy[:horizon], sell[..., :horizon]
    stays = {
        name: limit[..., :horizon] if limit.ndim > 1 else limit for name, limit in stays.items()
    }
    best, *others = (_plans(snapshot, stays, buy, sell, slope) for slope in _slopes(snapshot, rows))
    for plans in others:
        cost_eur = [_cost_eur(snapshot, rows, stays, one, buy, sell) for one in (best, plans)]
        better = cost_eur[1] < cost_eur[0] - 1e-12
        best[better] = plans[better]
    return best


def left_stays(snapshot: Snapshot, rows: Ints, leaves: Ints, da_eur_per_kwh: Floats) -> Columns:
    """Limits of the stays of EVs that have just arrived, as far as the run goes.

    An EV that stays on at the run's end owes nothing, unless the demand is
    guaranteed: then its target must remain within reach. One that leaves early is owed
    what full power would have reached by then.

    Args:
        snapshot: of the arrival step.
        rows: which of the connected EVs.
        leaves: (all sessions,) step of the run in which each session really ends.
        da_eur_per_kwh: day-ahead prices from this step to the end of the run.
    """
    charge_kwh = snapshot.charge_kw[rows] * snapshot.dt_h
    stored_kwh = charge_kwh * snapshot.params.site.charge_eff
    steps = leaves[snapshot.session[rows]] - snapshot.step
    early = steps < snapshot.steps_to_departure[rows]
    reachable_kwh = snapshot.energy_kwh[rows] + steps * stored_kwh
    due_kwh = np.where(
        early, np.minimum(snapshot.target_kwh[rows], reachable_kwh), snapshot.target_kwh[rows]
    )
    beyond = np.maximum(steps - snapshot.steps_left, 0)
    owed_kwh = due_kwh - beyond * stored_kwh
    if not snapshot.params.guarantee:
        owed_kwh = np.where(beyond > 0, 0.0, owed_kwh)
    return discharge_limits(snapshot, rows, da_eur_per_kwh) | {
        "steps": steps - beyond,
        "energy_kwh": snapshot.energy_kwh[rows],
        "max_kwh": snapshot.max_kwh[rows],
        "late_max_kwh": snapshot.target_kwh[rows],
        "target_kwh": np.maximum(owed_kwh, 0.0),
        "charge_kwh": charge_kwh,
    }


def _slopes(snapshot: Snapshot, rows: Ints) -> list[float]:
    """EUR per kWh missing at the end, for which to plan."""
    if snapshot.params.guarantee:
        return [HARD_EUR_PER_KWH]
    driver, charge_eff = snapshot.params.driver, snapshot.params.site.charge_eff
    penalty = driver.shortfall_eur_per_kwh
    slopes = [penalty + driver.retail_eur_per_kwh / charge_eff]
    beyond_demand = snapshot.contract_kwh[rows].any()
    no_demand = (snapshot.energy_kwh[rows] >= snapshot.target_kwh[rows]).any()
    return [*slopes, penalty] if beyond_demand or no_demand else slopes


def _plans(snapshot: Snapshot, stays: Columns, buy: Floats, sell: Floats, slope: float) -> Floats:
    site = snapshot.params.site
    return plan_fleet(
        buy,
        sell,
        charge_eff=site.charge_eff,
        discharge_eff=site.discharge_eff,
        shortfall_eur_per_kwh=slope,
        **stays,
    )


def _cost_eur(
    snapshot: Snapshot, rows: Ints, stays: Columns, plans: Floats, buy: Floats, sell: Floats
) -> Floats:
    """(len(rows),) what the plans really cost without a guarantee: trade, penalty, lost retail."""
    site, driver = snapshot.params.site, snapshot.params.driver
    rise_kwh = np.where(plans > 0, plans * site.charge_eff, plans / site.discharge_eff)
    end_kwh = stays["energy_kwh"] + rise_kwh.sum(axis=1)
    short_kwh = np.maximum(stays["target_kwh"] - end_kwh, 0.0)
    demand_kwh = np.maximum(stays["target_kwh"] - stays["energy_kwh"], 0.0)
    lost_kwh = np.minimum(short_kwh, demand_kwh) / site.charge_eff
    trade_eur = np.where(plans > 0, plans * buy, plans * sell).sum(axis=1)
    lost_eur = lost_kwh * driver.retail_eur_per_kwh
    return trade_eur + short_kwh * driver.shortfall_eur_per_kwh + lost_eur

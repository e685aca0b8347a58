"""The hindsight optimum: every stay planned at the realised prices."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from vpp_gym.arrays import Floats, Ints
from vpp_gym.errors import InvalidInputError
from vpp_gym.markets.settlement import applied_prices, imbalance_eur, reference_price
from vpp_gym.params import VPPParams
from vpp_gym.params.contract import ContractChanges
from vpp_gym.policies.base import Dispatcher, by_charger, with_offer
from vpp_gym.policies.scheduler import HARD_EUR_PER_KWH, discharge_limits, selling_price
from vpp_gym.scenarios.departures import leaving_step
from vpp_gym.scenarios.scenario import Scenario
from vpp_gym.simulation import Simulation
from vpp_gym.solvers.single_ev import plan_fleet
from vpp_gym.views import Decisions, Snapshot

BidBound = Literal["connected", "limit", "none"]
Columns = dict[str, Any]


class Hindsight:
    """Perfect foresight over the whole run: the upper end of the score. Privileged.

    With the best bid, one more kWh of net load in a step costs the reference
    price clip(DA, long, short): above the short price the day-ahead market is sold
    to the bound and the party is short at the margin, below the long price it is
    bought to the bound and the party is long, in between the bid covers the load.
    So bids and stays separate, every stay is planned by itself on arrival, exactly,
    and every bid is the best of its bounds and the covered load.

    `reveal` runs the plans once through the simulator to learn which contracts
    are signed, who is turned away and what the load will be; `predict` replays.

    What it bounds: every policy with the same contracts on offer whose bids keep to
    the same bound. "connected" is the power of the EVs connected in the step,
    either way; "limit" is the bid limit of the market, so that it bounds any
    policy; "none" does not bid, and bounds the cost of the net load.

    Exceptions. Two small ones: before the first schedule applies (or where the bid
    limit is below the fleet's power) two-priced steps are planned as if no EV's
    export met another's charging; and the two steps of a period that comes twice, in
    autumn, share a bid. And where owners' participation follows their experience
    (`params.owner.participation_memory`), what is discharged today changes who signs
    tomorrow: each stay is planned as if it did not, and this is no bound.

    Args:
        term_h: term of the fixed-term menu on offer, see `vpp_gym.policies.base.with_offer`.
        contract: what is on offer instead, see `vpp_gym.params.contract.offer`.
        bid_bound: "connected", "limit" or "none".
        name: row label in results.

    Attributes:
        repair_kwh: what had to be changed so far to keep within the limits.

    Source: Rahman et al. 2023, Sec. 5: with the prices known the program separates.
    """

    privileged = True

    def __init__(
        self,
        term_h: int | None = 3,
        *,
        contract: ContractChanges | None = None,
        bid_bound: BidBound = "connected",
        name: str = "hindsight",
    ) -> None:
        if bid_bound not in ("connected", "limit", "none"):
            raise InvalidInputError("bid_bound", bid_bound, "use connected, limit or none")
        self.term_h = term_h if contract is None else None
        self.contract, self.bid_bound, self.name = contract, bid_bound, name
        self.repair_kwh = 0.0
        self._loads: list[Floats] = []
        self._bids: dict[int, Floats] = {}
        self._day: Ints = np.zeros(0, dtype=np.int64)

    def reveal(self, scenario: Scenario, params: VPPParams, start_step: int, end_step: int) -> None:
        """Plan the whole run.

        Args:
            scenario: of the run.
            params: of the run; what the policy offers replaces what they offer.
            start_step: scenario step at which the run begins.
            end_step: first scenario step after the run.
        """
        params = with_offer(self, params)
        stays = PlannedStays(scenario, params, start_step, end_step)
        sim = Simulation(scenario, params)
        sim.reset(0, start_step, end_step)
        state: Any = None
        self._loads, connected = [], []
        while not sim.done[0]:
            snapshot = sim.snapshot(0)
            decisions, state = stays.predict(snapshot, state)
            assert decisions.net_load_kwh is not None
            self._loads.append(decisions.net_load_kwh[snapshot.charger])
            connected.append(len(snapshot.session))
            sim.step(decisions)
        self.repair_kwh = stays.repair_kwh
        self._day = scenario.day[start_step:end_step]
        self._bids = self._best_bids(scenario, params, start_step, np.array(connected))

    def predict(
        self,
        observation: Snapshot,
        state: Any = None,
        episode_start: Any = None,
        deterministic: bool = True,
    ) -> tuple[Decisions, Any]:
        """The plan's net load of this step and, at the gate, tomorrow's best schedule."""
        if observation.step >= len(self._loads):
            raise InvalidInputError("policy", self.name, "call reveal before the run")
        planned = self._loads[observation.step]
        if len(planned) != len(observation.session):
            raise InvalidInputError(
                "policy", self.name, "another run was revealed: reveal this one, from its start"
            )
        feasible = np.clip(planned, observation.lo_kwh, observation.hi_kwh)
        self.repair_kwh += float(np.abs(feasible - planned).sum())
        bids_kwh = None
        if observation.is_gate and self.bid_bound != "none":
            bids_kwh = self._bids.get(int(self._day[observation.step]) + 1)
        return Decisions(net_load_kwh=by_charger(observation, feasible), bids_kwh=bids_kwh), state

    def _best_bids(
        self, scenario: Scenario, params: VPPParams, start_step: int, connected: Ints
    ) -> dict[int, Floats]:
        """Best bid schedule of each local day [kWh sold]."""
        span = slice(start_step, start_step + len(connected))
        da, short, long = (series[span] for series in settled_prices(scenario, params))
        limit_kwh = params.bid_limit_kw * scenario.dt_h
        largest_kw = max(params.site.charge_kw, params.site.discharge_kw)
        bound = np.full(len(connected), limit_kwh)
        if self.bid_bound == "connected":
            bound = np.minimum(connected * largest_kw * scenario.dt_h, limit_kwh)
        load = np.array([one.sum() for one in self._loads])
        day, period = self._day, scenario.period[span]
        schedules = {int(d): np.zeros(scenario.periods_per_day) for d in np.unique(day)}
        order = np.lexsort((period, day))
        starts = np.flatnonzero(np.diff(day[order] * 1000 + period[order], prepend=-1))
        for at in np.split(order, starts[1:]):
            schedules[int(day[at[0]])][period[at[0]]] = _best_bid_kwh(
                da[at], short[at], long[at], load[at], float(bound[at].min())
            )
        return schedules


def _best_bid_kwh(
    da: Floats, short: Floats, long: Floats, load_kwh: Floats, bound_kwh: float
) -> float:
    """Best bid of one period: its steps (nearly always one) share it."""
    cover = np.clip(-load_kwh, -bound_kwh, bound_kwh)
    candidates = np.concatenate([cover, [-bound_kwh, bound_kwh]])
    money = [
        sum(
            bid * da[i] + imbalance_eur(-bid - load_kwh[i], short[i], long[i])
            for i in range(len(da))
        )
        for bid in candidates
    ]
    best = int(np.argmax(money))
    return float(candidates[0] if money[best] <= money[0] + 1e-12 else candidates[best])


class PlannedStays(Dispatcher):
    """Plans each stay when the EV arrives, and follows the plans. Privileged.

    Args:
        scenario: of the run.
        params: of the run.
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
        leaves = leaving_step(scenario.sessions, params.owner, scenario.dt_h, scenario.n_steps)
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
    """Penalties per kWh missing at departure for which to plan [EUR/kWh]."""
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
    """(len(rows),) EUR that plans cost without a guarantee: trade, penalty, lost retail."""
    site, driver = snapshot.params.site, snapshot.params.driver
    rise_kwh = np.where(plans > 0, plans * site.charge_eff, plans / site.discharge_eff)
    end_kwh = stays["energy_kwh"] + rise_kwh.sum(axis=1)
    short_kwh = np.maximum(stays["target_kwh"] - end_kwh, 0.0)
    demand_kwh = np.maximum(stays["target_kwh"] - stays["energy_kwh"], 0.0)
    lost_kwh = np.minimum(short_kwh, demand_kwh) / site.charge_eff
    trade_eur = np.where(plans > 0, plans * buy, plans * sell).sum(axis=1)
    lost_eur = lost_kwh * driver.retail_eur_per_kwh
    return trade_eur + short_kwh * driver.shortfall_eur_per_kwh + lost_eur

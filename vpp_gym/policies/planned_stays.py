"""Stays of a run planned one by one on arrival, by someone who knows all of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from vpp_gym.arrays import Floats, Ints
from vpp_gym.kernels import BoundCalls
from vpp_gym.markets.settlement import applied_prices, reference_price
from vpp_gym.params import VPPParams
from vpp_gym.planning.stays import KnownPrices, follow, nothing_planned, plan_arrivals
from vpp_gym.policies.base import charging_of
from vpp_gym.policies.scheduler import discharge_limits, selling_price
from vpp_gym.policies.standby import with_standby
from vpp_gym.policies.stays import Service, Stays, best_plans, owed_at_the_end, prices_of_stays
from vpp_gym.scenarios.departures import leaving_step
from vpp_gym.scenarios.scenario import Scenario
from vpp_gym.simulation import Simulation
from vpp_gym.simulation.dataset import price_level_eur_per_kwh
from vpp_gym.views import Snapshot


class PlannedStays:
    """Plans each stay of a run when the EV arrives, and follows the plans. Privileged.

    Args:
        simulation: of one run, placed at its start.
        end_step: first scenario step after the run.
        bids: False values energy at the reference price everywhere; else steps in which
            nothing could be bid are planned at the imbalance price.

    Attributes:
        repair_kwh: total change so far that brought plans within the limits of the steps.
    """

    def __init__(self, simulation: Simulation, end_step: int, bids: bool = True) -> None:
        scenario, params = simulation.scenarios[0], simulation.params
        start_step = int(simulation.state.run["start"][0])
        buy, sell = marginal_prices(scenario, params, start_step, bids)
        run = buy[start_step:end_step], sell[start_step:end_step]
        self.buy, self.sell = with_standby(params.site, *run)
        self.run = Run(scenario, params, start_step, end_step)
        self.service = Service.of(params)
        self.repair_kwh = 0.0
        self._simulation, self._call = simulation, BoundCalls()
        dataset = simulation.dataset
        first = dataset.first_session[start_step : end_step + 1]
        arrival = np.repeat(np.arange(start_step, end_step), np.diff(first))
        stays = dataset.sessions[first[0] : first[-1]]
        until = np.maximum(stays["leaves"], stays["departure"])
        longest, knots = int((until - arrival).max(initial=1)), dataset.curves.shape[2]
        self._arrive = (np.diff(first) > 0).tolist()
        self._followed = nothing_planned(simulation.n_chargers, longest, knots)
        self._world = dataset, simulation.rules, simulation.state
        self._prices = self.run.known_prices(self.buy, self.sell)

    def advance(self) -> Floats:
        """Advance the run by one step.

        Returns:
            (n,) kWh at the meter of each EV that was connected, in the order of their chargers.
        """
        followed, state = self._followed, self._simulation.state
        if self._arrive[int(state.run["position"][0] - state.run["start"][0])]:
            self._call(plan_arrivals, (*self._world, self._prices, followed))
            if not followed.solved[0]:  # HiGHS takes over
                self._plan_by_solvers()
        self._call(follow, (state, followed))
        n = int(state.run["connected"][0])
        within = followed.within_kwh[:n].copy()
        self.repair_kwh += float(np.abs(within - followed.planned_kwh[:n]).sum())
        self._simulation.advance(followed.net_load_kwh, checked=True)
        return within

    def _plan_by_solvers(self) -> None:
        """Plan the stays of EVs that arrive in this step, where compiled code found no plan."""
        snapshot = self._simulation.snapshot()
        new = np.flatnonzero(snapshot.steps_connected == 0)
        stays, da, after = left_stays(snapshot, new, self.run)
        buy = prices_of_stays(self.buy[snapshot.step :], stays, after)
        market = prices_of_stays(self.sell[snapshot.step :], stays, after)
        plans = best_plans(stays, buy, selling_price(snapshot, new, market, da), self.service)
        chargers = snapshot.charger[new]
        self._followed.plans[chargers] = 0.0
        self._followed.plans[chargers, : plans.shape[1]] = plans


class Run:
    """What is known beforehand of a run's stays, from its first step on.

    Args:
        scenario: of the run.
        params: of the run.
        start_step: scenario step at which the run begins.
        end_step: first scenario step after the run.

    Attributes:
        leaves: (all sessions,) step of the run in which each session really ends.
        da_eur_per_kwh: (T,) day-ahead prices to the end of the scenario.
        penalty_eur_per_kwh: (T,) on energy that cars leaving in a step are short of.
        early_share: of it, owed to who leaves before the declared departure.
        n_steps: of the run.
    """

    def __init__(
        self, scenario: Scenario, params: VPPParams, start_step: int, end_step: int
    ) -> None:
        leaves = leaving_step(scenario.sessions, params.owner, scenario.dt_h, scenario.n_steps)
        self.leaves = leaves - start_step
        self.da_eur_per_kwh = scenario.da_eur_per_kwh[start_step:]
        level = price_level_eur_per_kwh(scenario)[start_step:]
        driver = params.driver
        self.penalty_eur_per_kwh = np.maximum(
            driver.shortfall_eur_per_kwh, driver.shortfall_da_factor * level
        )
        self.early_share = driver.early_shortfall_share
        self.n_steps = end_step - start_step
        self._da_eur = np.concatenate([[0.0], np.cumsum(self.da_eur_per_kwh)])

    def known_prices(self, buy: Floats, sell: Floats) -> KnownPrices:
        """What compiled plans know of the prices.

        Args:
            buy: (n_steps,) EUR/kWh for charging.
            sell: (n_steps,) EUR/kWh for discharging.
        """
        da = self.da_eur_per_kwh.copy()  # the same code takes it whether it may be written or not
        return KnownPrices(buy, sell, da, self._da_eur, self.penalty_eur_per_kwh)

    def penalty_of(self, leaves: Ints, declared: Ints) -> Floats:
        """(n,) penalty on cars that leave in these steps, or stay on at the run's end.

        Args:
            leaves: (n,) steps of the run.
            declared: (n,) steps of the run that drivers declared.
        """
        last = min(self.n_steps, len(self.penalty_eur_per_kwh) - 1)
        prices = self.penalty_eur_per_kwh[np.minimum(leaves, last)]
        return np.where(leaves < declared, self.early_share * prices, prices)

    def price_after(self, declared: Ints) -> Floats:
        """(n,) mean day-ahead price from the run's end to these declared departures.

        At it cars that stay on at the end are settled. Any number for those that do not.
        """
        end, length = self.n_steps, len(self.da_eur_per_kwh)
        until = np.clip(declared, min(end + 1, length), length)
        mean: Floats = (self._da_eur[until] - self._da_eur[end]) / np.maximum(until - end, 1)
        return mean


def marginal_prices(
    scenario: Scenario, params: VPPParams, start_step: int, bids: bool = True
) -> tuple[Floats, Floats]:
    """(T,) EUR/kWh that one more kWh of charging costs, and one of discharging earns.

    Both are the reference price; but where nothing can be bid, before the first schedule
    applies or at all, it is the imbalance price of the side on which the fleet would be.

    Args:
        scenario: of the run.
        params: of the run.
        start_step: scenario step at which the run begins.
        bids: False values all energy at the reference price.
    """
    da, short, long = settled_prices(scenario, params)
    marginal = reference_price(da, short, long)
    if not bids:
        return marginal, marginal
    gate_period = round(params.market.gate_closure_h / scenario.dt_h)
    gates = np.flatnonzero(scenario.period[start_step:] == gate_period)
    first_day = scenario.day[start_step + gates[0]] + 1 if len(gates) else scenario.n_steps
    bid = (scenario.day >= first_day) & (params.bid_limit_kw > 0)
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


def left_stays(snapshot: Snapshot, rows: Ints, run: Run) -> tuple[Stays, Floats, Floats]:
    """Stays of EVs that have just arrived.

    Args:
        snapshot: of the arrival step.
        rows: (m,) which of the connected EVs.
        run: what is known of it.

    Returns:
        The stays, the day-ahead prices of their steps, (H,) or (m, H), and the price (m,) at
        which they are settled behind the run's end.
    """
    charging = charging_of(snapshot, rows)
    declared = snapshot.steps_to_departure[rows]
    leaves = run.leaves[snapshot.session[rows]]
    after = run.price_after(snapshot.step + declared)
    owed = owed_at_the_end(
        declared_steps=declared,
        leaving_steps=leaves - snapshot.step,
        steps_left=snapshot.steps_left,
        energy_kwh=snapshot.energy_kwh[rows],
        target_kwh=snapshot.target_kwh[rows],
        charging=charging,
        guarantee=snapshot.params.guarantee,
    )
    stays = Stays(
        energy_kwh=snapshot.energy_kwh[rows],
        min_kwh=np.zeros(len(rows)),
        max_kwh=snapshot.max_kwh[rows],
        target_kwh=snapshot.target_kwh[rows],
        charging=charging,
        discharge_kwh=np.zeros(len(rows)),
        discharge_steps=snapshot.contract_steps[rows],
        contract_kwh=snapshot.contract_kwh[rows],
        penalty_eur_per_kwh=run.penalty_of(leaves, snapshot.step + declared),
        **owed,  # type: ignore[arg-type]
    )
    within = run.da_eur_per_kwh[snapshot.step : run.n_steps]
    da = prices_of_stays(within, stays, after)
    limits = discharge_limits(snapshot, rows, da)
    stays = replace(stays, min_kwh=limits["min_kwh"], discharge_kwh=limits["discharge_kwh"])
    return stays, da, after

"""The hindsight optimum: every stay planned at the realised prices."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

import numpy as np

from vpp_gym.arrays import Floats, Ints
from vpp_gym.errors import InvalidInputError
from vpp_gym.markets.settlement import applied_prices, imbalance_eur, reference_price
from vpp_gym.params import VPPParams
from vpp_gym.params.contract import ContractChanges
from vpp_gym.policies.base import Dispatcher, by_charger, charging_of, with_offer
from vpp_gym.policies.scheduler import discharge_limits, selling_price
from vpp_gym.policies.standby import with_standby
from vpp_gym.policies.stays import Service, Stays, best_plans, owed_at_the_end, prices_of_stays
from vpp_gym.scenarios.departures import leaving_step
from vpp_gym.scenarios.scenario import Scenario
from vpp_gym.simulation import Simulation
from vpp_gym.simulation.dataset import price_level_eur_per_kwh
from vpp_gym.views import Decisions, Snapshot

BidBound = Literal["connected", "limit", "none"]


class Hindsight:
    """Perfect foresight over the whole run. Privileged.

    With the best bid, one more kWh of net load in a step costs the reference
    price clip(DA, long, short): above the short price the day-ahead market is sold
    to the bound and the party is short at the margin, below the long price it is
    bought to the bound and the party is long, in between the bid covers the load.
    So bids and stays separate, every stay is planned by itself on arrival, exactly,
    and every bid is the best of its bounds and the covered load. It knows when each
    driver really leaves.

    `reveal` runs the plans once through the simulator to learn which contracts
    are signed, who is turned away, what may be bid and what the load will be; `predict`
    replays.

    What it bounds: every policy with the same contracts on offer whose bids keep to
    the same bound. "connected" is what the EVs connected in the step can take, and those
    with a running contract can give, within the limit; "limit" is what the world allows, learnt
    in the run, so that it bounds any policy; "none" does not bid, and bounds the cost of the
    net load at the reference price.

    Exceptions. Small ones: before the first schedule applies two-priced steps are planned as if
    no EV's export met another's charging; in a two-priced step whose load is more than may be
    bid, the rest is planned as if it were covered, too; the two steps of a period that comes
    twice, in autumn, share a bid; and an EV that outlasts the run but leaves early is planned as
    if it could be charged at will behind the run's end. And where owners' participation follows
    their experience (`params.owner.participation_memory`), what is discharged today changes who
    signs tomorrow: each stay is planned as if it did not, and this is no bound.

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
        bids = self.bid_bound != "none"
        stays = PlannedStays(scenario, params, start_step, end_step, bids=bids)
        sim = Simulation(scenario, params)
        sim.reset(0, start_step, end_step)
        n_steps = end_step - start_step
        least, most = np.zeros((2, n_steps))
        connected = np.zeros((2, n_steps))
        self._loads, self._day = [], scenario.day[start_step:end_step]
        period = scenario.period[start_step:end_step]
        state: Any = None
        while not sim.done[0]:
            snapshot = sim.snapshot(0)
            if snapshot.is_gate:
                ahead = np.flatnonzero(self._day == self._day[snapshot.step] + 1)
                least[ahead] = snapshot.bid_lo_kwh[period[ahead]]
                most[ahead] = snapshot.bid_hi_kwh[period[ahead]]
            clock = sim.state.run[0]
            connected[:, snapshot.step] = clock["take_kwh"], clock["give_kwh"]
            decisions, state = stays.predict(snapshot, state)
            assert decisions.net_load_kwh is not None
            self._loads.append(decisions.net_load_kwh[snapshot.charger])
            sim.step(decisions)
        self.repair_kwh = stays.repair_kwh
        if self.bid_bound == "connected":
            least, most = np.maximum(least, -connected[0]), np.minimum(most, connected[1])
        self._bids = self._best_bids(scenario, params, start_step, least, most)

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
        self,
        scenario: Scenario,
        params: VPPParams,
        start_step: int,
        least_kwh: Floats,
        most_kwh: Floats,
    ) -> dict[int, Floats]:
        """Best bid schedule of each local day [kWh sold], within bounds of each step."""
        span = slice(start_step, start_step + len(least_kwh))
        da, short, long = (series[span] for series in settled_prices(scenario, params))
        load = np.array([one.sum() for one in self._loads])
        day, slot = self._day, scenario.slot[span]
        schedules = {int(d): np.zeros(scenario.slots_per_day) for d in np.unique(day)}
        for at in range(len(day)):
            schedules[int(day[at])][slot[at]] = _best_bid_kwh(
                da[at], short[at], long[at], load[at], float(least_kwh[at]), float(most_kwh[at])
            )
        return schedules


def _best_bid_kwh(
    da: float, short: float, long: float, load_kwh: float, least_kwh: float, most_kwh: float
) -> float:
    """Best bid of one step."""
    candidates = (min(max(-load_kwh, least_kwh), most_kwh), least_kwh, most_kwh)
    money = [bid * da + imbalance_eur(-bid - load_kwh, short, long) for bid in candidates]
    best = int(np.argmax(money))
    return float(candidates[0] if money[best] <= money[0] + 1e-12 else candidates[best])


class PlannedStays(Dispatcher):
    """Plans each stay when the EV arrives, and follows the plans. Privileged.

    Args:
        scenario: of the run.
        params: of the run.
        start_step: scenario step at which the run begins.
        end_step: first scenario step after the run.
        bids: False values energy at the reference price everywhere; else steps in which
            nothing could be bid are planned at the imbalance price.
    """

    name = "planned_stays"
    privileged = True

    def __init__(
        self,
        scenario: Scenario,
        params: VPPParams,
        start_step: int,
        end_step: int,
        bids: bool = True,
    ) -> None:
        buy, sell = marginal_prices(scenario, params, start_step, bids)
        run = buy[start_step:end_step], sell[start_step:end_step]
        self.buy, self.sell = with_standby(params.site, *run)
        self.run = Run(scenario, params, start_step, end_step)
        self.service = Service.of(params)
        self._left: dict[int, Floats] = {}

    def net_load_kwh(self, snapshot: Snapshot) -> Floats:
        """(n,) kWh at the meter of each connected EV."""
        sessions = snapshot.session.tolist()
        new = np.array([row for row, one in enumerate(sessions) if one not in self._left], int)
        if len(new):
            stays, da, after = left_stays(snapshot, new, self.run)
            buy = prices_of_stays(self.buy[snapshot.step :], stays, after)
            market = prices_of_stays(self.sell[snapshot.step :], stays, after)
            sell = selling_price(snapshot, new, market, da)
            plans = best_plans(stays, buy, sell, self.service)
            self._left |= {sessions[row]: plan for row, plan in zip(new, plans, strict=True)}
        # A plan may end before the car leaves, with nothing left to do.
        net_load = np.array(
            [self._left[one][0] if len(self._left[one]) else 0.0 for one in sessions],
            dtype=np.float64,
        )
        self._left = {one: self._left[one][1:] for one in sessions}
        return net_load


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
        total = np.concatenate([[0.0], np.cumsum(self.da_eur_per_kwh)])
        until = np.clip(declared, min(end + 1, length), length)
        mean: Floats = (total[until] - total[end]) / np.maximum(until - end, 1)
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

"""The best that was possible: every stay planned at the prices that came true."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from vpp_gym.arrays import Floats, Ints
from vpp_gym.errors import InvalidInputError
from vpp_gym.markets.settlement import imbalance_eur
from vpp_gym.params import VPPParams
from vpp_gym.policies.base import by_charger, with_offer
from vpp_gym.policies.contract_offers import ContractChanges
from vpp_gym.policies.hindsight_stays import PlannedStays, settled_prices
from vpp_gym.scenarios.scenario import Scenario
from vpp_gym.simulation import Simulation
from vpp_gym.views import Decisions, Snapshot

BidBound = Literal["connected", "limit", "none"]


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
    either way; "limit" is the world's own bid limit, so that it bounds any
    policy; "none" does not bid, and bounds the cost of the net load.

    Exceptions. Two small ones: before the first schedule applies (or where the world's
    bid limit is below the fleet's power) two-priced steps are planned as if no EV's
    export met another's charging; and the two steps of a period that comes twice, in
    autumn, share a bid. And where owners' participation follows their experience
    (`params.owner.participation_memory`), what is discharged today changes who signs
    tomorrow: each stay is planned as if it did not, and this is no bound.

    Args:
        term_h: term of the fixed-term menu on offer, see `vpp_gym.policies.base.with_offer`.
        contract: what is on offer instead, see `vpp_gym.policies.contract_offers`.
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
        self._sheets: dict[int, Floats] = {}
        self._day: Ints = np.zeros(0, dtype=np.int64)

    def reveal(self, scenario: Scenario, params: VPPParams, start_step: int, end_step: int) -> None:
        """Plan the whole run.

        Args:
            scenario: the world of the run.
            params: its rules; what the policy offers replaces theirs.
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
        self._sheets = self._best_sheets(scenario, params, start_step, np.array(connected))

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
            bids_kwh = self._sheets.get(int(self._day[observation.step]) + 1)
        return Decisions(net_load_kwh=by_charger(observation, feasible), bids_kwh=bids_kwh), state

    def _best_sheets(
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

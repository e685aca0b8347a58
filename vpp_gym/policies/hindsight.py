"""The hindsight optimum: every stay planned at the realised prices."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from vpp_gym.arrays import Floats, Ints
from vpp_gym.errors import InvalidInputError
from vpp_gym.params import VPPParams
from vpp_gym.params.contract import ContractChanges
from vpp_gym.policies.base import by_charger, with_offer
from vpp_gym.policies.planned_stays import PlannedStays, settled_prices
from vpp_gym.scenarios.scenario import Scenario
from vpp_gym.simulation import Simulation
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
        sim = Simulation(scenario, params)
        sim.reset(0, start_step, end_step)
        stays = PlannedStays(sim, end_step, bids=self.bid_bound != "none")
        least, most = np.zeros((2, end_step - start_step))
        connected = np.zeros((2, end_step - start_step))
        self._loads, self._day = [], scenario.day[start_step:end_step]
        period, clock = scenario.period[start_step:end_step], sim.state.run
        is_gate = (period == sim.rules.gate_period).tolist()
        for step in range(end_step - start_step):
            if is_gate[step]:
                ahead = np.flatnonzero(self._day == self._day[step] + 1)
                lo_kwh, hi_kwh = sim.bids_allowed_kwh
                least[ahead], most[ahead] = lo_kwh[0, period[ahead]], hi_kwh[0, period[ahead]]
            connected[:, step] = clock[0]["take_kwh"], clock[0]["give_kwh"]
            self._loads.append(stays.advance())
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
        limits = observation.lo_kwh, observation.hi_kwh
        net_load_kwh, bids_kwh = self.replay(observation.step, observation.is_gate, *limits)
        decisions = Decisions(net_load_kwh=by_charger(observation, net_load_kwh), bids_kwh=bids_kwh)
        return decisions, state

    def replay(
        self, step: int, is_gate: bool, lo_kwh: Floats, hi_kwh: Floats
    ) -> tuple[Floats, Floats | None]:
        """The plan of a step for whom it finds connected.

        Args:
            step: of the run.
            is_gate: a schedule for tomorrow is read in it.
            lo_kwh: (n,) least net load of each connected EV, in the order of their chargers.
            hi_kwh: (n,) largest net load.

        Returns:
            (n,) kWh at the meter; and at the gate tomorrow's schedule, + sells, else None.

        Raises:
            InvalidInputError: this run was not revealed.
        """
        if step >= len(self._loads):
            raise InvalidInputError("policy", self.name, "call reveal before the run")
        planned = self._loads[step]
        if len(planned) != len(lo_kwh):
            raise InvalidInputError(
                "policy", self.name, "another run was revealed: reveal this one, from its start"
            )
        feasible = planned.clip(lo_kwh, hi_kwh)
        self.repair_kwh += float(np.abs(feasible - planned).sum())
        bids_kwh = None
        if is_gate and self.bid_bound != "none":
            bids_kwh = self._bids.get(int(self._day[step]) + 1)
        return feasible, bids_kwh

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
        best = _best_bids_kwh(da, short, long, load, least_kwh, most_kwh)
        day, slot = self._day, scenario.slot[span]
        schedules = {int(d): np.zeros(scenario.slots_per_day) for d in np.unique(day)}
        for d, schedule in schedules.items():
            own = slice(*np.searchsorted(day, [d, d + 1]))
            schedule[slot[own]] = best[own]
        return schedules


def _best_bids_kwh(
    da: Floats, short: Floats, long: Floats, load_kwh: Floats, least_kwh: Floats, most_kwh: Floats
) -> Floats:
    """(T,) best bid of each step; the covered load where no other is better."""
    covered = np.where(least_kwh > -load_kwh, least_kwh, -load_kwh)
    covered = np.where(most_kwh < covered, most_kwh, covered)
    candidates = np.stack([covered, least_kwh, most_kwh])
    imbalance_kwh = -candidates - load_kwh
    imbalance_eur = imbalance_kwh * np.where(imbalance_kwh > 0.0, long, short)
    money = candidates * da + imbalance_eur
    best = np.argmax(money, axis=0)
    best[money.max(axis=0) <= money[0] + 1e-12] = 0
    result: Floats = np.take_along_axis(candidates, best[None], axis=0)[0]
    return result

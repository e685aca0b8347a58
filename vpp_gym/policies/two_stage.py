"""Day-ahead bids by two-stage stochastic programming: bids now, imbalance as recourse."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import numpy as np

from vpp_gym.arrays import Floats, Ints
from vpp_gym.errors import InvalidInputError
from vpp_gym.markets.risk import check_share, check_weight
from vpp_gym.policies.bidders import best_bids_kwh, tomorrow, within_limit
from vpp_gym.policies.history import LoadHistory, Occupancy, Passed, SpreadHistory
from vpp_gym.solvers.bid_lp import risk_averse_bids, weighted_scenarios
from vpp_gym.solvers.newsvendor import BidScenarios, in_lots_kwh, scenarios_of
from vpp_gym.views import HISTORY_DAYS, Snapshot

Method = Literal["two_stage", "expected_value", "wait_and_see"]
METHODS: dict[Method, str] = {
    "two_stage": "two_stage",
    "expected_value": "expected_value",
    "wait_and_see": "wait_and_see_load",
}


class _Seen(NamedTuple):
    occupancy: Occupancy
    loads: LoadHistory
    spreads: SpreadHistory


class TwoStage:
    """Bids that earn most on average over scenarios of tomorrow's prices and load.

    Scenarios join the spreads between day-ahead and imbalance prices of past days with
    the loads of past days of the run, of the same period and its neighbours. Days of
    spreads and of loads are joined at random: the mean over all pairs is exact without
    a risk term, and `n_samples` pairs are drawn with one. Where the two prices differ
    the best bid is a quantile of the load; where they are one, it is a position on the
    mean spread, as large as the EVs' power.

    Args:
        method: "two_stage"; "expected_value" bids as if the mean scenario were certain;
            "wait_and_see" is the mean of the best bids of each scenario by itself.
        beta: weight of the risk term in [0, 1], see `vpp_gym.solvers.bid_program`.
        alpha: share of the worst scenarios that the risk term looks at.
        n_samples: scenarios drawn where not all pairs can be taken.
        days: of loads that are remembered.
        spread_days: of spreads that are remembered under dual pricing; else, where the best
            bid is a position on one price, the days that a snapshot holds.
        neighbours: periods before and after whose loads count as samples, too, and under
            dual pricing their spreads.
        spread_share: of the past mean spread by period that is expected to last.
        lot_kwh: bids in whole lots of this energy; None takes any.
        sells: bids may sell more than the load can be negative; False where no EV
            may discharge.
        seed: of the draws.
        name: row label; by default the method and the risk weight.
    """

    privileged = False

    def __init__(
        self,
        method: Method = "two_stage",
        *,
        beta: float = 0.0,
        alpha: float = 0.05,
        n_samples: int = 100,
        days: int = 60,
        spread_days: int = 100,
        neighbours: int = 1,
        spread_share: float = 0.3,
        lot_kwh: float | None = None,
        sells: bool = True,
        seed: int = 0,
        name: str | None = None,
    ) -> None:
        if method not in METHODS:
            raise InvalidInputError("method", method, f"use one of {', '.join(METHODS)}")
        check_weight(beta)
        check_share(alpha)
        if beta > 0 and method != "two_stage":
            raise InvalidInputError("beta", beta, "only two_stage weighs risk")
        for field, number, least in (
            ("n_samples", n_samples, 1),
            ("days", days, 1),
            ("spread_days", spread_days, 1),
        ):
            if number < least:
                raise InvalidInputError(field, number, f"give at least {least}")
        if neighbours < 0:
            raise InvalidInputError("neighbours", neighbours, "give at least 0")
        if lot_kwh is not None and not lot_kwh > 0:
            raise InvalidInputError("lot_kwh", lot_kwh, "give a positive energy or None")
        self.method, self.beta, self.alpha = method, beta, alpha
        self.n_samples, self.days, self.neighbours = n_samples, days, neighbours
        self.spread_days = spread_days
        self.spread_share, self.lot_kwh, self.sells, self.seed = spread_share, lot_kwh, sells, seed
        self.name = name or METHODS[method] + (f"_cvar_{beta:g}" if beta else "")

    def bids(self, snapshot: Snapshot, state: Any = None) -> tuple[Floats | None, Any]:
        """(slots,) kWh sold at the gate, else None; the state holds what was seen so far."""
        seen = self._seen(snapshot, state)
        if not snapshot.is_gate:
            return None, seen
        schedule = np.zeros(snapshot.n_slots)
        rows = tomorrow(snapshot)
        if len(rows):
            schedule[snapshot.slot[rows]] = self._schedule(snapshot, rows, seen)
        return within_limit(snapshot, schedule), seen

    def learn(self, passed: Passed, state: _Seen) -> _Seen:
        """What is known with one more step, at which nothing is bid."""
        return _Seen(
            state.occupancy.after(passed.period, passed.connected),
            state.loads.after(passed),
            state.spreads.after(passed),
        )

    def _seen(self, snapshot: Snapshot, state: _Seen | None) -> _Seen:
        if state is not None:
            return self.learn(Passed.of(snapshot), state)
        return _Seen(
            Occupancy.of(len(snapshot.expected_load_kwh)).after(
                int(snapshot.period[0]), len(snapshot.session)
            ),
            LoadHistory.at(snapshot, self.days),
            SpreadHistory.at(snapshot, max(self.spread_days, HISTORY_DAYS)),
        )

    def _schedule(self, snapshot: Snapshot, rows: Ints, seen: _Seen) -> Floats:
        """(rows,) kWh sold."""
        site, period = snapshot.params.site, snapshot.period[rows]
        power_kwh = seen.occupancy.expected()[period] * snapshot.dt_h
        buy = np.minimum(power_kwh * site.charge_kw, -snapshot.bid_lo_kwh[period])
        sell = np.minimum(power_kwh * site.discharge_kw * self.sells, snapshot.bid_hi_kwh[period])
        scenarios = self._scenarios(snapshot, rows, seen)
        return self._best(scenarios, buy, sell)

    def _best(self, scenarios: BidScenarios, buy: Floats, sell: Floats) -> Floats:
        """(rows,) kWh sold by the method, in lots if there are any."""
        if self.method == "expected_value":
            scenarios = scenarios_of(*(part.mean(axis=0)[None] for part in scenarios))
        if self.method == "wait_and_see":
            da, short, long, load = scenarios
            bounds = {"buy_bound_kwh": buy, "sell_bound_kwh": sell}
            bids = best_bids_kwh(da, short, long, load_kwh=load, **bounds).mean(axis=0)
        else:
            bids, weight = risk_averse_bids(scenarios, buy, sell, beta=self.beta, alpha=self.alpha)
            scenarios = weighted_scenarios(scenarios, weight)
        if self.lot_kwh is None:
            return bids
        return in_lots_kwh(bids, scenarios, buy, sell, self.lot_kwh)

    def _memory(self, dual: bool) -> dict[str, int]:
        """Under dual pricing spreads persist, so a longer past and neighbours are samples, too."""
        if dual:
            return {"days": self.spread_days, "neighbours": self.neighbours}
        return {"days": HISTORY_DAYS, "neighbours": 0}

    def _scenarios(self, snapshot: Snapshot, rows: Ints, seen: _Seen) -> BidScenarios:
        """Day-ahead, short and long price and load, (samples, rows) each."""
        period = snapshot.period[rows]
        da = snapshot.da_eur_per_kwh[rows]
        dual = snapshot.params.market.imbalance_pricing == "dual"
        short, long = seen.spreads.samples(self.spread_share, dual=dual, **self._memory(dual))
        short, long = short[:, period], long[:, period]
        load = seen.loads.samples_kwh(self.neighbours)[:, period]
        if self.beta > 0 or self.method == "wait_and_see":
            rng = np.random.default_rng([self.seed, snapshot.step])
            spread_day, load_day = rng.integers((len(short), len(load)), size=(self.n_samples, 2)).T
            short, long, load = short[spread_day], long[spread_day], load[load_day]
        else:
            short, long = short.mean(axis=0), long.mean(axis=0)
        return scenarios_of(da[None], da + short, da + long, load)

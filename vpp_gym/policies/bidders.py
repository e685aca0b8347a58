"""Day-ahead bidders: what to sell in each period of tomorrow, decided at gate closure.

`vpp_gym.policies.two_stage` has those that bid by a stochastic program.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np

from vpp_gym.arrays import Floats, Ints
from vpp_gym.errors import InvalidInputError
from vpp_gym.markets.settlement import applied_prices
from vpp_gym.params import VPPParams
from vpp_gym.policies.forecasters import DayAheadAnchored, Forecaster
from vpp_gym.policies.history import Occupancy, Passed, past_spread_by_day
from vpp_gym.policy import Privileged
from vpp_gym.scenarios.departures import leaving_step
from vpp_gym.scenarios.scenario import Scenario
from vpp_gym.views import Snapshot

TIE_EUR_PER_KWH = 1e-12
"""Prices closer than this are equal."""


class Bidder(Protocol):
    """Decides the bid schedule.

    One that learns nothing between two gates may say `at_gate_only = True`: it is then asked at
    the gate alone where plans are compiled. One that learns there from what a
    `vpp_gym.policies.history.Passed` says may have a method `learn(passed, state)` beside `bids`,
    which is then called instead and returns the new state.
    """

    @property
    def name(self) -> str:
        """Label in results."""
        ...

    @property
    def privileged(self) -> bool:
        """Whether it may see the future."""
        ...

    def bids(self, snapshot: Snapshot, state: Any = None) -> tuple[Floats | None, Any]:
        """(slots,) kWh sold in each period of tomorrow at the gate, else None; and own state.

        Or (periods,), where both hours of the autumn night share their bids.

        Args:
            snapshot: of this step; the bidder is asked in every step.
            state: what it returned in the step before, None in the first.
        """
        ...


class ZeroBidder:
    """Sells and buys nothing day-ahead: all energy is settled as imbalance."""

    name = "zero"
    privileged = False
    at_gate_only = True

    def bids(self, snapshot: Snapshot, state: Any = None) -> tuple[Floats | None, Any]:
        """Zeros at the gate, else None."""
        return (np.zeros_like(snapshot.expected_load_kwh) if snapshot.is_gate else None), state


class ExpectedLoadBidder:
    """Buys the expected net load of each period: a neutral schedule, without a position."""

    name = "expected_load"
    privileged = False
    at_gate_only = True

    def bids(self, snapshot: Snapshot, state: Any = None) -> tuple[Floats | None, Any]:
        """Minus the expected load at the gate, else None."""
        if not snapshot.is_gate:
            return None, state
        return within_limit(snapshot, -snapshot.expected_load_kwh), state


@dataclass
class WaitAndSee:
    """Mean of the optimal bids of sampled price scenarios.

    With the prices known, the best bid of a period is a bet: everything sold where
    the day-ahead price is above the short price, everything bought where it is
    below the long price, and in between the load, covered exactly. "Everything"
    is the power of the connected EVs, whose mean number by period is learnt in the run.

    The scenarios are the forecast plus the centred spread between imbalance and
    day-ahead price of each past day; the mean is taken over all past days, so nothing
    is drawn. With `noisy_oracle` they are drawn around the realised prices of tomorrow
    instead, and the bidder is privileged.

    Attributes:
        forecaster: of the scenarios.
        noisy_oracle: None, or the relative standard deviation around the
            realised prices (0.1 in the paper).
        n_samples: scenarios drawn by the noisy oracle.
        sells: bids may sell more than the expected load is negative; False where
            no EV may discharge.
        seed: of the noisy oracle's draws.

    Source: Rahman et al. 2023, Sec. 5-6 ("wait and see"); the scenarios from
    past days are ours.
    """

    forecaster: Forecaster | None = None
    noisy_oracle: float | None = None
    n_samples: int = 100
    sells: bool = True
    seed: int = 0
    _future: _Future | None = None

    def __post_init__(self) -> None:
        if self.noisy_oracle is not None and self.noisy_oracle < 0:
            raise InvalidInputError("noisy_oracle", self.noisy_oracle, "give a fraction >= 0")
        if self.noisy_oracle is None and self.forecaster is None:
            self.forecaster = DayAheadAnchored()

    @property
    def privileged(self) -> bool:
        """Whether the scenarios come from the future."""
        honest = self.noisy_oracle is None
        return not honest or bool(self.forecaster and self.forecaster.privileged)

    @property
    def name(self) -> str:
        """Label in results."""
        return "wait_and_see" if self.noisy_oracle is None else "wait_and_see_noisy_oracle"

    def reveal(self, scenario: Scenario, params: VPPParams, start_step: int, end_step: int) -> None:
        """Receive the future."""
        self._future = _Future.of(scenario, params, start_step)
        if isinstance(self.forecaster, Privileged):
            self.forecaster.reveal(scenario, params, start_step, end_step)

    def bids(self, snapshot: Snapshot, state: Any = None) -> tuple[Floats | None, Any]:
        """(slots,) kWh sold at the gate, else None; the state is the occupancy."""
        seen = self.learn(Passed.of(snapshot), state)
        if not snapshot.is_gate:
            return None, seen
        schedule = np.zeros(snapshot.n_slots)
        rows = tomorrow(snapshot)
        if len(rows):
            connected = seen.expected()[snapshot.period[rows]]
            schedule[snapshot.slot[rows]] = self._mean_of_optima(snapshot, rows, connected)
        return within_limit(snapshot, schedule), seen

    def learn(self, passed: Passed, state: Occupancy | None) -> Occupancy:
        """What is known with one more step, at which nothing is bid."""
        seen = Occupancy.of(len(passed.expected_load_kwh)) if state is None else state
        return seen.after(passed.period, passed.connected)

    def _mean_of_optima(self, snapshot: Snapshot, rows: Ints, connected: Floats) -> Floats:
        """(rows,) kWh sold."""
        site = snapshot.params.site
        if self.noisy_oracle is None:
            da, short, long = self._past_scenarios(snapshot, rows)
        else:
            da, short, long, connected = self._noisy_scenarios(snapshot, rows)
        return best_bids_kwh(
            da,
            short,
            long,
            load_kwh=snapshot.expected_load_kwh[snapshot.period[rows]],
            buy_bound_kwh=connected * site.charge_kw * snapshot.dt_h,
            sell_bound_kwh=connected * site.discharge_kw * snapshot.dt_h * self.sells,
        ).mean(axis=0)

    def _past_scenarios(self, snapshot: Snapshot, rows: Ints) -> tuple[Floats, Floats, Floats]:
        """DA, short and long prices, each (days, rows)."""
        assert self.forecaster is not None
        short, long = self.forecaster.forecast(snapshot, int(rows[-1]) + 1)
        spread = past_spread_by_day(snapshot)[:, snapshot.period[rows]]
        da = np.broadcast_to(snapshot.da_eur_per_kwh[rows], spread.shape)
        return da, short[rows] + spread, long[rows] + spread

    def _noisy_scenarios(
        self, snapshot: Snapshot, rows: Ints
    ) -> tuple[Floats, Floats, Floats, Floats]:
        """DA, short and long prices, each (samples, rows); connected EVs (rows,)."""
        if self._future is None or self.noisy_oracle is None:
            raise InvalidInputError("bidder", self.name, "call reveal before the run")
        at = self._future.start + snapshot.step + rows
        rng = np.random.default_rng([self.seed, snapshot.step])
        noise = self.noisy_oracle * rng.standard_normal((2, self.n_samples, len(rows)))
        da, short, long = (series[at] for series in self._future.prices)
        shift = np.abs(0.5 * (short + long)) * noise[1]
        return da + np.abs(da) * noise[0], short + shift, long + shift, self._future.connected[at]


class _Future(NamedTuple):
    prices: tuple[Floats, Floats, Floats]
    connected: Floats
    start: int

    @classmethod
    def of(cls, scenario: Scenario, params: VPPParams, start_step: int) -> _Future:
        da = scenario.da_eur_per_kwh
        short, long = applied_prices(
            params.market.imbalance_pricing,
            da,
            scenario.im_short_eur_per_kwh,
            scenario.im_long_eur_per_kwh,
        )
        change = np.zeros(scenario.n_steps + 1)
        np.add.at(change, scenario.sessions.arrival_step, 1)
        leaves = leaving_step(scenario.sessions, params.owner, scenario.dt_h, scenario.n_steps)
        np.add.at(change, leaves, -1)
        connected = np.minimum(np.cumsum(change)[:-1], params.site.n_chargers)
        return cls((da, short, long), connected, start_step)


def best_bids_kwh(
    da_eur_per_kwh: Floats,
    short_eur_per_kwh: Floats,
    long_eur_per_kwh: Floats,
    *,
    load_kwh: Floats,
    buy_bound_kwh: Floats,
    sell_bound_kwh: Floats,
) -> Floats:
    """Bids that are optimal once all prices are known.

    Selling x earns x DA and settles -x - load as imbalance: concave in x, with
    slope DA - short where the party is short, and DA - long where it is long. So
    the best x is the sell bound where DA > short, minus the buy bound where
    DA < long, and else covers the load; that is also the choice among equals.

    Args:
        da_eur_per_kwh: day-ahead price; all arrays broadcast.
        short_eur_per_kwh: imbalance price of a short party.
        long_eur_per_kwh: imbalance price of a long party, <= short.
        load_kwh: net load, + takes from the grid.
        buy_bound_kwh: most that may be bought, >= 0.
        sell_bound_kwh: most that may be sold, >= 0.

    Returns:
        kWh, + sells. Of equally good bids it is the one that covers the load: under dual
        pricing one side of the imbalance often costs nothing, and a position gains nothing.

    Source: Rahman et al. 2023, Sec. 5, the program's solution under one price.
    """
    bid = np.clip(-load_kwh, -buy_bound_kwh, sell_bound_kwh)
    above = da_eur_per_kwh > short_eur_per_kwh + TIE_EUR_PER_KWH
    below = da_eur_per_kwh < long_eur_per_kwh - TIE_EUR_PER_KWH
    return np.where(above, sell_bound_kwh, np.where(below, -buy_bound_kwh, bid))


def tomorrow(snapshot: Snapshot) -> Ints:
    """(k,) places in the snapshot's day-ahead prices that belong to tomorrow; may be empty."""
    starts = np.flatnonzero(snapshot.slot[1:] == 0)
    first = int(starts[-1]) + 1 if len(starts) else len(snapshot.period)
    return np.arange(first, len(snapshot.period))


def within_limit(snapshot: Snapshot, bids_kwh: Floats) -> Floats:
    """Bids by place in the schedule, or by period, cut to what may be bought and sold there."""
    least, most = snapshot.bid_lo_kwh, snapshot.bid_hi_kwh
    if len(bids_kwh) > len(least):
        least, most = over_slots(snapshot, least), over_slots(snapshot, most)
    return np.clip(bids_kwh, least, most)


def over_slots(snapshot: Snapshot, by_period: Floats) -> Floats:
    """(slots,) of (periods,): an hour that tomorrow's clock shows again has its value twice."""
    if snapshot.n_slots == len(by_period):
        return by_period
    values, rows = np.zeros(snapshot.n_slots), tomorrow(snapshot)
    values[: len(by_period)] = by_period
    values[snapshot.slot[rows]] = by_period[snapshot.period[rows]]
    return values

"""A bidder that bets on what the calendar tells: a table learnt from years of training."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np

from vpp_gym.arrays import Floats, Ints, read_only
from vpp_gym.errors import InvalidInputError
from vpp_gym.policies.bidders import over_slots, tomorrow, within_limit
from vpp_gym.policies.history import period_means_of
from vpp_gym.policies.operator import Operator
from vpp_gym.policies.rules import ChargeOnArrival
from vpp_gym.policies.scheduler import rolling_mpc
from vpp_gym.scenarios.columns import whole
from vpp_gym.scenarios.scenario import Scenario
from vpp_gym.scenarios.source import ScenarioSource
from vpp_gym.scenarios.synthetic import SyntheticSource
from vpp_gym.views import Snapshot

MONTHS = 12
TRAINING_YEARS = 16
"""Synthetic years behind the table that is used by default."""


@dataclass(frozen=True)
class Climatology:
    """Mean of the imbalance price less the day-ahead price by month and period of the day.

    Attributes:
        spread_eur_per_kwh: (12, periods) of the middle of short and long price; months from
            January on.
    """

    spread_eur_per_kwh: Floats

    @classmethod
    def from_source(cls, source: ScenarioSource, n: int | None = None) -> Climatology:
        """Learnt from the first n scenarios of a source; by default from all.

        Args:
            source: years that are not those the table is to be used in.
            n: how many.

        Raises:
            InvalidInputError: more than there are.
        """
        n = source.n_scenarios if n is None else whole("n", n, least=1)
        if n > source.n_scenarios:
            raise InvalidInputError("n", n, f"{source.name} has {source.n_scenarios} scenarios")
        return cls.from_scenarios([source.scenario(index) for index in range(n)])

    @classmethod
    def from_scenarios(cls, scenarios: list[Scenario]) -> Climatology:
        """Learnt from scenarios with the same time step."""
        month = [month_of(one.clock) for one in scenarios]
        spread = [
            (one.im_short_eur_per_kwh + one.im_long_eur_per_kwh) / 2 - one.da_eur_per_kwh
            for one in scenarios
        ]
        period = [one.period for one in scenarios]
        return cls.from_arrays(
            np.concatenate(month),
            np.concatenate(period),
            np.concatenate(spread),
            scenarios[0].periods_per_day,
        )

    @classmethod
    def from_arrays(
        cls, month: Ints, period: Ints, spread_eur_per_kwh: Floats, periods: int
    ) -> Climatology:
        """Learnt from steps.

        The season of a period is shrunk towards its mean over the year, by the share of the
        seasons' variance that days alone explain; so is the mean over the year towards zero.

        Args:
            month: (n,) 0 is January.
            period: (n,) of the day.
            spread_eur_per_kwh: (n,) imbalance price less day-ahead price.
            periods: of a day.
        """
        of_year, noise = _means(period, spread_eur_per_kwh, periods)
        of_year = _shrunk(of_year, noise)
        rest = spread_eur_per_kwh - of_year[period]
        season, noise = _means(month * periods + period, rest, MONTHS * periods)
        table = of_year + _shrunk(season, noise).reshape(MONTHS, periods)
        return cls(read_only(table))

    def expected(self, month: Ints, period: Ints, periods: int) -> Floats:
        """(n,) EUR/kWh, of a clock with as many periods in the day or another number."""
        own = self.spread_eur_per_kwh.shape[1]
        table = self.spread_eur_per_kwh
        if own > periods:
            table = table.reshape(MONTHS, periods, -1).mean(axis=2)
        elif own < periods:
            table = table.repeat(periods // own, axis=1)
        expected: Floats = table[month, period]
        return expected


@lru_cache(maxsize=1)
def synthetic_climatology() -> Climatology:
    """Of the first years of the embedded training split, by quarter hours."""
    source = SyntheticSource("train", TRAINING_YEARS, dt_h=0.25)
    return Climatology.from_source(source)


@dataclass
class ClimatologyBidder:
    """Bets the bid limit by the sign of the spread that month and period of the day tell.

    The table is mixed with what the run's own past tells of the same period. Where little is
    expected it buys the expected load.

    Attributes:
        climatology: the table; by default that of the embedded training years.
        threshold_eur_per_kwh: least expected spread for a bet.
        prior_days: weight of the table, in days of the run's own past.
    """

    climatology: Climatology = field(default_factory=synthetic_climatology)
    threshold_eur_per_kwh: float = 0.001
    prior_days: float = 120.0
    name: str = "climatology"
    privileged: bool = False
    at_gate_only: ClassVar[bool] = True

    def bids(self, snapshot: Snapshot, state: Any = None) -> tuple[Floats | None, Any]:
        """(slots,) kWh sold at the gate, else None."""
        if not snapshot.is_gate:
            return None, state
        schedule = -over_slots(snapshot, snapshot.expected_load_kwh)
        rows = tomorrow(snapshot)
        if len(rows):
            spread = self.expected_spread(snapshot, rows)
            period, slot = snapshot.period[rows], snapshot.slot[rows]
            schedule[slot] = bet_kwh(
                snapshot, period, spread, schedule[slot], self.threshold_eur_per_kwh
            )
        return within_limit(snapshot, schedule), state

    def expected_spread(self, snapshot: Snapshot, rows: Ints) -> Floats:
        """(rows,) EUR/kWh, imbalance price less day-ahead price."""
        periods, period = len(snapshot.expected_load_kwh), snapshot.period[rows]
        minutes = np.round(rows * snapshot.dt_h * 60).astype("timedelta64[m]")
        month = month_of(snapshot.time.astype("datetime64[m]") + minutes)
        table = self.climatology.expected(month, period, periods)
        mid = 0.5 * (snapshot.im_short_past_eur_per_kwh + snapshot.im_long_past_eur_per_kwh)
        days = len(mid) / periods
        if days < 1:
            return table
        past = mid - snapshot.da_past_eur_per_kwh
        own = period_means_of(periods, snapshot.period_past, past)[period]
        mixed: Floats = (self.prior_days * table + days * own) / (self.prior_days + days)
        return mixed


def bet_kwh(
    snapshot: Snapshot,
    period: Ints,
    spread_eur_per_kwh: Floats,
    otherwise_kwh: Floats,
    threshold_eur_per_kwh: float = 0.0,
) -> Floats:
    """(n,) kWh sold: the limit by the sign of the expected spread, where it is large enough.

    Args:
        snapshot: of the gate.
        period: (n,) periods of tomorrow.
        spread_eur_per_kwh: (n,) imbalance price less day-ahead price.
        otherwise_kwh: (n,) bid where less is expected.
        threshold_eur_per_kwh: least expected spread for a bet.
    """
    sells = spread_eur_per_kwh < -threshold_eur_per_kwh
    buys = spread_eur_per_kwh > threshold_eur_per_kwh
    bet = np.where(sells, snapshot.bid_hi_kwh[period], snapshot.bid_lo_kwh[period])
    return np.where(sells | buys, bet, otherwise_kwh)


def charge_on_arrival_climatology() -> Operator:
    """Charging on arrival, with bets."""
    return Operator(ChargeOnArrival(), ClimatologyBidder())


def rolling_mpc_climatology(term_h: int | None = None) -> Operator:
    """The rolling MPC with bets and what the world offers to owners, a tariff by default.

    Args:
        term_h: of another offer, see `vpp_gym.policies.base.with_offer`.
    """
    dispatcher = rolling_mpc(term_h, name="rolling_mpc_tariff" if term_h is None else None)
    return Operator(dispatcher, ClimatologyBidder())


def month_of(clock: np.ndarray) -> Ints:
    """(n,) months of some times, 0 is January."""
    months: Ints = clock.astype("datetime64[M]").astype(np.int64) % MONTHS
    return months


def _means(group: Ints, values: Floats, groups: int) -> tuple[Floats, Floats]:
    """(groups,) means, and the variance of each as days that do not depend on each other."""
    count = np.maximum(np.bincount(group, minlength=groups), 1)
    mean = np.bincount(group, weights=values, minlength=groups) / count
    square = np.bincount(group, weights=(values - mean[group]) ** 2, minlength=groups)
    return mean, square / count / count


def _shrunk(mean: Floats, noise: Floats) -> Floats:
    """Means times the share of their scatter around zero that is not noise."""
    scatter = float((mean**2).mean())
    share = max(1.0 - float(noise.mean()) / scatter, 0.0) if scatter > 0 else 0.0
    return share * mean

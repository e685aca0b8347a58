"""What bidders share: the best bid at known prices, tomorrow's periods, past spreads."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from vpp_gym.arrays import Floats, Ints
from vpp_gym.views import LOAD_MEMORY_DAYS, Snapshot

TIE_EUR_PER_KWH = 1e-12
"""Prices closer than this are equal."""


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
    DA < long, and else covers the load, which is among the best where they are equal.

    Args:
        da_eur_per_kwh: day-ahead price; all arrays broadcast.
        short_eur_per_kwh: imbalance price of a short party.
        long_eur_per_kwh: imbalance price of a long party, <= short.
        load_kwh: net load, + takes from the grid.
        buy_bound_kwh: most that may be bought, >= 0.
        sell_bound_kwh: most that may be sold, >= 0.

    Returns:
        kWh, + sells. Of bids that are as good the one that covers the load: under dual
        pricing one side of the imbalance often costs nothing, and a bet there wins nothing.

    Source: Rahman et al. 2023, Sec. 5, the program's solution under one price.
    """
    bid = np.clip(-load_kwh, -buy_bound_kwh, sell_bound_kwh)
    above = da_eur_per_kwh > short_eur_per_kwh + TIE_EUR_PER_KWH
    below = da_eur_per_kwh < long_eur_per_kwh - TIE_EUR_PER_KWH
    return np.where(above, sell_bound_kwh, np.where(below, -buy_bound_kwh, bid))


def tomorrow(snapshot: Snapshot) -> Ints:
    """Rows of the snapshot's price forecast that belong to tomorrow; may be empty."""
    starts = np.flatnonzero(snapshot.period[1:] == 0)
    first = int(starts[-1]) + 1 if len(starts) else len(snapshot.period)
    return np.arange(first, len(snapshot.period))


def past_spread_by_day(snapshot: Snapshot) -> Floats:
    """(days, periods) EUR/kWh: imbalance minus day-ahead price, less its overall mean.

    Rows as in `by_past_day`.
    """
    mid = 0.5 * (snapshot.im_short_past_eur_per_kwh + snapshot.im_long_past_eur_per_kwh)
    spread = mid - snapshot.da_past_eur_per_kwh
    return by_past_day(snapshot, spread - spread.mean() if len(spread) else spread)


def by_past_day(snapshot: Snapshot, values: Floats) -> Floats:
    """(days, periods) of a (p,) history.

    Row d holds, for every period, its d-th last occurrence; as many rows as the
    rarest period has. Without a full day of history there is one row of zeros.
    """
    periods, period = len(snapshot.expected_load_kwh), snapshot.period_past
    days = int(np.bincount(period, minlength=periods).min()) if len(period) else 0
    if days == 0:
        return np.zeros((1, periods))
    by_line = [values[period == each][-days:] for each in range(periods)]
    return np.stack(by_line, axis=1)[::-1]


def within_limit(snapshot: Snapshot, bids_kwh: Floats) -> Floats:
    """Bids that the market accepts: within the world's bid limit."""
    limit_kwh = snapshot.params.bid_limit_kw * snapshot.dt_h
    return np.clip(bids_kwh, -limit_kwh, limit_kwh)


class Occupancy(NamedTuple):
    """Mean number of connected EVs by period of the day, and the days behind it."""

    mean: Floats
    days: Ints

    def after(self, period: int, connected: int) -> Occupancy:
        """With one more day's count in a period; in the long run the mean forgets."""
        mean, days = self.mean.copy(), self.days.copy()
        days[period] = min(days[period] + 1, LOAD_MEMORY_DAYS)
        mean[period] += (connected - mean[period]) / days[period]
        return Occupancy(mean, days)

    def expected(self) -> Floats:
        """(periods,) EVs; periods not seen yet get the mean of the others."""
        seen = self.days > 0
        return np.where(seen, self.mean, self.mean[seen].mean() if seen.any() else 0.0)

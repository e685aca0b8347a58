"""Two-stage day-ahead bids without a risk term: exact, period by period, by sorting.

Selling x day-ahead and having the load L, a party is short by x + L or long by
-(x + L). Over samples of equal weight it earns on average

    f(x) = mean( DA x - short (x + L)^+ + long (-x - L)^+ ),

which is concave and piecewise linear with its breaks at -L. Its slope is the mean of
DA - long far to the left, and falls by (short - long) / S at each break. So the best x
is the break at which the slope stops being positive: a quantile of -L, in which the
samples weigh short - long.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from vpp_gym.arrays import Floats
from vpp_gym.errors import InvalidInputError


class BidScenarios(NamedTuple):
    """Equally likely scenarios of the periods of a day.

    Attributes:
        da: (s, periods) EUR/kWh day-ahead.
        short: (s, periods) EUR/kWh paid by a short party.
        long: (s, periods) EUR/kWh received by a long party, <= short.
        load_kwh: (s, periods) net load, + takes from the grid.
    """

    da: Floats
    short: Floats
    long: Floats
    load_kwh: Floats


def scenarios_of(
    da: ArrayLike, short: ArrayLike, long: ArrayLike, load_kwh: ArrayLike
) -> BidScenarios:
    """Checked scenarios; the arrays broadcast to (s, periods).

    Raises:
        InvalidInputError: shapes that do not fit, no scenario, numbers that are not
            finite, or a long price above the short one: then bets have no bound.
    """
    given = [np.asarray(values, dtype=np.float64) for values in (da, short, long, load_kwh)]
    try:
        arrays = BidScenarios(*np.broadcast_arrays(*given))
    except ValueError as error:
        shapes = [values.shape for values in given]
        raise InvalidInputError("scenarios", shapes, "give (samples, periods) for each") from error
    if arrays.da.ndim != 2 or not arrays.da.size:
        raise InvalidInputError("scenarios", arrays.da.shape, "give (samples, periods) for each")
    for name, values in arrays._asdict().items():
        if not np.isfinite(values).all():
            raise InvalidInputError(name, "nan or inf", "give finite numbers")
    if (arrays.long > arrays.short).any():
        raise InvalidInputError("long", arrays.long.max(), "must not exceed the short price")
    return arrays


def income_eur(bids_kwh: Floats, scenarios: BidScenarios) -> Floats:
    """(s, periods) EUR from both markets.

    Args:
        bids_kwh: (periods,) sold day-ahead, + sells.
        scenarios: prices and loads.
    """
    short_kwh = bids_kwh + scenarios.load_kwh
    settled = np.where(short_kwh > 0, scenarios.short, scenarios.long) * short_kwh
    return scenarios.da * bids_kwh - settled


def best_bids_kwh(scenarios: BidScenarios, buy_kwh: ArrayLike, sell_kwh: ArrayLike) -> Floats:
    """(periods,) kWh sold that earn most on average; among equals the least that is sold.

    Args:
        scenarios: from `scenarios_of`.
        buy_kwh: (periods,) or one number, most that may be bought, >= 0.
        sell_kwh: (periods,) or one number, most that may be sold, >= 0.

    >>> s = scenarios_of([[0.05]], [[0.08]], [[0.04]], [[1.0], [2.0], [3.0], [4.0]])
    >>> best_bids_kwh(s, buy_kwh=10, sell_kwh=0)
    array([-4.])
    """
    periods = scenarios.da.shape[1]
    low, high = checked_bounds(buy_kwh, sell_kwh, periods)
    order = np.argsort(-scenarios.load_kwh, axis=0, kind="stable")
    breaks = np.take_along_axis(-scenarios.load_kwh, order, axis=0)
    falls = np.take_along_axis(scenarios.short - scenarios.long, order, axis=0)
    first = (scenarios.da - scenarios.long).sum(axis=0)
    slope = np.vstack([first, first - np.cumsum(falls, axis=0)])
    noise = 1e-12 * np.abs(scenarios.da).sum(axis=0) + 1e-15
    stops = slope <= noise
    place = stops.argmax(axis=0)
    bids = np.vstack([low, breaks])[place, np.arange(periods)]
    return np.clip(np.where(stops.any(axis=0), bids, high), low, high)


def checked_bounds(buy_kwh: ArrayLike, sell_kwh: ArrayLike, periods: int) -> tuple[Floats, Floats]:
    """(periods,) least and largest bid.

    Raises:
        InvalidInputError: a bound that is negative or not a number.
    """
    bounds = []
    for name, bound in (("buy_kwh", buy_kwh), ("sell_kwh", sell_kwh)):
        values = np.broadcast_to(np.asarray(bound, dtype=np.float64), periods)
        if not (values >= 0).all() or not np.isfinite(values).all():
            raise InvalidInputError(name, bound, "give finite numbers, at least 0")
        bounds.append(values)
    return -bounds[0], bounds[1]


def in_lots_kwh(
    bids_kwh: Floats,
    scenarios: BidScenarios,
    buy_kwh: ArrayLike,
    sell_kwh: ArrayLike,
    lot_kwh: float,
) -> Floats:
    """(periods,) bids in whole lots within the bounds: the better neighbour of each.

    From the best bids these are the best in lots, since the income is concave in each.

    Raises:
        InvalidInputError: the lot is not positive.
    """
    if not 0 < lot_kwh < np.inf:
        raise InvalidInputError("lot_kwh", lot_kwh, "give a positive energy")
    low, high = checked_bounds(buy_kwh, sell_kwh, len(bids_kwh))
    least, most = np.ceil(low / lot_kwh - 1e-9), np.floor(high / lot_kwh + 1e-9)
    below = np.clip(np.floor(bids_kwh / lot_kwh + 1e-9), least, most)
    above = np.clip(np.ceil(bids_kwh / lot_kwh - 1e-9), least, most)
    gain = income_eur(above * lot_kwh, scenarios) - income_eur(below * lot_kwh, scenarios)
    return np.where(gain.sum(axis=0) > 0, above, below) * lot_kwh

"""Arrivals of a week and stays, for a mix of public, workplace and home chargers.

Public charging is calibrated. The other two are assumed, no record of such chargers was
at hand: their arrivals and stays are the rounded quantiles of those public sessions that
look alike. Workplace: on workdays, arrival from 6 to 10 h, four hours at least, gone
before midnight (11 % of the sessions of 2019). Home: arrival from 15 h on, gone the next
day between 4 and 16 h (16 %). What a car needs follows the public sessions of the same
stay and time of day, the seasons are theirs, too.

Source: ElaadNL open charging transactions, 2019.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vpp_gym.arrays import Floats, Ints
from vpp_gym.scenarios.calibration import Calibration
from vpp_gym.scenarios.quantiles import from_quantiles
from vpp_gym.scenarios.synthetic_params import SiteMix

KINDS = ("public", "workplace", "home")
PROBABILITIES = np.array([0, 0.05, 0.25, 0.5, 0.75, 0.95, 1])
WORKPLACE_ARRIVAL_H = np.array([6, 6.2, 6.7, 7.3, 8, 9.3, 10])
WORKPLACE_STAY_H = np.array([4, 4.2, 5.2, 6.9, 8.6, 10.2, 13])
HOME_ARRIVAL_H = np.array([15, 15.5, 16.9, 18.7, 20.4, 22.4, 24])
HOME_DEPARTURE_H = np.array([4, 5, 6.2, 7.2, 9, 12.8, 16]) + 24
WORKDAYS_ONLY = np.array([7 / 5] * 5 + [0, 0])
EVERY_DAY = np.ones(7)
DAY_TYPE = np.array([0, 0, 0, 0, 0, 1, 2])


@dataclass(frozen=True)
class Week:
    """When sessions arrive, and at which kind of charger.

    Attributes:
        weekday_factor: (7,) arrivals relative to the week's mean, Monday first.
        hour_share: (7, 24) share of the day's arrivals.
        kind_share: (3, 7, 24) share of each of `KINDS` among those who arrive.
    """

    weekday_factor: Floats
    hour_share: Floats
    kind_share: Floats


def week_of(fitted: Calibration, mix: SiteMix) -> Week:
    """The week of a mix of chargers."""
    if mix.public == 1:
        kind_share = np.zeros((3, 7, 24))
        kind_share[0] = 1
        return Week(fitted.weekday_factor, fitted.hour_share[DAY_TYPE], kind_share)
    rate = np.array(
        [
            mix.public * fitted.weekday_factor[:, None] * fitted.hour_share[DAY_TYPE],
            mix.workplace * WORKDAYS_ONLY[:, None] * _hour_share(WORKPLACE_ARRIVAL_H),
            mix.home * EVERY_DAY[:, None] * _hour_share(HOME_ARRIVAL_H),
        ]
    )
    total = rate.sum(axis=0)
    of_day = total.sum(axis=1)
    return Week(of_day, _ratio(total, of_day[:, None]), _ratio(rate, total))


def stay_hours(
    fitted: Calibration, week: Week, weekday: Ints, start_hour: Floats, rank: Floats
) -> Floats:
    """(n,) hours that each car stays, without draws beyond one rank.

    The rank first picks the kind of charger; what is left of it, stretched to [0, 1),
    is the probability in the quantile function of that kind's stay.

    Args:
        fitted: parameters of public charging.
        week: of the mix.
        weekday: (n,) 0 Monday .. 6 Sunday.
        start_hour: (n,) hour of arrival within the day, with its fraction.
        rank: (n,) uniform in [0, 1).
    """
    hour = start_hour.astype(np.int64)
    group = fitted.stay_group[DAY_TYPE].ravel().take(24 * weekday + hour)
    if np.all(week.kind_share[0] == 1):
        return from_quantiles(fitted.levels, fitted.stay_h, group, rank)
    share = week.kind_share[:, weekday, hour]
    upper = np.cumsum(share, axis=0)
    kind = (rank >= upper[:2]).sum(axis=0)
    column = np.arange(len(rank))
    width = share[kind, column]
    within = _ratio(rank - (upper[kind, column] - width), width)
    stays = (
        from_quantiles(fitted.levels, fitted.stay_h, group, within),
        np.interp(within, PROBABILITIES, WORKPLACE_STAY_H),
        np.interp(within, PROBABILITIES, HOME_DEPARTURE_H) - start_hour,
    )
    return np.choose(kind, stays)


def _hour_share(arrival_h: Floats) -> Floats:
    """(24,) share of the arrivals in each hour, from their quantiles."""
    return np.diff(np.interp(np.arange(25), arrival_h, PROBABILITIES))


def _ratio(part: Floats, whole: Floats) -> Floats:
    """Elementwise ratio, 0 where the whole is 0."""
    return np.divide(part, whole, out=np.zeros(np.broadcast(part, whole).shape), where=whole > 0)

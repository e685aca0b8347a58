"""Expected dispatch of a car park's offers, where each car is there with some chance.

The kernels follow the rules of an hour: the lowest minPrice first, among equals the
fullest tank. A car counts with its probability; whether there are enough is uncertain.
"""

from __future__ import annotations

from math import erf, exp, pi, sqrt
from typing import NamedTuple

import numpy as np

from vpp_gym.arrays import Floats, Ints
from vpp_gym.fcev.car_park.contracts import pay_eur_per_kwh
from vpp_gym.kernels import njit

LEVEL_KWH = 1.0
"""Tanks of drivers with one minPrice are told apart to this level."""


class Pool(NamedTuple):
    """Cars of one aggregator on a usual day, lowest minPrice first.

    Attributes:
        first: (25,) where each hour's cars begin in `car` and `chance`.
        car: cars that may be plugged in, hour by hour, in order.
        chance: probability that they are.
        first_come: (25,) where each hour's cars begin in `comes`.
        comes: cars whose stay may begin, hour by hour.
        energy_kwh: (n,) V2G above the reserve at plug-in.
        ask: (n,) minPrice, EUR/kWh, rising.
        margin: (n,) of the driver.
        v2g_kw: of a car.
        lot_kwh: of an offer.
        penalty: for what is sold and not delivered, EUR/kWh.
    """

    first: Ints
    car: Ints
    chance: Floats
    first_come: Ints
    comes: Ints
    energy_kwh: Floats
    ask: Floats
    margin: Floats
    v2g_kw: float
    lot_kwh: float
    penalty: float


def cars_by_hour(presence: Floats) -> tuple[Ints, Ints, Floats, Ints, Ints]:
    """The first five parts of a `Pool` from the (n, 24) probability of each car in its order."""
    here = presence.T > 0.0
    begins = here & ~np.roll(here, 1, axis=0)
    hour, car = np.nonzero(here)
    begin_hour, comes = np.nonzero(begins)
    hours = np.arange(25)
    return (
        np.searchsorted(hour, hours).astype(np.int64),
        car.astype(np.int64),
        presence[car, hour],
        np.searchsorted(begin_hour, hours).astype(np.int64),
        comes.astype(np.int64),
    )


@njit
def shortfall_kwh(sold_kwh: float, mean_kwh: float, sd_kwh: float) -> float:
    """Expected energy that is missing where the cars can give N(mean, sd).

    >>> round(shortfall_kwh(100.0, 100.0, 10.0), 3), shortfall_kwh(120.0, 100.0, 0.0)
    (3.989, 20.0)
    """
    gap = sold_kwh - mean_kwh
    if sd_kwh <= 1e-9:
        return max(gap, 0.0)
    z = gap / sd_kwh
    density = exp(-0.5 * z * z) / sqrt(2.0 * pi)
    return gap * 0.5 * (1.0 + erf(z / sqrt(2.0))) + sd_kwh * density


@njit(allocates=True, internal=True)
def last_level(
    cars: Ints, chance: Floats, needed_kwh: float, v2g_kw: float, left_kwh: Floats
) -> tuple[int, float]:
    """Level from which cars of one minPrice serve, and the share that those at it give."""
    if needed_kwh <= 0.0:
        return 1 << 30, 0.0
    if len(cars) == 1:
        one_kwh = chance[0] * min(left_kwh[cars[0]], v2g_kw)
        return int(left_kwh[cars[0]] / LEVEL_KWH), min(needed_kwh / max(one_kwh, 1e-9), 1.0)
    top = 0
    for i in cars:
        top = max(top, int(left_kwh[i] / LEVEL_KWH))
    could_kwh = np.zeros(top + 1)
    for place, i in enumerate(cars):
        could_kwh[int(left_kwh[i] / LEVEL_KWH)] += chance[place] * min(left_kwh[i], v2g_kw)
    for level in range(top, -1, -1):
        if could_kwh[level] >= needed_kwh:
            return level, needed_kwh / could_kwh[level]
        needed_kwh -= could_kwh[level]
    return 0, 1.0


@njit(allocates=True)
def serve(sold_kwh: float, price: float, hour: int, pool: Pool, left_kwh: Floats) -> float:
    """Expected EUR of an hour in which this much was sold.

    Args:
        sold_kwh: in the hour.
        price: of the market, EUR/kWh.
        hour: of the day.
        pool: of cars.
        left_kwh: (n,) of each car, should it be there; changed.
    """
    rows = slice(pool.first[hour], pool.first[hour + 1])
    cars, chance, ask = pool.car[rows], pool.chance[rows], pool.ask
    needed_kwh, pay_eur, mean_kwh, variance, place = sold_kwh, 0.0, 0.0, 0.0, 0
    while place < len(cars) and mean_kwh - 4.0 * sqrt(variance) < sold_kwh:
        end = place + 1
        while end < len(cars) and ask[cars[end]] == ask[cars[place]]:
            end += 1
        level, share = last_level(
            cars[place:end], chance[place:end], needed_kwh, pool.v2g_kw, left_kwh
        )
        for at in range(place, end):
            i, here = cars[at], chance[at]
            could_kwh, mine = min(left_kwh[i], pool.v2g_kw), int(left_kwh[i] / LEVEL_KWH)
            mean_kwh += here * could_kwh
            variance += here * (1.0 - here) * could_kwh * could_kwh
            if mine >= level:
                gives_kwh = could_kwh * (share if mine == level else 1.0)
                left_kwh[i] -= gives_kwh
                needed_kwh -= here * gives_kwh
                pay_eur += here * gives_kwh * pay_eur_per_kwh(price, ask[i], pool.margin[i])
        place = end
    short_kwh = min(shortfall_kwh(sold_kwh, mean_kwh, sqrt(variance)), sold_kwh)
    # What is short although enough was expected is not paid to drivers either.
    pay_eur *= (sold_kwh - short_kwh) / max(sold_kwh - max(needed_kwh, 0.0), 1e-9)
    return price * (sold_kwh - short_kwh) - pay_eur - pool.penalty * short_kwh


@njit(allocates=True)
def day_eur(sold_kwh: Floats, price: Floats, pool: Pool, left_kwh: Floats) -> float:
    """Expected EUR of the hours of a day on which this much was sold.

    Args:
        sold_kwh: (24,) by hour.
        price: (24,) of the market, EUR/kWh.
        pool: of cars.
        left_kwh: (n,) of each car when the day begins; changed to when it ends.
    """
    eur = 0.0
    for hour in range(24):
        for at in range(pool.first_come[hour], pool.first_come[hour + 1]):
            left_kwh[pool.comes[at]] = pool.energy_kwh[pool.comes[at]]
        if sold_kwh[hour] > 0.0:
            eur += serve(sold_kwh[hour], price[hour], hour, pool, left_kwh)
    return eur

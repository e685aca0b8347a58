"""Offers of a car park that earn most in the mean of some scenarios of tomorrow's prices.

A local search. It begins with all that may be offered in every hour in which a price may
cover the cheapest car, and changes hour by hour what pays: fewer lots, or a higher price
asked, where cars may be missing or their energy is worth more in another hour.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from vpp_gym.arrays import Floats, Ints
from vpp_gym.fcev.car_park.expected_dispatch import Pool, day_eur
from vpp_gym.kernels import njit, total


class Offers(NamedTuple):
    """Tomorrow's offers, and what they come to in each scenario.

    Attributes:
        lots: (24,).
        limit: (24,) least prices, EUR/kWh.
        sold_kwh: (scenarios, 24).
        eur: (scenarios,).
    """

    lots: Ints
    limit: Floats
    sold_kwh: Floats
    eur: Floats


class Choices(NamedTuple):
    """What the search may choose from.

    Attributes:
        most_lots: (24,) that may be offered.
        shares: of these lots.
        asked: least prices, EUR/kWh; the lowest first.
    """

    most_lots: Ints
    shares: Floats
    asked: Floats


@njit(allocates=True)
def best_offers(
    choices: Choices, prices: Floats, pool: Pool, midnight_kwh: Floats, sweeps: int
) -> tuple[Ints, Floats]:
    """(24,) lots and (24,) EUR/kWh, least prices.

    Args:
        choices: what may be offered.
        prices: (scenarios, 24) EUR/kWh.
        pool: of cars.
        midnight_kwh: (n,) left of each car when tomorrow begins.
        sweeps: at most, through all hours, those with the lowest prices first.
    """
    lots = np.zeros(24, np.int64)
    open_hours = prices_by_hour(prices, choices)
    lots[open_hours] = choices.most_lots[open_hours]
    limit = np.full(24, choices.asked[0])
    offers = Offers(lots, limit, np.zeros(prices.shape), np.zeros(len(prices)))
    for hour in open_hours:
        offers.sold_kwh[:, hour] = sold_kwh(hour, offers.lots[hour], limit[hour], prices, pool)
    for s in range(len(prices)):
        offers.eur[s] = day_eur(offers.sold_kwh[s], prices[s], pool, midnight_kwh.copy())
    for _ in range(sweeps):
        changed = False
        for hour in open_hours:
            for share in choices.shares:
                tried = int(share * choices.most_lots[hour])
                changed |= improve(hour, tried, limit[hour], offers, prices, pool, midnight_kwh)
            for asked in choices.asked:
                changed |= improve(hour, lots[hour], asked, offers, prices, pool, midnight_kwh)
        if not changed:
            break
    return lots, limit


@njit(allocates=True, internal=True)
def prices_by_hour(prices: Floats, choices: Choices) -> Ints:
    """Hours in which an offer may be taken, those with the lowest mean price first."""
    mean, most = np.empty(24), np.empty(24)
    for hour in range(24):
        mean[hour] = total(prices[:, hour]) / len(prices)
        most[hour] = prices[:, hour].max()
    order = np.argsort(mean, kind="mergesort")
    return order[(most[order] >= choices.asked[0]) & (choices.most_lots[order] > 0)]


@njit(allocates=True)
def sold_kwh(hour: int, lots: int, limit: float, prices: Floats, pool: Pool) -> Floats:
    """(scenarios,) kWh that the market takes of an hour's offer."""
    return np.where(prices[:, hour] >= limit, lots * pool.lot_kwh, 0.0)


@njit(allocates=True, internal=True)
def improve(
    hour: int,
    lots: int,
    limit: float,
    offers: Offers,
    prices: Floats,
    pool: Pool,
    midnight_kwh: Floats,
) -> bool:
    """Take another offer of an hour if it earns more in the mean; whether it does."""
    tried, was, eur = sold_kwh(hour, lots, limit, prices, pool), offers.sold_kwh, offers.eur.copy()
    for s in range(len(prices)):
        if tried[s] != was[s, hour]:
            day_kwh = was[s].copy()
            day_kwh[hour] = tried[s]
            eur[s] = day_eur(day_kwh, prices[s], pool, midnight_kwh.copy())
    if total(eur) <= total(offers.eur) + 1e-6:
        return False
    offers.lots[hour], offers.limit[hour] = lots, limit
    offers.sold_kwh[:, hour], offers.eur[:] = tried, eur
    return True

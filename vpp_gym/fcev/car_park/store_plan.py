"""When to make hydrogen tomorrow: exact on a grid of lots, for a store that drivers empty.

A store has room for a day or so. What is made counts at the price of hydrogen, but it
takes room in which cheaper power of a later day could be stored.
"""

from __future__ import annotations

import numpy as np

from vpp_gym.arrays import Floats, Ints
from vpp_gym.kernels import njit


def room_eur(cells: int, lot_value_eur: float) -> Floats:
    """(cells + 1,) EUR: what a store loses on later days by being filled to each level.

    The next lot to a level x of the store loses the share x squared of its value.

    Args:
        cells: lots that the store holds.
        lot_value_eur: of a lot of power turned into hydrogen, EUR.
    """
    level = np.arange(cells + 1) / cells
    return lot_value_eur * cells * level**3 / 3.0


@njit(allocates=True)
def best_bids(
    price: Floats, lot_value_eur: float, refill: Floats, stock: float, most: int, room: Floats
) -> tuple[Ints, Floats]:
    """(24,) lots to buy, and (24,) highest prices in EUR per lot.

    Beyond what the plan buys at the expected prices, hours bid for what would fit even if
    every bid were taken: at their highest price it pays whatever happens.

    Args:
        price: (24,) expected, EUR per lot.
        lot_value_eur: of a lot of power turned into hydrogen, EUR.
        refill: (24,) lots' worth of hydrogen that drivers take in each hour.
        stock: lots' worth in the store when the day begins.
        most: lots per hour.
        room: EUR lost by what is in the store when the day ends, see `room_eur`.
    """
    value, best = store_value(price, lot_value_eur, refill, most, room)
    lots, limit, last = np.zeros(24, np.int64), np.zeros(24), len(room) - 1
    left = stock
    for hour in range(24):
        level = int(left + 0.5)
        left = max(left - refill[hour], 0.0)
        lots[hour] = min(best[hour, level], int(last - left))
        at = min(level, last - 1) - (1 if lots[hour] > 0 and level > 0 else 0)
        limit[hour] = lot_value_eur + value[hour + 1, at + 1] - value[hour + 1, at]
        left += lots[hour]
    for hour in np.argsort(price, kind="mergesort"):
        while lots[hour] < most and fits(lots, hour, refill, stock, last):
            lots[hour] += 1
    return lots, limit


@njit(allocates=True)
def store_value(
    price: Floats, lot_value_eur: float, refill: Floats, most: int, room: Floats
) -> tuple[Floats, Ints]:
    """(25, levels) EUR from each hour and level on, and (24, levels) lots to buy."""
    levels = len(room)
    value, best = np.empty((25, levels)), np.zeros((24, levels), np.int64)
    value[24] = -room
    for hour in range(23, -1, -1):
        for level in range(levels):
            left = max(level - refill[hour], 0.0)
            low = int(left)
            part, most_eur = left - low, -np.inf
            for lots in range(min(most, levels - 1 - int(np.ceil(left))) + 1):
                at = low + lots
                after = value[hour + 1, at]
                if part > 0.0:
                    after += part * (value[hour + 1, at + 1] - after)
                eur = lots * (lot_value_eur - price[hour]) + after
                if eur > most_eur + 1e-12:
                    most_eur, best[hour, level] = eur, lots
            value[hour, level] = most_eur
    return value, best


@njit
def fits(lots: Ints, more_at: int, refill: Floats, stock: float, most: int) -> bool:
    """Whether the store has room for all lots and one more of an hour."""
    left = stock
    for hour in range(24):
        left = max(left - refill[hour], 0.0) + lots[hour] + (1 if hour == more_at else 0)
        if left > most:
            return False
    return True

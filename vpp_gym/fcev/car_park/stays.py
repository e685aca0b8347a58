"""What cars of one car park do: refill, plug in, and give what was sold.

Kernels on the rows of one run; `vpp_gym.fcev.car_park.transition` books what they return.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from vpp_gym.arrays import Bools, Floats, Ints
from vpp_gym.fcev.car_park.contracts import driver_margin, pay_eur_per_kwh
from vpp_gym.fcev.fuel_cell import available_kwh
from vpp_gym.kernels import njit

NEGLIGIBLE_KWH = 1e-9


class Cell(NamedTuple):
    """The fuel cell and tank that all cars have, and what their drivers keep."""

    kwh_per_kg: float
    v2g_kw: float
    cost_eur_per_kwh: float
    tank_kg: float
    reserve_kg: float


class Tiers(NamedTuple):
    """Margins by the level of the tank at plug-in, see `driver_margin`."""

    levels: Floats
    margins: Floats


class Paid(NamedTuple):
    """What drivers are paid.

    Attributes:
        min_price: (n,) EUR/kWh.
        margin: (n,) of the stay.
        top_margin: the highest of the contract.
    """

    min_price: Floats
    margin: Floats
    top_margin: float


class Service(NamedTuple):
    """What some cars gave in an hour."""

    v2g_kwh: float
    pay_eur: float
    best_pay_eur: float
    below_min_price_kwh: float


@njit
def leave(cars: Ints, usual_kg: Floats, tank_kg: Floats, plugged: Bools) -> float:
    """Cars leave and refill to their usual level.

    Returns:
        kg refilled.
    """
    refilled_kg = 0.0
    for i in cars:
        missing_kg = max(usual_kg[i] - tank_kg[i], 0.0)
        tank_kg[i] += missing_kg
        plugged[i] = False
        refilled_kg += missing_kg
    return refilled_kg


@njit(internal=True)
def plug_in(
    cars: Ints,
    trip_kg: Floats,
    full_kg: float,
    tiers: Tiers,
    tank_kg: Floats,
    plugged: Bools,
    plug_in_kg: Floats,
    margin: Floats,
) -> float:
    """Cars come and have driven; the level of their tank sets the margin of the stay.

    Args:
        cars: that come.
        trip_kg: (n,) hydrogen of each car's trip.
        full_kg: capacity of a tank.
        tiers: of the contract.
        tank_kg: (n,), changed.
        plugged: (n,), changed.
        plug_in_kg: (n,), changed.
        margin: (n,), changed.

    Returns:
        kg driven.
    """
    all_kg = 0.0
    for i in cars:
        driven_kg = min(trip_kg[i], tank_kg[i])
        tank_kg[i] -= driven_kg
        plugged[i] = True
        plug_in_kg[i] = tank_kg[i]
        margin[i] = driver_margin(tank_kg[i] / full_kg, tiers.levels, tiers.margins)
        all_kg += driven_kg
    return all_kg


@njit(allocates=True)
def serving(
    order: Ints,
    tie_end: Ints,
    needed_kwh: float,
    cell: Cell,
    tank_kg: Floats,
    plugged: Bools,
) -> Ints:
    """Plugged-in cars in the order in which they serve, as far as they are needed.

    The lowest minPrice first, among equals the fullest tank. Cars of one minPrice that
    all give their full power stand in any order but for the last.

    Args:
        order: (n,) cars, lowest minPrice first.
        tie_end: (n,) place in that order behind the last car of the same minPrice.
        needed_kwh: to be served in this hour.
        cell: of the cars.
        tank_kg: (n,).
        plugged: (n,).
    """
    cars, count, place, left_kwh = np.empty_like(order), 0, 0, needed_kwh
    while left_kwh > NEGLIGIBLE_KWH and place < len(order):
        begin, end = count, tie_end[place]
        while place < end:
            if plugged[order[place]]:
                cars[count] = order[place]
                count += 1
            place += 1
        if count > begin + 1:
            count = begin + fullest_first(cars[begin:count], left_kwh, cell, tank_kg)
        for position in range(begin, count):
            left_kwh -= could_kwh(tank_kg[cars[position]], cell)
    return cars[:count]


@njit
def could_kwh(tank_kg: float, cell: Cell) -> float:
    """What a car can give in an hour."""
    return available_kwh(tank_kg, cell.reserve_kg, cell.kwh_per_kg, cell.v2g_kw)


@njit(internal=True)
def together_kwh(cars: Ints, cell: Cell, tank_kg: Floats) -> float:
    """What some cars can give in an hour."""
    total_kwh = 0.0
    for i in cars:
        total_kwh += could_kwh(tank_kg[i], cell)
    return total_kwh


@njit(allocates=True, internal=True)
def fullest_first(cars: Ints, needed_kwh: float, cell: Cell, tank_kg: Floats) -> int:
    """Rearrange cars such that the first ones are the fullest, and say how many are needed."""
    most = int(np.ceil(needed_kwh / cell.v2g_kw - NEGLIGIBLE_KWH))
    if most < len(cars):
        select_fullest(cars, most, tank_kg)
        if together_kwh(cars[:most], cell, tank_kg) >= needed_kwh - NEGLIGIBLE_KWH:
            return most
    elif together_kwh(cars, cell, tank_kg) <= needed_kwh:
        return len(cars)
    cars[:] = cars[np.argsort(-tank_kg[cars], kind="mergesort")]
    return len(cars)


@njit
def select_fullest(cars: Ints, most: int, tank_kg: Floats) -> None:
    """Rearrange cars: the `most` fullest come first, the emptiest of these at their end.

    Source: Hoare 1961, Algorithm 65: Find.
    """
    low, high, target = 0, len(cars) - 1, most - 1
    while low < high:
        pivot_kg = tank_kg[cars[target]]
        left, right = low, high
        while left <= right:
            while tank_kg[cars[left]] > pivot_kg:
                left += 1
            while tank_kg[cars[right]] < pivot_kg:
                right -= 1
            if left <= right:
                cars[left], cars[right] = cars[right], cars[left]
                left += 1
                right -= 1
        if right < target:
            low = left
        if target < left:
            high = right


@njit
def serve(
    cars: Ints,
    sold_kwh: float,
    market: float,
    cell: Cell,
    paid: Paid,
    tank_kg: Floats,
    earned_eur: Floats,
    given_kwh: Floats,
) -> Service:
    """Cars give what was sold, one after the other; their drivers are paid.

    Args:
        cars: in the order in which they serve.
        sold_kwh: for this hour.
        market: price, EUR/kWh.
        cell: of the cars.
        paid: to their drivers.
        tank_kg: (n,), changed.
        earned_eur: (n,), changed.
        given_kwh: (n,), changed.
    """
    left_kwh, all_pay, all_best, below_kwh = sold_kwh, 0.0, 0.0, 0.0
    min_price, margin, top_margin = paid.min_price, paid.margin, paid.top_margin
    for i in cars:
        if left_kwh <= NEGLIGIBLE_KWH:
            break
        gives_kwh = min(could_kwh(tank_kg[i], cell), left_kwh)
        pay = gives_kwh * pay_eur_per_kwh(market, min_price[i], margin[i])
        left_kwh -= gives_kwh
        tank_kg[i] -= gives_kwh / cell.kwh_per_kg
        earned_eur[i] += pay - gives_kwh * cell.cost_eur_per_kwh
        given_kwh[i] += gives_kwh
        all_pay += pay
        all_best += gives_kwh * pay_eur_per_kwh(market, min_price[i], top_margin)
        if min_price[i] > market + 1e-12:
            below_kwh += gives_kwh
    return Service(sold_kwh - max(left_kwh, 0.0), all_pay, all_best, below_kwh)

"""The scenarios of a batch of car parks as arrays, sorted so that an hour is fast."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from vpp_gym.arrays import Bools, Floats, Ints, read_only
from vpp_gym.fcev.calendar import HOURS, NOON, day_types, winter
from vpp_gym.fcev.car_park.parking import Drivers, share_gone, usual_returns


class Moves(NamedTuple):
    """Cars that come or leave, hour by hour.

    Attributes:
        first: (K, hours + 1) where each hour's cars begin in `car`.
        car: cars of all scenarios and hours, in each hour by number.
    """

    first: Ints
    car: Ints


class Dataset(NamedTuple):
    """K scenarios as arrays; the same shapes in all.

    Attributes:
        da: (K, hours) day-ahead price, EUR/kWh.
        forecast: (K, hours) the same as expected at 12:00 on the day before.
        parked: (K, n, hours) the car is plugged in.
        comes: cars that plug in.
        leaves: cars that leave.
        trip_kg: (K, days, n) hydrogen used before the stay that begins on this day.
        usual_kg: (K, n) level to which a driver refills.
        min_price: (K, n) EUR/kWh.
        order: (K, n) cars, lowest minPrice first.
        asked: (K, n) EUR/kWh, minPrices in that order.
        tie_end: (K, n) place in that order behind the last car of the same minPrice.
        cars: (K, 2, 24) cars expected to be plugged in, by kind of day.
        presence: (K, 2, 24, n) probability that a car is plugged in, by kind of day;
            cars in that order.
        gone: (K, 2, 2, 24, 24) share of those plugged in at an hour of today who will
            have left by an hour of tomorrow, by the kinds of both days.
        returns: (K, 2, 2, 24) stays expected to begin after 12:00 and end by then.
        kind: (days + 2,) 0 on weekdays, 1 at weekends.
        winter: (days + 2,) 1 at midwinter, -1 at midsummer.
    """

    da: Floats
    forecast: Floats
    parked: Bools
    comes: Moves
    leaves: Moves
    trip_kg: Floats
    usual_kg: Floats
    min_price: Floats
    order: Ints
    asked: Floats
    tie_end: Ints
    cars: Floats
    presence: Floats
    gone: Floats
    returns: Floats
    kind: Ints
    winter: Floats


def dataset_of(
    da: Sequence[Floats],
    forecast: Sequence[Floats],
    drivers: Sequence[Drivers],
    start: np.datetime64,
) -> Dataset:
    """The dataset of some scenarios that begin on the same day; its arrays are read-only.

    Args:
        da: (hours,) EUR/kWh of each scenario.
        forecast: (hours,) EUR/kWh of each scenario.
        drivers: of each scenario.
        start: first day.
    """
    parked = np.stack([one.parked for one in drivers])
    before = np.concatenate([np.zeros_like(parked[:, :, :1]), parked[:, :, :-1]], axis=2)
    min_price = np.stack([one.min_price_eur_per_kwh for one in drivers])
    order = np.argsort(min_price, axis=1, kind="stable")
    asked = np.take_along_axis(min_price, order, axis=1)
    n_days = len(da[0]) // HOURS
    dataset = Dataset(
        da=np.stack(da),
        forecast=np.stack(forecast),
        parked=parked,
        comes=_moves(parked & ~before),
        leaves=_moves(before & ~parked),
        trip_kg=np.stack([one.trip_kg.T for one in drivers]),
        usual_kg=np.stack([one.usual_kg for one in drivers]),
        min_price=min_price,
        order=order,
        asked=asked,
        tie_end=np.stack([_tie_end(row) for row in asked]),
        cars=np.stack([one.usual.sum(axis=0) for one in drivers]),
        presence=np.stack(
            [one.usual[row].transpose(1, 2, 0) for one, row in zip(drivers, order, strict=True)]
        ),
        gone=np.stack([share_gone(one.usual) for one in drivers]),
        returns=np.stack([usual_returns(one.usual, NOON) for one in drivers]),
        kind=day_types(n_days + 2, start),
        winter=winter(n_days + 2, start),
    )
    for part in (*dataset, *dataset.comes, *dataset.leaves):
        if isinstance(part, np.ndarray):
            read_only(part)
    return dataset


def _moves(happens: Bools) -> Moves:
    """Of a (K, n, hours) mask."""
    worlds, _, hours = happens.shape
    count = happens.sum(axis=1)
    ends = np.cumsum(count).reshape(worlds, hours)
    first = np.concatenate([ends[:, :1] - count[:, :1], ends], axis=1)
    _, _, car = np.nonzero(np.moveaxis(happens, 2, 1))
    return Moves(first.astype(np.int64), car.astype(np.int64))


def _tie_end(price: Floats) -> Ints:
    """For rising prices, where those equal to each end.

    >>> _tie_end(np.array([1.0, 2.0, 2.0, 3.0])).tolist()
    [1, 3, 3, 4]
    """
    return np.searchsorted(price, price, side="right").astype(np.int64)

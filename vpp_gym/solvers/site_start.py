"""Where the plan of many cars begins: at that of a few, each of which stands for many.

Cars that may discharge or not, leave in the same block, are in the same groups of chargers and
need about the same share of their stay to charge are one class. One large car for each class makes
a program a fraction as large. Which of its columns and rows lie at a bound is taken over to those
of every car of the class: a basis from which the dual simplex method has a tenth of the way left.
The plan is that of the whole program; nothing of the classes remains in it.
"""

from __future__ import annotations

from dataclasses import replace

import highspy
import numpy as np

from vpp_gym.arrays import Bools, Floats, Ints
from vpp_gym.solvers.site_lp import Cars
from vpp_gym.solvers.site_program import Of, Program

MANY_CARS = 200
"""From so many on a plan begins this way. Smaller ones would gain little, and among equally cheap
plans the others are chosen with which results were made."""
NEED_LEVELS = 4
"""Of how much of its stay a car charges: quarters, and all of it."""


def classes_of(cars: Cars, blocks: Ints, may_give: Bools) -> Ints:
    """(n,) number of the class of each car.

    Args:
        cars: to be planned.
        blocks: (n,) blocks of each car's stay.
        may_give: (n,) whether it may ever discharge.
    """
    missing = np.maximum(cars.target_kwh - cars.energy_kwh, 0.0)
    could = cars.charge_eff * np.maximum(cars.charge_kwh, 1e-9) * cars.steps
    level = np.minimum(NEED_LEVELS * missing / could, NEED_LEVELS).astype(np.int64)
    keys = [blocks, may_give, level]
    if cars.in_group is not None:
        keys.extend(cars.in_group.T)
    _, numbers = np.unique(np.stack(keys, axis=1), axis=0, return_inverse=True)
    return np.asarray(numbers, dtype=np.int64).ravel()


def one_for_many(cars: Cars, number: Ints, may_give: Bools) -> Cars:
    """A large car for each class, whose limits are the sums of those of its cars.

    Args:
        cars: n of them.
        number: (n,) class of each.
        may_give: (n,) whether it may ever discharge.
    """
    n = int(number.max()) + 1
    first = np.unique(number, return_index=True)[1]
    steps = np.zeros(n, dtype=np.int64)
    np.maximum.at(steps, number, cars.steps)
    size = np.bincount(number).astype(np.float64)

    def total(values: Floats) -> Floats:
        sums = np.zeros((n, *values.shape[1:]))
        np.add.at(sums, number, values)
        return sums

    return replace(
        cars,
        steps=steps,
        energy_kwh=total(cars.energy_kwh),
        min_kwh=total(np.minimum(cars.min_kwh, cars.energy_kwh)),
        max_kwh=total(np.maximum(cars.max_kwh, cars.energy_kwh)),
        target_kwh=total(cars.target_kwh),
        charge_kwh=total(cars.charge_kwh),
        discharge_kwh=total(cars.discharge_kwh),
        contract_kwh=total(np.where(may_give, cars.contract_kwh, 0.0)),
        pay_eur_per_kwh=total(cars.pay_eur_per_kwh) / size[:, None],
        # What some must charge takes nothing from what others may discharge.
        lo_kwh=total(np.where(may_give, np.minimum(cars.lo_kwh, 0.0), cars.lo_kwh)),
        hi_kwh=total(cars.hi_kwh),
        rise_lines=None,
        in_group=None if cars.in_group is None else cars.in_group[first],
    )


def mean_of_classes(values: Floats, number: Ints) -> Floats:
    """(C, H) means of (n, H) values over the cars of each class."""
    sums = np.zeros((int(number.max()) + 1, values.shape[1]))
    np.add.at(sums, number, values)
    means: Floats = sums / np.bincount(number)[:, None]
    return means


def basis_from(
    highs: highspy.Highs, few: Program, many: Program, number: Ints
) -> highspy.HighsBasis:
    """The basis of a program with a car for each class, taken over to that of all cars.

    Args:
        highs: has solved `few`.
        few: of the classes.
        many: of the cars, built in the same way.
        number: (n,) class of each car.
    """
    found, status = highs.getBasis(), highspy.HighsBasisStatus
    basis = highspy.HighsBasis()
    basis.col_status = _taken_over(
        found.col_status, few.of_columns, many.of_columns, number, status.kLower
    )
    basis.row_status = _taken_over(
        found.row_status, few.of_rows, many.of_rows, number, status.kBasic
    )
    basis.valid = True
    basis.alien = True  # as many are basic as there are rows only by chance: HiGHS mends that
    return basis


def _taken_over(
    known: list[highspy.HighsBasisStatus],
    few: list[tuple[int, Of | None]],
    many: list[tuple[int, Of | None]],
    number: Ints,
    otherwise: highspy.HighsBasisStatus,
) -> list[highspy.HighsBasisStatus]:
    """Status of each column, or row, of the larger program, part by part."""
    result: list[highspy.HighsBasisStatus] = []
    begin, classes = 0, np.append(np.arange(len(number)), -1)
    number = np.append(number, -1)
    for (n_few, of_few), (n_many, of_many) in zip(few, many, strict=True):
        own, wanted = _codes(n_few, of_few, classes), _codes(n_many, of_many, number)
        order = np.argsort(own, kind="stable")
        place = np.searchsorted(own[order], wanted)
        inside = np.minimum(place, max(n_few - 1, 0))
        there = (own[order][inside] == wanted) if n_few else np.zeros(n_many, dtype=np.bool_)
        source = begin + (order[inside] if n_few else inside)
        pairs = zip(source.tolist(), there.tolist(), strict=True)
        result.extend(known[k] if found else otherwise for k, found in pairs)
        begin += n_few
    return result


def _codes(n: int, of: Of | None, number: Ints) -> Ints:
    """(n,) one number for class and block; -1 is the class of what is the site's."""
    if of is None:
        return np.arange(n)
    car, block = of
    codes: Ints = ((number[car] + 1) << 32) + block
    return codes

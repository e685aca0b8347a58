"""Checked limits of one EV or a fleet, as the kernels take them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from vpp_gym.errors import InvalidInputError
from vpp_gym.solvers.segments import Floats


class Rules(NamedTuple):
    """What all EVs share.

    Attributes:
        charge_eff: in (0, 1].
        discharge_eff: in (0, 1].
        shortfall_eur_per_kwh: EUR per kWh of battery energy missing at departure.
    """

    charge_eff: float
    discharge_eff: float
    shortfall_eur_per_kwh: float


class Ev(NamedTuple):
    """One EV; energies of the battery are stored kWh, all others kWh at the meter.

    Attributes:
        energy_kwh: stored now.
        min_kwh: lower limit of the stored energy.
        max_kwh: upper limit of the stored energy.
        late_max_kwh: behind the contract's window, no charging beyond this.
        target_kwh: to be stored after the last step.
        discharge_kwh: limit per step.
        discharge_steps: the contract's window.
        contract_kwh: most that may be discharged in all.
        steps: to departure.
    """

    energy_kwh: float
    min_kwh: float
    max_kwh: float
    late_max_kwh: float
    target_kwh: float
    discharge_kwh: float
    discharge_steps: float
    contract_kwh: float
    steps: float


LOWEST = {"discharge_kwh": 0.0, "steps": 1.0}
WHOLE = ("discharge_steps", "steps")


def checked_fleet(n: int, **columns: ArrayLike) -> Floats:
    """(n, 9) one row per EV, in the order of `Ev`'s fields.

    Args:
        n: number of EVs.
        columns: (n,) or one number for each field of `Ev`.

    Raises:
        InvalidInputError: not finite, negative where that has no meaning, part
            of a step, lengths that do not match, an empty window of energy.
    """
    table = np.empty((n, len(Ev._fields)))
    for k, name in enumerate(Ev._fields):
        column = columns[name]
        if np.ndim(column) > 1 or np.size(column) not in (1, n):
            raise InvalidInputError(name, np.shape(column), f"give ({n},) or one number")
        table[:, k] = column
    _check_table(table)
    return table


def _check_table(table: Floats) -> None:
    if not np.isfinite(table).all():
        name = Ev._fields[int(np.argmin(np.isfinite(table).all(axis=0)))]
        raise InvalidInputError(name, "nan or inf", "give finite numbers")
    for name, low in LOWEST.items():
        column = table[:, Ev._fields.index(name)]
        if (column < low).any():
            raise InvalidInputError(name, column.min(), f"give at least {low}")
    for name in WHOLE:
        column = table[:, Ev._fields.index(name)]
        if (column != np.rint(column)).any():
            raise InvalidInputError(name, column, "give whole steps")
    if (table[:, 1] > table[:, 2]).any():
        raise InvalidInputError("min_kwh", table[:, 1], "must not exceed max_kwh")


def checked_rules(charge_eff: float, discharge_eff: float, shortfall_eur_per_kwh: float) -> Rules:
    """Rules with both efficiencies in (0, 1] and a finite penalty that is not negative."""
    for name, value in (("charge_eff", charge_eff), ("discharge_eff", discharge_eff)):
        if not 0.0 < value <= 1.0:
            raise InvalidInputError(name, value, "give a fraction above 0, at most 1")
    if not 0.0 <= shortfall_eur_per_kwh < np.inf:
        remedy = "give a finite number, at least 0"
        raise InvalidInputError("shortfall_eur_per_kwh", shortfall_eur_per_kwh, remedy)
    return Rules(float(charge_eff), float(discharge_eff), float(shortfall_eur_per_kwh))


def checked_prices(buy: ArrayLike, sell: ArrayLike) -> tuple[Floats, Floats]:
    """Two arrays of finite prices of one length, at least one step."""
    pair = np.array(buy, dtype=float), np.array(sell, dtype=float)
    if pair[0].ndim != 1 or pair[0].shape != pair[1].shape or not pair[0].size:
        shapes = (pair[0].shape, pair[1].shape)
        raise InvalidInputError("buy, sell", shapes, "give one price of each per step")
    if not (np.isfinite(pair[0]).all() and np.isfinite(pair[1]).all()):
        raise InvalidInputError("buy, sell", "nan or inf", "give finite prices")
    return pair


def checked_charge(charge_kwh: ArrayLike, n: int, steps: int) -> Floats:
    """(n or 1, T or 1) limit of charging at the meter.

    Raises:
        InvalidInputError: an array that fits neither the EVs nor the steps, NaN
            or a negative limit.
    """
    charge = np.array(charge_kwh, dtype=float, ndmin=2)
    if charge.ndim != 2 or charge.shape[0] not in (1, n) or charge.shape[1] not in (1, steps):
        shape = np.shape(charge_kwh)
        raise InvalidInputError("charge_kwh", shape, f"does not fit {n} EVs and {steps} steps")
    if not (np.isfinite(charge).all() and (charge >= 0).all()):
        raise InvalidInputError("charge_kwh", charge_kwh, "give finite numbers, at least 0")
    return charge

"""Checked limits of one EV or a fleet, as the kernels take them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vpp_gym.errors import InvalidInputError
from vpp_gym.solvers.segments import Floats

Ints = NDArray[np.int64]


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
    """One EV; energies of the battery are stored kWh, all others kWh at the meter."""

    energy_kwh: float
    min_kwh: float
    max_kwh: float
    target_kwh: float
    discharge_kwh: float
    discharge_steps: int
    contract_kwh: float


class Fleet(NamedTuple):
    """The EVs of a fleet, one array (n,) per limit of `Ev`, and their last steps."""

    energy_kwh: Floats
    min_kwh: Floats
    max_kwh: Floats
    target_kwh: Floats
    discharge_kwh: Floats
    discharge_steps: Ints
    contract_kwh: Floats
    steps: Ints


LOWEST = {"charge_kwh": 0.0, "discharge_kwh": 0.0, "shortfall_eur_per_kwh": 0.0, "steps": 1.0}


def checked_fleet(**columns: ArrayLike) -> Fleet:
    """The columns broadcast to one length and checked.

    Raises:
        InvalidInputError: not finite, negative where that has no meaning, part
            of a step, lengths that do not match, an empty window of energy.
    """
    arrays = {name: _checked(name, column) for name, column in columns.items()}
    try:
        wide = np.broadcast_arrays(*(np.atleast_1d(array) for array in arrays.values()))
    except ValueError as error:
        shapes = {name: array.shape for name, array in arrays.items()}
        raise InvalidInputError("fleet", shapes, "give (n,) or one number each") from error
    fleet = Fleet(**{name: array.copy() for name, array in zip(arrays, wide, strict=True)})
    if fleet.steps.ndim != 1 or (fleet.min_kwh > fleet.max_kwh).any():
        raise InvalidInputError("min_kwh", fleet.min_kwh, "give (n,), at most max_kwh")
    return fleet


def checked_rules(
    charge_eff: float, discharge_eff: float, shortfall_eur_per_kwh: float
) -> Rules:
    """Rules with both efficiencies in (0, 1] and a penalty that is not negative."""
    for name, value in (("charge_eff", charge_eff), ("discharge_eff", discharge_eff)):
        if not 0.0 < value <= 1.0:
            raise InvalidInputError(name, value, "give a fraction above 0, at most 1")
    penalty = _checked("shortfall_eur_per_kwh", shortfall_eur_per_kwh)
    return Rules(float(charge_eff), float(discharge_eff), float(penalty))


def checked_prices(buy: ArrayLike, sell: ArrayLike) -> tuple[Floats, Floats]:
    """Two arrays of finite prices of one length, at least one step."""
    pair = _checked("buy", buy), _checked("sell", sell)
    if pair[0].ndim != 1 or pair[0].shape != pair[1].shape or not pair[0].size:
        shapes = (pair[0].shape, pair[1].shape)
        raise InvalidInputError("buy, sell", shapes, "give one price of each per step")
    return pair


def checked_charge(charge_kwh: ArrayLike, shape: tuple[int, int]) -> Floats:
    """(n, H) limit of charging from one number, (n, 1) or (1, H)."""
    charge = _checked("charge_kwh", charge_kwh)
    try:
        return np.array(np.broadcast_to(charge, shape))
    except ValueError as error:
        raise InvalidInputError(
            "charge_kwh", charge.shape, f"give one number or an array that fits {shape}"
        ) from error


def _checked(name: str, value: ArrayLike) -> NDArray:
    array = np.array(value, dtype=float)
    low = LOWEST.get(name, -np.inf)
    if not np.isfinite(array).all() or (array < low).any():
        raise InvalidInputError(name, value, f"give finite numbers, at least {low}")
    if not name.endswith("steps"):
        return array
    if (array != np.rint(array)).any():
        raise InvalidInputError(name, value, "give whole steps")
    return array.astype(np.int64)

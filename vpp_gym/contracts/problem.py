"""The data of a menu design, validated once for every way of solving it."""

from __future__ import annotations

from math import isfinite
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from vpp_gym.arrays import Floats
from vpp_gym.errors import InvalidInputError
from vpp_gym.kernels import njit

SUM_TOLERANCE = 1e-9


class DesignProblem(NamedTuple):
    """What a fixed-term menu is designed for.

    Attributes:
        owner_types: (m,) positive, strictly increasing.
        type_prob: (m,) non-negative, summing to one.
        kappa_eur: scale of the VPP's value kappa * log(1 + w) of w kWh, > 0.
        wear_eur_per_kwh: true wear cost of discharging, >= 0.
        energy_cap_kwh: most that any contract may ask for, >= 0.
        saturation_kwh: w kWh are worth kappa * log(1 + w / saturation) to the VPP, > 0;
            the paper's value has 1 kWh.
    """

    owner_types: Floats
    type_prob: Floats
    kappa_eur: float
    wear_eur_per_kwh: float
    energy_cap_kwh: float
    saturation_kwh: float = 1.0


def design_problem(
    owner_types: ArrayLike,
    type_prob: ArrayLike,
    *,
    kappa_eur: float,
    wear_eur_per_kwh: float,
    energy_cap_kwh: float,
    saturation_kwh: float = 1.0,
) -> DesignProblem:
    """Validated design problem; the arguments are those of `DesignProblem`.

    Raises:
        InvalidInputError: naming the field, the value and the remedy.
    """
    types = checked_column("owner_types", owner_types)
    prob = checked_column("type_prob", type_prob)
    if len(types) != len(prob):
        raise InvalidInputError("type_prob", f"{len(prob)} values", f"give {len(types)}, as types")
    bad_type, bad_prob, total = _first_faults(types, prob)
    if bad_type >= 0:
        remedy = "types are finite, positive and strictly increasing"
        raise InvalidInputError(f"owner_types[{bad_type}]", float(types[bad_type]), remedy)
    if bad_prob >= 0:
        remedy = "probabilities are zero or more"
        raise InvalidInputError(f"type_prob[{bad_prob}]", float(prob[bad_prob]), remedy)
    if not abs(total - 1.0) <= SUM_TOLERANCE:
        raise InvalidInputError("type_prob", f"sum {total}", "divide by the sum: it must be one")
    kappa = checked_number("kappa_eur", kappa_eur)
    wear = checked_number("wear_eur_per_kwh", wear_eur_per_kwh)
    cap = checked_number("energy_cap_kwh", energy_cap_kwh)
    saturation = checked_number("saturation_kwh", saturation_kwh)
    if kappa <= 0:
        raise InvalidInputError("kappa_eur", kappa, "the VPP's value scale is positive")
    if wear < 0:
        raise InvalidInputError("wear_eur_per_kwh", wear, "a wear cost is zero or more")
    if cap < 0:
        raise InvalidInputError("energy_cap_kwh", cap, "give zero or more kWh")
    if saturation <= 0:
        raise InvalidInputError("saturation_kwh", saturation, "the value curve bends: above zero")
    return DesignProblem(types, prob, kappa, wear, cap, saturation)


@njit
def _first_faults(types: Floats, prob: Floats) -> tuple[int, int, float]:
    """First row in which a type, and a probability, cannot be used (-1: none), and the sum."""
    bad_type, bad_prob, total, before = -1, -1, 0.0, 0.0
    for row in range(types.size):
        if bad_type < 0 and not (types[row] > before and types[row] < np.inf):
            bad_type = row
        if bad_prob < 0 and not prob[row] >= 0.0:
            bad_prob = row
        before = types[row]
        total += prob[row]
    return bad_type, bad_prob, total


def checked_column(name: str, values: ArrayLike) -> Floats:
    """Read-only copy of one number per type, under its name.

    Raises:
        InvalidInputError: not numbers, not one-dimensional, or none.
    """
    try:
        column = np.array(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InvalidInputError(name, values, "give an array of numbers") from error
    if column.ndim != 1 or column.size == 0:
        raise InvalidInputError(name, values, "give a one-dimensional array, one value per type")
    column.setflags(write=False)
    return column


def checked_number(name: str, value: float) -> float:
    """A finite number, under its name.

    Raises:
        InvalidInputError: not a number, or not finite.
    """
    try:
        number = float(value)
    except (TypeError, ValueError) as error:
        raise InvalidInputError(name, value, "give a number") from error
    if not isfinite(number):
        raise InvalidInputError(name, number, "give a finite number")
    return number

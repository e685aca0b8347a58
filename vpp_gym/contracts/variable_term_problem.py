"""The data of a variable-term design, validated once for every way of solving it."""

from __future__ import annotations

from math import inf
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from vpp_gym.arrays import Floats
from vpp_gym.contracts.menu import read_only
from vpp_gym.contracts.problem import SUM_TOLERANCE, checked_column, checked_number
from vpp_gym.errors import InvalidInputError


class VariableTermProblem(NamedTuple):
    """What a variable-term menu is designed for.

    Attributes:
        energy_types: (I,) positive, strictly increasing.
        term_types: (J,) positive, strictly increasing.
        type_prob: (I, J) non-negative, summing to one.
        energy_kappa_eur: scale of the VPP's value kappa_1 * log(1 + w) of w kWh, > 0.
        term_kappa_eur: scale of its value kappa_2 * log(1 + l) of l hours, > 0.
        wear_eur_per_kwh: true wear cost of discharging, >= 0.
        tied_eur_per_h: cost of an hour under contract, >= 0.
        energy_cap_kwh: most that any contract may ask for; inf: no limit.
        term_cap_h: longest term; inf: no limit.
        power_kw: no contract asks for more than this power gives within its
            term; inf: not asked for, as in the paper.
    """

    energy_types: Floats
    term_types: Floats
    type_prob: Floats
    energy_kappa_eur: float
    term_kappa_eur: float
    wear_eur_per_kwh: float
    tied_eur_per_h: float
    energy_cap_kwh: float
    term_cap_h: float
    power_kw: float


def variable_term_problem(
    energy_types: ArrayLike,
    term_types: ArrayLike,
    type_prob: ArrayLike,
    *,
    energy_kappa_eur: float,
    term_kappa_eur: float,
    wear_eur_per_kwh: float,
    tied_eur_per_h: float,
    energy_cap_kwh: float = inf,
    term_cap_h: float = inf,
    power_kw: float = inf,
) -> VariableTermProblem:
    """Validated design problem; the arguments are those of `VariableTermProblem`.

    Raises:
        InvalidInputError: naming the field, the value and the remedy.
    """
    rows, columns = _types("energy_types", energy_types), _types("term_types", term_types)
    problem = VariableTermProblem(
        rows,
        columns,
        _joint_prob(type_prob, (len(rows), len(columns))),
        _positive("energy_kappa_eur", energy_kappa_eur),
        _positive("term_kappa_eur", term_kappa_eur),
        _cost("wear_eur_per_kwh", wear_eur_per_kwh),
        _cost("tied_eur_per_h", tied_eur_per_h),
        _limit("energy_cap_kwh", energy_cap_kwh),
        _limit("term_cap_h", term_cap_h),
        _limit("power_kw", power_kw),
    )
    if problem.power_kw == 0:
        raise InvalidInputError("power_kw", power_kw, "a charger that never discharges: no menu")
    for cost, cap in (("wear_eur_per_kwh", "energy_cap_kwh"), ("tied_eur_per_h", "term_cap_h")):
        if getattr(problem, cost) == 0 and getattr(problem, cap) == inf:
            raise InvalidInputError(cap, inf, f"give a limit where {cost} is zero")
    return problem


def _types(name: str, values: ArrayLike) -> Floats:
    types = checked_column(name, values)
    if not (np.isfinite(types).all() and types[0] > 0 and (np.diff(types) > 0).all()):
        raise InvalidInputError(name, values, "types are finite, positive and strictly increasing")
    return types


def _joint_prob(values: ArrayLike, shape: tuple[int, int]) -> Floats:
    try:
        prob = read_only(values)
    except (TypeError, ValueError) as error:
        raise InvalidInputError("type_prob", values, "give a matrix of numbers") from error
    if prob.shape != shape:
        raise InvalidInputError("type_prob", f"shape {prob.shape}", f"give {shape}, as types")
    if not (prob >= 0).all():
        raise InvalidInputError("type_prob", values, "probabilities are zero or more")
    if not abs(prob.sum() - 1.0) <= SUM_TOLERANCE:
        raise InvalidInputError(
            "type_prob", f"sum {prob.sum()}", "divide by the sum: it must be one"
        )
    return prob


def _positive(name: str, value: float) -> float:
    number = checked_number(name, value)
    if number <= 0:
        raise InvalidInputError(name, number, "the VPP's value scale is positive")
    return number


def _cost(name: str, value: float) -> float:
    number = checked_number(name, value)
    if number < 0:
        raise InvalidInputError(name, number, "a cost is zero or more")
    return number


def _limit(name: str, value: float) -> float:
    if value == inf:
        return inf
    number = checked_number(name, value)
    if number < 0:
        raise InvalidInputError(name, number, "give zero or more, or inf for no limit")
    return number

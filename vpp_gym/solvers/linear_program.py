"""A linear program stated as arrays, solved by HiGHS or refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import highspy
import numpy as np
from scipy.sparse import csc_array

from vpp_gym.arrays import Floats
from vpp_gym.errors import SolveFailedError


@dataclass(frozen=True)
class LinearProgram:
    """Minimise cost @ x with low <= x <= high and row_low <= rows @ x <= row_high.

    Attributes:
        name: what is solved, for errors.
        cost: (n,).
        low: (n,).
        high: (n,).
        rows: (m, n).
        row_low: (m,).
        row_high: (m,).
    """

    name: str
    cost: Floats
    low: Floats
    high: Floats
    rows: csc_array
    row_low: Floats
    row_high: Floats


def solve(program: LinearProgram) -> Floats:
    """(n,) optimal values, within their bounds.

    Raises:
        SolveFailedError: infeasible, unbounded or not solved.
    """
    return solve_with_prices(program)[0]


def solve_with_prices(
    program: LinearProgram, options: Mapping[str, str | float] | None = None
) -> tuple[Floats, Floats]:
    """(n,) optimal values, within their bounds, and (m,) what one more unit of a row costs.

    Args:
        program: stated.
        options: of HiGHS, where its defaults do not serve.

    Raises:
        SolveFailedError: infeasible, unbounded or not solved.
    """
    highs = highspy.Highs()
    highs.silent()
    for name, value in (options or {}).items():
        highs.setOptionValue(name, value)
    if highs.passModel(highs_model(program)) != highspy.HighsStatus.kOk:
        raise SolveFailedError(f"{program.name}: HiGHS did not accept the model")
    highs.run()
    status = highs.getModelStatus()
    if status != highspy.HighsModelStatus.kOptimal:
        label = highs.modelStatusToString(status)
        raise SolveFailedError(f"{program.name}: HIGHS: {label}")
    solution = highs.getSolution()
    values = np.asarray(solution.col_value, dtype=np.float64)
    prices = np.asarray(solution.row_dual, dtype=np.float64)
    return np.clip(values, program.low, program.high), prices


def highs_model(program: LinearProgram) -> highspy.HighsLp:
    """A program as HiGHS takes it."""
    model, rows = highspy.HighsLp(), csc_array(program.rows)
    model.num_row_, model.num_col_ = rows.shape
    model.col_cost_, model.col_lower_, model.col_upper_ = program.cost, program.low, program.high
    model.row_lower_, model.row_upper_ = program.row_low, program.row_high
    model.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    model.a_matrix_.start_ = rows.indptr
    model.a_matrix_.index_ = rows.indices
    model.a_matrix_.value_ = rows.data
    return model

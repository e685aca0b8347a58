"""What rows of prices and of sessions are, once read: types, ranges, order."""

from __future__ import annotations

import pandas as pd
import pandera.pandas as pa

from vpp_gym.errors import InvalidInputError
from vpp_gym.time_steps import STEPS_MIN

LARGEST_EUR_PER_KWH = 20.0
"""The harmonised limit of the day-ahead auction is 4 EUR/kWh; imbalance has gone beyond."""
LONGEST_STAY_H = 24.0 * 60
LARGEST_SESSION_KWH, LARGEST_CAR_KW, LARGEST_BATTERY_KWH = 500.0, 400.0, 1_000.0

FIRST_YEAR, LAST_YEAR = 1990, 2099
"""Of files of these kinds; a slip in a year is no reason to fill centuries."""

DAY_AHEAD = ("da_eur_per_kwh",)
IMBALANCE = ("im_short_eur_per_kwh", "im_long_eur_per_kwh")

_PRICE = pa.Column(
    float,
    pa.Check.in_range(
        -LARGEST_EUR_PER_KWH, LARGEST_EUR_PER_KWH, error="prices beyond 20 EUR/kWh have other units"
    ),
    nullable=True,
    required=False,
)


def _at_most(limit: float, remedy: str, *, positive: bool = False) -> list[pa.Check]:
    least = pa.Check.gt(0, error=remedy) if positive else pa.Check.ge(0, error=remedy)
    return [least, pa.Check.le(limit, error=remedy)]


PRICE_ROWS = pa.DataFrameSchema(
    {
        "dt_h": pa.Column(
            float,
            pa.Check.isin([minutes / 60 for minutes in STEPS_MIN], error="use 5, 15, 30 or 60 min"),
        ),
        **dict.fromkeys((*DAY_AHEAD, *IMBALANCE), _PRICE),
    },
    checks=pa.Check(
        lambda rows: (
            ~(rows["im_short_eur_per_kwh"] < rows["im_long_eur_per_kwh"])
            if set(IMBALANCE) <= set(rows)
            else True
        ),
        error="a short party never pays less than a long one gets: were the two swapped?",
    ),
)
"""start, dt_h and prices of one or both markets; NaN where none is known."""

SESSION_ROWS = pa.DataFrameSchema(
    {
        "stay_h": pa.Column(float, _at_most(LONGEST_STAY_H, "stays are in hours", positive=True)),
        "charge_h": pa.Column(float, _at_most(LONGEST_STAY_H, "give hours"), nullable=True),
        "metered_kwh": pa.Column(
            float, _at_most(LARGEST_SESSION_KWH, "energy is in kWh, not Wh"), nullable=True
        ),
        "max_kw": pa.Column(
            float, _at_most(LARGEST_CAR_KW, "power is in kW, not W"), nullable=True
        ),
        "battery_kwh": pa.Column(
            float,
            _at_most(LARGEST_BATTERY_KWH, "batteries are in kWh, not Wh", positive=True),
            nullable=True,
        ),
    }
)
"""start, stay_h, charge_h, metered_kwh, max_kw, battery_kwh, one row a session."""


def checked_rows(schema: pa.DataFrameSchema, rows: pd.DataFrame, file: str) -> pd.DataFrame:
    """The rows, if they are what the schema says.

    Raises:
        InvalidInputError: naming the first line and column that is not.
    """
    if rows["start"].isna().any():
        raise InvalidInputError(f"{file} start", "a row without time", "give every row a time")
    odd = ~rows["start"].dt.year.between(FIRST_YEAR, LAST_YEAR)
    if odd.any():
        row = odd.idxmax()
        years = f"years are {FIRST_YEAR} to {LAST_YEAR}"
        raise InvalidInputError(f"{file} row {row}, start", str(rows["start"][row]), years)
    try:
        return schema.validate(rows)
    except pa.errors.SchemaError as error:
        cases = error.failure_cases
        field, value = str(error.schema.name or "rows"), str(error.failure_cases)
        if isinstance(cases, pd.DataFrame) and len(cases):
            case = cases.iloc[0]
            row = int(case["index"])
            field = f"{file} row {row}, {field}"
            value = f"{case['failure_case']:g}" if error.schema.name else _prices_text(rows, row)
        remedy = error.check.error if isinstance(error.check, pa.Check) else str(error)
        raise InvalidInputError(field, value, str(remedy)) from error


def _prices_text(rows: pd.DataFrame, row: int) -> str:
    """Prices of a row as text."""
    return ", ".join(
        f"{name} {rows[name][row]:g}" for name in (*DAY_AHEAD, *IMBALANCE) if name in rows
    )

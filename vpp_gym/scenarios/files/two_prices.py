"""Rows in which a long party would get more than a short one pays.

No market can be left open like that for a portfolio that may choose its imbalance, and
a scenario refuses it. Yet such rows are published: factors on the price, such as 1.1
for short and 0.9 for long parties, turn round where prices are negative; and a row may
have its two prices swapped. Swapping them is the worse price on both sides, so that no
policy earns from it what it would not have earned.
"""

from __future__ import annotations

import pandas as pd

from vpp_gym.errors import InvalidInputError
from vpp_gym.scenarios.files.options import LongAboveShort
from vpp_gym.scenarios.files.schema import IMBALANCE

CHANGED = {
    "swap": "long above short, swapped",
    "short": "long above short, both at the short price",
    "long": "long above short, both at the long price",
}


def ordered_prices(
    rows: pd.DataFrame, rule: LongAboveShort, file: str
) -> tuple[pd.DataFrame, dict[str, int]]:
    """Rows without a long price above the short one, and how many were changed.

    Args:
        rows: with the prices of imbalance, or of day-ahead only.
        rule: see `vpp_gym.scenarios.files.options.PriceRules`.
        file: name, for the error.

    Raises:
        InvalidInputError: there are such rows, and the rule refuses them.
    """
    if not set(IMBALANCE) <= set(rows):
        return rows, {}
    short, long = (rows[name] for name in IMBALANCE)
    wrong = short < long
    if not wrong.any():
        return rows, {}
    if rule == "refuse":
        _refuse(rows, wrong, file)
    low, high = short.where(~wrong, long), long.where(~wrong, short)
    new = {"swap": (low, high), "short": (short, high), "long": (low, long)}[rule]
    return rows.assign(**dict(zip(IMBALANCE, new, strict=True))), {CHANGED[rule]: int(wrong.sum())}


def _refuse(rows: pd.DataFrame, wrong: pd.Series, file: str) -> None:
    first = rows[wrong].iloc[0]
    prices = ", ".join(f"{name} {first[name]:g}" for name in IMBALANCE)
    below = int((rows.loc[wrong, list(IMBALANCE)] < 0).all(axis=1).sum())
    raise InvalidInputError(
        f"{file} row {wrong.idxmax()}, {first['start']}",
        prices,
        "a short party never pays less than a long one gets: were the two swapped? "
        f"{int(wrong.sum())} of {len(rows)} rows, {below} of them with negative prices; "
        "the option long_above_short takes swap, short or long",
    )

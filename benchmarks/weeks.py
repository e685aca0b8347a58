"""What is published of the runs of EVs: their weeks."""

from __future__ import annotations

import pandas as pd

from vpp_gym.errors import InvalidInputError
from vpp_gym.ledger import PROFIT
from vpp_gym.markets.ledger import LEDGER, SITE_MONEY

WEEK_DAYS = 7
RUN = ["track", "world", "policy", "seed"]
SUMS = (
    PROFIT,
    *(name for name in LEDGER.split if name not in SITE_MONEY),
    "wear_eur",
    "demand_kwh",
    "served_kwh",
    "unserved_kwh",
    "charge_kwh",
    "discharge_kwh",
    "contracts",
)
"""Columns of a week: enough for every rank, price of a missing kWh and balance of owners.

In the worlds of the boards nothing lies between the cars and the grid.
"""
DECIMALS = 4


def weekly(days: pd.DataFrame) -> pd.DataFrame:
    """Sums over the weeks of every run.

    A world's weeks start with its first day; days left over at its end belong to its last
    week. They are the weeks that policies are compared by.

    Args:
        days: day rows of all runs with the columns `track` and `world`.

    Raises:
        InvalidInputError: a connection with fees or limits, whose money weeks do not show.
    """
    shown = days.filter(items=SITE_MONEY)
    if (shown != 0).any(axis=None):
        fees = [name for name in shown if (shown[name] != 0).any()]
        raise InvalidInputError("days", fees, "weeks are of worlds without a site's connection")
    last = max(int(days["day"].nunique()) // WEEK_DAYS, 1) - 1
    week = ((days["day"] - days["day"].min()) // WEEK_DAYS).clip(upper=last)
    sums = days.assign(week=week).groupby([*RUN, "week"], sort=False)[list(SUMS)].sum()
    return (sums.round(DECIMALS) + 0.0).reset_index()

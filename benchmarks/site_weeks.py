"""What is published of the runs at a site: their weeks, with what connection and battery cost."""

from __future__ import annotations

import pandas as pd

from benchmarks.weeks import DECIMALS, RUN, SUMS, WEEK_DAYS
from vpp_gym.markets.ledger import SITE_MONEY

SITE_SUMS = (
    *SUMS,
    *SITE_MONEY,
    *("limited_kwh", "yielded_kwh", "curtailed_kwh", "import_kwh", "export_kwh"),
)
"""Columns of a week."""


def site_weekly(days: pd.DataFrame) -> pd.DataFrame:
    """Sums over the weeks of every run, as of `benchmarks.weeks.weekly`, with a site's terms.

    Args:
        days: day rows of all runs with the columns `track` and `world`.
    """
    last = max(int(days["day"].nunique()) // WEEK_DAYS, 1) - 1
    week = ((days["day"] - days["day"].min()) // WEEK_DAYS).clip(upper=last)
    sums = days.assign(week=week).groupby([*RUN, "week"], sort=False)[list(SITE_SUMS)].sum()
    return (sums.round(DECIMALS) + 0.0).reset_index()

"""What runs in a world of fuel-cell cars amount to, and how policies are compared there."""

from __future__ import annotations

import pandas as pd

from vpp_gym.evaluation.worlds import Scale
from vpp_gym.fcev.car_park.ledger import LEDGER as CAR_PARK
from vpp_gym.fcev.microgrid.ledger import LEDGER as MICROGRID

RUN_KEYS = ["policy", "scenario", "seed"]
SHARES = (*CAR_PARK.shares, *MICROGRID.shares)
NOT_ADDITIVE = ("world", "day", "date", *SHARES)


def totals(days: pd.DataFrame) -> pd.DataFrame:
    """One row per policy, scenario and seed: sums, the last fairness, mean time of a decision."""
    return _with_shares(_sums(days).reset_index())


def mean_year(days: pd.DataFrame) -> pd.DataFrame:
    """One row per policy and seed: what `totals` has, mean of the scenarios.

    Shares are those of the mean sums: V2G delivered in all scenarios of V2G sold in all.
    """
    runs = _sums(days).drop(columns="days").groupby(["policy", "seed"], sort=False)
    return _with_shares(runs.mean(numeric_only=True).reset_index())


def _sums(days: pd.DataFrame) -> pd.DataFrame:
    """By policy, scenario and seed."""
    runs = days.groupby(RUN_KEYS, sort=False)
    adds = [name for name in days if name not in (*RUN_KEYS, *NOT_ADDITIVE, "solve_ms")]
    table = runs[adds].sum(min_count=1).assign(days=runs.size(), solve_ms=runs["solve_ms"].mean())
    return table.assign(**{name: runs[name].last() for name in SHARES if name in days})


def _with_shares(table: pd.DataFrame) -> pd.DataFrame:
    """Sums with what part of the load is imported, and of the sold V2G delivered."""
    if "load_kwh" in table:
        share = table["import_kwh"] / table["load_kwh"]
        table = table.drop(columns="self_sufficiency", errors="ignore")
        table = table.assign(import_share=share, self_sufficiency=1.0 - share)
    if "sold_kwh" in table:
        sold_kwh = table["sold_kwh"].where(table["sold_kwh"] > 0)
        table = table.assign(delivered_share=table["v2g_kwh"] / sold_kwh)
    return table


SCALE = Scale(
    low="article",
    high="hindsight",
    totals=mean_year,
    scores={"score": lambda days: days["profit_eur"]},
)

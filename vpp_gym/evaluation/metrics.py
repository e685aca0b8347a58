"""Totals of a run with EVs, and the parts of its profit."""

from __future__ import annotations

from dataclasses import replace
from operator import itemgetter

import pandas as pd

from vpp_gym.evaluation.service import satisfaction
from vpp_gym.evaluation.worlds import Scale
from vpp_gym.ledger import PROFIT, Ledger
from vpp_gym.markets.ledger import LEDGER, POSITION
from vpp_gym.markets.risk import tail_mean

NO_CONTROL = "charge_on_arrival"
HINDSIGHT = "hindsight"

TAIL_SHARE = 0.05
"""Share of the worst days whose mean profit is the risk of a run (CVaR)."""

RUN_KEYS = ["policy", "scenario", "seed"]
NOT_ADDITIVE = (
    "world",
    "day",
    "date",
    *LEDGER.shares,
    "demand_satisfaction",
    "fully_served_share",
    "solve_ms_mean",
    "solve_ms_max",
)


def profit_parts(days: pd.DataFrame, ledger: Ledger = LEDGER) -> pd.DataFrame:
    """Where the profit comes from: parts that add up to it, as the world's ledger states them.

    Of the virtual power plant:

    position_eur: the bids: committed energy times (day-ahead - reference price).
    load_value_eur: the net load at the reference price (a cost is negative).
    payoff_eur: paid to owners with a contract (negative).
    service_eur: what drivers pay, minus the penalty on what they did not get.

    The flexibility of a policy is its load_value_eur minus that of charging on arrival.
    Bids and dispatch are never mixed in one number.

    Args:
        days: rows of days or of runs.
        ledger: of their world; by default that of the virtual power plant.

    Raises:
        InvalidInputError: a term of the ledger is not among the columns.
    """
    return pd.DataFrame(ledger.parts_eur(days))


def without_position_eur(days: pd.DataFrame) -> pd.Series:
    """Profit had nothing been bid: load value, payoffs and service [EUR].

    The value of operations, and the flexibility score, are taken on this sum and not on the
    load value alone: otherwise discharge bought with payoffs would count as free, and a car
    left empty as a saving.
    """
    return profit_parts(days).drop(columns=POSITION.eur).sum(axis=1)


def totals(days: pd.DataFrame) -> pd.DataFrame:
    """One row per policy, scenario and seed from the rows of its days.

    Energies, money and counts are added up; ratios and solve times are taken
    anew over the whole run. `operations_eur` is `without_position_eur`, and `owners_eur` what
    is paid to owners minus their wear at its true cost.
    `profit_cvar_eur` is the mean profit of the worst 5 % of the days, and
    `worst_day_eur` that of the worst day, both in EUR a day.
    """
    runs = days.groupby(RUN_KEYS, sort=False)
    adds = [name for name in days if name not in (*RUN_KEYS, *NOT_ADDITIVE)]
    table = runs[adds].sum()
    table.insert(0, "days", runs.size())
    table = table.assign(**satisfaction(table), **balances_eur(table))
    solving = (days["solve_ms_mean"] * days["steps"]).groupby([days[key] for key in RUN_KEYS])
    table["solve_ms_mean"] = solving.sum() / table["steps"]
    table["solve_ms_max"] = runs["solve_ms_max"].max()
    table["profit_cvar_eur"] = runs[PROFIT].apply(tail_mean, alpha=TAIL_SHARE)
    table["worst_day_eur"] = runs[PROFIT].min()
    for name in LEDGER.shares:
        table[name] = runs[name].last()
    return table.reset_index()


def balances_eur(table: pd.DataFrame) -> dict[str, pd.Series]:
    """Profit without the position, and what owners gain at the true cost of wear [EUR].

    Args:
        table: rows of days or of runs.
    """
    return {
        "operations_eur": without_position_eur(table),
        "owners_eur": -table["payoff_eur"] - table["wear_eur"],
    }


def mean_year(days: pd.DataFrame) -> pd.DataFrame:
    """One row per policy and seed: what `totals` has, mean of the scenarios.

    Shares are those of the mean sums. The worst days are those of all scenarios.
    """
    runs = totals(days)
    by_seed = runs.groupby(["policy", "seed"], sort=False)
    table = by_seed.mean(numeric_only=True)
    table = table.assign(**satisfaction(table))
    daily = days.groupby(["policy", "seed"], sort=False)[PROFIT]
    table["profit_cvar_eur"] = daily.apply(tail_mean, alpha=TAIL_SHARE)
    table["worst_day_eur"] = daily.min()
    table["solve_ms_max"] = by_seed["solve_ms_max"].max()
    return table.reset_index()


SUMMED_UP = (
    PROFIT,
    "operations_eur",
    "owners_eur",
    *LEDGER.split,
    "demand_satisfaction",
    "fully_served_share",
    *(name for name in LEDGER.names if name not in LEDGER.split),
    "profit_cvar_eur",
    "worst_day_eur",
    "solve_ms_mean",
)
"""Totals that stand in the ranking."""

SCALE = Scale(
    low=NO_CONTROL,
    high=HINDSIGHT,
    totals=mean_year,
    scores={
        "score": itemgetter(PROFIT),
        "flexibility_score": without_position_eur,
    },
    summed_up=SUMMED_UP,
)
"""By profit, with a second score that leaves the bids out."""

MARKET = replace(SCALE, scores={"score": itemgetter(PROFIT)})
"""By profit, bids included."""

OPERATIONS = replace(
    SCALE,
    scores={"score": without_position_eur},
    ranked_by="operations_eur",
    value_eur=without_position_eur,
)
"""By profit without the position: what dispatch and contracts are worth."""

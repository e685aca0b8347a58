"""Totals of a run with EVs, and the parts of its profit."""

from __future__ import annotations

import pandas as pd

from vpp_gym.evaluation.ev import satisfaction
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

    The flexibility score is taken on this sum and not on the load value alone:
    otherwise discharge bought with payoffs would count as free, and a car left
    empty as a saving.
    """
    return profit_parts(days).drop(columns=POSITION.eur).sum(axis=1)


def totals(days: pd.DataFrame) -> pd.DataFrame:
    """One row per policy, scenario and seed from the rows of its days.

    Energies, money and counts are added up; ratios and solve times are taken
    anew over the whole run. `flexibility_profit_eur` is `without_position_eur`.
    `profit_cvar_eur` is the mean profit of the worst 5 % of the days, and
    `worst_day_eur` that of the worst day, both in EUR a day.
    """
    runs = days.groupby(RUN_KEYS, sort=False)
    adds = [name for name in days if name not in (*RUN_KEYS, *NOT_ADDITIVE)]
    table = runs[adds].sum()
    table.insert(0, "days", runs.size())
    table = table.assign(**satisfaction(table), flexibility_profit_eur=without_position_eur(table))
    solving = (days["solve_ms_mean"] * days["steps"]).groupby([days[key] for key in RUN_KEYS])
    table["solve_ms_mean"] = solving.sum() / table["steps"]
    table["solve_ms_max"] = runs["solve_ms_max"].max()
    table["profit_cvar_eur"] = runs[PROFIT].apply(tail_mean, alpha=TAIL_SHARE)
    table["worst_day_eur"] = runs[PROFIT].min()
    for name in LEDGER.shares:
        table[name] = runs[name].last()
    return table.reset_index()


SUMMED_UP = (
    PROFIT,
    "flexibility_profit_eur",
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
    totals=totals,
    scores={
        "score": lambda days: days[PROFIT],
        "flexibility_score": without_position_eur,
    },
    summed_up=SUMMED_UP,
)

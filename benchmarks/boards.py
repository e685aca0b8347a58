"""What stands on the boards of EVs beside the ranking: frontier, other prices, differences."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from vpp_gym.arrays import Bools, Floats
from vpp_gym.evaluation.comparison import Comparison
from vpp_gym.evaluation.statistics import EUR_DECIMALS

Row = Mapping[str, Any]
ValueEur = Callable[[pd.DataFrame], pd.Series]

SAME_OFFER, NO_BIDS, BEST_PLANNER = "same offer", "no bids", "best planner"
"""Why two policies are compared."""
MISSING_PRICES = (0.25, 0.5, 1.0, 2.0)
"""EUR per missing kWh, beside the lost retail revenue, at which policies are ranked again."""


def one_per_dispatcher(
    days: pd.DataFrame, value_eur: ValueEur, kept: Collection[str]
) -> pd.DataFrame:
    """Days without those of policies that differ from another one only in their bids.

    Of policies with the same name up to "+" and the same value on every day, the one without
    bids stays, or the first.

    Args:
        days: of all policies.
        value_eur: EUR of a day with the bids left out.
        kept: policies that stay in any case.
    """
    keys = ["policy", "world", "seed", "day"]
    values = days[keys].assign(value=value_eur(days)).set_index(keys)["value"].sort_index()
    names = list(dict.fromkeys(days["policy"]))
    by_dispatcher: dict[str, list[str]] = {}
    for name in sorted(names, key=lambda one: "+" in one):  # stable: those without bids first
        by_dispatcher.setdefault(name.partition("+")[0], []).append(name)
    dropped = {
        other
        for first, *others in by_dispatcher.values()
        for other in others
        if other not in kept and _equal(values.loc[first], values.loc[other])
    }
    return days[~days["policy"].isin(dropped)]


def _equal(one: pd.Series, other: pd.Series) -> bool:
    return len(one) == len(other) and bool(
        np.allclose(one.to_numpy(), other.to_numpy(), rtol=0, atol=10.0**-EUR_DECIMALS)
    )


def with_frontier(table: pd.DataFrame, value: str) -> pd.DataFrame:
    """The table with a column `frontier`: no other policy both earns and serves more.

    Args:
        table: of a leaderboard.
        value: column that policies are ranked by.
    """
    honest = ~table["privileged"].to_numpy(dtype=np.bool_)
    best = non_dominated(
        table[value].to_numpy(dtype=np.float64),
        table["demand_satisfaction"].to_numpy(dtype=np.float64),
        honest,
    )
    return table.assign(frontier=best)


def non_dominated(value_eur: Floats, share: Floats, counted: Bools) -> Bools:
    """Rows that no counted row exceeds in one thing and equals at least in the other.

    Args:
        value_eur: (n,) of each row.
        share: (n,) of the demand that it serves.
        counted: (n,) rows that take part; the others are never on the frontier.
    """
    money, served = value_eur.round(2), share.round(6)
    no_less = (money[:, None] >= money) & (served[:, None] >= served)
    more = (money[:, None] > money) | (served[:, None] > served)
    beaten = (no_less & more & counted[:, None]).any(axis=0)
    found: Bools = counted & ~beaten
    return found


def price_column(price_eur_per_kwh: float) -> str:
    """Column with the rank at a price of a missing kWh."""
    return f"rank_at_{price_eur_per_kwh:g}"


def ranks_at_prices(table: pd.DataFrame, value: str) -> pd.DataFrame:
    """The table with the ranks had a missing kWh cost something else.

    The same runs: what was charged as a penalty is taken out, and the price of all missing
    energy put in. No policy was told of the other price.

    Args:
        table: of a leaderboard.
        value: column that policies are ranked by.
    """
    honest = ~table["privileged"].to_numpy(dtype=np.bool_)
    columns = {}
    for price in MISSING_PRICES:
        worth = table[value] - table["shortfall_eur"] - price * table["unserved_kwh"]
        rank = worth.where(honest).rank(ascending=False, method="first")
        columns[price_column(price)] = rank.astype("Int64")
    return table.assign(**columns)


def differences(
    days: pd.DataFrame,
    rows: Sequence[Row],
    same_offer: Mapping[str, str],
    value_eur: ValueEur,
    statistics: Mapping[str, int],
) -> list[dict[str, Any]]:
    """What rows earned more than others that they are worth comparing with.

    Args:
        days: of all policies.
        rows: of a board, best first.
        same_offer: the scheduler with the same offer and bids, by policy, where there is one.
        value_eur: EUR of a day that the board ranks by.
        statistics: of the bootstrap.

    Returns:
        A row for each pair: policy, over, why, eur with eur_low and eur_high (95 %),
        worlds_more of worlds, and weeks_more, the share of weeks.
    """
    comparison = Comparison(days, value_eur=value_eur, **statistics)
    shown = {str(row["policy"]) for row in rows}
    pairs = ((row, over, why) for row in rows for over, why in _pairs(row, rows, same_offer))
    found = []
    for row, over, why in pairs:
        policy = str(row["policy"])
        if over not in shown or over == policy:
            continue
        one = comparison.difference(policy, over)
        interval = one.eur.estimate, one.eur.low, one.eur.high
        eur, low, high = (round(number, 2) for number in interval)
        found.append(
            {
                "policy": policy,
                "over": over,
                "why": why,
                "eur": eur,
                "eur_low": low,
                "eur_high": high,
                "worlds_more": one.worlds_more,
                "worlds": one.worlds,
                "weeks_more": round(one.weeks_more, 4),
            }
        )
    return found


def _pairs(
    row: Row, rows: Sequence[Row], same_offer: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    """What a row is compared with, and why."""
    name = str(row["policy"])
    if (over := same_offer.get(name)) is not None:
        yield over, SAME_OFFER
    dispatcher, _, bids = name.partition("+")
    if bids:
        yield dispatcher, NO_BIDS
    if row["kind"] == "learned":
        planners = (str(one["policy"]) for one in rows if one["kind"] == "optimiser")
        if (best := next(planners, None)) is not None:
            yield best, BEST_PLANNER

"""The ranking of policies that ran over the same days."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from vpp_gym.errors import InvalidInputError
from vpp_gym.evaluation.statistics import (
    Interval,
    interquartile_mean,
    paired_difference,
    score_interval,
)
from vpp_gym.evaluation.worlds import Scale, scale_of

FULL_SATISFACTION = 0.999
AXES = ["seed", "world", "day"]


def leaderboard(
    days: pd.DataFrame,
    *,
    scale: Scale | str = "ev",
    low: str | None = None,
    high: str | None = None,
    privileged: Collection[str] = (),
    block_days: int = 7,
    n_resamples: int = 2000,
    seed: int = 0,
) -> pd.DataFrame:
    """One row per policy, best first: 0 is the low end of the world's scale, 100 the high one.

    EVs: from charging on arrival to the optimum in hindsight. Policies that serve less than
    99.9 % of the demanded energy stand below all that serve it; the flexibility score is the
    same with all bids left out. Fuel-cell cars: from the article's strategy to a bound on the
    profit of any policy, whose rows `car_park_bound` and `microgrid_bound` make.

    Within a group the larger profit stands higher. Privileged policies are placed by
    their profit, without a rank. With several scenarios, profits and gains are those of
    their mean, and the bootstrap draws blocks of days within all of them.

    Args:
        days: rows of `vpp_gym.evaluate` of all policies, on the same days of one scenario; or
            of several, with a column `world` added that numbers them. Several seeds per policy
            are allowed.
        scale: how they are compared: the name of their world, "ev", "car_park" or "microgrid",
            or a scale of your own.
        low: policy whose profit is score 0, and over which gains are taken; None: the scale's.
        high: policy whose profit is score 100; None: the scale's.
        privileged: policies that saw the future.
        block_days: of the bootstrap.
        n_resamples: of the bootstrap.
        seed: of the bootstrap; every policy gets the same draws.

    Returns:
        columns rank (missing for the privileged), policy, privileged, seeds,
        score (and of EVs flexibility_score) and gain_eur over the low end, each with
        _low and _high (95 %), and the interquartile mean over seeds of the world's
        totals (money in EUR over all days, mean of the scenarios). A policy is ranked below
        those that serve all demand if its `least_demand_satisfaction` over seeds is too low.

    Raises:
        InvalidInputError: an end of the scale is missing, several scenarios, or
            policies that ran on different days.
    """
    scale = scale_of(scale) if isinstance(scale, str) else scale
    low, high = low or scale.low, high or scale.high
    for name in (low, high):
        if name not in set(days["policy"]):
            raise InvalidInputError("days", name, "run this policy too: it is an end of the scale")
    if unknown := set(privileged) - set(days["policy"]):
        raise InvalidInputError("privileged", sorted(unknown), "name policies that ran")
    totals = scale.totals(days)
    days = by_world(days)
    if (days.groupby("world")["scenario"].nunique() != 1).any():
        raise InvalidInputError("days", set(days["scenario"]), "rank one scenario per world")
    numbers = [name for name in totals.select_dtypes("number") if name != "seed"]
    summed_up = scale.summed_up or numbers
    days = days.assign(**{f"{name} [EUR]": money(days) for name, money in scale.scores.items()})
    draws = {"block_days": block_days, "n_resamples": n_resamples}
    bottom, top = (_Daily(days, name) for name in (low, high))
    rows = []
    for policy, runs in totals.groupby("policy", sort=False):
        daily = _Daily(days, str(policy))
        row = {"policy": policy, "privileged": policy in privileged, "seeds": len(runs)}
        for name in scale.scores:
            column = f"{name} [EUR]"
            ends = bottom.mean(column), top.mean(column)
            rng = np.random.default_rng(seed)
            row |= _columns(name, score_interval(daily.seeds(column), *ends, rng=rng, **draws))
        pair = daily.seeds("profit_eur"), bottom.seeds("profit_eur")
        rng = np.random.default_rng(seed)
        row |= _columns("gain_eur", paired_difference(*pair, rng=rng, **draws))
        if "demand_satisfaction" in runs:
            row["least_demand_satisfaction"] = float(runs["demand_satisfaction"].min())
        rows.append(row | {name: float(interquartile_mean(runs[name])) for name in summed_up})
    return _ranked(pd.DataFrame(rows))


def by_world(days: pd.DataFrame) -> pd.DataFrame:
    """Day rows with the number of their scenario in column `world`; 0 where it is missing."""
    return days if "world" in days else days.assign(world=0)


def daily_profit_eur(days: pd.DataFrame, policy: str) -> NDArray[np.float64]:
    """(seeds, scenarios, days) EUR of one policy."""
    return _Daily(by_world(days), policy).seeds("profit_eur")


class _Daily:
    """The days of one policy, by seed and scenario."""

    def __init__(self, days: pd.DataFrame, policy: str) -> None:
        rows = days[days["policy"] == policy]
        self._table = rows.set_index(AXES).sort_index()
        self._shape = rows["seed"].nunique(), days["world"].nunique(), days["day"].nunique()
        if len(rows) != np.prod(self._shape) or self._table.index.has_duplicates:
            raise InvalidInputError("days", policy, "run every policy and seed on the same days")

    def seeds(self, column: str) -> NDArray[np.float64]:
        """(seeds, scenarios, days) of one quantity."""
        return self._table[column].to_numpy(dtype=np.float64).reshape(self._shape)

    def mean(self, column: str) -> NDArray[np.float64]:
        """(scenarios, days) interquartile mean over the seeds."""
        return interquartile_mean(self.seeds(column), axis=0)


def _columns(name: str, interval: Interval) -> dict[str, Any]:
    return {
        name: interval.estimate,
        f"{name}_low": interval.low,
        f"{name}_high": interval.high,
    }


def _ranked(table: pd.DataFrame) -> pd.DataFrame:
    missed = np.zeros(len(table), dtype=np.bool_)
    if "least_demand_satisfaction" in table:
        missed = (table["least_demand_satisfaction"] < FULL_SATISFACTION).to_numpy()
    order = np.lexsort((-table["profit_eur"], missed))
    table = table.iloc[order].reset_index(drop=True)
    honest = ~table["privileged"]
    table.insert(0, "rank", honest.cumsum().where(honest).astype("Int64"))
    return table

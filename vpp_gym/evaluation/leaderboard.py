"""The ranking of policies that ran over the same days."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
import pandas as pd

from vpp_gym.arrays import Floats
from vpp_gym.errors import InvalidInputError
from vpp_gym.evaluation.statistics import (
    EUR_DECIMALS,
    Interval,
    block_weights,
    interquartile_mean,
    paired_difference,
    score_interval,
)
from vpp_gym.evaluation.worlds import Scale, scale_of

AXES = ["seed", "world", "day"]
VALUE = "value [EUR]"
"""Column of the days with what policies are ranked by."""


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

    EVs: from charging on arrival to the optimum in hindsight; the flexibility score is the
    same with all bids left out. Fuel-cell cars: from the article's strategy to a bound on the
    profit of any policy, whose rows `car_park_bound` and `microgrid_bound` make.

    Policies are ranked by profit alone (or by what the scale says), which holds the penalty and
    the lost revenue of every kWh that drivers missed; how much was served is a column of its own.
    Privileged policies are placed likewise, without a rank. With several scenarios, profits
    and gains are those of their mean, and the bootstrap draws scenarios, and blocks of days
    within them.

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
        columns rank (missing for the privileged), policy, privileged, worlds, seeds,
        score (and of EVs flexibility_score) and gain_eur over the low end, each with
        _low and _high (95 %), gain_worlds, the number of scenarios with a gain, gain_sd_eur,
        its standard deviation between them, and the interquartile mean over seeds of the
        world's totals (money in EUR over all days, mean of the scenarios).

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
    money = {f"{name} [EUR]": of_day(days) for name, of_day in scale.scores.items()}
    days = days.assign(**money, **{VALUE: scale.value_eur(days)})
    bottom, top = (Daily(days, name) for name in (low, high))
    draws = {"block_days": block_days, "n_resamples": n_resamples}
    weights = block_weights(
        bottom.n_days, n_worlds=bottom.n_worlds, rng=np.random.default_rng(seed), **draws
    )
    rows = []
    for policy, runs in totals.groupby("policy", sort=False):
        daily = Daily(days, str(policy))
        row = {"policy": policy, "privileged": policy in privileged}
        row |= {"worlds": daily.n_worlds, "seeds": len(runs)}
        drawn: dict[str, Any] = {"weights": weights}
        for name in scale.scores:
            column = f"{name} [EUR]"
            ends = bottom.mean(column), top.mean(column)
            rng = np.random.default_rng(seed)
            row |= columns(name, score_interval(daily.seeds(column), *ends, rng=rng, **drawn))
        pair = daily.seeds(VALUE), bottom.seeds(VALUE)
        rng = np.random.default_rng(seed)
        row |= columns("gain_eur", paired_difference(*pair, rng=rng, **drawn))
        by_world_eur = gain_by_world_eur(*pair)
        row["gain_worlds"] = int((by_world_eur > 0).sum())
        several = len(by_world_eur) > 1
        row["gain_sd_eur"] = float(by_world_eur.std(ddof=1)) if several else np.nan
        rows.append(row | {name: float(interquartile_mean(runs[name])) for name in summed_up})
    return _ranked(pd.DataFrame(rows), scale.ranked_by)


def gain_by_world_eur(a_eur: Floats, b_eur: Floats) -> Floats:
    """(worlds,) EUR that one policy earned more than another in each world.

    Args:
        a_eur: (seeds, worlds, days) of the one.
        b_eur: (seeds, worlds, days) of the other.
    """
    mean_a, mean_b = (interquartile_mean(one.sum(axis=2), axis=0) for one in (a_eur, b_eur))
    return (mean_a - mean_b).round(EUR_DECIMALS)


def by_world(days: pd.DataFrame) -> pd.DataFrame:
    """Day rows with the number of their scenario in column `world`; 0 where it is missing."""
    return days if "world" in days else days.assign(world=0)


class Daily:
    """The days of one policy, by seed and scenario.

    Args:
        days: of all policies, with a column `world`.
        policy: whose.

    Raises:
        InvalidInputError: its seeds ran on different days.
    """

    def __init__(self, days: pd.DataFrame, policy: str) -> None:
        rows = days[days["policy"] == policy]
        self._table = rows.set_index(AXES).sort_index()
        self.n_worlds, self.n_days = days["world"].nunique(), days["day"].nunique()
        self._shape = rows["seed"].nunique(), self.n_worlds, self.n_days
        if len(rows) != np.prod(self._shape) or self._table.index.has_duplicates:
            raise InvalidInputError("days", policy, "run every policy and seed on the same days")

    def seeds(self, column: str) -> Floats:
        """(seeds, scenarios, days) of one quantity."""
        return self._table[column].to_numpy(dtype=np.float64).reshape(self._shape)

    def mean(self, column: str) -> Floats:
        """(scenarios, days) interquartile mean over the seeds."""
        return interquartile_mean(self.seeds(column), axis=0)


def columns(name: str, interval: Interval) -> dict[str, Any]:
    """An interval as three columns of a table."""
    return {
        name: interval.estimate,
        f"{name}_low": interval.low,
        f"{name}_high": interval.high,
    }


def _ranked(table: pd.DataFrame, by: str) -> pd.DataFrame:
    order = np.argsort(-table[by].to_numpy(), kind="stable")
    table = table.iloc[order].reset_index(drop=True)
    honest = ~table["privileged"]
    table.insert(0, "rank", honest.cumsum().where(honest).astype("Int64"))
    return table

"""What a run amounts to: totals, the split of its profit, and its score."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from vpp_gym.arrays import Floats
from vpp_gym.errors import InvalidInputError
from vpp_gym.evaluation.statistics import (
    Interval,
    block_weights,
    by_seed_and_world,
    interquartile_mean,
    percentile_interval,
)
from vpp_gym.ledger import PROFIT, Ledger
from vpp_gym.markets.ledger import LEDGER, POSITION
from vpp_gym.markets.risk import tail_mean

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

    The flexibility of a policy is what its load_value_eur is better than that of
    charging on arrival. Bids and scheduling never mix in one number.

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


def satisfaction(table: pd.DataFrame) -> dict[str, pd.Series]:
    """Share of the demanded energy that was served, and of the sessions served in full.

    Both count the cars that have left, and are 1 where none has.
    """
    demand_kwh = table["demand_kwh"]
    return {
        "demand_satisfaction": (table["served_kwh"] / demand_kwh).where(demand_kwh > 0, 1.0),
        "fully_served_share": (table["fully_served"] / table["departures"]).where(
            table["departures"] > 0, 1.0
        ),
    }


def score(profit_eur: ArrayLike, no_control_eur: ArrayLike, hindsight_eur: ArrayLike) -> Floats:
    """Place between charging on arrival (0) and the optimum in hindsight (100).

    NaN where hindsight earned no more than charging on arrival: there is no scale then.

    >>> float(score(6230, no_control_eur=2064, hindsight_eur=7701).round(1))
    73.9
    """
    profit, low, high = np.broadcast_arrays(
        *(np.asarray(x, dtype=np.float64) for x in (profit_eur, no_control_eur, hindsight_eur))
    )
    room = high - low
    return 100 * np.divide(profit - low, room, out=np.full(room.shape, np.nan), where=room > 0)


def score_interval(
    profit_eur: ArrayLike,
    no_control_eur: ArrayLike,
    hindsight_eur: ArrayLike,
    *,
    block_days: int = 7,
    confidence: float = 0.95,
    n_resamples: int = 2000,
    rng: np.random.Generator,
) -> Interval:
    """Score with a bootstrap interval over weeks, and over seeds where there are several.

    Each resample draws blocks of days, the same for the policy and both ends
    of the scale, and seeds with replacement; the score is the interquartile
    mean over the seeds drawn. With several worlds, blocks come from all of them and the
    score is that of their mean profits.

    Args:
        profit_eur: EUR: (days,), (seeds, days) or (seeds, worlds, days).
        no_control_eur: (days,) or (worlds, days) EUR of charging on arrival on the same days.
        hindsight_eur: (days,) or (worlds, days) EUR of the optimum in hindsight.
        block_days: length of a block.
        confidence: of the percentile interval.
        n_resamples: bootstrap draws.
        rng: source of the draws.
    """
    runs = by_seed_and_world("profit_eur", profit_eur)
    low_high = (np.atleast_2d(np.asarray(one, float)) for one in (no_control_eur, hindsight_eur))
    ends = np.stack(list(low_high))
    if ends.shape[1:] != runs.shape[1:]:
        raise InvalidInputError("profit_eur", runs.shape, f"give {ends.shape[1:]} days per seed")
    _, n_worlds, n_days = ends.shape
    weights = block_weights(
        n_days, n_worlds=n_worlds, block_days=block_days, n_resamples=n_resamples, rng=rng
    )
    runs, ends = runs.reshape(len(runs), -1), ends.reshape(2, -1)
    low, high = weights @ ends[0], weights @ ends[1]
    scores = score(weights @ runs.T, low[:, None], high[:, None])
    drawn = rng.integers(len(runs), size=scores.shape)
    resampled = interquartile_mean(np.take_along_axis(scores, drawn, axis=1), axis=1)
    estimate = interquartile_mean(score(runs.sum(axis=1), *ends.sum(axis=1)))
    return percentile_interval(float(estimate), resampled, confidence)

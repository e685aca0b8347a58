"""Scores, interquartile means, and bootstrap intervals over runs and over days."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from vpp_gym.arrays import Floats
from vpp_gym.errors import InvalidInputError

EUR_DECIMALS = 6
"""Sums of money that differ by less are a tie: the order of adding up makes them differ."""


AT_ONCE = 250
"""Resamples drawn together: more need more memory and are no faster."""


@dataclass(frozen=True)
class Interval:
    """An estimate and the bootstrap interval around it, in the estimate's unit."""

    estimate: float
    low: float
    high: float


def interquartile_mean(values: ArrayLike, axis: int | None = -1) -> Floats:
    """Mean of the middle half: a quarter of the values is cut off at either end.

    The number cut off is rounded down, so three values or fewer give the plain mean.

    >>> float(interquartile_mean([0, 1, 2, 3, 4, 5, 6, 1000]))
    3.5

    Source: Agarwal et al. 2021, Deep RL at the Edge of the Statistical Precipice.
    """
    array = np.asarray(values, dtype=np.float64)
    ordered = np.sort(array, axis=axis)
    axis = 0 if axis is None else axis
    cut = ordered.shape[axis] // 4
    middle = np.arange(cut, ordered.shape[axis] - cut)
    return np.asarray(ordered.take(middle, axis=axis).mean(axis=axis))


def stratified_bootstrap(
    scores: ArrayLike,
    *,
    confidence: float = 0.95,
    n_resamples: int = 2000,
    rng: np.random.Generator,
) -> Interval:
    """Interquartile mean over runs and tasks, runs resampled within each task.

    Args:
        scores: (runs,) or (runs, tasks), at least two runs.
        confidence: of the percentile interval.
        n_resamples: bootstrap draws.
        rng: source of the draws.

    Source: Agarwal et al. 2021, Sec. 4.1.
    """
    table = np.asarray(scores, dtype=np.float64)
    table = table[:, None] if table.ndim == 1 else table
    if table.ndim != 2 or len(table) < 2:
        raise InvalidInputError("scores", table.shape, "give (runs, tasks) with two runs or more")
    _check_draws(confidence, n_resamples)

    def pooled(*tasks: Floats, axis: int) -> Floats:
        return interquartile_mean(np.concatenate(tasks, axis=axis), axis=axis)

    drawn = stats.bootstrap(
        tuple(table.T),
        pooled,
        vectorized=True,
        n_resamples=n_resamples,
        confidence_level=confidence,
        method="percentile",
        rng=rng,
    ).confidence_interval
    return Interval(
        float(interquartile_mean(table, axis=None)), float(drawn.low), float(drawn.high)
    )


def block_weights(
    n_days: int,
    *,
    n_worlds: int = 1,
    block_days: int = 7,
    n_resamples: int = 2000,
    rng: np.random.Generator,
) -> Floats:
    """How often each day is drawn when worlds, and weeks within them, are resampled.

    Each resample draws as many worlds as there are, with replacement, and within each drawn
    world as many days as it has, in blocks of consecutive days. Blocks start on any day and run
    on from the last day to the first, so every day is drawn equally often on average; the last
    block is cut to fit. Days within a block stay together, and so does their dependence.

    The days of a world scatter in the worlds' own totals already, so that with several worlds
    intervals are rather too wide than too narrow.

    Args:
        n_days: length of the series of a world.
        n_worlds: how many worlds lie one after the other.
        block_days: length of a block; a week keeps the weekly pattern.
        n_resamples: number of resampled series.
        rng: source of the draws.

    Returns:
        (n_resamples, n_worlds * n_days) whole numbers, each row summing to their number.

    Source: Politis & Romano 1992, circular block-resampling; Davison & Hinkley 1997, Sec. 3.8,
    resampling at two levels.
    """
    if n_days < 1:
        raise InvalidInputError("n_days", n_days, "give at least one day")
    if block_days < 1:
        raise InvalidInputError("block_days", block_days, "give at least one day")
    block_days, n_all = min(block_days, n_days), n_worlds * n_days
    n_blocks = -(-n_days // block_days)
    weights = np.empty((n_resamples, n_all))
    for start in range(0, n_resamples, AT_ONCE):
        n = min(AT_ONCE, n_resamples - start)
        world = rng.integers(n_worlds, size=(n, n_worlds, 1))
        first = rng.integers(n_days, size=(n, n_worlds, n_blocks, 1))
        day = (first + np.arange(block_days)) % n_days
        drawn = world * n_days + day.reshape(n, n_worlds, -1)[:, :, :n_days]
        flat = drawn.reshape(n, -1) + n_all * np.arange(n)[:, None]
        counts = np.bincount(flat.ravel(), minlength=n * n_all)
        weights[start : start + n] = counts.reshape(n, n_all)
    return weights


def block_bootstrap(
    days: ArrayLike,
    statistic: Callable[[Floats], Floats],
    *,
    block_days: int = 7,
    confidence: float = 0.95,
    n_resamples: int = 2000,
    rng: np.random.Generator,
    weights: Floats | None = None,
) -> Interval:
    """Interval of a statistic of sums over days, from resampled worlds and blocks of days.

    All columns are drawn on the same days: differences and ratios are paired.

    Args:
        days: (n_days, k) or (worlds, n_days, k) k daily quantities.
        statistic: maps (..., k) sums over all days, mean of the worlds, to (...) values.
        block_days: length of a block.
        confidence: of the percentile interval.
        n_resamples: bootstrap draws.
        rng: source of the draws.
        weights: of `block_weights`, drawn before; None: drawn here.
    """
    table = np.asarray(days, dtype=np.float64)
    table = table[None] if table.ndim == 2 else table
    if table.ndim != 3 or not np.isfinite(table).all():
        remedy = "give finite values of shape (n_days, k) or (worlds, n_days, k)"
        raise InvalidInputError("days", table.shape, remedy)
    _check_draws(confidence, n_resamples)
    n_worlds, n_days, k = table.shape
    if weights is None:
        weights = block_weights(
            n_days, n_worlds=n_worlds, block_days=block_days, n_resamples=n_resamples, rng=rng
        )
    return percentile_interval(
        float(statistic(table.mean(axis=0).sum(axis=0))),
        statistic(weights @ table.reshape(-1, k) / n_worlds),
        confidence,
    )


def paired_difference(
    a_eur: ArrayLike,
    b_eur: ArrayLike,
    *,
    block_days: int = 7,
    confidence: float = 0.95,
    n_resamples: int = 2000,
    rng: np.random.Generator,
    weights: Floats | None = None,
) -> Interval:
    """What policy a earned more than b over the same days, with its interval.

    With several seeds of a policy its sum is the interquartile mean over them.

    Args:
        a_eur: EUR of policy a: (n_days,), (seeds, n_days) or (seeds, worlds, n_days).
        b_eur: EUR of policy b on the same days: the same, with as many seeds as it has.
        block_days: length of a block.
        confidence: of the percentile interval.
        n_resamples: bootstrap draws.
        rng: source of the draws.
        weights: of `block_weights`, drawn before; None: drawn here.

    Returns:
        EUR over all days, mean of the worlds.
    """
    a, b = by_seed_and_world("a_eur", a_eur), by_seed_and_world("b_eur", b_eur)
    if a.shape[1:] != b.shape[1:]:
        raise InvalidInputError("b_eur", b.shape, f"give one value for each of {a.shape[1:]} days")
    seeds = len(a)
    return block_bootstrap(
        np.moveaxis(np.concatenate([a, b]), 0, -1),
        lambda sums: interquartile_mean(sums[..., :seeds]) - interquartile_mean(sums[..., seeds:]),
        block_days=block_days,
        confidence=confidence,
        n_resamples=n_resamples,
        rng=rng,
        weights=weights,
    )


def share_of_wins(a_eur: ArrayLike, b_eur: ArrayLike, *, block_days: int = 7) -> float:
    """Probability of improvement: share of weeks of all worlds in which a earned more than b.

    Ties count half. Every seed of a is compared with every seed of b. A world's weeks start
    with its first day; days left over at its end belong to the last week.

    Args:
        a_eur: EUR of policy a: (n_days,), (seeds, n_days) or (seeds, worlds, n_days).
        b_eur: EUR of policy b on the same days.
        block_days: length of a week.

    >>> share_of_wins([1.0, 5.0, 2.0], [1.0, 1.0, 9.0], block_days=1)
    0.5

    Source: Agarwal et al. 2021, Sec. 4.3, with weeks of worlds as tasks.
    """
    a, b = by_seed_and_world("a_eur", a_eur), by_seed_and_world("b_eur", b_eur)
    if a.shape[1:] != b.shape[1:]:
        raise InvalidInputError("b_eur", b.shape, f"give one value for each of {a.shape[1:]} days")
    starts = np.arange(max(a.shape[2] // block_days, 1)) * block_days
    weeks = [np.add.reduceat(one, starts, axis=2).round(EUR_DECIMALS) for one in (a, b)]
    more = np.sign(weeks[0][:, None] - weeks[1][None])
    return float((0.5 + 0.5 * more).mean())


def score(profit_eur: ArrayLike, no_control_eur: ArrayLike, hindsight_eur: ArrayLike) -> Floats:
    """Place between charging on arrival (0) and the upper end of the scale (100).

    NaN where the upper end earned no more than charging on arrival: there is no scale then.

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
    weights: Floats | None = None,
) -> Interval:
    """Score with a bootstrap interval over worlds and weeks, and over seeds if there are several.

    Each resample draws worlds and blocks of days within them (see `block_weights`), the same
    for the policy and both ends of the scale, and seeds with replacement; the score is the
    interquartile mean over the seeds drawn. With several worlds the score is that of their mean
    profits.

    Args:
        profit_eur: EUR: (days,), (seeds, days) or (seeds, worlds, days).
        no_control_eur: (days,) or (worlds, days) EUR of charging on arrival on the same days.
        hindsight_eur: (days,) or (worlds, days) EUR of the upper end.
        block_days: length of a block.
        confidence: of the percentile interval.
        n_resamples: bootstrap draws.
        rng: source of the draws.
        weights: of `block_weights`, drawn before; None: drawn here.
    """
    runs = by_seed_and_world("profit_eur", profit_eur)
    low_high = (np.atleast_2d(np.asarray(one, float)) for one in (no_control_eur, hindsight_eur))
    ends = np.stack(list(low_high))
    if ends.shape[1:] != runs.shape[1:]:
        raise InvalidInputError("profit_eur", runs.shape, f"give {ends.shape[1:]} days per seed")
    _, n_worlds, n_days = ends.shape
    if weights is None:
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


def by_seed_and_world(name: str, days: ArrayLike) -> Floats:
    """(seeds, worlds, n_days) of (n_days,), (seeds, n_days) or just that."""
    table = np.atleast_2d(np.asarray(days, dtype=np.float64))
    table = table[:, None] if table.ndim == 2 else table
    if table.ndim != 3:
        raise InvalidInputError(name, table.shape, "give (seeds, worlds, n_days) or less")
    return table


def percentile_interval(estimate: float, drawn: ArrayLike, confidence: float = 0.95) -> Interval:
    """Interval between two quantiles of resampled estimates; NaN where any of them is."""
    tail = (1 - confidence) / 2
    low, high = np.quantile(np.asarray(drawn, dtype=np.float64), (tail, 1 - tail))
    return Interval(estimate, float(low), float(high))


def _check_draws(confidence: float, n_resamples: int) -> None:
    if not 0 < confidence < 1:
        raise InvalidInputError("confidence", confidence, "give a fraction such as 0.95")
    if n_resamples < 1:
        raise InvalidInputError("n_resamples", n_resamples, "draw at least once")

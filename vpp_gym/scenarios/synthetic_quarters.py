"""Synthetic imbalance prices by quarters of an hour, the units in which they settle.

The price of a quarter is the day-ahead price of its hour, plus what the calendar tells of the
difference (season and hour), plus a deviation: a normal score with memory, pushed through a
table of quantiles that belongs to the class of the day-ahead price. The ramps that part the
quarters of an hour move the mean of the score, so that they are felt in scarce hours and hardly
in calm ones. Each table rises strictly: the score of a past quarter can be read from its price.
What the next prices are expected to be is therefore known exactly, see
`vpp_gym.scenarios.price_expectations`.

Scores are a sum of autoregressions. Each may weigh differently in the four quarters of an
hour: a slow one whose weights rise from quarter to quarter is a ramp that returns hour by hour.
"""

from __future__ import annotations

import numpy as np

from vpp_gym.arrays import Dates, Floats, Ints
from vpp_gym.kernels import njit
from vpp_gym.scenarios.calibration import Calibration, QuarterImbalance
from vpp_gym.scenarios.quantiles import class_of, from_scores
from vpp_gym.scenarios.synthetic_prices import waves

PER_HOUR = 4
PER_DAY = 24 * PER_HOUR
CANDIDATES = 64
"""Ways in which a recorded hour may go on, of which the one with the nearest mean is taken."""


def draw_quarter_imbalance(
    rng: np.random.Generator, fitted: Calibration, dates: Dates, da: Floats
) -> Floats:
    """Imbalance prices of the quarters of the given days.

    Args:
        rng: source of all draws.
        fitted: parameters, with an imbalance by quarters.
        dates: (days,) consecutive dates.
        da: (hours,) EUR/kWh, day-ahead prices that the calibration would draw.

    Returns:
        (4 * hours,) EUR/kWh.
    """
    law = quarters_of(fitted)
    score = draw_scores(rng, law.im_processes, PER_HOUR * len(da)) + ramp_of(law, len(dates))
    row = np.repeat(da_classes(fitted, dates, da), PER_HOUR)
    deviation = from_scores(law.im_scores, law.im_quantiles, row, score)
    return expected_im(law, dates, da) + scale_of(law, len(dates)) * deviation


def draw_quarters_around(
    rng: np.random.Generator, fitted: Calibration, dates: Dates, da: Floats, im: Floats
) -> Floats:
    """Imbalance prices of quarters whose means are those recorded by the hour.

    Of several ways in which the law may go on from the quarters before, each hour takes the
    one whose mean comes nearest to the recorded price, moved by what is left to it.

    Args:
        rng: source of all draws.
        fitted: parameters, with an imbalance by quarters.
        dates: (days,) consecutive dates.
        da: (hours,) EUR/kWh, recorded day-ahead prices.
        im: (hours,) EUR/kWh, recorded imbalance prices.

    Returns:
        (4 * hours,) EUR/kWh.
    """
    law = quarters_of(fitted)
    row = da_classes(fitted, dates, da)
    deviation = _scaled_around(
        rng,
        stepped(law.im_processes),
        law.im_scores,
        law.im_quantiles,
        law.im_ramp,
        row,
        (im.repeat(PER_HOUR) - expected_im(law, dates, da)) / scale_of(law, len(dates)),
    )
    drawn = expected_im(law, dates, da) + scale_of(law, len(dates)) * deviation
    gap = im - drawn.reshape(-1, PER_HOUR).mean(axis=1)
    return np.asarray(drawn + np.repeat(gap, PER_HOUR))


def quarters_of(fitted: Calibration) -> QuarterImbalance:
    """The law by quarters of a calibration that has one."""
    if not isinstance(fitted.imbalance, QuarterImbalance):
        raise TypeError("this calibration draws imbalance prices by hours")
    return fitted.imbalance


def da_classes(fitted: Calibration, dates: Dates, da: Floats) -> Ints:
    """(hours,) class of each day-ahead price, taken from the level of its season."""
    level = season_level(fitted.season_eur_per_kwh, dates)
    return class_of(quarters_of(fitted).da_edges_eur_per_kwh, da - level)


def season_level(season: Floats, dates: Dates) -> Floats:
    """(hours,) EUR/kWh by which the day's mean day-ahead price follows the season."""
    return np.repeat(waves(dates) @ season.mean(axis=1), 24)


def expected_im(law: QuarterImbalance, dates: Dates, da: Floats) -> Floats:
    """(4 * hours,) EUR/kWh: day-ahead price and what season and hour tell of the difference."""
    spread = law.im_shape_eur_per_kwh + waves(dates) @ law.im_season_eur_per_kwh
    return np.repeat(da + spread.ravel(), PER_HOUR)


def scale_of(law: QuarterImbalance, days: int) -> Floats:
    """(96 * days,) EUR/kWh by which deviations are multiplied."""
    return np.tile(np.repeat(law.im_scale_eur_per_kwh, PER_HOUR), days)


def ramp_of(law: QuarterImbalance, days: int) -> Floats:
    """(96 * days,) mean of the score of each quarter."""
    return np.tile(law.im_ramp.ravel(), days)


def draw_scores(rng: np.random.Generator, processes: Floats, n: int) -> Floats:
    """(n,) normal scores of quarters from a midnight on, around the mean of each.

    Args:
        rng: source of all draws.
        processes: (c, 6) as `QuarterImbalance.im_processes`.
        n: quarters. Fewer are the beginning of more.
    """
    return _draw_scores(rng, stepped(processes), n)


def stepped(processes: Floats) -> Floats:
    """(s, 8) coordinates of the processes: how each one moves, and what it adds to the score.

    A process that turns has two coordinates, the first of which is seen. Columns: decay times
    cosine, decay times sine (of the turn per quarter), standard deviation of what is new,
    step to the other coordinate (0, 1 or -1), and weight in the four quarters of an hour.
    """
    rows = []
    for decay, period, *weights in processes:
        angle = 2 * np.pi / period if period > 0 else 0.0
        move = (decay * np.cos(angle), decay * np.sin(angle), np.sqrt(1 - decay**2))
        if period > 0:
            rows.append((move[0], -move[1], move[2], 1, *weights))
            rows.append((move[0], move[1], move[2], -1, 0, 0, 0, 0))
        else:
            rows.append((*move, 0, *weights))
    return np.array(rows, dtype=np.float64)


@njit(allocates=True)
def _draw_scores(rng: np.random.Generator, steps: Floats, n: int) -> Floats:
    """(n,) scores: coordinates of `stepped` from their stationary law on."""
    c = len(steps)
    now, new, score = np.empty(c), np.empty(c), np.empty(n)
    for i in range(c):
        now[i] = rng.standard_normal()
    for t in range(n):
        if t > 0:
            advance(rng, steps, now, new)
            now[:] = new
        score[t] = seen(steps, now, t % PER_HOUR)
    return score


@njit(allocates=True)
def advance(rng: np.random.Generator, steps: Floats, now: Floats, new: Floats) -> None:
    """Draw the coordinates of the next quarter into `new`."""
    for i in range(len(steps)):
        turned = steps[i, 0] * now[i] + steps[i, 1] * now[i + int(steps[i, 3])]
        new[i] = turned + steps[i, 2] * rng.standard_normal()


@njit
def seen(steps: Floats, now: Floats, quarter: int) -> float:
    """Score that coordinates add up to in a quarter of the hour."""
    score = 0.0
    for i in range(len(steps)):
        score += steps[i, 4 + quarter] * now[i]
    return score


@njit(internal=True)
def _mean_of_hour(quarters: Floats) -> float:
    total = 0.0
    for quarter in range(PER_HOUR):
        total += quarters[quarter]
    return total / PER_HOUR


@njit(allocates=True)
def _scaled_around(
    rng: np.random.Generator,
    steps: Floats,
    scores: Floats,
    table: Floats,
    ramp: Floats,
    row: Ints,
    wanted: Floats,
) -> Floats:
    """(4 * hours,) scaled deviations, of each hour the candidate with the nearest mean.

    Args:
        rng: source of all draws.
        steps: of `stepped`.
        scores: (m,) of the table.
        table: (d, m) quantiles by class.
        ramp: (24, 4) mean score.
        row: (hours,) class of each.
        wanted: (4 * hours,) deviations that the recorded price would be, were it every quarter's.
    """
    c, hours = len(steps), len(row)
    deviation = np.empty(PER_HOUR * hours)
    begin, now, new, best = np.empty(c), np.empty(c), np.empty(c), np.empty(c)
    path, nearest = np.empty(PER_HOUR), np.empty(PER_HOUR)
    for i in range(c):
        begin[i] = rng.standard_normal()
    for hour in range(hours):
        least = np.inf
        goal = _mean_of_hour(wanted[PER_HOUR * hour : PER_HOUR * (hour + 1)])
        for _ in range(CANDIDATES):
            now[:] = begin
            for quarter in range(PER_HOUR):
                advance(rng, steps, now, new)
                now[:] = new
                path[quarter] = ramp[hour % 24, quarter] + seen(steps, now, quarter)
            values = from_scores(scores, table, np.full(PER_HOUR, row[hour]), path)
            gap = abs(_mean_of_hour(values) - goal)
            if gap < least:
                least = gap
                nearest[:] = values
                best[:] = now
        begin[:] = best
        deviation[PER_HOUR * hour : PER_HOUR * (hour + 1)] = nearest
    return deviation

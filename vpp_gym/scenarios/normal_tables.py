"""Expectations of tables of quantiles at normal scores, and the scores of their values.

A table is a function of the score: a line between any two of its points, flat outside. It is
its first value plus, at each point, the change of slope times how far the score lies beyond.
"""

from __future__ import annotations

from math import erf, erfc, exp, pi, sqrt

import numpy as np

from vpp_gym.arrays import Floats, Ints
from vpp_gym.kernels import njit

FAR = 8.5
"""Standard deviations beyond which a normal score does not come."""
MOST_PIECES = 100
NODES, WEIGHTS = np.polynomial.legendre.leggauss(8)


@njit(allocates=True)
def scores_of_values(scores: Floats, table: Floats, row: Ints, values: Floats) -> Floats:
    """(n,) scores at which the table's rows, which rise strictly, have the values."""
    found, last = np.empty(len(values)), len(scores) - 1
    for i in range(len(values)):
        right = min(max(np.searchsorted(table[row[i]], values[i]), 1), last)
        low, high = table[row[i], right - 1], table[row[i], right]
        share = (values[i] - low) / (high - low)
        found[i] = scores[right - 1] + share * (scores[right] - scores[right - 1])
    return found


@njit
def beyond(point: float, mean: float, sd: float) -> float:
    """Expected distance of a normal score beyond a point: E[max(score - point, 0)].

    >>> beyond(0.0, 0.0, 1.0) == 1 / sqrt(2 * pi)
    True
    """
    u = (mean - point) / sd
    if u > FAR:
        return mean - point
    if u < -FAR:
        return 0.0
    return (mean - point) * 0.5 * (1 + erf(u / sqrt(2.0))) + sd * exp(-u * u / 2) / sqrt(2 * pi)


@njit
def mean_above(
    scores: Floats, table: Floats, row: int, least: float, mean: float, sd: float
) -> float:
    """E[max(value - least, 0)] of a row's value at a normal score."""
    last = len(scores) - 1
    if least >= table[row, last]:
        return 0.0
    total, begin = 0.0, 0
    slope_before = 0.0
    if least < table[row, 0]:
        total = table[row, 0] - least
    else:
        while table[row, begin + 1] <= least:
            begin += 1
        rise = table[row, begin + 1] - table[row, begin]
        slope_before = rise / (scores[begin + 1] - scores[begin])
        crossing = scores[begin] + (least - table[row, begin]) / slope_before
        total = slope_before * beyond(crossing, mean, sd)
        begin += 1
    for k in range(begin, last + 1):
        slope = 0.0
        if k < last:
            slope = (table[row, k + 1] - table[row, k]) / (scores[k + 1] - scores[k])
        total += (slope - slope_before) * beyond(scores[k], mean, sd)
        slope_before = slope
    return total


@njit(allocates=True)
def expected_values(scores: Floats, table: Floats, row: Ints, mean: Floats, sd: Floats) -> Floats:
    """(n,) expectations of the table's rows at normal scores.

    Args:
        scores: (m,) of the table.
        table: (d, m) values, rising.
        row: (n,) of the table.
        mean: (n,) of the score.
        sd: (n,) of the score, above 0.
    """
    expected, bends = np.empty(len(row)), _bends(scores, table)
    for i in range(len(row)):
        value = table[row[i], 0]
        for k in range(len(scores)):
            value += bends[row[i], k] * beyond(scores[k], mean[i], sd[i])
        expected[i] = value
    return expected


@njit(allocates=True, internal=True)
def _bends(scores: Floats, table: Floats) -> Floats:
    """(d, m) changes of slope at each point of the table's rows."""
    bends = np.zeros(table.shape)
    for row in range(len(table)):
        for k in range(len(scores) - 1):
            slope = (table[row, k + 1] - table[row, k]) / (scores[k + 1] - scores[k])
            bends[row, k] += slope
            bends[row, k + 1] -= slope
    return bends


@njit(allocates=True)
def expected_clipped(
    scores: Floats,
    table: Floats,
    row: Ints,
    base: Floats,
    scale: Floats,
    mean: Floats,
    sd: Floats,
    spread: Floats,
) -> Floats:
    """(n,) expectations of zero clipped between the price less and plus half its spread.

    The price is base + scale * value of the table's row.

    Args:
        scores, table, row, mean, sd: as of `expected_values`.
        base: (n,)
        scale: (n,) above 0.
        spread: (n,) between the two prices, known.
    """
    expected = np.empty(len(row))
    for i in range(len(row)):
        lowest = table[row[i], 0]
        price = lowest + mean_above(scores, table, row[i], lowest, mean[i], sd[i])
        expected[i] = base[i] + scale[i] * price
        if spread[i] > 0:
            half = spread[i] / 2
            low, high = (-half - base[i]) / scale[i], (half - base[i]) / scale[i]
            inside = mean_above(scores, table, row[i], low, mean[i], sd[i])
            inside -= mean_above(scores, table, row[i], high, mean[i], sd[i])
            expected[i] += half - scale[i] * inside
    return expected


@njit(allocates=True)
def expected_two_prices(
    scores: Floats,
    table: Floats,
    row: Ints,
    base: Floats,
    scale: Floats,
    mean: Floats,
    sd: Floats,
    share: float,
    mean_spread: float,
) -> Floats:
    """(n,) as `expected_clipped`, of a spread that is not known: exponential, or none.

    A price p and an exponential spread give p - sign(p) b / 2 (1 - exp(-2 |p| / b)) on
    average, with b its mean. That is integrated over the score between any two points of the
    table and of the sign's change, by eight nodes for each mean spread that the price rises.

    Args:
        scores, table, row, base, scale, mean, sd: as of `expected_clipped`.
        share: probability of a spread.
        mean_spread: of the exponential one.
    """
    expected, last = np.empty(len(row)), len(scores) - 1
    for i in range(len(row)):
        values = table[row[i]]
        price = values[0] + mean_above(scores, table, row[i], values[0], mean[i], sd[i])
        expected[i] = base[i] + scale[i] * price
        if share == 0 or mean_spread == 0:
            continue
        below = 0.5 * erfc((mean[i] - scores[0]) / (sd[i] * sqrt(2.0)))
        above = 0.5 * erfc((scores[last] - mean[i]) / (sd[i] * sqrt(2.0)))
        drawn_in = below * _taken(base[i] + scale[i] * values[0], mean_spread)
        drawn_in += above * _taken(base[i] + scale[i] * values[last], mean_spread)
        for k in range(last):
            low, high = base[i] + scale[i] * values[k], base[i] + scale[i] * values[k + 1]
            left, right = scores[k], scores[k + 1]
            if right < mean[i] - FAR * sd[i] or left > mean[i] + FAR * sd[i]:
                continue
            slope = (high - low) / (right - left)
            if low < 0 < high:
                zero = left - low / slope
                drawn_in += _drawn_in(left, zero, low, slope, mean[i], sd[i], mean_spread)
                drawn_in += _drawn_in(zero, right, 0.0, slope, mean[i], sd[i], mean_spread)
            else:
                drawn_in += _drawn_in(left, right, low, slope, mean[i], sd[i], mean_spread)
        expected[i] -= share * drawn_in
    return expected


@njit(internal=True)
def _drawn_in(
    left: float,
    right: float,
    price: float,
    slope: float,
    mean: float,
    sd: float,
    mean_spread: float,
) -> float:
    """What a spread takes off prices on one line: integral over normal scores between two.

    Args:
        left, right: scores.
        price: at the left one.
        slope: of the price.
        mean, sd: of the score.
        mean_spread: of the exponential spread.
    """
    pieces = 1 + int(min(slope * (right - left) / mean_spread, MOST_PIECES))
    total, half = 0.0, (right - left) / (2 * pieces)
    for piece in range(pieces):
        for k in range(len(NODES)):
            score = left + half * (2 * piece + 1 + NODES[k])
            u = (score - mean) / sd
            density = WEIGHTS[k] * half * exp(-u * u / 2) / (sd * sqrt(2 * pi))
            total += density * _taken(price + slope * (score - left), mean_spread)
    return total


@njit(internal=True)
def _taken(price: float, mean_spread: float) -> float:
    """What an exponential spread takes off a price on average, towards zero."""
    taken = mean_spread / 2 * (1 - exp(-2 * abs(price) / mean_spread))
    return taken if price > 0 else -taken

"""The network behind `LearnedForecaster`: what it sees of the past, and what it adds.

Everything is a kernel over plain arrays and adds in a fixed order, so that a forecast does not
depend on the size of a batch or on a library.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from vpp_gym.arrays import Floats
from vpp_gym.errors import InvalidInputError
from vpp_gym.kernels import njit

STEPS_AHEAD = 96
"""Quarter hours for which the network corrects the forecast: a day."""
STEPS_PAST, HOURS_PAST, PER_HOUR, PER_DAY = 12, 6, 4, 96
PRICE_EUR_PER_KWH = 0.05
"""Unit of prices inside the network."""
LEVEL_EUR_PER_KWH = 0.045
CLIP = 8.0
"""Standardised inputs are cut off here."""
DA_AHEAD = (1, 2, 3, 4, 8, 12, 16, 24, 32, 48, 72)
"""Steps ahead whose day-ahead price is an input, less that of now."""
EXPECTED_AHEAD = (0, 1, 4, 16, 48, 95)
"""Steps ahead for which the residual that the anchored forecast expects is an input."""
N_INPUTS = 65
SATURDAY, SUNDAY = 5, 6

_AHEAD = np.array(DA_AHEAD)
_EXPECTED = np.array(EXPECTED_AHEAD)


class Net(NamedTuple):
    """Two hidden layers of rectified units, and a linear path past them.

    Attributes:
        mean: (F,) of the inputs in training.
        std: (F,) of the inputs in training.
        weight_0: (F, H) of the first layer.
        bias_0: (H,)
        weight_1: (H, H) of the second layer.
        bias_1: (H,)
        weight_2: (H, `STEPS_AHEAD`) of the output.
        linear: (F, `STEPS_AHEAD`) from the inputs straight to the output.
        bias_2: (`STEPS_AHEAD`,)
    """

    mean: Floats
    std: Floats
    weight_0: Floats
    bias_0: Floats
    weight_1: Floats
    bias_1: Floats
    weight_2: Floats
    linear: Floats
    bias_2: Floats


def net_of(arrays: Mapping[str, Any], file: str) -> Net:
    """The network of arrays by name, in double precision.

    Args:
        arrays: by the names of `Net`.
        file: that they come from, for errors.

    Raises:
        InvalidInputError: shapes that do not fit, or numbers that are not finite.
    """
    net = Net(*(np.ascontiguousarray(arrays[name], dtype=np.float64) for name in Net._fields))
    units = net.weight_0.shape[-1]
    fit = {
        "mean": (N_INPUTS,),
        "std": (N_INPUTS,),
        "weight_0": (N_INPUTS, units),
        "bias_0": (units,),
        "weight_1": (units, units),
        "bias_1": (units,),
        "weight_2": (units, STEPS_AHEAD),
        "linear": (N_INPUTS, STEPS_AHEAD),
        "bias_2": (STEPS_AHEAD,),
    }
    for name, shape in fit.items():
        values = getattr(net, name)
        if values.shape != shape or not np.isfinite(values).all():
            remedy = f"give finite numbers of shape {shape}: train it again"
            raise InvalidInputError(f"{file} {name}", values.shape, remedy)
    if not (net.std > 0.0).all():
        raise InvalidInputError(f"{file} std", float(net.std.min()), "give numbers above 0")
    return net


@njit(allocates=True)
def inputs_of(
    residual: Floats,
    anchor: Floats,
    mid: Floats,
    period: int,
    weekday: int,
    half_spread: float,
    last_spread: float,
) -> Floats:
    """(F,) what the network sees in one step.

    Args:
        residual: (p,) settled prices less day-ahead prices, oldest first, with at most as
            many steps as a snapshot remembers; what is missing counts as 0.
        anchor: (>= `STEPS_AHEAD`,) day-ahead prices, known or expected, this step first.
        mid: (>= `STEPS_AHEAD`,) what `DayAheadAnchored` expects of the imbalance price.
        period: place of the step in the clock day, in quarters of an hour.
        weekday: 0 is Monday.
        half_spread: mean of half the short less the long price of the past.
        last_spread: of the last settled step.
    """
    out, n = np.zeros(N_INPUTS), len(residual)
    unit = 1.0 / PRICE_EUR_PER_KWH
    quarter = period % PER_HOUR
    for k in range(min(STEPS_PAST, n)):
        out[k] = residual[n - 1 - k] * unit
    last, so_far = out[0], _mean(residual, n - quarter, n) * unit
    j = STEPS_PAST
    out[j] = so_far
    for h in range(HOURS_PAST):
        end = n - quarter - h * PER_HOUR
        out[j + 1 + h] = _mean(residual, end - PER_HOUR, end) * unit
    j += 1 + HOURS_PAST
    out[j] = _mean(residual, n - 6 * PER_HOUR, n) * unit
    out[j + 1] = _mean(residual, n - PER_DAY, n) * unit
    out[j + 2] = _mean(residual, n - 7 * PER_DAY, n) * unit
    size, first = 0.0, max(n - PER_DAY, 0)
    for k in range(first, n):
        size += abs(residual[k])
    out[j + 3] = size / max(n - first, 1) * unit
    j += 4
    out[j + quarter], out[j + 4 + quarter] = 1.0, last
    if quarter > 0:
        out[j + 7 + quarter] = so_far
    j += 11
    for k in range(4):
        angle = 2.0 * math.pi * (k + 1) * period / PER_DAY
        out[j + 2 * k], out[j + 2 * k + 1] = math.sin(angle), math.cos(angle)
    j += 8
    out[j] = 1.0 if weekday == SATURDAY else 0.0
    out[j + 1] = 1.0 if weekday == SUNDAY else 0.0
    out[j + 2] = (anchor[0] - LEVEL_EUR_PER_KWH) * unit
    out[j + 3] = (_mean(anchor, 0, STEPS_AHEAD) - anchor[0]) * unit
    j += 4
    for k in range(len(_AHEAD)):
        out[j + k] = (anchor[_AHEAD[k]] - anchor[0]) * unit
    j += len(_AHEAD)
    for k in range(len(_EXPECTED)):
        out[j + k] = (mid[_EXPECTED[k]] - anchor[_EXPECTED[k]]) * unit
    j += len(_EXPECTED)
    out[j], out[j + 1] = half_spread * unit, last_spread * unit
    return out


@njit
def _mean(values: Floats, first: int, end: int) -> float:
    """Mean of a stretch, as far as it lies within the values; 0 of none."""
    first = max(first, 0)
    if end <= first:
        return 0.0
    total = 0.0
    for k in range(first, end):
        total += values[k]
    return total / (end - first)


@njit(allocates=True)
def correction_of(inputs: Floats, net: Net) -> Floats:
    """(`STEPS_AHEAD`,) EUR/kWh that the network adds to the anchored forecast."""
    x = np.empty(len(inputs))
    for i in range(len(x)):
        x[i] = min(max((inputs[i] - net.mean[i]) / net.std[i], -CLIP), CLIP)
    hidden = _rectified(x, net.weight_0, net.bias_0)
    hidden = _rectified(hidden, net.weight_1, net.bias_1)
    out = net.bias_2.copy()
    _add_product(hidden, net.weight_2, out)
    _add_product(x, net.linear, out)
    for j in range(len(out)):
        out[j] *= PRICE_EUR_PER_KWH
    return out


@njit(allocates=True, internal=True)
def _rectified(x: Floats, weight: Floats, bias: Floats) -> Floats:
    out = bias.copy()
    _add_product(x, weight, out)
    for j in range(len(out)):
        out[j] = max(out[j], 0.0)
    return out


@njit(allocates=True, internal=True)
def _add_product(x: Floats, weight: Floats, out: Floats) -> None:
    """Add x times the weights, input by input: a sum of fixed order for every output.

    Inputs that are 0 are left out, the others taken four at a time: each output is read and
    written once for the four.
    """
    used, n = np.empty(len(x), np.int64), 0
    for i in range(len(x)):
        if x[i] != 0.0:
            used[n] = i
            n += 1
    fours = n - n % 4
    for k in range(0, fours, 4):
        i0, i1, i2, i3 = used[k], used[k + 1], used[k + 2], used[k + 3]
        x0, x1, x2, x3 = x[i0], x[i1], x[i2], x[i3]
        for j in range(len(out)):
            both = out[j] + x0 * weight[i0, j] + x1 * weight[i1, j]
            out[j] = both + x2 * weight[i2, j] + x3 * weight[i3, j]
    for k in range(fours, n):
        i = used[k]
        each = x[i]
        for j in range(len(out)):
            out[j] += each * weight[i, j]

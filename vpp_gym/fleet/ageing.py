"""Ageing of a battery: capacity that is lost with time and with use, by a published model.

Of the capacity of a new cell the share

    alpha t^0.75 + beta sqrt(Q),
    alpha = (7.543 V - 23.75) 10^6 exp(-6976 / T)                  per day^0.75,
    beta = 7.348e-3 (V_mean - 3.667)^2 + 7.6e-4 + 4.081e-3 D       per Ah^0.5

is lost after t days at the open-circuit voltage V [V] and the temperature T [K], and after a
throughput of Q [Ah, in and out] in cycles of the depth D around the mean voltage V_mean.

Source: Schmalstieg, Kaebitz, Ecker, Sauer 2014, "A holistic aging model for Li(NiMnCo)O2 based
18650 lithium-ion batteries", Journal of Power Sources 257, 325-334,
doi:10.1016/j.jpowsour.2014.02.012: cells of 2.05 Ah, aged at 35 to 50 degrees C and cycled at 1C.
Other temperatures and the low power of chargers are extrapolations. Ours: the voltage by state of
charge, a curve typical of such cells; and that the loss of a stay is the slope of these laws at a
stated age and use, so that stays add up and do not depend on their order.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from vpp_gym.arrays import Floats

CELL_AH = 2.05
"""Capacity of the cell that the law was fitted to."""
AH_PER_CYCLE = 2 * CELL_AH
"""Throughput of a full cycle, out and in."""
SOC = np.linspace(0.0, 1.0, 11)
OPEN_CIRCUIT_V = np.array([3.42, 3.50, 3.56, 3.60, 3.63, 3.67, 3.75, 3.84, 3.93, 4.04, 4.16])
"""Open-circuit voltage by state of charge, of a cell with NMC against graphite."""
ZERO_K = 273.15


class Condition(NamedTuple):
    """State of the batteries at which losses are told.

    Attributes:
        temperature_k: of the cells.
        age_days: since they were new.
        cycles: full cycles so far.
    """

    temperature_k: float
    age_days: float
    cycles: float


class Loss(NamedTuple):
    """Shares of the capacity that are lost."""

    calendar: float
    cyclic: float


def open_circuit_v(soc: ArrayLike) -> Floats:
    """Voltage [V] of a cell at rest.

    >>> float(open_circuit_v(0.5))
    3.67
    """
    return np.asarray(np.interp(np.asarray(soc, dtype=np.float64), SOC, OPEN_CIRCUIT_V))


def calendar_alpha(soc: ArrayLike, temperature_k: float) -> Floats:
    """Share of the capacity lost in the first day^0.75 at a state of charge.

    A year at half charge and 25 degrees C:

    >>> round(float(calendar_alpha(0.5, 298.15)) * 365**0.75, 4)
    0.0226
    """
    heat = 1e6 * np.exp(-6976.0 / temperature_k)
    return np.asarray((7.543 * open_circuit_v(soc) - 23.75) * heat)


def cyclic_beta(mean_soc: ArrayLike, depth: ArrayLike) -> Floats:
    """Share of the capacity lost by the first Ah^0.5 in cycles around a state of charge.

    Args:
        mean_soc: in the middle of the cycles.
        depth: share of the capacity, from the lowest to the highest.

    800 full cycles:

    >>> round(float(cyclic_beta(0.5, 1.0)) * (800 * AH_PER_CYCLE) ** 0.5, 3)
    0.277
    """
    off = open_circuit_v(mean_soc) - 3.667
    return np.asarray(7.348e-3 * off**2 + 7.6e-4 + 4.081e-3 * np.asarray(depth))


def loss_of_stay(soc: Floats, dt_h: float, at: Condition) -> Loss:
    """Shares of the capacity that a battery loses while it is connected.

    Args:
        soc: (k + 1,) state of charge at the beginning of each step, and at the end.
        dt_h: hours per step.
        at: age and use of the battery.
    """
    soc = np.asarray(soc, dtype=np.float64)
    middle = 0.5 * (soc[1:] + soc[:-1])
    slope = 0.75 * at.age_days**-0.25
    calendar = slope * calendar_alpha(middle, at.temperature_k).sum() * dt_h / 24
    low, high, weight = half_cycles(soc)
    depth = high - low
    beta = cyclic_beta(0.5 * (low + high), depth)
    slope = 0.5 / np.sqrt(at.cycles * AH_PER_CYCLE)
    cyclic = slope * float((weight * beta * depth * CELL_AH).sum())
    return Loss(float(calendar), cyclic)


def round_trip_loss(soc: ArrayLike, depth: ArrayLike, at: Condition) -> Floats:
    """Capacity [kWh] lost by taking a kWh out of a battery and putting it back.

    Args:
        soc: state of charge around which that happens.
        depth: of the cycle that the kWh is part of.
        at: age and use of the battery.
    """
    slope = 0.5 / np.sqrt(at.cycles * AH_PER_CYCLE)
    return np.asarray(slope * cyclic_beta(soc, depth) * AH_PER_CYCLE)


def half_cycles(soc: Floats) -> tuple[Floats, Floats, Floats]:
    """Lowest and highest level of each cycle, and its weight: 1 for a half, 2 for a whole one.

    By rainflow counting, which finds cycles within longer ones (ASTM E1049, three points).

    >>> [part.tolist() for part in half_cycles(np.array([0.2, 0.9, 0.6, 0.8, 0.3]))]
    [[0.6, 0.2, 0.3], [0.8, 0.9, 0.9], [2.0, 1.0, 1.0]]
    """
    found: list[tuple[float, float, float]] = []
    stack: list[float] = []
    for level in _turning_points(soc):
        stack.append(level)
        while len(stack) >= 3:
            last, before = abs(stack[-1] - stack[-2]), abs(stack[-2] - stack[-3])
            if last < before:
                break
            whole = len(stack) > 3
            found.append((*sorted(stack[-3:-1]), 2.0 if whole else 1.0))  # type: ignore[arg-type]
            del stack[-3 : -1 if whole else -2]
    found += [(min(a, b), max(a, b), 1.0) for a, b in pairwise(stack) if a != b]
    table = np.array(found, dtype=np.float64).reshape(-1, 3)
    return table[:, 0], table[:, 1], table[:, 2]


def _turning_points(soc: Floats) -> list[float]:
    """Levels at which the course turns, with its first and last."""
    moves = np.flatnonzero(np.diff(soc) != 0)
    if not len(moves):
        return [float(soc[0])]
    course = np.concatenate([soc[moves], soc[moves[-1] + 1 :][:1]])
    steps = np.sign(np.diff(course))
    turns = np.flatnonzero(np.diff(steps) != 0) + 1
    return [float(one) for one in course[[0, *turns, len(course) - 1]]]

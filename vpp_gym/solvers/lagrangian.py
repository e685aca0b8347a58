"""One EV's optimal plan when every kWh it gives back has a price: one pass, exact."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vpp_gym.arrays import Floats
from vpp_gym.kernels import njit
from vpp_gym.solvers.leaving import leaving_cost
from vpp_gym.solvers.segments import (
    FALL_ONLY,
    NOISE_KWH,
    Segments,
    Stay,
    copy_segments,
    is_chord,
    steps_back,
    use_up,
)


@njit(internal=True)
def lagrangian_plan(
    stay: Stay,
    mode: NDArray[np.int8],
    fall_price: float,
    after: Segments,
    room: Segments,
    move: Floats,
) -> tuple[bool, float, float]:
    """Optimal plan when every kWh taken costs `fall_price` on top, exact and in one pass.

    Args:
        stay: the problem; its budget is not looked at.
        mode: (T,) FREE, RISE_ONLY or FALL_ONLY for each step.
        fall_price: EUR per kWh taken, >= 0; inf takes only what the limits force.
        after: from `late_value`.
        room: list to work in, overwritten.
        move: (T,) out: change of the stored energy in each step.

    Returns:
        Whether there is a plan; its cost in EUR without the fall price, concave
        steps at their convex hull (a lower bound); the kWh taken in that hull.
    """
    copy_segments(after, room)
    steps_back(stay, mode, fall_price, stay.early_steps, 0, room)
    lowest, highest = room.window[0] - NOISE_KWH, room.window[1] + NOISE_KWH
    if not lowest <= stay.energy_kwh <= highest:
        return False, np.inf, 0.0
    use_up(room, stay.energy_kwh - room.window[0])
    used = room.used
    cost, taken, energy = 0.0, 0.0, stay.energy_kwh
    for i in range(len(move)):
        # What is used of a rise is not stored, what is used of a fall is taken.
        rise, fall = stay.rise_kwh[i] - used[i], used[len(move) + i]
        gain_eur = stay.fall_eur[i] - fall_price - stay.rise_eur[i]
        if mode[i] == FALL_ONLY:
            rise = 0.0
        elif is_chord(mode[i], stay.rise_kwh[i], stay.fall_kwh[i], gain_eur):
            fall = stay.fall_kwh[i] * used[i] / (stay.rise_kwh[i] + stay.fall_kwh[i])
            rise = stay.rise_kwh[i] * (1.0 - fall / stay.fall_kwh[i])
        move[i] = rise - fall
        energy += move[i]
        cost += stay.rise_eur[i] * rise - stay.fall_eur[i] * fall
        cost += leaving_cost(stay.leave_eur, stay.due_kwh, i, energy)
        taken += fall
    return True, cost + stay.shortfall_eur * shortfall_kwh(stay, energy), taken


@njit(internal=True)
def shortfall_kwh(stay: Stay, energy_kwh: float) -> float:
    """What is missing to the target, zero where it is rounding only."""
    short = stay.target_kwh - energy_kwh
    return short if short > NOISE_KWH else 0.0


@njit(internal=True)
def true_cost(stay: Stay, move: Floats) -> float:
    """Cost of a plan in EUR, every step either rising or falling."""
    cost, energy = 0.0, stay.energy_kwh
    for i in range(len(move)):
        cost += move[i] * (stay.rise_eur[i] if move[i] > 0.0 else stay.fall_eur[i])
        energy += move[i]
        cost += leaving_cost(stay.leave_eur, stay.due_kwh, i, energy)
    return cost + stay.shortfall_eur * shortfall_kwh(stay, energy)

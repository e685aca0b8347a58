"""When owners really leave."""

from __future__ import annotations

import numpy as np

from vpp_gym.arrays import Ints
from vpp_gym.scenarios.scenario import Sessions


def leaving_step(sessions: Sessions, early_departure_prob: float) -> Ints:
    """Step in which each session really ends: the declared departure, or one before it.

    An early owner leaves at any step behind the arrival's with equal probability. One
    draw decides both, so that fewer leave early at a lower probability, and the same.

    Args:
        sessions: with their `departure_draw`.
        early_departure_prob: share of owners who leave early.

    Returns:
        (n,) arrival_step < step <= departure_step.
    """
    if early_departure_prob == 0:
        return sessions.departure_step
    stay = sessions.departure_step - sessions.arrival_step
    draw = sessions.departure_draw
    early = (draw < early_departure_prob) & (stay > 1)
    share = np.divide(draw, early_departure_prob, out=np.zeros(len(draw)), where=early)
    after = 1 + np.floor(share * (stay - 1)).astype(np.int64)
    return np.where(
        early, sessions.arrival_step + np.minimum(after, stay - 1), sessions.departure_step
    )

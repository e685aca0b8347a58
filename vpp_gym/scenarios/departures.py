"""The step in which each car really leaves, from what drivers declare and how they keep to it."""

from __future__ import annotations

import numpy as np

from vpp_gym.arrays import Floats, Ints
from vpp_gym.params.owner import OwnerParams
from vpp_gym.scenarios.scenario import Sessions


def leaving_step(sessions: Sessions, owner: OwnerParams, dt_h: float, n_steps: int) -> Ints:
    """Step in which each session really ends: before, at or after the declared departure.

    One draw decides whether and when, so that those who leave early at some probability are
    among those who do at a higher one.

    Args:
        sessions: with their `departure_draw`.
        owner: how many leave early or late, and by how much.
        dt_h: hours per step.
        n_steps: of the scenario; nobody stays beyond it.

    Returns:
        (n,) arrival_step < step <= n_steps.
    """
    early = _early_step(sessions, owner)
    if owner.late_departure_prob == 0:
        return early
    draw = sessions.departure_draw
    # Who is late is at the other end of the same draw as those who leave early.
    share = (draw - (1 - owner.late_departure_prob)) / owner.late_departure_prob
    late = share > 0
    hours = -owner.late_mean_h * np.log1p(-np.where(late, share, 0.0))
    steps = np.ceil(hours / dt_h).astype(np.int64)
    return np.where(late, np.minimum(early + steps, n_steps), early)


def _early_step(sessions: Sessions, owner: OwnerParams) -> Ints:
    prob = owner.early_departure_prob
    if prob == 0:
        return sessions.departure_step
    stay = sessions.departure_step - sessions.arrival_step
    draw: Floats = sessions.departure_draw
    early = (draw < prob) & (stay > 1)
    share = np.divide(draw, prob, out=np.zeros(len(draw)), where=early)
    if owner.early_exponent != 1:
        share = share ** (1 / owner.early_exponent)
    after = 1 + np.floor(share * (stay - 1)).astype(np.int64)
    return np.where(
        early, sessions.arrival_step + np.minimum(after, stay - 1), sessions.departure_step
    )

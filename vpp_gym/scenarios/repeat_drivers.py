"""Drivers who come back: who of the arrivals of a synthetic year is the same person.

Sessions stay as they were drawn. Every driver prefers an hour of arrival and a length of stay,
those of one of the sessions, and is away for some hours between visits. Each session goes to the
driver, of those who are away, whom it suits best, with some chance. So a policy may learn from the
past how long a driver stays, and who leaves early or late.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from pydantic import Field
from scipy.special import ndtr, ndtri

from vpp_gym.arrays import Floats, Ints
from vpp_gym.parameters import Section
from vpp_gym.scenarios.scenario import NOBODY, Sessions

HOURS_PER_UNIT = 2.0
"""By which an arrival may miss the preferred hour to count as much as a stay of e times the
preferred length."""
CHANCE = 0.3
"""Scale of the chance in who comes; 0: always whom the session suits best."""
LEAST_H = 0.1


class DriverMix(Section):
    """Drivers who come back. Assumed, not measured.

    known: how many there are; 0: nobody is known.
    share: of the sessions that are theirs, where one of them is away.
    away_h: hours that they are away at least, after the departure that they declared.
    habit: correlation between visits of what decides whether and when a driver leaves early or
        late, in [0, 1]; the share of those who do stays as it is.
    """

    known: int = Field(default=0, ge=0, le=100_000)
    share: float = Field(default=0.8, ge=0, le=1)
    away_h: float = Field(default=8.0, ge=0, le=1_000)
    habit: float = Field(default=0.7, ge=0, le=1)


def with_drivers(
    rng: np.random.Generator, sessions: Sessions, mix: DriverMix, *, dt_h: float
) -> Sessions:
    """The sessions with a driver each, or with nobody known.

    Args:
        rng: source of all draws.
        sessions: of one scenario.
        mix: of known drivers.
        dt_h: hours per step.
    """
    n = len(sessions)
    if n == 0:
        return sessions
    driver = _assigned(rng, sessions, mix, dt_h)
    there = driver >= 0
    owner, habit = rng.random((2, mix.known))
    departure = sessions.departure_draw.copy()
    departure[there] = _habitual(habit[driver[there]], departure[there], mix.habit)
    owners = sessions.owner_draw.copy()
    owners[there] = owner[driver[there]]
    return replace(sessions, driver=driver, owner_draw=owners, departure_draw=departure)


def _assigned(rng: np.random.Generator, sessions: Sessions, mix: DriverMix, dt_h: float) -> Ints:
    """(n,) driver of each session."""
    n = len(sessions)
    hour = sessions.arrival_step * dt_h % 24
    stay = np.log((sessions.departure_step - sessions.arrival_step) * dt_h + LEAST_H)
    model = rng.integers(0, n, mix.known)
    theirs = rng.random(n) < mix.share
    away = round(mix.away_h / dt_h)
    free_from = np.zeros(mix.known, dtype=np.int64)
    driver = np.full(n, NOBODY)
    for row in np.flatnonzero(theirs):
        free = np.flatnonzero(free_from <= sessions.arrival_step[row])
        if not len(free):
            continue
        off_h = np.abs(hour[row] - hour[model[free]])
        off_h = np.minimum(off_h, 24 - off_h) / HOURS_PER_UNIT
        unlike = off_h + np.abs(stay[row] - stay[model[free]])
        chosen = free[np.argmin(unlike + CHANCE * rng.gumbel(size=len(free)))]
        driver[row] = chosen
        free_from[chosen] = sessions.departure_step[row] + away
    return driver


def _habitual(habit: Floats, own: Floats, correlation: float) -> Floats:
    """(n,) draws in [0, 1), uniform as before, correlated between visits of one driver.

    Args:
        habit: (n,) uniform draw of the driver.
        own: (n,) uniform draw of the visit.
        correlation: of the normal variables behind two visits.
    """
    rest = np.sqrt(1 - correlation)
    mixed = np.sqrt(correlation) * ndtri(habit) + rest * ndtri(np.clip(own, 1e-12, 1 - 1e-12))
    return np.minimum(ndtr(mixed), np.nextafter(1.0, 0.0))

"""The lengths of a step that the world of EVs knows: 5, 15, 30 and 60 minutes."""

from __future__ import annotations

from typing import Any

from vpp_gym.errors import InvalidInputError

STEPS_MIN = (5, 15, 30, 60)
ROUNDING_MIN = 0.01
"""A step of 0.0833 hours is one of 5 minutes."""
CHOICES = "use 1, 0.5, 0.25 or 0.0833 hours: 60, 30, 15 or 5 minutes"


def step_minutes(dt_h: float) -> int:
    """Whole minutes of a step.

    >>> step_minutes(0.25), step_minutes(1 / 12)
    (15, 5)
    """
    return round(60 * dt_h)


def checked_step_h(dt_h: Any, field: str = "dt_h") -> float:
    """Hours per step, exactly.

    Args:
        dt_h: as it was given.
        field: named in errors.

    Raises:
        InvalidInputError: another length.

    >>> checked_step_h(0.0833) == 5 / 60
    True
    """
    is_number = isinstance(dt_h, int | float) and not isinstance(dt_h, bool)
    for minutes in STEPS_MIN:
        if is_number and abs(60 * dt_h - minutes) <= ROUNDING_MIN:
            return minutes / 60
    raise InvalidInputError(field, dt_h, CHOICES)

"""When drivers really leave: earlier or later than they declared."""

from __future__ import annotations

import math

from vpp_gym.arrays import Floats
from vpp_gym.kernels import njit


@njit
def early_hazard(steps: int, stay: int, early_prob: float, exponent: float) -> float:
    """Probability that a driver who is still there leaves after so many steps of the stay.

    Who leaves early does so after a share x of the declared stay, whose distribution is
    x ** exponent; with 1 every step is as likely as any other.

    Args:
        steps: connected when it happens, 1 .. stay.
        stay: declared, in steps.
        early_prob: share of drivers who leave early.
        exponent: of the distribution; larger is later.

    Returns:
        0 at the declared departure and where the stay is one step.

    >>> [round(early_hazard(k, 4, 0.3, 1.0), 4) for k in (1, 2, 3, 4)]
    [0.1, 0.1111, 0.125, 0.0]
    """
    if early_prob <= 0.0 or steps >= stay or stay < 2:
        return 0.0
    before = math.pow((steps - 1) / (stay - 1), exponent)
    after = math.pow(steps / (stay - 1), exponent)
    still_there = 1.0 - early_prob * before
    return early_prob * (after - before) / still_there if still_there > 0.0 else 1.0


@njit
def fill_early_hazards(early_prob: float, exponent: float, hazard: Floats) -> None:
    """Fill in `early_hazard` after each step of a stay.

    Args:
        early_prob: see `early_hazard`.
        exponent: see there.
        hazard: (stay,) result; the last is that of the declared departure, 0.
    """
    for k in range(len(hazard)):
        hazard[k] = early_hazard(k + 1, len(hazard), early_prob, exponent)

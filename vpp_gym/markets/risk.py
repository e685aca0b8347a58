"""Risk of an income: the mean of its worst share."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from vpp_gym.errors import InvalidInputError


def tail_mean(values: ArrayLike, alpha: float) -> float:
    """Mean of the worst (least) share alpha of equally likely values: CVaR.

    The value at the edge counts with the part of it that belongs to the share.

    Args:
        values: (n,) n >= 1, of any unit.
        alpha: share in (0, 1]; 1 is the mean of all.

    Raises:
        InvalidInputError: no values, or a share out of range.

    >>> tail_mean([1.0, 2.0, 3.0, 4.0], 0.375)
    1.3333333333333333

    Source: Rockafellar & Uryasev 2002, Conditional value-at-risk for general loss
    distributions, with the sign of an income.
    """
    check_share(alpha)
    ordered = np.sort(np.asarray(values, dtype=np.float64))
    if ordered.ndim != 1 or not len(ordered):
        raise InvalidInputError("values", ordered.shape, "give (n,) values, at least one")
    share = np.clip(alpha * len(ordered) - np.arange(len(ordered)), 0.0, 1.0)
    return float(share @ ordered / share.sum())


def check_share(alpha: float) -> None:
    """Refuse a share of the worst cases outside (0, 1].

    Raises:
        InvalidInputError: alpha is out of range.
    """
    if not 0.0 < alpha <= 1.0:
        raise InvalidInputError("alpha", alpha, "give a share in (0, 1]")


def check_weight(beta: float) -> None:
    """Refuse a weight of the risk outside [0, 1].

    Raises:
        InvalidInputError: beta is out of range.
    """
    if not 0.0 <= beta <= 1.0:
        raise InvalidInputError("beta", beta, "give a weight in [0, 1]")

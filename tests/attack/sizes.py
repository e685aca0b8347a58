"""How much is attacked: a few minutes by default, as long as wanted with VPP_GYM_ATTACK."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

VOLUME = float(os.environ.get("VPP_GYM_ATTACK") or 1.0)
"""Factor on all numbers of random cases; `make attack` sets it."""

FIRST = int(os.environ.get("VPP_GYM_ATTACK_SEED") or 0)
"""Seed of the first case: another one tries others."""


def seeds(number: int) -> range:
    """Seeds of so many cases, times the volume."""
    return range(FIRST, FIRST + max(1, round(number * VOLUME)))


def assert_close(name: str, theirs: Any, mine: Any, tolerance: float = 1e-8) -> None:
    """As numpy's, of which a step of many cars has no use for the time."""
    theirs, mine = np.asarray(theirs, dtype=float), np.asarray(mine, dtype=float)
    assert theirs.shape == mine.shape, (name, theirs.shape, mine.shape)
    with np.errstate(invalid="ignore"):
        near = np.abs(theirs - mine) <= tolerance * (1.0 + np.abs(mine))
    if not (near | (theirs == mine)).all():
        np.testing.assert_allclose(theirs, mine, rtol=tolerance, atol=tolerance, err_msg=name)

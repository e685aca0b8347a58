"""How much is attacked: a few minutes by default, as long as wanted with VPP_GYM_ATTACK."""

from __future__ import annotations

import os

VOLUME = float(os.environ.get("VPP_GYM_ATTACK") or 1.0)
"""Factor on all numbers of random cases; `make attack` sets it."""

FIRST = int(os.environ.get("VPP_GYM_ATTACK_SEED") or 0)
"""Seed of the first case: another one tries others."""


def seeds(number: int) -> range:
    """Seeds of so many cases, times the volume."""
    return range(FIRST, FIRST + max(1, round(number * VOLUME)))

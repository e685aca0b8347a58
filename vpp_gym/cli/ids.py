"""Ids of the environments, read off Gymnasium's registry: nothing else is imported for it."""

from __future__ import annotations

import gymnasium as gym

import vpp_gym  # noqa: F401 - registers the environments

STAY = "VPPStay-v0"
"""An environment of single stays, whose agents `evaluate` judges on a fleet."""


def env_ids(stays: bool = False) -> list[str]:
    """Ids of the environments of this package, in the order in which they are registered.

    Args:
        stays: with that of single stays.
    """
    return [
        env_id
        for env_id, spec in gym.registry.items()
        if str(spec.entry_point).startswith("vpp_gym.") and (stays or env_id != STAY)
    ]

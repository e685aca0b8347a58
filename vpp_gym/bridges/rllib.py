"""The environments under their ids in Ray's registry, so that RLlib's workers find them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import gymnasium as gym
from ray.tune.registry import register_env

import vpp_gym  # noqa: F401 - registers the environments

PREFIX = "vpp_gym."


def register() -> tuple[str, ...]:
    """Register every environment with Ray; their names.

    RLlib's own processes do not import this package, so that Gymnasium's ids are unknown there.
    A name such as "vpp_gym/VPPDispatch-v0" carries what makes the environment; its arguments are
    those of `env_config`.
    """
    ids = [key for key, spec in gym.registry.items() if str(spec.entry_point).startswith(PREFIX)]
    names = tuple(f"vpp_gym/{env_id}" for env_id in ids)
    for name, env_id in zip(names, ids, strict=True):
        register_env(name, partial(made, env_id))
    return names


def made(env_id: str, config: Mapping[str, Any]) -> gym.Env[Any, Any]:
    """An environment by its id, with the arguments of an `env_config`."""
    return gym.make(env_id, disable_env_checker=True, **dict(config))

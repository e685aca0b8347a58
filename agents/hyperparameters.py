"""The settings that worked best, by environment; whoever finds better ones edits the table."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from agents.settings import DAY_AHEAD, RunSettings
from agents.worlds import family_of
from vpp_gym.errors import InvalidInputError

SECTIONS = ("world", "lesson", "ppo", "sac")

WORLDS = {
    "synthetic": {"train": "synthetic:train", "validation": "synthetic:validation"},
    "real": {"train": "real:train", "validation": "synthetic:validation"},
}
"""Names of years by the word on the command line."""

_GUARANTEED = {"contract": {"term_h": 0}, "guarantee": True}
_HOURLY = {
    "timesteps": {"ppo": 8_000_000, "sac": 1_000_000},
    "lesson": {"reward": "load", "foresight_h": 24},
}
_DAILY = {
    "timesteps": {"ppo": 20_000, "sac": 10_000},
    "world": {"n_envs": 8, "episode_days": 28},
    "ppo": {"n_steps": 32, "batch_size": 128, "log_std_init": -1.5, "start_at_zero": True},
    "sac": {"learning_starts": 500, "gradient_steps": 4},
}

BEST: dict[str, dict[str, Any]] = {
    DAY_AHEAD: {
        **_HOURLY,
        "world": {"arguments": {"params": _GUARANTEED, "bids": "expected_load"}},
    },
    "VPPDispatch-v0": {**_HOURLY, "world": {"arguments": {"params": _GUARANTEED}}},
    "VPPBidding-v0": _DAILY,
    "VPPContracts-v0": _DAILY,
    "FCEVCarPark-v0": {
        "timesteps": {"ppo": 800_000, "sac": 100_000},
        "world": {
            "arguments": {"control": "shape"},
            "n_envs": 128,
            "n_worlds": 24,
            "n_validation": 8,
            "episode_days": 28,
        },
        "lesson": {"reward": "gain"},
        "ppo": {
            "n_steps": 28,
            "batch_size": 896,
            "n_epochs": 4,
            "learning_rate": 1e-3,
            "gamma": 0.9,
            "gae_lambda": 0.9,
            "log_std_init": -1.3,
            "start_at_zero": True,
        },
    },
    "FCEVMicrogrid-v0": {
        "timesteps": {"ppo": 600_000, "sac": 300_000},
        "world": {
            "n_envs": 256,
            "n_worlds": 16,
            "n_validation": 4,
            "episode_days": 28,
            "in_training": {"drawn_stock": True},
        },
        "lesson": {"reward": "gain"},
        "ppo": {
            "n_steps": 48,
            "batch_size": 3072,
            "n_epochs": 5,
            "learning_rate": 1.5e-3,
            "gamma": 0.995,
            "log_std_init": -1.8,
            "start_at_zero": True,
        },
    },
}
"""By environment: environment steps by algorithm, and what differs from the defaults of
`agents.settings`, section by section."""


def run_settings(
    env_id: str = DAY_AHEAD,
    *,
    algorithm: str = "ppo",
    world: str = "synthetic",
    name: str | None = None,
    seed: int = 0,
    timesteps: int | None = None,
    validate_every: int | None = None,
    changes: Mapping[str, Any] | None = None,
) -> RunSettings:
    """Settings of a run: the ones that worked best, with changes.

    Args:
        env_id: environment.
        algorithm: "ppo" or "sac".
        world: one of `WORLDS`.
        name: of the policy; by default made of what it is.
        seed: of learner and environments.
        timesteps: environment steps; None for as many as paid off.
        validate_every: environment steps; None for 32 times in all.
        changes: values by dotted name. "ppo.gamma" and the like are settings of a section;
            any other name is an argument of the environment, such as "volumes" or
            "params.contract.family".

    Raises:
        InvalidInputError: an unknown name, or a value out of range.
    """
    family, given = family_of(env_id), dict(changes or {})
    if world not in WORLDS:
        raise InvalidInputError("world", world, f"use one of {', '.join(WORLDS)}")
    best = BEST[env_id]
    if algorithm not in best["timesteps"]:
        raise InvalidInputError("algo", algorithm, f"use one of {', '.join(best['timesteps'])}")
    steps = best["timesteps"][algorithm] if timesteps is None else timesteps
    own = [word for word in (family.word, *_words(given)) if word]
    content: dict[str, Any] = {
        "name": "_".join([algorithm, world, *own]) if name is None else name,
        "env_id": env_id,
        "algorithm": algorithm,
        "timesteps": steps,
        "validate_every": max(steps // 32, 1) if validate_every is None else validate_every,
        "seed": seed,
        "world": WORLDS[world],
    }
    for section in SECTIONS:
        content[section] = _merged(content.get(section, {}), best.get(section, {}))
    for dotted, value in given.items():
        content = _merged(content, _nested(dotted, value))
    try:
        return RunSettings.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"]))
        raise InvalidInputError(field, first.get("input"), first["msg"]) from error


def read_changes(texts: Sequence[str]) -> dict[str, Any]:
    """Changes as on the command line; values are JSON, or else text.

    >>> read_changes(["volumes=true", "params.contract.family=control_based"])
    {'volumes': True, 'params.contract.family': 'control_based'}

    Raises:
        InvalidInputError: not NAME=VALUE.
    """
    changes: dict[str, Any] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not (name and equals):
            raise InvalidInputError("set", text, "give NAME=VALUE, such as volumes=true")
        try:
            changes[name] = json.loads(value)
        except json.JSONDecodeError:
            changes[name] = value
    return changes


def _words(changes: Mapping[str, Any]) -> list[str]:
    """What is special of an agent, in its name: arguments of the environment that differ."""
    own = [name for name in changes if name.partition(".")[0] not in SECTIONS]
    return [_word(name.rpartition(".")[2], changes[name]) for name in own]


def _word(name: str, value: Any) -> str:
    text = name if value is True else f"no_{name}" if value is False else f"{name}_{value}"
    return "".join(letter if letter.isalnum() or letter in "._-" else "_" for letter in text)


def _nested(dotted: str, value: Any) -> dict[str, Any]:
    parts = dotted.split(".")
    if parts[0] not in SECTIONS:
        parts = ["world", "arguments", *parts]
    for part in reversed(parts):
        value = {part: value}
    nested: dict[str, Any] = value
    return nested


def _merged(base: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    result = dict(base)
    for name, value in more.items():
        known = result.get(name)
        both = isinstance(known, Mapping) and isinstance(value, Mapping)
        result[name] = _merged(known, value) if both else value  # type: ignore[arg-type]
    return result

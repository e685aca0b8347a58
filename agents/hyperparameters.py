"""The settings that worked best, by environment; whoever finds better ones edits the table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from agents.changes import FORMER_NAMES, checked_changes
from agents.dotted import merged, nested
from agents.options import SECTIONS
from agents.settings import DAY_AHEAD, RunSettings
from agents.worlds import FAMILIES, family_of
from vpp_gym.errors import InvalidInputError

WORLDS = {
    "synthetic": {"train": "synthetic:train", "validation": "synthetic:validation"},
    "real": {"train": "real:train", "validation": "synthetic:validation"},
}
"""Names of years by the word on the command line."""

_GUARANTEED = {"contract": {"term_h": 0}, "guarantee": True}
_HOURLY = {
    "timesteps": {"ppo": 8_000_000, "sac": 1_000_000},
    "wrappers": {"reward": "load", "foresight_h": 24},
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
        "wrappers": {"reward": "gain"},
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
        "wrappers": {"reward": "gain"},
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
        InvalidInputError: an unknown name, a value out of range, or settings that cannot go
            together.
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
        "validate_every": usual_stretch(steps) if validate_every is None else validate_every,
        "seed": seed,
        "world": WORLDS[world],
    }
    for section in SECTIONS:
        content[section] = merged(content.get(section, {}), best.get(section, {}))
    for dotted, value in checked_changes(env_id, algorithm, given).items():
        content = merged(content, nested(dotted, value))
    return validated(content)


def usual_stretch(timesteps: int) -> int:
    """Environment steps between validations if nothing else is asked for."""
    return max(timesteps // 32, 1)


def validated(content: Mapping[str, Any]) -> RunSettings:
    """Settings of a run that fit together.

    Raises:
        InvalidInputError: naming the first that is wrong.
    """
    try:
        run = RunSettings.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"]))
        raise InvalidInputError(field, first.get("input"), first["msg"]) from error
    _refuse_conflicts(run)
    return run


def _refuse_conflicts(run: RunSettings) -> None:
    """Refuse settings of which each is right, but which cannot go together."""
    steers_cars = ", ".join(name for name, family in FAMILIES.items() if family.steers_evs)
    wrappers = run.wrappers
    if wrappers.reward == "load" and not run.family.steers_evs:
        remedy = f"use profit or gain in {run.env_id}; load is for {steers_cars}"
        raise InvalidInputError("wrappers.reward", wrappers.reward, remedy)
    if wrappers.foresight_h and not run.family.steers_evs:
        remedy = f"use 0 in {run.env_id}; foresight is for {steers_cars}"
        raise InvalidInputError("wrappers.foresight_h", wrappers.foresight_h, remedy)
    if run.algorithm == "ppo" and run.world.n_envs * run.ppo.n_steps < 2:
        remedy = "an update needs 2 steps: set ppo.n_steps or world.n_envs higher"
        raise InvalidInputError("ppo.n_steps", run.ppo.n_steps, remedy)
    if run.algorithm == "sac" and run.sac.learning_starts >= run.timesteps:
        remedy = (
            f"sac acts at random for sac.learning_starts={run.sac.learning_starts} steps and "
            "would learn nothing: ask for more steps, or --set sac.learning_starts lower"
        )
        raise InvalidInputError("timesteps", run.timesteps, remedy)


def _words(changes: Mapping[str, Any]) -> list[str]:
    """What is special of an agent, in its name: arguments of the environment that differ."""
    own = [name for name in changes if name.partition(".")[0] not in (*SECTIONS, *FORMER_NAMES)]
    return [_word(name.rpartition(".")[2], changes[name]) for name in own]


def _word(name: str, value: Any) -> str:
    text = name if value is True else f"no_{name}" if value is False else f"{name}_{value}"
    return "".join(letter if letter.isalnum() or letter in "._-" else "_" for letter in text)

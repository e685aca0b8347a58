"""From what is asked for to the settings of a run: a new one, or one that is resumed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vpp_gym.errors import InvalidInputError
from vpp_gym.files.names import MAX_LENGTH
from vpp_gym.training.config import (
    CHECKPOINT,
    DATA,
    SECTIONS,
    TUNED,
    RunSettings,
    is_short,
    tuned,
    validated,
)
from vpp_gym.training.environments import DAY_AHEAD, traits_of
from vpp_gym.training.options import (
    checked_changes,
    environment_options,
    flat,
    merged,
    nested,
    short_name,
)

RUNS = Path("runs")
VALIDATIONS, SHORT_VALIDATIONS = 32, 8
"""Of a run, and of one with the settings for short runs, if nothing else is asked for."""
MISSING = object()


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
    """Settings of a run: those that worked best for its number of steps, with changes.

    Args:
        env_id: environment.
        algorithm: "ppo" or "sac".
        world: scenarios to train on, one of `vpp_gym.training.config.DATA`.
        name: of the policy; by default from algorithm, scenarios, environment and arguments.
        seed: of learner and environments.
        timesteps: environment steps; None for as many as paid off.
        validate_every: environment steps between validations; None for 32 validations, or 8
            where a short run has settings of its own.
        changes: values by dotted name. "ppo.gamma" and the like are settings of a section;
            any other name is an argument of the environment, such as "volumes" or
            "params.contract.term_h".

    Raises:
        InvalidInputError: an unknown name, a value out of range, or settings that cannot go
            together.
    """
    traits, given = traits_of(env_id), dict(changes or {})
    data, usual = _data(world), TUNED[env_id]["timesteps"]
    if algorithm not in usual:
        raise InvalidInputError("algo", algorithm, f"use one of {', '.join(usual)}")
    steps = usual[algorithm] if timesteps is None else timesteps
    usual_interval = default_interval(env_id, algorithm, steps)
    parts = [part for part in (traits.label, *_labels(given)) if part]
    content: dict[str, Any] = {
        "name": "_".join([algorithm, world, *parts])[:MAX_LENGTH] if name is None else name,
        "env_id": env_id,
        "algorithm": algorithm,
        "timesteps": steps,
        "validate_every": usual_interval if validate_every is None else validate_every,
        "seed": seed,
        "world": data,
    }
    for section, chosen in tuned(env_id, algorithm, steps).items():
        content[section] = merged(content.get(section, {}), chosen)
    return validated(merged(content, nested(checked_changes(env_id, algorithm, given))))


def default_interval(env_id: str, algorithm: str, timesteps: int) -> int:
    """Environment steps between validations if nothing else is asked for."""
    count = SHORT_VALIDATIONS if is_short(env_id, algorithm, timesteps) else VALIDATIONS
    return max(timesteps // count, 1)


def _data(world: str) -> Mapping[str, str]:
    if world not in DATA:
        raise InvalidInputError("world", world, f"use one of {', '.join(DATA)}")
    return DATA[world]


def _labels(changes: Mapping[str, Any]) -> list[str]:
    """What is special of an agent, for its name: arguments of the environment that differ."""
    own = [name for name in changes if name.partition(".")[0] not in SECTIONS]
    return [_label(name.rpartition(".")[2], changes[name]) for name in own]


def _label(name: str, value: Any) -> str:
    text = name if value is True else f"no_{name}" if value is False else f"{name}_{value}"
    return "".join(letter if letter.isalnum() or letter in "._-" else "_" for letter in text)


@dataclass(frozen=True)
class RunRequest:
    """Options of the command line; None for what was not given.

    Attributes:
        env_id, algorithm, world, name, seed, timesteps, validate_every, changes: see
            `run_settings`.
    """

    env_id: str | None = None
    algorithm: str | None = None
    world: str | None = None
    name: str | None = None
    seed: int | None = None
    timesteps: int | None = None
    validate_every: int | None = None
    changes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def given(self) -> dict[str, Any]:
        """What was given."""
        return {name: value for name, value in vars(self).items() if value is not None}

    def new_run(self) -> RunSettings:
        """Settings of a new run.

        Raises:
            InvalidInputError: see `run_settings`.
        """
        return run_settings(**self.given)

    def folder(self) -> Path:
        """Folder of a run of this name and seed if no other is given."""
        name = self.name or self.new_run().name
        return RUNS / f"{name}-seed{self.seed or 0}"

    def resumed_run(self, saved: RunSettings, *, done: int) -> RunSettings:
        """The saved run, with more steps if they are asked for.

        Args:
            saved: settings of the run.
            done: environment steps of the run so far.

        Raises:
            InvalidInputError: an option that differs from the saved run's.
        """
        asked = self.given
        changes = asked.pop("changes")
        if self.world is not None:
            asked["world"] = _data(self.world)
        extended(saved, asked, done=done)
        checked = checked_changes(saved.env_id, saved.algorithm, changes)
        return extended(saved, merged(asked, nested(checked)), done=done)


def saved_runs(folder: Path = RUNS) -> list[str]:
    """Folders of runs that can be resumed."""
    return sorted(str(path.parent) for path in folder.glob(f"*/{CHECKPOINT}"))


def extended(saved: RunSettings, asked: Mapping[str, Any], *, done: int) -> RunSettings:
    """The saved run, with more steps if they are asked for; nothing else may change.

    Args:
        saved: settings of the run.
        asked: settings to resume it with, all or some of them, in mappings.
        done: environment steps of the run so far.

    Raises:
        InvalidInputError: a setting that the run was not begun with, or steps that it
            cannot end at.
    """
    wanted = flat(_as_json(asked))
    steps = wanted.pop("timesteps", saved.timesteps)
    _refuse_differences(saved, wanted)
    if steps == saved.timesteps:
        return saved
    if steps < saved.timesteps:
        remedy = f"the run was begun for {saved.timesteps}: ask for no fewer, or leave it out"
        raise InvalidInputError("timesteps", steps, remedy)
    if done < saved.timesteps:
        remedy = (
            f"the run was begun for {saved.timesteps}, by which its learning rate falls, and has "
            f"done {done}: resume it to its end, then resume it with more"
        )
        raise InvalidInputError("timesteps", steps, remedy)
    return validated(merged(saved.model_dump(), {"timesteps": steps}))


def refuse_another_run(saved: RunSettings, run: RunSettings, *, done: int) -> None:
    """Refuse to resume with settings other than the saved ones, more steps aside.

    Raises:
        InvalidInputError: as `extended`.
    """
    wanted = _as_json(run.model_dump(mode="json"))
    left_out = flat(_as_json(saved.model_dump(mode="json"))).keys() - flat(wanted).keys()
    extended(saved, merged(nested(dict.fromkeys(sorted(left_out))), wanted), done=done)


def _refuse_differences(saved: RunSettings, wanted: Mapping[str, Any]) -> None:
    begun = flat(_as_json(saved.model_dump(mode="json")))
    defaults = {
        f"world.arguments.{name}": _as_json(option.default)
        for name, option in environment_options(saved.env_id).items()
    }
    known = defaults | begun
    other = {name: value for name, value in wanted.items() if known.get(name, MISSING) != value}
    if not other:
        return
    first, *more = other
    remedy = f"the saved run has {known.get(first, 'none')!r}"
    if more:
        rest = (f"{short_name(name)} ({other[name]!r}, saved {known.get(name)!r})" for name in more)
        remedy += f"; also differ: {', '.join(rest)}"
    remedy += ". Leave out what differs to resume, or begin another run with --run-dir"
    raise InvalidInputError(short_name(first), other[first], remedy)


def _as_json(value: Any) -> Any:
    """As JSON has it: lists for tuples; what JSON cannot say by its repr."""
    return json.loads(json.dumps(value, default=repr))

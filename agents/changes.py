"""Changes of a run's settings by name, checked against what there is to set."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from agents.dotted import flat
from agents.options import (
    GIVEN_BY_TRAINING,
    SECTIONS,
    Option,
    environment_options,
    section_options,
)
from vpp_gym.errors import InvalidInputError

FORMER_NAMES = {"lesson": "wrappers"}
"""Sections as the cards of the first agents call them."""

ARGUMENTS = ("world.arguments.", "world.in_training.")
IN_TRAINING_ONLY = Option("threads", 1, "threads that share the batch", int)
PYTHON_WORDS = {"True": True, "False": False, "None": None}


def read_changes(texts: Sequence[str]) -> dict[str, Any]:
    """Changes as on the command line; values are JSON, or else text.

    >>> read_changes(["volumes=true", "params.contract.family=control_based"])
    {'volumes': True, 'params.contract.family': 'control_based'}

    Raises:
        InvalidInputError: not NAME=VALUE, or a name given twice.
    """
    changes: dict[str, Any] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not (name and equals):
            raise InvalidInputError("set", text, "give NAME=VALUE, such as volumes=true")
        if name in changes:
            raise InvalidInputError(name, value, f"--set gives it twice: {changes[name]!r} before")
        changes[name] = _read(value)
    return changes


def _read(value: str) -> Any:
    if value in PYTHON_WORDS:
        return PYTHON_WORDS[value]
    try:
        return json.loads(value)
    except json.JSONDecodeError:
        return value


def checked_changes(env_id: str, algorithm: str, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Changes by their full names, one for each value, all known and of the right type.

    >>> checked_changes("FCEVMicrogrid-v0", "ppo", {"params": {"n_cars": 8}, "ppo.gamma": 1})
    {'world.arguments.params.n_cars': 8, 'ppo.gamma': 1.0}

    Raises:
        InvalidInputError: a name that there is not, a value out of range, or a setting
            without effect.
    """
    checked: dict[str, Any] = {}
    for name, value in changes.items():
        for full, single in flat({full_name(name): value}).items():
            checked[full] = _checked(env_id, algorithm, full, single)
    return checked


def full_name(name: str) -> str:
    """A setting's name from the section on.

    >>> full_name("volumes"), full_name("lesson.reward")
    ('world.arguments.volumes', 'wrappers.reward')
    """
    section, dot, rest = name.partition(".")
    section = FORMER_NAMES.get(section, section)
    return f"{section}{dot}{rest}" if section in SECTIONS else f"world.arguments.{name}"


def short_name(full: str) -> str:
    """A setting's name as a user writes it."""
    return full.removeprefix("world.arguments.")


def _checked(env_id: str, algorithm: str, full: str, value: Any) -> Any:
    prefix = next((start for start in ARGUMENTS if full.startswith(start)), "")
    name, shown = full.removeprefix(prefix), short_name(full)
    if prefix:
        options = dict(environment_options(env_id))
        if prefix == ARGUMENTS[1]:
            options["threads"] = IN_TRAINING_ONLY
        elif name in GIVEN_BY_TRAINING:
            remedy = f"a training run gives it to {env_id} itself: {GIVEN_BY_TRAINING[name]}"
            raise InvalidInputError(shown, value, remedy)
    else:
        options = section_options(full.partition(".")[0])
    if name == "params":
        raise InvalidInputError(shown, value, "give its parts by name: --list-settings has them")
    if name not in options:
        raise InvalidInputError(shown, value, _unknown(env_id, algorithm, shown))
    _refuse_other_algorithm(algorithm, full, value)
    try:
        value = options[name].checked(value)
    except InvalidInputError as error:
        raise InvalidInputError(shown, value, error.remedy) from error
    return list(value) if prefix and isinstance(value, tuple) else value


def _refuse_other_algorithm(algorithm: str, full: str, value: Any) -> None:
    section, _, name = full.partition(".")
    if section in ("ppo", "sac") and section != algorithm:
        other = (
            f"set {algorithm}.{name}"
            if f"{algorithm}.{name}" in section_options(algorithm)
            else "leave it out"
        )
        raise InvalidInputError(
            full, value, f"it has no effect on --algo {algorithm}: {other}, or use --algo {section}"
        )


def _unknown(env_id: str, algorithm: str, name: str) -> str:
    """What to do about a name that there is not."""
    options = options_of(env_id, algorithm)
    near = _near(name, list(options))
    own = [one for one in environment_options(env_id) if not one.startswith("params.")]
    shown = near or own
    lines = [f"{env_id} has no such setting.", "Did you mean" if near else "It takes"]
    lines += [f"  {one}: {_told(options[one])}" for one in shown]
    sections = [f"{section}.*" for section in ("params", "world", "wrappers", algorithm)]
    lines.append(f"It takes {', '.join(own)}; {', '.join(sections)}. What they mean:")
    lines.append(f"  python -m agents.train --env {env_id} --algo {algorithm} --list-settings")
    return "\n".join(lines)


def _told(option: Option) -> str:
    meaning = f"{option.meaning.rstrip('.')}; " if option.meaning else ""
    return f"{meaning}default {json.dumps(option.default)}"


def _near(name: str, known: Sequence[str]) -> list[str]:
    """Names with the same last part, or else such as are spelled alike."""
    last = name.rpartition(".")[2]
    same = [one for one in known if one.rpartition(".")[2] == last]
    if same:
        return same[:5]
    alike = get_close_matches(name, known, n=3, cutoff=0.75)
    parts = {one.rpartition(".")[2]: one for one in reversed(known)}
    return alike or [parts[one] for one in get_close_matches(last, list(parts), n=3, cutoff=0.75)]


def options_of(env_id: str, algorithm: str) -> dict[str, Option]:
    """Everything that a run with an algorithm in an environment can be told, by short name."""
    options = dict(environment_options(env_id))
    for section in ("world", "wrappers", algorithm):
        options |= section_options(section)
    return options

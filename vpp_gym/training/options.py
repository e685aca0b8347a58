"""Everything that can be set of a run, by dotted name: what it takes, its default, its meaning.

A name is an argument of the environment (`volumes`), a parameter of its world
(`params.n_cars`) or a setting of training (`ppo.gamma`).
"""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import gymnasium as gym
from gymnasium.envs.registration import load_env_creator
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from vpp_gym.errors import InvalidInputError
from vpp_gym.fcev.car_park.params import CarParkParams
from vpp_gym.fcev.microgrid.params import MicrogridParams
from vpp_gym.params import VPPParams
from vpp_gym.training.config import SECTIONS
from vpp_gym.training.environments import DAY_AHEAD, traits_of

PARAMS: dict[str, type[BaseModel]] = {
    "FCEVCarPark-v0": CarParkParams,
    "FCEVMicrogrid-v0": MicrogridParams,
}
"""Parameters of the environments that are not of EVs."""

SET_BY_TRAINING = {
    "scenario": "use world.train and world.validation",
    "n_scenarios": "use world.n_scenarios and world.n_validation",
    "first_scenario": "use world.first_scenario",
    "episode_days": "use world.episode_days; validation runs whole years",
    "num_envs": "use world.n_envs",
    "threads": "use world.in_training.threads",
    "observation": "leave it out: the networks read flat observations",
    "autoreset_mode": "leave it out: an environment that ends is reset in the same step",
    "render_mode": "leave it out: nothing is drawn in training",
}
"""Arguments of environments that cannot be set directly, and what to do instead."""

ARGUMENTS, IN_TRAINING = "world.arguments.", "world.in_training."
ENTRY = re.compile(r"^([a-z]\w*(?:, \w+)*):(?:\s+(.*))?$")
LIMITS = {"ge": ">=", "gt": ">", "le": "<=", "lt": "<"}
PYTHON_WORDS = {"True": True, "False": False, "None": None}


def flat(fields: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested values by dotted name.

    >>> flat({"ppo": {"gamma": 0.9}, "seed": 3})
    {'ppo.gamma': 0.9, 'seed': 3}
    """
    values: dict[str, Any] = {}
    for name, value in fields.items():
        dotted = f"{prefix}{name}"
        values |= flat(value, f"{dotted}.") if isinstance(value, Mapping) else {dotted: value}
    return values


def nested(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values by dotted name as nested mappings.

    >>> nested({"ppo.gamma": 0.9, "ppo.n_steps": 8})
    {'ppo': {'gamma': 0.9, 'n_steps': 8}}
    """
    result: dict[str, Any] = {}
    for dotted, value in values.items():
        for part in reversed(dotted.split(".")):
            value = {part: value}
        result = merged(result, value)
    return result


def merged(base: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of one mapping with those of another over them, at every depth."""
    result = dict(base)
    for name, value in more.items():
        known = result.get(name)
        if isinstance(known, Mapping) and isinstance(value, Mapping):
            value = merged(known, value)
        result[name] = value
    return result


@dataclass(frozen=True)
class Option:
    """One value that can be set.

    Attributes:
        name: dotted.
        default: value if it is not set.
        meaning: in a few words.
        kind: type of the value, with its limits.
    """

    name: str
    default: Any
    meaning: str
    kind: Any = Any

    @property
    def allowed(self) -> str:
        """The values it takes, in words."""
        return _in_words(self.kind)

    def checked(self, value: Any) -> Any:
        """The value as the option's type.

        Raises:
            InvalidInputError: of another type, or out of range.
        """
        try:
            config = ConfigDict(allow_inf_nan=False, arbitrary_types_allowed=True)
            return TypeAdapter(self.kind, config=config).validate_python(value)
        except ValidationError as error:
            takes = self.allowed or error.errors()[0]["msg"]
            meaning = f"; {self.meaning}" if self.meaning else ""
            raise InvalidInputError(
                self.name, value, f"give {takes} (default {self.default!r}{meaning})"
            ) from error


THREADS = Option("threads", 1, "threads that share the batch", int)
"""Of the environments of EVs, in training only."""


def options_of(env_id: str, algorithm: str) -> dict[str, Option]:
    """All options of a run with an algorithm in an environment, by short name."""
    options = dict(environment_options(env_id))
    for section in ("world", "wrappers", algorithm):
        options |= section_options(section)
    return options


def section_options(section: str) -> dict[str, Option]:
    """Options of one of `vpp_gym.training.config.SECTIONS`, by dotted name."""
    options = _of_model(SECTIONS[section], f"{section}.")
    return {one.name: one for one in options if get_origin(one.kind) is not dict}


@cache
def environment_options(env_id: str) -> dict[str, Option]:
    """Arguments of an environment and its parameters, by dotted name.

    Raises:
        InvalidInputError: there is no such environment.
    """
    traits_of(env_id)
    spec = gym.spec(env_id)
    scalar, batch = map(load_env_creator, (str(spec.entry_point), str(spec.vector_entry_point)))
    settings = vars(scalar)["core_kind"].settings_kind
    texts = _meanings_of_arguments(scalar) | meanings(settings)
    own = _of_model(settings)
    more = [one for one in _of_signature(batch, texts) if one.name in ("dt_h", "guarantee")]
    params = _of_model(PARAMS.get(env_id, VPPParams), "params.")
    options = (one for one in (*own, *more, *params) if one.name not in SET_BY_TRAINING)
    return {one.name: one for one in options}


def meanings(kind: Any) -> dict[str, str]:
    """What the docstrings of a class and its bases say of each name.

    >>> meanings(SECTIONS["world"])["n_envs"]
    'environments in the batch.'
    """
    texts: dict[str, str] = {}
    for one in reversed(kind.__mro__):
        texts |= _entries(inspect.cleandoc(one.__dict__.get("__doc__") or ""))
    return texts


def _meanings_of_arguments(scalar: Any) -> dict[str, str]:
    """What the docstring of an environment says, or the one that it refers to."""
    texts = meanings(load_env_creator(str(gym.spec(DAY_AHEAD).entry_point)))
    return texts | {name: text for name, text in meanings(scalar).items() if "as in" not in text}


def _entries(doc: str) -> dict[str, str]:
    """Texts by name of the lines that read "name: text" or "name, name: text"."""
    texts: dict[str, str] = {}
    names, indent = [""], 0
    for line in doc.splitlines():
        depth, entry = len(line) - len(line.lstrip()), ENTRY.match(line.strip())
        inside = bool(texts) and depth > indent
        if entry and not inside:
            names, indent = entry[1].split(", "), depth
            texts |= dict.fromkeys(names, entry[2] or "")
        elif inside and line.strip():
            texts |= {name: f"{texts[name]} {line.strip()}".strip() for name in names}
    return texts


def _of_model(kind: type[BaseModel], prefix: str = "") -> Iterator[Option]:
    """Options of a model's fields, and of the models in them."""
    texts = meanings(kind)
    for name, field in kind.model_fields.items():
        default = field.get_default(call_default_factory=True)
        if isinstance(default, BaseModel):
            yield from _of_model(type(default), f"{prefix}{name}.")
            for section, part in (default.model_extra or {}).items():
                yield from _of_model(type(part), f"{prefix}{name}.{section}.")
        else:
            meaning = field.description or texts.get(name, "")
            yield Option(f"{prefix}{name}", default, meaning, _kind_of(field))


def _kind_of(field: FieldInfo) -> Any:
    limits = tuple(field.metadata)
    return Annotated[(field.annotation, *limits)] if limits else field.annotation


def _of_signature(creator: Any, texts: Mapping[str, str]) -> Iterator[Option]:
    """Options of a constructor's keyword arguments."""
    hints = get_type_hints(creator.__init__)
    for name, parameter in inspect.signature(creator.__init__).parameters.items():
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY:
            yield Option(name, parameter.default, texts.get(name, ""), hints[name])


def _in_words(kind: Any) -> str:
    origin, parts = get_origin(kind), get_args(kind)
    if origin is Annotated:
        limits = [
            f"{sign} {getattr(limit, name)}"
            for limit in parts[1:]
            for name, sign in LIMITS.items()
            if hasattr(limit, name)
        ]
        return " ".join([_in_words(parts[0]), " and ".join(limits)]).strip()
    if origin is Literal:
        return " or ".join(str(part) for part in parts)
    if origin in (Union, UnionType):
        return " or ".join(filter(None, map(_in_words, parts)))
    if origin is tuple:
        return f"a list, each {_in_words(parts[0])}"
    words = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}
    return "null" if kind is NoneType else words.get(kind, "")


def read_changes(texts: Sequence[str]) -> dict[str, Any]:
    """Changes as on the command line; values are JSON, or else text.

    >>> read_changes(["volumes=true", "params.contract.payoff_rule=pro_rata"])
    {'volumes': True, 'params.contract.payoff_rule': 'pro_rata'}

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
        changes[name] = read_value(value)
    return changes


def read_value(value: str) -> Any:
    """A value as on the command line: JSON or a word of Python, or else text."""
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
        InvalidInputError: an unknown name, a value out of range, or a setting without effect.
    """
    checked: dict[str, Any] = {}
    for name, value in changes.items():
        for full, single in flat({full_name(name): value}).items():
            checked[full] = _checked(env_id, algorithm, full, single)
    return checked


def full_name(name: str) -> str:
    """A setting's name from the section on.

    >>> full_name("volumes"), full_name("ppo.gamma")
    ('world.arguments.volumes', 'ppo.gamma')
    """
    return name if name.partition(".")[0] in SECTIONS else f"{ARGUMENTS}{name}"


def short_name(full: str) -> str:
    """A setting's name as a user writes it."""
    return full.removeprefix(ARGUMENTS)


def _checked(env_id: str, algorithm: str, full: str, value: Any) -> Any:
    prefix = next((start for start in (ARGUMENTS, IN_TRAINING) if full.startswith(start)), "")
    name, shown = full.removeprefix(prefix), short_name(full)
    if prefix:
        options = dict(environment_options(env_id))
        if prefix == IN_TRAINING:
            options["threads"] = THREADS
        elif name in SET_BY_TRAINING:
            raise InvalidInputError(
                shown, value, f"it cannot be set directly: {SET_BY_TRAINING[name]}"
            )
    else:
        options = section_options(full.partition(".")[0])
    if name == "params":
        raise InvalidInputError(shown, value, "set its parts by name: --list-settings shows them")
    if name not in options:
        raise InvalidInputError(shown, value, _did_you_mean(env_id, algorithm, shown))
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


def _did_you_mean(env_id: str, algorithm: str, name: str) -> str:
    """The remedy for an unknown name: those like it, or else what the environment takes."""
    options = options_of(env_id, algorithm)
    near = _near(name, list(options))
    own = [one for one in environment_options(env_id) if not one.startswith("params.")]
    lines = [f"{env_id} has no such setting.", "Did you mean" if near else "It takes"]
    lines += [f"  {_in_a_line(options[one])}" for one in near or own]
    sections = [f"{section}.*" for section in ("params", "world", "wrappers", algorithm)]
    lines.append(f"It takes {', '.join(own)}; {', '.join(sections)}. To list them all:")
    lines.append(f"  vpp-gym train --env {env_id} --algo {algorithm} --list-settings")
    return "\n".join(lines)


def _in_a_line(option: Option) -> str:
    meaning = f"{option.meaning.rstrip('.')}; " if option.meaning else ""
    return f"{option.name}: {meaning}default {json.dumps(option.default)}"


def _near(name: str, known: Sequence[str]) -> list[str]:
    """Names with the same last part, or else such as are spelled alike."""
    last = name.rpartition(".")[2]
    same = [one for one in known if one.rpartition(".")[2] == last]
    if same:
        return same[:5]
    alike = get_close_matches(name, known, n=3, cutoff=0.75)
    parts = {one.rpartition(".")[2]: one for one in reversed(known)}
    return alike or [parts[one] for one in get_close_matches(last, list(parts), n=3, cutoff=0.75)]

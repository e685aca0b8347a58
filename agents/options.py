"""What can be set of a run: the environment's arguments, its parameters, and training's own."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import gymnasium as gym
from gymnasium.envs.registration import load_env_creator
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from agents.settings import DAY_AHEAD, PPOSettings, SACSettings, WorldSettings, WrapperSettings
from agents.worlds import family_of
from vpp_gym.errors import InvalidInputError
from vpp_gym.fcev.car_park.params import CarParkParams
from vpp_gym.fcev.microgrid.params import MicrogridParams
from vpp_gym.params import VPPParams

SECTIONS: dict[str, type[BaseModel]] = {
    "world": WorldSettings,
    "wrappers": WrapperSettings,
    "ppo": PPOSettings,
    "sac": SACSettings,
}
PARAMS: dict[str, type[BaseModel]] = {
    "FCEVCarPark-v0": CarParkParams,
    "FCEVMicrogrid-v0": MicrogridParams,
}
"""Rules of the worlds that are not a virtual power plant."""

GIVEN_BY_TRAINING = {
    "scenario": "set world.train and world.validation",
    "base": "set world.train and world.validation",
    "first_scenario": "set world.first_world",
    "n_scenarios": "set world.n_worlds and world.n_validation",
    "episode_days": "set world.episode_days; validation plays whole years",
    "num_envs": "set world.n_envs",
    "threads": "set world.in_training.threads",
    "observation": "leave it out: the networks read flat observations",
    "autoreset_mode": "leave it out: the learner's batch begins again in the same step",
    "render_mode": "leave it out: nothing is drawn in training",
}
"""Arguments of environments that a run gives itself, and what to do instead."""

ENTRY = re.compile(r"^([a-z]\w*(?:, \w+)*):(?:\s+(.*))?$")
SIGNS = {"ge": ">=", "gt": ">", "le": "<=", "lt": "<"}


@dataclass(frozen=True)
class Option:
    """One value that can be set.

    Attributes:
        name: dotted.
        default: value if nobody sets it.
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


def section_options(section: str) -> dict[str, Option]:
    """Options of one of `SECTIONS`, by dotted name."""
    options = _of_model(SECTIONS[section], f"{section}.")
    return {one.name: one for one in options if get_origin(one.kind) is not dict}


@cache
def environment_options(env_id: str) -> dict[str, Option]:
    """Arguments of an environment and its parameters, by dotted name.

    Raises:
        InvalidInputError: there is no such environment.
    """
    family_of(env_id)
    spec = gym.spec(env_id)
    scalar, batch = map(load_env_creator, (str(spec.entry_point), str(spec.vector_entry_point)))
    settings = getattr(getattr(batch, "core_kind", None), "settings_kind", None)
    told = _meanings_of_arguments(scalar) | (meanings(settings) if settings else {})
    own = _of_signature(batch, told) if settings is None else _of_model(settings)
    more = [one for one in _of_signature(batch, told) if one.name in ("dt_h", "guarantee")]
    params = _of_model(PARAMS.get(env_id, VPPParams), "params.")
    taken = (one for one in (*own, *more, *params) if one.name not in GIVEN_BY_TRAINING)
    return {one.name: one for one in taken}


def meanings(kind: Any) -> dict[str, str]:
    """What the docstrings of a class and its bases say of each name.

    >>> meanings(WorldSettings)["n_envs"]
    'environments in the batch.'
    """
    told: dict[str, str] = {}
    for one in reversed(kind.__mro__):
        told |= _entries(inspect.cleandoc(one.__dict__.get("__doc__") or ""))
    return told


def _meanings_of_arguments(scalar: Any) -> dict[str, str]:
    """What the docstring of an environment says, or the one that it refers to."""
    told = meanings(load_env_creator(str(gym.spec(DAY_AHEAD).entry_point)))
    return told | {name: text for name, text in meanings(scalar).items() if "as in" not in text}


def _entries(doc: str) -> dict[str, str]:
    """Texts by name of the lines that read "name: text" or "name, name: text"."""
    told: dict[str, str] = {}
    names, indent = [""], 0
    for line in doc.splitlines():
        depth, entry = len(line) - len(line.lstrip()), ENTRY.match(line.strip())
        inside = bool(told) and depth > indent
        if entry and not inside:
            names, indent = entry[1].split(", "), depth
            told |= dict.fromkeys(names, entry[2] or "")
        elif inside and line.strip():
            told |= {name: f"{told[name]} {line.strip()}".strip() for name in names}
    return told


def _of_model(kind: type[BaseModel], prefix: str = "") -> Iterator[Option]:
    """Options of a model's fields, and of the models in them."""
    told = meanings(kind)
    for name, field in kind.model_fields.items():
        default = field.get_default(call_default_factory=True)
        if isinstance(default, BaseModel):
            yield from _of_model(type(default), f"{prefix}{name}.")
        else:
            meaning = field.description or told.get(name, "")
            yield Option(f"{prefix}{name}", default, meaning, _kind_of(field))


def _kind_of(field: FieldInfo) -> Any:
    limits = tuple(field.metadata)
    return Annotated[(field.annotation, *limits)] if limits else field.annotation


def _of_signature(creator: Any, told: dict[str, str]) -> Iterator[Option]:
    """Options of a constructor's keyword arguments."""
    hints = get_type_hints(creator.__init__)
    for name, parameter in inspect.signature(creator.__init__).parameters.items():
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY:
            yield Option(name, parameter.default, told.get(name, ""), hints[name])


def _in_words(kind: Any) -> str:
    origin, parts = get_origin(kind), get_args(kind)
    if origin is Annotated:
        limits = [
            f"{sign} {getattr(limit, name)}"
            for limit in parts[1:]
            for name, sign in SIGNS.items()
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

"""Parameters that a user states: in a YAML file, or as name=value on the command line.

>>> set_changes(["site.n_chargers=40", "contract.families=[price_based]"])
{'site': {'n_chargers': 40}, 'contract': {'families': ['price_based']}}
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, get_args

from vpp_gym.errors import InvalidInputError
from vpp_gym.files.plain_yaml import LARGEST_CHARACTERS, parsed_yaml
from vpp_gym.files.reader import read_text
from vpp_gym.params import VPPParams, as_params
from vpp_gym.params.names import Parameter, known_parameters, nearest, section_names
from vpp_gym.params.tariffs import TARIFFS

Changes = dict[str, Any]
"""Changes of the default parameters, or of those of a preset that the entry "preset" names."""

NAMED: Mapping[str, Mapping[str, Any]] = {"tariff": TARIFFS}
"""Sections for all of which a name may stand."""
BYTES_PER_CHARACTER = 4
PAGE = "docs/parameters.md lists them all"
OPTION = "--set"


def load_params(path: str | os.PathLike[str]) -> VPPParams:
    """Parameters from a YAML or JSON file: the default, or a preset, with its changes.

    Args:
        path: of a file with the sections and fields of `VPPParams`, such as
            `site: {n_chargers: 40}`; "preset" names what it changes.

    Raises:
        InvalidInputError: no such file, no plain YAML, an unknown name, or a value that a
            parameter does not take; the field is the file and the parameter's name.
    """
    return as_params(read_changes(path))


def read_changes(path: str | os.PathLike[str]) -> Changes:
    """What a YAML or JSON file changes, checked as `load_params` does."""
    text = read_text(path, field="params", max_bytes=BYTES_PER_CHARACTER * LARGEST_CHARACTERS)
    name = Path(path).name
    values = parsed_yaml(text, file=name)
    if not isinstance(values, dict):
        raise InvalidInputError(name, values, "give sections, such as site: {n_chargers: 40}")
    return checked_changes(values, f"{name}: ")


def set_changes(words: Iterable[str]) -> Changes:
    """What words such as "site.n_chargers=40" change; the last of a name counts.

    Raises:
        InvalidInputError: a word without "=", an unknown name, or a value that is not taken.
    """
    changes: Changes = {}
    for word in words:
        name, equals, text = word.partition("=")
        if not equals or not all(name.strip().split(".")):
            raise InvalidInputError(OPTION, word, "give NAME=VALUE, such as site.n_chargers=40")
        value: Any = parsed_yaml(text, file=f"{OPTION} {name.strip()}")
        for part in reversed(name.strip().split(".")):
            value = {part: value}
        changes = joined(changes, value)
    # Together, as some values are taken only beside others.
    return checked_changes(changes, f"{OPTION} ")


def joined(*changes: Mapping[str, Any]) -> Changes:
    """Changes one after the other: of what several state, the last counts.

    >>> joined({"site": {"n_chargers": 40}}, {"site": {"charge_kw": 22}})
    {'site': {'n_chargers': 40, 'charge_kw': 22}}
    """
    merged: Changes = {}
    for one in changes:
        for name, value in one.items():
            inner = isinstance(value, Mapping) and isinstance(merged.get(name), Mapping)
            merged[name] = joined(merged[name], value) if inner else value
    return merged


def checked_changes(values: Mapping[str, Any], place: str) -> Changes:
    """The changes, if every name is known and every value is taken.

    Args:
        values: by name, sections as mappings.
        place: of the changes, put before the name in errors.

    Raises:
        InvalidInputError: naming the parameter, its value and the remedy.
    """
    known = known_parameters()
    _check_names({name: one for name, one in values.items() if name != "preset"}, "", place, known)
    try:
        as_params(values)
    except InvalidInputError as error:
        field = place + error.field.removeprefix("params.")
        raise InvalidInputError(field, error.value, f"{error.remedy}; {PAGE}") from error
    return dict(values)


def _check_names(
    values: Mapping[str, Any], prefix: str, place: str, known: Mapping[str, Parameter]
) -> None:
    sections = section_names(known)
    for part, value in values.items():
        name = f"{prefix}{part}"
        if name in sections:
            if isinstance(value, str) and value in NAMED.get(name, ()):
                continue
            if not isinstance(value, Mapping):
                own = ", ".join((*_within(name, known), *NAMED.get(name, ())))
                raise InvalidInputError(place + name, value, f"a section: give any of {own}")
            _check_names(value, f"{name}.", place, known)
        elif name not in known:
            here = ", ".join(_within(prefix.removesuffix("."), known))
            like = nearest(name, sections if isinstance(value, Mapping) else known)
            remedy = f"{like}names here are {here}; {PAGE}"
            raise InvalidInputError(place + name, value, remedy)
        else:
            _check_truth(place + name, value, known[name])


def _within(section: str, known: Iterable[str]) -> list[str]:
    """What stands in a section, the top for an empty name, each once."""
    prefix = f"{section}." if section else ""
    inner = (name.removeprefix(prefix) for name in known if name.startswith(prefix))
    return list(dict.fromkeys(name.partition(".")[0] for name in inner))


def _check_truth(field: str, value: Any, parameter: Parameter) -> None:
    """Refuse true and false where a number or a name is asked for; Python takes them for 1 and 0.

    Raises:
        InvalidInputError: naming the parameter.
    """
    values = value if isinstance(value, list) else [value]
    annotation = parameter.field.annotation
    takes_truth = annotation is bool or bool in get_args(annotation)
    if not takes_truth and any(isinstance(one, bool) for one in values):
        raise InvalidInputError(field, value, f"neither true nor false; {PAGE}")

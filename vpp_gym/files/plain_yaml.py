"""YAML as plain values: mappings, lists and scalars, and nothing else.

No tag, anchor, alias or second document is read, so that a text can neither call code nor grow;
sizes and nesting are limited before anything is built.
"""

from __future__ import annotations

import math
import re
from collections.abc import Hashable
from typing import Any

import yaml

from vpp_gym.errors import InvalidInputError

LARGEST_CHARACTERS, MOST_NODES, DEEPEST = 100_000, 10_000, 10

Scalar = str | int | float | bool | None
Plain = Scalar | list[Any] | dict[str, Any]

NULL, TRUE, FALSE = {"", "~", "null", "Null", "NULL"}, {"true", "True", "TRUE"}, {"false", "False"}
INTEGER = re.compile(r"[-+]?[0-9]{1,18}")
NUMBER = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]{1,4})?")


class _TextLoader(yaml.BaseLoader):
    """Builds text, lists and mappings; refuses a key that is stated twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            name = key.value
            line = f"line {key.start_mark.line + 1}"
            if not isinstance(name, str):
                raise InvalidInputError(line, "a list as a key", "keys are text")
            if name in seen:
                raise InvalidInputError(f"{line}, {name}", "stated twice", "state it once")
            seen.add(name)
        return super().construct_mapping(node, deep=deep)


class _ScalarLoader(_TextLoader):
    """Builds numbers, true, false and null, too, where a scalar is not quoted."""

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        if isinstance(node, yaml.ScalarNode) and node.style is None:
            return scalar(node.value)
        return super().construct_object(node, deep=deep)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        built = super().construct_mapping(node, deep=deep)
        names = (key.value for key, _ in node.value)  # a key stays text, whatever it looks like
        return dict(zip(names, built.values(), strict=True))


def scalar(text: str) -> Scalar:
    """An unquoted scalar by the core schema of YAML 1.2: no is text, and 1e3 a number.

    >>> [scalar(text) for text in ("40", "0.5", "1e3", "true", "null", "no", "12:30")]
    [40, 0.5, 1000.0, True, None, 'no', '12:30']
    """
    if text in NULL:
        return None
    if text in TRUE or text in FALSE:
        return text in TRUE
    if INTEGER.fullmatch(text):
        return int(text)
    if NUMBER.fullmatch(text) and math.isfinite(number := float(text)):
        return number
    return text


def parsed_yaml(text: str, *, file: str, as_text: bool = False) -> Plain:
    """The content of a YAML text, which may be JSON, too.

    Args:
        text: to parse.
        file: named in errors.
        as_text: leave every scalar text, so that `NO` is a zone and `1.10` keeps its zero.

    Raises:
        InvalidInputError: no YAML, several documents, a text that is too long or nests too deep,
            one with anchors, aliases or tags, or a key that is stated twice.
    """
    if len(text) > LARGEST_CHARACTERS:
        remedy = f"give {LARGEST_CHARACTERS} at most"
        raise InvalidInputError(file, f"{len(text)} characters", remedy)
    loader = _TextLoader if as_text else _ScalarLoader
    try:
        _check_events(text, file)
        values: Plain = loader(text).get_single_data()
    except yaml.YAMLError as error:
        remedy = "give valid YAML; quote text with : # or % in it"
        raise InvalidInputError(_place(file, error), _problem(error), remedy) from error
    except InvalidInputError as error:
        if error.field.startswith(file):
            raise
        raise InvalidInputError(f"{file} {error.field}", error.value, error.remedy) from error
    return values


def _check_events(text: str, file: str) -> None:
    """Refuse what can grow or call code, before anything is built."""
    depth = nodes = documents = 0
    for event in yaml.parse(text, yaml.BaseLoader):
        line = f"{file} line {event.start_mark.line + 1}"
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise InvalidInputError(line, "an anchor or alias", "write the values out")
        if getattr(event, "tag", None):
            raise InvalidInputError(line, f"the tag {event.tag}", "leave tags out")
        documents += isinstance(event, yaml.DocumentStartEvent)
        nodes += isinstance(event, yaml.NodeEvent)
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if nodes > MOST_NODES or depth > DEEPEST:
            value = f"more than {MOST_NODES} values, or nested deeper than {DEEPEST}"
            raise InvalidInputError(line, value, "give a smaller file")
        if documents > 1:
            raise InvalidInputError(line, "a second document", "give one document a file")


def _place(file: str, error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    return file if mark is None else f"{file} line {mark.line + 1}"


def _problem(error: yaml.YAMLError) -> str:
    return str(getattr(error, "problem", None) or error).split("\n", 1)[0]

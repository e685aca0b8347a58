"""YAML of a map of columns as plain values: text, lists and mappings, and nothing else.

Every scalar stays text, so that `NO` is a zone and not a falsehood, and `1.10` keeps its
zero; the model of the map makes numbers where it wants them.
"""

from __future__ import annotations

from typing import Any

import yaml

from vpp_gym.errors import InvalidInputError
from vpp_gym.scenarios.files.raw import RawFile

LARGEST_BYTES, MOST_NODES, DEEPEST = 100_000, 10_000, 10

Plain = str | list[Any] | dict[str, Any]


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


def yaml_values(raw: RawFile) -> Plain:
    """The content of a YAML file, which may be JSON, too.

    Raises:
        InvalidInputError: no YAML, several documents, a file that is too large or nests
            too deep, one with anchors, aliases or tags, or a key that is stated twice.
    """
    if len(raw.content) > LARGEST_BYTES:
        value = f"{len(raw.content)} bytes"
        raise InvalidInputError(raw.name, value, f"a map has at most {LARGEST_BYTES}")
    try:
        _check_events(raw)
        values: Plain = _TextLoader(raw.text).get_single_data()
    except yaml.YAMLError as error:
        remedy = "give valid YAML; quote text with : # or % in it"
        raise InvalidInputError(_place(raw.name, error), _problem(error), remedy) from error
    except InvalidInputError as error:
        if error.field.startswith(raw.name):
            raise
        raise InvalidInputError(f"{raw.name} {error.field}", error.value, error.remedy) from error
    return values


def _check_events(raw: RawFile) -> None:
    """Refuse what can grow or call code, before anything is built."""
    depth = nodes = documents = 0
    for event in yaml.parse(raw.text, yaml.BaseLoader):
        line = f"{raw.name} line {event.start_mark.line + 1}"
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
            raise InvalidInputError(line, value, "a map is smaller")
        if documents > 1:
            raise InvalidInputError(line, "a second document", "give one map a file")


def _place(file: str, error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    return file if mark is None else f"{file} line {mark.line + 1}"


def _problem(error: yaml.YAMLError) -> str:
    return str(getattr(error, "problem", None) or error).split("\n", 1)[0]

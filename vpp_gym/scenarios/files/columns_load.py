"""Reading a map of columns from YAML, with errors that name the key."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from vpp_gym.errors import InvalidInputError, suggestion
from vpp_gym.scenarios.files.columns_map import ColumnsMap, StatedColumns
from vpp_gym.scenarios.files.columns_yaml import yaml_values
from vpp_gym.scenarios.files.raw import RawFile

Location = Sequence[int | str]


def read_columns_map(path: str | os.PathLike[str]) -> StatedColumns:
    """A map of columns from a YAML or JSON file.

    Raises:
        InvalidInputError: no such file, no plain YAML, an unknown key, or a value that
            a key does not take; the field is the path of the key.
    """
    raw = RawFile.open(path)
    values = yaml_values(raw)
    if not isinstance(values, dict):
        raise InvalidInputError(raw.name, type(values).__name__, "give keys: tables, eur_per_unit")
    try:
        found = ColumnsMap.model_validate(values)
    except ValidationError as error:
        unknown = [one for one in error.errors() if one["type"] == "extra_forbidden"]
        first = (unknown or error.errors())[0]
        field = f"{raw.name}: {_path(first['loc'])}".removesuffix(": ")
        raise InvalidInputError(field, _value(first), _remedy(first)) from error
    return StatedColumns(file=raw.name, sha256=raw.sha256, map=found)


def _value(error: Any) -> Any:
    """The value that was refused; a whole mapping would say nothing."""
    if error["type"] == "missing":
        return None
    value = error["input"]
    return f"the keys {', '.join(map(str, value))}" if isinstance(value, dict) else value


def _remedy(error: Any) -> str:
    if error["type"] == "missing":
        return f"add the key {error['loc'][-1]}"
    if error["type"] != "extra_forbidden":
        return str(error["msg"]).removeprefix("Value error, ")
    known = sorted(_keys_at(error["loc"][:-1]))
    return f"{suggestion(str(error['loc'][-1]), known)}keys here are {', '.join(known)}"


def _path(location: Location) -> str:
    """A key as tables[0].time.clock.

    >>> _path(("tables", 0, "time", "clock"))
    'tables[0].time.clock'
    """
    parts = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)
    return "".join(parts).removeprefix(".")


def _keys_at(location: Location) -> list[str]:
    """Names of the keys that a mapping may have."""
    model: type[BaseModel] = ColumnsMap
    for part in location:
        if isinstance(part, str) and part in model.model_fields:
            model = _model_in(model.model_fields[part].annotation) or model
    return list(model.model_fields)


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The model that a type holds, in a list or as an alternative."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    found = (_model_in(one) for one in get_args(annotation))
    return next((one for one in found if one is not None), None)

"""Parameters with some of them changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from vpp_gym.errors import InvalidInputError
from vpp_gym.hydrogen.params.section import Frozen

Params = TypeVar("Params", bound=Frozen)


def changed(base: Params, changes: Params | Mapping[str, Any] | None) -> Params:
    """Parameters with some sections changed, each given whole or as a mapping of its fields.

    >>> from vpp_gym.hydrogen.params import CarParkParams
    >>> changed(CarParkParams(), {"contract": {"min_price": "random"}}).contract.min_price
    'random'

    Raises:
        InvalidInputError: unknown field, or a value out of range.
    """
    if changes is None or isinstance(changes, type(base)):
        return base if changes is None else changes
    if not isinstance(changes, Mapping):
        raise InvalidInputError("params", changes, f"give {type(base).__name__} or a mapping")
    try:
        return type(base).model_validate(_merged(base.model_dump(), changes))
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(("params", *map(str, first["loc"])))
        remedy = "unknown field" if first["type"] == "extra_forbidden" else first["msg"]
        raise InvalidInputError(field, first.get("input"), remedy) from error


def _merged(fields: dict[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    result = dict(fields)
    for name, change in changes.items():
        known = result.get(name)
        if isinstance(change, Mapping) and isinstance(known, dict):
            result[name] = _merged(known, change)
        else:
            result[name] = change.model_dump() if isinstance(change, BaseModel) else change
    return result

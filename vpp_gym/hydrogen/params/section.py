"""What every parameter is told with: its origin, its meaning and its limits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict, Field


def _field(origin: str, default: Any, meaning: str, limits: Mapping[str, Any]) -> Any:
    extra: dict[str, Any] = {"origin": origin}
    return Field(default=default, description=meaning, json_schema_extra=extra, **limits)


def stated(default: Any, meaning: str, **limits: Any) -> Any:
    """Field with a number that the article states."""
    return _field("stated", default, meaning, limits)


def assumed(default: Any, meaning: str, **limits: Any) -> Any:
    """Field with a number that is ours."""
    return _field("assumed", default, meaning, limits)


class Frozen(BaseModel):
    """Base of all parameters: fixed once made, and nothing unknown."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Assumption(NamedTuple):
    """One parameter as results list it."""

    name: str
    value: Any
    origin: str
    meaning: str


def parameters(params: BaseModel, prefix: str = "") -> Iterator[Assumption]:
    """Every parameter of a world with its value, origin and meaning."""
    for name, field in type(params).model_fields.items():
        value = getattr(params, name)
        if isinstance(value, BaseModel):
            yield from parameters(value, f"{prefix}{name}.")
            continue
        extra = field.json_schema_extra
        origin = extra["origin"] if isinstance(extra, dict) else "assumed"
        yield Assumption(f"{prefix}{name}", value, str(origin), field.description or "")


def assumptions(params: BaseModel) -> list[Assumption]:
    """The parameters of a world that the article does not state."""
    return [one for one in parameters(params) if one.origin == "assumed"]

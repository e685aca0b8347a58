"""What the parameters of every world share: frozen sections, and fields that tell their origin."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from vpp_gym.errors import InvalidInputError, suggestion


class Section(BaseModel):
    """Frozen and validated; unknown fields and infinite numbers are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    def replace(self, **changes: Any) -> Self:
        """Copy with some fields changed; a section whole, or as a mapping of its own fields.

        Raises:
            InvalidInputError: unknown field, or a value out of range.
        """
        try:
            return type(self).model_validate(_merged(self.model_dump(), changes))
        except ValidationError as error:
            first = error.errors()[0]
            field = ".".join(("params", *map(str, first["loc"])))
            remedy = first["msg"].removeprefix("Value error, ")
            if first["type"] == "extra_forbidden":
                remedy = f"unknown field; {_like(type(self), first['loc'])}"
            raise InvalidInputError(field, first.get("input"), remedy) from error

    def changed(self, changes: Self | Mapping[str, Any] | None) -> Self:
        """These parameters for None, others as they are, or a copy with a mapping of changes.

        Raises:
            InvalidInputError: something else, an unknown field, or a value out of range.
        """
        if changes is None or isinstance(changes, type(self)):
            return self if changes is None else changes
        if not isinstance(changes, Mapping):
            raise InvalidInputError("params", changes, f"give {type(self).__name__} or a mapping")
        return self.replace(**{str(name): change for name, change in changes.items()})


def _like(section: type[BaseModel], location: Sequence[int | str]) -> str:
    """The field that a wrong name is most like, and those that there are, as a remedy."""
    *path, wrong = location
    for part in path:
        inner = section.model_fields.get(str(part))
        if inner is None or not isinstance(inner.default, BaseModel):
            return "see docs/parameters.md"  # of a family of contracts
        section = type(inner.default)
    fields = section.model_fields
    return f"{suggestion(str(wrong), fields)}use {', '.join(fields)}"


def _merged(fields: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """The fields with the changes; a mapping changes a part of a section."""
    merged = dict(fields)
    for name, change in changes.items():
        if isinstance(change, Mapping) and isinstance(merged.get(name), dict):
            merged[name] = _merged(merged[name], change)
        else:
            merged[name] = change.model_dump() if isinstance(change, BaseModel) else change
    return merged


def check_distribution(name: str, prob: tuple[float, ...]) -> None:
    """Refuse what is not a distribution over types.

    Raises:
        ValueError: naming the field, for the model's own error.
    """
    if not prob or min(prob) < 0 or abs(sum(prob) - 1) > 1e-9:
        raise ValueError(f"{name} must be non-negative and sum to one")


def stated(default: Any, meaning: str, **limits: Any) -> Any:
    """Field with a number that the article states."""
    return _field("stated", default, meaning, limits)


def assumed(default: Any, meaning: str, **limits: Any) -> Any:
    """Field with a number that is ours."""
    return _field("assumed", default, meaning, limits)


def _field(origin: str, default: Any, meaning: str, limits: Mapping[str, Any]) -> Any:
    extra: dict[str, Any] = {"origin": origin}
    return Field(default=default, description=meaning, json_schema_extra=extra, **limits)


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

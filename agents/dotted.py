"""Nested settings by dotted name, as on the command line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def flat(fields: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Values by dotted name.

    >>> flat({"ppo": {"gamma": 0.9}, "seed": 3})
    {'ppo.gamma': 0.9, 'seed': 3}
    """
    values: dict[str, Any] = {}
    for name, value in fields.items():
        dotted = f"{prefix}{name}"
        values |= flat(value, f"{dotted}.") if isinstance(value, Mapping) else {dotted: value}
    return values


def nested(dotted: str, value: Any) -> dict[str, Any]:
    """A value in the mappings that its dotted name stands for.

    >>> nested("ppo.gamma", 0.9)
    {'ppo': {'gamma': 0.9}}
    """
    for part in reversed(dotted.split(".")):
        value = {part: value}
    return dict(value)


def merged(base: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of one mapping with those of another over them, at every depth."""
    result = dict(base)
    for name, value in more.items():
        known = result.get(name)
        if isinstance(known, Mapping) and isinstance(value, Mapping):
            value = merged(known, value)
        result[name] = value
    return result

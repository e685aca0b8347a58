"""The digests of a world: of every array of numbers that happens in it, by name."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from vpp_gym.evaluation.values import walked

LENGTH = 8
"""Characters of the digest of one array."""


def world_digest(scenario: Any) -> str:
    """Digests of all arrays of numbers in a scenario, as "name=digest" with blanks between them.

    How classes are made, and what is not there, does not count.

    Args:
        scenario: of any world.
    """
    found: dict[str, Any] = {}
    for path, value in walked(scenario):
        is_numbers = isinstance(value, np.ndarray) and value.dtype.kind in "iubf"
        if is_numbers and value.size:
            name = path.rpartition(".")[2]
            found.setdefault(name, hashlib.sha256()).update(_content(value))
    return " ".join(f"{name}={found[name].hexdigest()[:LENGTH]}" for name in sorted(found))


def _content(values: np.ndarray) -> bytes:
    """Shape and numbers, in one type for each kind: a narrower one is no other world."""
    kind = np.float64 if values.dtype.kind == "f" else np.int64
    return repr(values.shape).encode() + np.ascontiguousarray(values.astype(kind)).tobytes()


def same_worlds(some: Sequence[str], others: Sequence[str]) -> bool:
    """Whether two series of worlds are the same, by the arrays that both name.

    A later version may have more arrays, of things that are not there by default.

    >>> same_worlds(["a=1 b=2"], ["a=1 c=3"]), same_worlds(["a=1 b=2"], ["a=1 b=3"])
    (True, False)
    """
    if len(some) != len(others):
        return False
    return all(map(_same, some, others))


def _same(one: str, other: str) -> bool:
    mine, theirs = (dict(part.split("=", 1) for part in text.split()) for text in (one, other))
    common = mine.keys() & theirs.keys()
    return bool(common) and all(mine[name] == theirs[name] for name in common)

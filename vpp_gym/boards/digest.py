"""The digests of a world: of every array of numbers that happens in it, by name."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from vpp_gym.evaluation.values import walked

LENGTH = 8
"""Characters of the digest of one array."""
BITS = 30
"""Of a number that count, some nine digits: processors differ in the last ones of a sine."""


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
    if values.dtype.kind == "f":
        mantissa, exponent = np.frexp(values.astype(np.float64))
        # Adding 0 makes a negative 0 the same as 0.
        numbers = np.ldexp(np.rint(np.ldexp(mantissa, BITS)), exponent - BITS) + 0.0
    else:
        numbers = values.astype(np.int64)
    return repr(values.shape).encode() + np.ascontiguousarray(numbers).tobytes()


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

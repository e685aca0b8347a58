"""The digest of a world: all numbers that happen in it, whatever else its objects hold."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np

from vpp_gym.evaluation.values import walked


def world_digest(scenario: Any) -> str:
    """Digest of every array of numbers in a scenario, by its name and shape.

    What is not there, and how the classes are made, does not count: the same world has the same
    digest in a later version.

    Args:
        scenario: of any world.
    """
    tokens = []
    for path, value in walked(scenario):
        if isinstance(value, np.ndarray) and value.size and not value.dtype.hasobject:
            if value.dtype.names is not None:
                continue  # its columns follow
            name = path.rpartition(".")[2].encode()
            content = np.ascontiguousarray(_plain(value)).tobytes()
            tokens.append((name, str(value.shape).encode(), content))
    digest = hashlib.sha256()
    for token in sorted(tokens):
        for part in token:
            digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()[:16]


def _plain(values: np.ndarray) -> np.ndarray:
    """Numbers in one type for each kind, so that a narrower one is no other world."""
    kinds = {"i": np.int64, "u": np.int64, "b": np.int64, "f": np.float64}
    return values.astype(kinds[values.dtype.kind]) if values.dtype.kind in kinds else values

"""The transitions that an off-policy learner goes back to, as plain arrays on disk."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.buffers import ReplayBuffer

from agents.files import replace_file
from vpp_gym.errors import InvalidInputError

ARRAYS = ("observations", "next_observations", "actions", "rewards", "dones", "timeouts")
PATTERN = "replay-*.npz"


def replay_of(model: BaseAlgorithm) -> ReplayBuffer | None:
    """The learner's replay buffer; None if it learns from fresh transitions only."""
    buffer = getattr(model, "replay_buffer", None)
    return buffer if isinstance(buffer, ReplayBuffer) else None


def save_replay(buffer: ReplayBuffer, folder: Path, steps: int) -> str:
    """Write what the buffer holds to a file of its own; its name."""
    filled = buffer.buffer_size if buffer.full else buffer.pos
    arrays: dict[str, Any] = {name: getattr(buffer, name)[:filled] for name in ARRAYS}
    arrays |= {"position": np.int64(buffer.pos), "capacity": np.int64(buffer.buffer_size)}
    name = PATTERN.replace("*", str(steps))
    replace_file(folder / name, lambda file: np.savez(file, **arrays))
    return name


def load_replay(buffer: ReplayBuffer, path: Path) -> None:
    """Fill a fresh buffer with what `save_replay` wrote; nothing in the file is executed.

    Raises:
        InvalidInputError: the file is missing, damaged, or of a buffer of another size.
    """
    if not path.is_file():
        raise InvalidInputError("run_dir", path.parent.name, f"{path.name} is missing: begin again")
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            arrays = dict(stored)
        filled, capacity = len(arrays["rewards"]), int(arrays["capacity"])
        position = int(arrays["position"])
    except Exception as error:
        raise InvalidInputError("run_dir", path.name, "it is damaged: begin again") from error
    fits = capacity == buffer.buffer_size and 0 <= position < capacity
    if not fits or filled not in (position, capacity):
        raise InvalidInputError("run_dir", path.name, "it is of another buffer: begin again")
    for name in ARRAYS:
        kept, place = arrays[name], getattr(buffer, name)
        if kept.dtype != place.dtype or kept.shape != (filled, *place.shape[1:]):
            raise InvalidInputError("run_dir", path.name, f"{name} are of another shape")
        place[:filled] = kept
    buffer.pos, buffer.full = position, filled == capacity

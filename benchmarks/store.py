"""Finished runs on disk: each in a file of its own, whole or not there."""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd


@dataclass(frozen=True)
class StoredRun:
    """One finished run.

    Attributes:
        key: digest of everything the result depends on.
        wall_s: seconds the whole run took.
        metadata: as of `vpp_gym.evaluation.rollout.RunResult`.
        days: its day rows by column.
    """

    key: str
    wall_s: float
    metadata: dict[str, Any]
    days: dict[str, list[Any]]

    def frame(self) -> pd.DataFrame:
        """The day rows."""
        return pd.DataFrame(self.days)


def save_run(path: Path, run: StoredRun) -> None:
    """Write a run, whole or not at all."""
    write_whole(path, json.dumps(asdict(run), allow_nan=False))


def load_run(path: Path, key: str) -> StoredRun | None:
    """The run in a file; None if there is none or it was made from something else."""
    if not path.exists():
        return None
    run = StoredRun(**json.loads(path.read_text(encoding="utf-8")))
    return run if run.key == key else None


def write_whole(path: Path, text: str) -> None:
    """Write a text file so that an interruption leaves the old one or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, partial = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(partial, 0o644)
        os.replace(partial, path)
    except BaseException:
        Path(partial).unlink(missing_ok=True)
        raise

"""Finished runs on disk: each in a file of its own, whole or not there, with its digest."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import pandas as pd

from vpp_gym.errors import InvalidInputError
from vpp_gym.files.reader import DIGEST, digest_of, read_object
from vpp_gym.files.writer import write_text


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
    """Write a run with the digest of its content, whole or not at all.

    Raises:
        InvalidInputError: the file cannot be written.
    """
    content = asdict(run)
    text = json.dumps({**content, DIGEST: digest_of(content)}, allow_nan=False)
    write_text(path, text, make_folder=True)


def load_run(
    path: Path, key: str, report: Callable[[str], object] = lambda reason: None
) -> StoredRun | None:
    """The run in a file; None if there is none, or none that is of use.

    Args:
        path: of the file.
        key: that the run must have: another one was made from something else.
        report: called with the reason if the file holds no run at all.

    Raises:
        InvalidInputError: its content is not what was written.
    """
    if not path.exists():
        return None
    try:
        content = read_object(path)
    except InvalidInputError as error:
        report(f"{path.name}: got {error.value}; it is made again")
        return None
    if set(content) != {DIGEST, *(field.name for field in fields(StoredRun))}:
        report(f"{path.name} holds no run of this version; it is made again")
        return None
    if content.pop(DIGEST) != digest_of(content):
        remedy = "its content is not what was written: remove the file to have the run made again"
        raise InvalidInputError("run", str(path), remedy)
    return StoredRun(**content) if content["key"] == key else None

"""Runs of an evaluation that are over, kept in a file until all are, so that it can go on."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from vpp_gym.arrays import Floats
from vpp_gym.errors import InvalidInputError
from vpp_gym.evaluation.provenance import provenance
from vpp_gym.files.reader import DIGEST, MB, digest_of, read_object
from vpp_gym.files.writer import remove_file, write_text
from vpp_gym.sources import PACKAGE, content_digest

if TYPE_CHECKING:
    from vpp_gym.boards.published import Board

SUFFIX = ".part"
MAX_BYTES = 256 * MB


class KeptRuns:
    """Runs that are over, by the number of the training and of the world.

    What an earlier program left there is used only if it was made of exactly the same; else it
    is begun anew.

    Args:
        path: of the file; None: nothing is kept.
        made_of: all that the runs depend on: models, board, rules, days, versions.

    Attributes:
        found: how many runs an earlier program left.
    """

    def __init__(self, path: Path | None = None, made_of: Mapping[str, Any] | None = None) -> None:
        self.path = path
        self._made_of = digest_of(made_of or {})
        self._runs: dict[str, Any] = {} if path is None else self._read(path)
        self.found = len(self._runs)

    def __len__(self) -> int:
        return len(self._runs)

    def get(self, training: int, world: int) -> Floats | None:
        """(periods, quantities) of a run; None where it is not there."""
        found = self._runs.get(f"{training},{world}")
        return None if found is None else np.array(found, dtype=np.float64)

    def put(self, training: int, world: int, values: Floats) -> None:
        """Keep a run that is over."""
        if self.path is None:
            return
        self._runs[f"{training},{world}"] = values.tolist()
        content = {"made_of": self._made_of, "runs": self._runs}
        text = json.dumps({**content, DIGEST: digest_of(content)}, allow_nan=False)
        write_text(self.path, text + "\n")

    def drop(self) -> None:
        """Remove the file: the result stands elsewhere."""
        if self.path is not None and self.path.exists():
            remove_file(self.path)

    def _read(self, path: Path) -> dict[str, Any]:
        """The runs in a file; none if it is another evaluation's, or damaged."""
        if not path.is_file():
            return {}
        try:
            content = read_object(path, max_bytes=MAX_BYTES)
        except InvalidInputError:
            return {}
        whole = content.pop(DIGEST, None) == digest_of(content)
        if not whole or content.get("made_of") != self._made_of:
            return {}
        return dict(content["runs"])


def kept_beside(out: Path | None) -> Path | None:
    """Where runs are kept until a record is written: `row.json.part` beside `row.json`."""
    return None if out is None else out.with_name(out.name + SUFFIX)


def depends_on(board: Board, policies: Sequence[Any], days: int | None) -> dict[str, Any]:
    """What runs on a board depend on, files of models aside: settings, rules, days and code.

    Args:
        board: whose worlds and rules they have.
        policies: one for each training.
        days: of each world; None: all.
    """
    settings = [getattr(policy, "setting", None) for policy in policies]
    made = provenance("")
    return {
        "board": board.name,
        "published": board.rows_sha256,
        "days": days,
        "settings": [None if one is None else one.as_json() for one in settings],
        "code": content_digest(sorted(PACKAGE.rglob("*.py"))),
        "versions": made["versions"],
        "python": made["python"],
    }

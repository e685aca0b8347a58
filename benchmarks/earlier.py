"""Runs by the code of an earlier commit, on this machine."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from benchmarks.fingerprint import ROOT
from vpp_gym.errors import InvalidInputError

SCRIPT = Path(__file__).with_name("one_run.py")


def take_out(commit: str, folder: Path, *parts: str) -> None:
    """Write files and folders as they were at a commit to a folder.

    Raises:
        InvalidInputError: git does not know the commit.
    """
    command = ["git", "archive", commit, *parts]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
    if done.returncode:
        remedy = "name a commit of this clone's history (not of a shallow one)"
        raise InvalidInputError("commit", commit, f"{remedy}: {done.stderr.decode().strip()}")
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
        archive.extractall(folder, filter="data")


class Earlier(NamedTuple):
    """The code of a commit, in a folder of its own."""

    commit: str
    tree: Path

    def rows(self, asked: dict[str, Any]) -> str:
        """Published rows of one run: see `benchmarks.one_run.rows_of_run`.

        Raises:
            InvalidInputError: that code does not make the run.
        """
        environment = {**os.environ, "PYTHONPATH": str(self.tree)}
        command = [sys.executable, "-P", str(SCRIPT)]
        done = subprocess.run(
            command,
            cwd=self.tree,
            env=environment,
            input=json.dumps(asked) + "\n",
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            last = done.stderr.strip().splitlines()[-1:] or ["no message"]
            raise InvalidInputError("commit", self.commit, f"it does not run: {last[0]}")
        return done.stdout


@contextmanager
def earlier(commit: str | None) -> Iterator[Earlier | None]:
    """The code of a commit for as long as it is needed; None without a commit."""
    if commit is None:
        yield None
        return
    with TemporaryDirectory() as folder:
        take_out(commit, Path(folder), "vpp_gym", "benchmarks", "agents", "pyproject.toml")
        yield Earlier(commit, Path(folder))

"""Folders that are replaced whole, and folders for what nobody needs afterwards."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from vpp_gym.files.writer import said_plainly


def replace_folder(folder: Path, fill: Callable[[Path], object]) -> None:
    """Write a folder beside the old one and put it in its place.

    Args:
        folder: to be replaced, or new.
        fill: writes the files of a new, empty folder, and raises if they are not right.

    Raises:
        WriteFailedError: the operating system refused.
    """
    fresh, old = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}"), _old(folder)
    with said_plainly(folder):
        try:
            fresh.mkdir(parents=True)
            fill(fresh)
            if latest(folder) == folder:
                shutil.rmtree(old, ignore_errors=True)
            if folder.exists():
                os.replace(folder, old)
            os.replace(fresh, folder)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
            if folder.exists():
                shutil.rmtree(old, ignore_errors=True)


def latest(folder: Path) -> Path:
    """The folder, or the old one if a program was killed just before the new one had its name."""
    old = _old(folder)
    return old if old.is_dir() and not folder.exists() else folder


def _old(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}.old")


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """A folder for files that nobody needs afterwards."""
    with TemporaryDirectory(prefix="vpp_gym-") as folder:
        yield Path(folder)

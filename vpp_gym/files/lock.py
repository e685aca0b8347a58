"""One program at a time in a folder that it writes to."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from vpp_gym.errors import InvalidInputError
from vpp_gym.files.trial import check_folder

LOCK = ".lock"


@contextmanager
def alone_in(folder: str | os.PathLike[str], field: str = "folder") -> Iterator[Path]:
    """Keep other programs that ask for the same folder out of it.

    The lock is the operating system's: it goes with the process, however that ends. The file
    that it is on stays behind and means nothing.

    Args:
        folder: made where it is missing.
        field: named in errors.

    Raises:
        InvalidInputError: another program is at work there, or nothing can be written there.
    """
    place = check_folder(folder, field)
    lock = FileLock(place / LOCK, timeout=0)
    try:
        lock.acquire()
    except Timeout as error:
        remedy = "another program is at work there: wait for it, or name another folder"
        raise InvalidInputError(field, str(folder), remedy) from error
    try:
        yield place
    finally:
        lock.release()

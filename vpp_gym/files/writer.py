"""The one way to write a file: the old one stays until the new one is whole and on disk.

The content goes to a temporary file in the same folder, which then takes the place of the
old one. A full disk, an error or the end of the process leaves the old file as it was.
"""

from __future__ import annotations

import errno
import hashlib
import os
import secrets
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from vpp_gym.errors import InvalidInputError

PART = ".part"
ABANDONED_S = 3600.0
"""A temporary file that nobody has written to for so long was left by a process that is gone."""
REMEDIES = {
    errno.ENOSPC: "the disk is full: free some space, or name a file on another one",
    errno.EDQUOT: "your share of the disk is used up: free some space, or name another one",
    errno.EFBIG: "the file would be larger than is allowed here",
    errno.EIO: "the disk fails: name a file on another one",
    errno.EROFS: "nothing can be written there: name a file in another folder",
    errno.EACCES: "you may not write there: name a file in another folder",
    errno.EPERM: "you may not write there: name a file in another folder",
    errno.ENAMETOOLONG: "give it a shorter name",
    errno.ENOENT: "create its folder first",
    errno.ENOTDIR: "a part of the path is no folder",
}


FROM_BELOW = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
"""Errors of a disk that a library may hide behind an error of its own."""


class WriteFailedError(InvalidInputError):
    """A file that could not be written; one that was there before is as it was."""


def write_file(
    path: str | os.PathLike[str], write: Callable[[BinaryIO], object], *, make_folder: bool = False
) -> Path:
    """Write a file, whole or not at all.

    Args:
        path: of the file. A link stays, and what it points to is replaced.
        write: writes the content to an open binary file, as `np.savez`, `torch.save`,
            `Figure.savefig` and `pyarrow` do, too.
        make_folder: whether to make its folder where it is missing.

    Returns:
        The path, as given.

    Raises:
        WriteFailedError: the operating system refused; the old file is as it was.
        InvalidInputError: the path is that of a folder, a device or a read-only file.
    """
    with said_plainly(path):
        if make_folder:
            Path(path).parent.mkdir(parents=True, exist_ok=True)
        target = target_of(path)
        _remove_abandoned(target)
        with part_of(target) as part:
            with part.open("wb") as file:
                write(file)
                file.flush()
                os.fsync(file.fileno())
            _keep_mode(target, part)
            os.replace(part, target)
            _sync_folder(target.parent)
    return Path(path)


def write_bytes(path: str | os.PathLike[str], content: bytes, *, make_folder: bool = False) -> Path:
    """Write bytes to a file, whole or not at all; see `write_file`."""
    return write_file(path, lambda file: file.write(content), make_folder=make_folder)


def write_text(path: str | os.PathLike[str], text: str, *, make_folder: bool = False) -> Path:
    """Write text to a file as UTF-8, whole or not at all; see `write_file`."""
    return write_bytes(path, text.encode(), make_folder=make_folder)


def remove_file(path: Path) -> None:
    """Remove a file that may be there."""
    with said_plainly(path):
        path.unlink(missing_ok=True)


@contextmanager
def said_plainly(path: str | os.PathLike[str]) -> Iterator[None]:
    """Errors of the operating system with the file and the remedy."""
    try:
        yield
    except Exception as error:
        if (cause := _system_error(error)) is None:
            raise
        remedy = REMEDIES.get(cause.errno or 0, "name another file, or another folder")
        raise WriteFailedError(os.fspath(path), cause.strerror or str(cause), remedy) from error


def _system_error(error: BaseException) -> OSError | None:
    """The error of the operating system that an error is, or comes from."""
    if isinstance(error, OSError):
        return error
    before = error.__context__
    while before is not None:
        if isinstance(before, OSError) and before.errno in FROM_BELOW:
            return before
        before = before.__context__
    return None


def target_of(path: str | os.PathLike[str]) -> Path:
    """The file to replace, behind any links.

    Raises:
        InvalidInputError: it is there and no file, or may not be changed.
    """
    text = os.fspath(path)
    if "\0" in text or not Path(text).name:
        raise InvalidInputError("path", text, "name a file")
    target = Path(os.path.realpath(text))
    try:
        found = target.stat()
    except FileNotFoundError:
        return target
    if stat.S_ISDIR(found.st_mode):
        raise InvalidInputError("path", text, "name a file: this is a folder")
    if not stat.S_ISREG(found.st_mode):
        raise InvalidInputError("path", text, "name a file: this is a device, a pipe or a socket")
    if not os.access(target, os.W_OK):
        raise InvalidInputError("path", text, "the file is read-only: name another one")
    return target


def _stem(target: Path) -> str:
    """How the temporary files of a target begin: short, however long its name is."""
    return f".{hashlib.sha256(os.fsencode(target.name)).hexdigest()[:12]}-"


@contextmanager
def part_of(target: Path) -> Iterator[Path]:
    """A new temporary file in the folder of a target, which is gone in the end."""
    part = target.with_name(f"{_stem(target)}{secrets.token_hex(8)}{PART}")
    # Rights as any new file has them: those that the process's mask leaves.
    os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
    try:
        yield part
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def _keep_mode(target: Path, part: Path) -> None:
    with suppress(OSError):  # no old file, or a disk that knows no rights
        part.chmod(stat.S_IMODE(target.stat().st_mode))


def _remove_abandoned(target: Path) -> None:
    """Remove temporary files of processes that were killed while they wrote this target."""
    with suppress(OSError):
        for part in target.parent.glob(f"{_stem(target)}*{PART}"):
            if time.time() - part.stat().st_mtime > ABANDONED_S:
                part.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    """Have the new name on disk, too, where the system can."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

"""ZIP archives of arrays, as NumPy and PyTorch write them: read with limits and checksums."""

from __future__ import annotations

import io
import math
import os
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from vpp_gym.errors import InvalidInputError
from vpp_gym.files.reader import DAMAGED, MAX_BYTES, MB, opened

MAX_MEMBERS = 4096
MAX_UNPACKED_BYTES = 256 * MB


def read_arrays(
    path: str | os.PathLike[str],
    names: Iterable[str] | None = None,
    *,
    field: str = "file",
    max_bytes: int = MAX_UNPACKED_BYTES,
) -> dict[str, NDArray[Any]]:
    """Arrays of an .npz file, read-only.

    Args:
        path: of a file that `np.savez` or `np.savez_compressed` wrote.
        names: of the arrays to read; None for all. Others are left where they are.
        field: named where there is no such file.
        max_bytes: that these arrays may have, and the file as well.

    Raises:
        InvalidInputError: no such file, a damaged one, one with too many or too large members,
            an array that is missing or holds Python objects.
    """
    with opened(path, field=field, max_bytes=max_bytes) as file:
        return _arrays(file, names, Path(path).name, max_bytes)


def array_names(content: bytes, *, file: str) -> list[str]:
    """Names of the arrays in the bytes of an .npz file; none of them is read.

    Raises:
        InvalidInputError: no such file, or too many members.
    """
    with _checked_archive(io.BytesIO(content), file) as archive:
        return sorted(_members(archive, file))


def arrays_in(
    content: bytes, names: Iterable[str] | None, *, file: str, max_bytes: int = MAX_UNPACKED_BYTES
) -> dict[str, NDArray[Any]]:
    """Arrays of the bytes of an .npz file; see `read_arrays`."""
    return _arrays(io.BytesIO(content), names, file, max_bytes)


def member_text(content: bytes, member: str, *, file: str, max_bytes: int = MAX_BYTES) -> str:
    """The text of a member of a ZIP archive, such as Stable-Baselines3 writes.

    Args:
        content: of the archive.
        member: its name within.
        file: named in errors.
        max_bytes: that the member may have when unpacked.

    Raises:
        InvalidInputError: no archive, no such member, too large a one, or no text.
    """
    with _checked_archive(io.BytesIO(content), file) as archive:
        members = _members(archive, file)
        if member not in members:
            raise InvalidInputError(file, sorted(members), f"it has no {member}")
        _limit(members[member].file_size, file, max_bytes)
        return archive.read(members[member]).decode("utf-8")


def check_archive(file: BinaryIO, name: str, *, max_bytes: int = MAX_BYTES) -> None:
    """Refuse a ZIP archive, such as PyTorch writes, of which a checksum does not fit.

    Args:
        file: open, read to its end and set back to its beginning.
        name: of the file, for errors.
        max_bytes: that its members may have when unpacked.

    Raises:
        InvalidInputError: no archive, a damaged one, or too much in it.
    """
    with _checked_archive(file, name) as archive:
        members = _members(archive, name)
        _limit(sum(one.file_size for one in members.values()), name, max_bytes)
        if (damaged := archive.testzip()) is not None:
            raise InvalidInputError(name, f"another checksum of {damaged}", DAMAGED)
    file.seek(0)


def _arrays(
    file: BinaryIO, names: Iterable[str] | None, name: str, max_bytes: int
) -> dict[str, NDArray[Any]]:
    with _checked_archive(file, name) as archive:
        members = _members(archive, name)
        wanted = list(members if names is None else names)
        if missing := [one for one in wanted if one not in members]:
            raise InvalidInputError(name, sorted(members), f"it has no array {missing[0]}")
        _limit(sum(members[one].file_size for one in wanted), name, max_bytes)
        return {one: _array(archive.read(members[one]), f"{name} {one}") for one in wanted}


@contextmanager
def _checked_archive(file: BinaryIO, name: str) -> Iterator[zipfile.ZipFile]:
    """An archive; whatever goes wrong while it is read is a refusal."""
    try:
        with zipfile.ZipFile(file) as archive:
            yield archive
    except InvalidInputError:
        raise
    except Exception as error:
        raise InvalidInputError(name, str(error) or type(error).__name__, DAMAGED) from error


def _members(archive: zipfile.ZipFile, name: str) -> dict[str, zipfile.ZipInfo]:
    found = archive.infolist()
    if len(found) > MAX_MEMBERS:
        raise InvalidInputError(name, f"{len(found)} members", DAMAGED)
    members = {one.filename.removesuffix(".npy"): one for one in found}
    if len(members) < len(found):
        raise InvalidInputError(name, "two members of one name", DAMAGED)
    return members


def _array(content: bytes, name: str) -> NDArray[Any]:
    """An array of the .npy format; its header is believed only if it fits the size."""
    file = io.BytesIO(content)
    version = np.lib.format.read_magic(file)
    if version not in ((1, 0), (2, 0)):
        raise InvalidInputError(name, f"version {version}", DAMAGED)
    read_header = getattr(np.lib.format, f"read_array_header_{version[0]}_0")
    shape, by_columns, dtype = read_header(file)
    if dtype.hasobject:
        raise InvalidInputError(name, "Python objects", "give arrays of numbers or text")
    if min(shape, default=0) < 0 or math.prod(shape) * dtype.itemsize != len(content) - file.tell():
        raise InvalidInputError(name, f"shape {shape}", DAMAGED)
    values = np.frombuffer(content, dtype=dtype, offset=file.tell()) if math.prod(shape) else None
    if values is None:
        return np.empty(shape, dtype)
    return values.reshape(shape, order="F" if by_columns else "C")


def _limit(size: int, name: str, max_bytes: int) -> None:
    if size > max_bytes:
        remedy = f"it may unpack to {max_bytes // MB:,} MB at most"
        raise InvalidInputError(name, f"{size // MB:,} MB unpacked", remedy)

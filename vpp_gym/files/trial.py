"""Outputs tried before a long run, so that it does not end in one that cannot be written."""

from __future__ import annotations

import os
from pathlib import Path

from vpp_gym.errors import InvalidInputError
from vpp_gym.files.writer import WriteFailedError, part_of, said_plainly, target_of

TRIED_BYTES = 4096


def check_writable(
    path: str | os.PathLike[str], field: str = "path", *, make_folder: bool = False
) -> Path:
    """Find out before a long run that its output cannot be written.

    A temporary file is made beside it and removed again; the file itself is not touched.

    Args:
        path: of the file that is to be written.
        field: named in errors.
        make_folder: whether to make its folder where it is missing.

    Raises:
        InvalidInputError: no such folder, one that nothing can be written to, a full disk, or
            something other than a file of that name.
    """
    try:
        with said_plainly(path):
            if make_folder:
                Path(path).parent.mkdir(parents=True, exist_ok=True)
            target = target_of(path)
            if not target.parent.is_dir():
                raise InvalidInputError(
                    field, str(path), f"create the folder {target.parent} first"
                )
            with part_of(target) as part, part.open("wb") as file:
                file.write(bytes(TRIED_BYTES))
                file.flush()
                os.fsync(file.fileno())
    except InvalidInputError as error:
        reason = f"{error.value}: " if isinstance(error, WriteFailedError) else ""
        raise InvalidInputError(field, str(path), f"{reason}{error.remedy}") from error
    return Path(path)


def check_folder(folder: str | os.PathLike[str], field: str = "folder") -> Path:
    """Find out before a long run that nothing can be written to a folder; it is made if missing.

    Raises:
        InvalidInputError: a file of that name, or nothing can be written there.
    """
    if Path(folder).exists() and not Path(folder).is_dir():
        raise InvalidInputError(field, str(folder), "name a folder: this is a file")
    try:
        check_writable(Path(folder, "any"), field, make_folder=True)
    except InvalidInputError as error:
        raise InvalidInputError(field, str(folder), error.remedy) from error
    return Path(folder)

"""All files of a folder: which are what, what is in them, and what is wrong with them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from vpp_gym.errors import InvalidInputError
from vpp_gym.scenarios.files.kinds import Kind, kind_of
from vpp_gym.scenarios.files.options import ReadOptions
from vpp_gym.scenarios.files.price_rows import PriceRows
from vpp_gym.scenarios.files.session_rows import SessionRows


@dataclass(frozen=True)
class Found:
    """A file of a folder.

    Attributes:
        path: of the file.
        kind: None where it is of no known kind.
        rows: what was read; None where it was refused or is of no known kind.
        error: why it was refused.
    """

    path: Path
    kind: Kind | None = None
    rows: PriceRows | SessionRows | None = None
    error: InvalidInputError | None = None


def files_of(folder: str | os.PathLike[str], options: ReadOptions) -> Iterator[Found]:
    """Every file of a folder, read as far as its kind is known, by name.

    Folders inside are of no known kind; names that begin with a dot are passed over.

    Raises:
        InvalidInputError: no such folder, or one that may not be read.
    """
    place = Path(folder)
    if not place.is_dir():
        raise InvalidInputError("folder", str(place), "give an existing folder")
    try:
        paths = sorted(place.iterdir())
    except OSError as error:
        raise InvalidInputError(str(place), error.strerror, "make it readable") from error
    for path in paths:
        if not path.name.startswith("."):
            yield Found(path) if path.is_dir() else found(path, options)


def found(path: Path, options: ReadOptions) -> Found:
    """A file, read as far as its kind is known; a refusal is kept, not raised."""
    kind: Kind | None = None
    try:
        kind = kind_of(path)
        return Found(path, kind, None if kind is None else kind.read(path, options))
    except InvalidInputError as error:
        return Found(path, kind, None, error)
    except Exception as error:  # noqa: BLE001  (one damaged file must not hide the others)
        what = f"{type(error).__name__}: {str(error).strip() or 'no more is known'}"
        remedy = "the file is damaged, or of a form that is not read: repair it or take it away"
        return Found(path, kind, None, InvalidInputError(path.name, what, remedy))

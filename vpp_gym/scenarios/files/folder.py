"""All files of a folder: which are what, what is in them, and what is wrong with them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path

from vpp_gym.errors import InvalidInputError, suggestion
from vpp_gym.scenarios.files.coverage import coverage
from vpp_gym.scenarios.files.kinds import Kind, kind_of, stated_kinds
from vpp_gym.scenarios.files.options import NeededOptionsError, ReadOptions
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
    """Every file of a folder, or one file, read as far as its kind is known, by name.

    Folders inside are of no known kind; names that begin with a dot are passed over.

    Raises:
        InvalidInputError: no such folder or file, or a folder that may not be read.
    """
    place = Path(folder)
    if place.is_file():
        yield from all_found(place, options)
        return
    if not place.is_dir():
        raise InvalidInputError("folder", str(place), "give an existing folder, or a file")
    try:
        paths = sorted(place.iterdir())
    except OSError as error:
        raise InvalidInputError(str(place), error.strerror, "make it readable") from error
    for path in paths:
        if not path.name.startswith("."):
            yield from [Found(path)] if path.is_dir() else all_found(path, options)
    yield from _missing(place, paths, options)


def all_found(path: Path, options: ReadOptions) -> Iterator[Found]:
    """A file under every entry that a map of columns has for it, or else by its content."""
    kinds = stated_kinds(path.name, options.columns)
    for kind in kinds:
        yield _read(path, kind, options)
    if not kinds:
        yield found(path, options)


def _missing(folder: Path, paths: Sequence[Path], options: ReadOptions) -> Iterator[Found]:
    """Entries of the map that fit no file: a slip in a pattern must not leave files aside."""
    names = [path.name for path in paths if path.is_file() and not path.name.startswith(".")]
    for table in options.columns.map.tables if options.columns is not None else ():
        for pattern in table.files:
            if not any(fnmatchcase(name, pattern) for name in names):
                known = f"{suggestion(pattern, names)}there are {', '.join(names) or 'no files'}"
                yield Found(folder / pattern, error=InvalidInputError("map", pattern, known))


def found(path: Path, options: ReadOptions) -> Found:
    """A file, read as far as its kind is known; a refusal is kept, not raised."""
    try:
        kind = kind_of(path)
    except InvalidInputError as error:
        return Found(path, error=error)
    except Exception as error:  # noqa: BLE001  (one damaged file must not hide the others)
        return Found(path, error=_unforeseen(path, error))
    return Found(path) if kind is None else _read(path, kind, options)


def _read(path: Path, kind: Kind, options: ReadOptions) -> Found:
    try:
        return Found(path, kind, _covered(kind.read(path, options)))
    except InvalidInputError as error:
        return Found(path, kind, None, error)
    except Exception as error:  # noqa: BLE001  (one damaged file must not hide the others)
        return Found(path, kind, None, _unforeseen(path, error))


def _unforeseen(path: Path, error: Exception) -> InvalidInputError:
    what = f"{type(error).__name__}: {str(error).strip() or 'no more is known'}"
    remedy = "the file is damaged, or of a form that is not read: repair it or take it away"
    return InvalidInputError(path.name, what, remedy)


def _covered(rows: PriceRows | SessionRows) -> PriceRows | SessionRows:
    """Rows whose report says which days and quarters they cover, if they are prices."""
    if isinstance(rows, SessionRows):
        return rows
    report = rows.report.model_copy(update={"coverage": dict(coverage(rows))})
    return replace(rows, report=report)


def refusal(files: Sequence[Found]) -> InvalidInputError | None:
    """Why files cannot be used: every reason in one error, so that all are mended at once."""
    errors = {one.path.name: one.error for one in files if one.error is not None}
    asked = [error for error in errors.values() if isinstance(error, NeededOptionsError)]
    if len(asked) == len(errors) > 0:
        return NeededOptionsError({n: why for error in asked for n, why in error.options.items()})
    if len(errors) < 2:
        return next(iter(errors.values()), None)
    return InvalidInputError(
        "files", list(errors), " | ".join(str(error) for error in errors.values())
    )

"""The one way to read a file that may be damaged, foreign or made to do harm.

What cannot be read is refused with the file and the remedy; sizes, nesting and numbers are
limited before anything is built of them, and nothing in a file is ever run.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from vpp_gym.errors import InvalidInputError

MB = 1024 * 1024
MAX_BYTES = 512 * MB
"""Of a file that is read whole."""
MAX_TEXT_BYTES = 64 * MB
MAX_DEPTH = 64
"""Of brackets within brackets in JSON."""
MAX_INTEGER = 2**63
DIGEST = "sha256"
"""Key under which a document carries the digest of the rest of it."""
DAMAGED = "the file is damaged: make it again"


def read_bytes(
    path: str | os.PathLike[str], *, field: str = "file", max_bytes: int = MAX_BYTES
) -> bytes:
    """All bytes of a file.

    Args:
        path: of a regular file; a device or a pipe, which may have no end, is refused.
        field: named where there is no such file.
        max_bytes: how many it may have.

    Raises:
        InvalidInputError: no such file, one that may not be read, or too large a one.
    """
    with opened(path, field=field, max_bytes=max_bytes) as file:
        content = file.read(max_bytes + 1)
    if len(content) > max_bytes:
        raise too_large(path, max_bytes)
    return content


def read_text(
    path: str | os.PathLike[str], *, field: str = "file", max_bytes: int = MAX_TEXT_BYTES
) -> str:
    """The text of a file in UTF-8.

    Raises:
        InvalidInputError: as `read_bytes`, or other bytes than text.
    """
    content = read_bytes(path, field=field, max_bytes=max_bytes)
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        where = f"byte 0x{content[error.start]:02x} at {error.start}"
        raise InvalidInputError(Path(path).name, where, "give a text file in UTF-8") from error


def read_json(
    path: str | os.PathLike[str], *, field: str = "file", max_bytes: int = MAX_TEXT_BYTES
) -> Any:
    """The document in a JSON file.

    Raises:
        InvalidInputError: as `read_text` and `parsed_json`.
    """
    text = read_text(path, field=field, max_bytes=max_bytes)
    return parsed_json(text, file=Path(path).name)


def parsed_json(text: str, *, file: str) -> Any:
    """The document that a JSON text holds.

    Args:
        text: to parse.
        file: named in errors.

    Raises:
        InvalidInputError: no JSON, nested deeper than `MAX_DEPTH`, a key that stands twice in
            an object, or a number that is not finite or, without a fraction, beyond
            `MAX_INTEGER`.
    """
    try:
        document = json.loads(
            text,
            parse_int=_integer,
            parse_float=_number,
            parse_constant=_number,
            object_pairs_hook=with_each_key_once,
        )
    except RecursionError as error:
        raise InvalidInputError(file, "JSON nested too deeply", DAMAGED) from error
    except ValueError as error:
        raise InvalidInputError(file, f"no JSON: {error}", DAMAGED) from error
    if isinstance(document, dict | list) and _is_deeper(document, MAX_DEPTH):
        raise InvalidInputError(file, f"JSON nested deeper than {MAX_DEPTH}", DAMAGED)
    return document


def read_object(
    path: str | os.PathLike[str], *, field: str = "file", max_bytes: int = MAX_TEXT_BYTES
) -> dict[str, Any]:
    """The object in a JSON file, as `read_json`; a list, a number or a text is refused."""
    document = read_json(path, field=field, max_bytes=max_bytes)
    if not isinstance(document, dict):
        kind = type(document).__name__
        raise InvalidInputError(Path(path).name, f"a {kind}", "give a file with a JSON object")
    return document


def digest_of(document: Mapping[str, Any], *more: bytes) -> str:
    """Digest of a document, whatever the order of its keys and without the digest it carries.

    >>> digest_of({"b": 1, "a": [0.5]}) == digest_of({"a": [0.5], "b": 1, "sha256": "any"})
    True
    """
    rest = {name: value for name, value in document.items() if name != DIGEST}
    as_read = json.loads(json.dumps(rest, allow_nan=False))  # its keys are all text
    text = json.dumps(as_read, sort_keys=True, separators=(",", ":"))
    digest = hashlib.sha256(text.encode())
    for content in more:
        digest.update(content)
    return digest.hexdigest()


def with_each_key_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of JSON, for `json.loads`; of two values of one key none is chosen.

    Raises:
        ValueError: a key stands twice.
    """
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in found if names.count(name) > 1)
        raise ValueError(f"the key {twice!r} twice in one object")
    return found


@contextmanager
def opened(
    path: str | os.PathLike[str], *, field: str = "file", max_bytes: int = MAX_BYTES
) -> Iterator[BinaryIO]:
    """A regular file of limited size, open for reading.

    Errors of the operating system while it is open, and while it is read, are refusals.

    Raises:
        InvalidInputError: no such file, one that may not be read, or too large a one.
    """
    name = os.fspath(path)
    try:
        if "\0" in name or not os.path.exists(name):
            raise InvalidInputError(field, name, "give the path of an existing file")
        # Without waiting for the other end, should it be a pipe.
        handle = os.open(
            name, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
        )
        with os.fdopen(handle, "rb") as file:
            found = os.fstat(file.fileno())
            if not stat.S_ISREG(found.st_mode):
                raise InvalidInputError(field, name, "give a file, no folder, device or pipe")
            if found.st_size > max_bytes:
                raise too_large(path, max_bytes)
            yield file
    except IsADirectoryError as error:
        raise InvalidInputError(field, name, "give a file: this is a folder") from error
    except OSError as error:
        raise InvalidInputError(Path(name).name, error.strerror, "make it readable") from error


def too_large(path: str | os.PathLike[str], max_bytes: int) -> InvalidInputError:
    """The refusal of a file that is larger than it may be."""
    remedy = f"give a file of {max_bytes // MB:,} MB at most"
    return InvalidInputError(Path(path).name, "a larger file", remedy)


def _integer(digits: str) -> int:
    if len(digits) > 20 or abs(number := int(digits)) >= MAX_INTEGER:
        raise ValueError(f"an integer of {len(digits)} digits")
    return number


def _number(text: str) -> float:
    if not math.isfinite(number := float(text)):
        raise ValueError(f"the number {text[:20]}")
    return number


def _is_deeper(document: Any, depth: int) -> bool:
    level = [document]
    for _ in range(depth):
        level = [
            inner
            for one in level
            for inner in (one.values() if isinstance(one, dict) else one)
            if isinstance(inner, dict | list)
        ]
        if not level:
            return False
    return True

"""Damages of a file's bytes: what a disk, a copy, an editor or an attacker does to it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

CELL = re.compile(rb"[^,;<>\"\t\n:{}\[\]]+")
Damage = Callable[[bytes, np.random.Generator], bytes]


class Damaged(NamedTuple):
    """A damaged file: how it was damaged, and what it holds now."""

    how: str
    content: bytes


def one_bit(content: bytes, rng: np.random.Generator) -> bytes:
    at, changed = int(rng.integers(len(content))), bytearray(content)
    changed[at] ^= 1 << int(rng.integers(8))
    return bytes(changed)


def some_bits(content: bytes, rng: np.random.Generator) -> bytes:
    for _ in range(int(rng.integers(2, 40))):
        content = one_bit(content, rng)
    return content


def cut_off(content: bytes, rng: np.random.Generator) -> bytes:
    return content[: int(rng.integers(len(content)))]


def beheaded(content: bytes, rng: np.random.Generator) -> bytes:
    return content[int(rng.integers(1, len(content))) :]


def spliced(content: bytes, rng: np.random.Generator) -> bytes:
    """A part of the file over another part."""
    size = int(rng.integers(1, max(2, len(content) // 4)))
    here, there = (int(rng.integers(len(content))) for _ in range(2))
    part = content[here : here + size]
    return content[:there] + part + content[there + len(part) :]


def inserted(content: bytes, rng: np.random.Generator) -> bytes:
    at = int(rng.integers(len(content)))
    return content[:at] + rng.bytes(int(rng.integers(1, 30))) + content[at:]


def left_out(content: bytes, rng: np.random.Generator) -> bytes:
    at, size = int(rng.integers(len(content))), int(rng.integers(1, 200))
    return content[:at] + content[at + size :]


def zeroed(content: bytes, rng: np.random.Generator) -> bytes:
    """A block that never reached the disk."""
    at, size = int(rng.integers(len(content))), int(rng.integers(1, 4096))
    size = len(content[at : at + size])
    return content[:at] + bytes(size) + content[at + size :]


def twice(content: bytes, rng: np.random.Generator) -> bytes:
    return content + content[int(rng.integers(len(content))) :]


def swapped_lines(content: bytes, rng: np.random.Generator) -> bytes:
    lines = content.split(b"\n")
    one, other = (int(rng.integers(len(lines))) for _ in range(2))
    lines[one], lines[other] = lines[other], lines[one]
    return b"\n".join(lines)


def repeated_line(content: bytes, rng: np.random.Generator) -> bytes:
    lines = content.split(b"\n")
    at = int(rng.integers(len(lines)))
    return b"\n".join([*lines[:at], lines[at], *lines[at:]])


ODD = (
    b"\x00",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b'"',
    b"'",
    b"<",
    b"&#0;",
    b"]]>",
    b"nan",
    b"inf",
    b"1e400",
    b"-0",
    b"9" * 5000,
    b"\xf0\x9f\x9a\x97",
    b"\r",
    b"\t" * 300,
    b"{" * 300,
    b"[" * 100_000,
    b"," * 5000,
    b"\xe2\x80\xae",
    b"1e308",
    b"0x10",
    b"1_000",
    b"\\u0000",
    b"99999-12-31",
    b"0000-00-00",
    b"2019-02-30",
    b"24:61",
    b"-1",
    b"1e-320",
    b"PT0M",
    b"null",
    b"9223372036854775808",
    b"true",
    b"1,5",
    b"2019-13-01T00:00Z",
    b"P1Y",
    b"\xc2\xa0",
    b"",
)
"""What parsers trip over."""


def odd_text(content: bytes, rng: np.random.Generator) -> bytes:
    """Somewhere in the text something odd."""
    at, what = int(rng.integers(len(content))), ODD[int(rng.integers(len(ODD)))]
    over = int(rng.integers(0, 12))
    return content[:at] + what + content[at + over :]


def odd_cell(content: bytes, rng: np.random.Generator) -> bytes:
    """A cell, an attribute or a value replaced as a whole."""
    cells = list(CELL.finditer(content)) or [None]
    cell = cells[int(rng.integers(len(cells)))]
    if cell is None:
        return odd_text(content, rng)
    return content[: cell.start()] + ODD[int(rng.integers(len(ODD)))] + content[cell.end() :]


KINDS: tuple[Damage, ...] = (
    one_bit, one_bit, one_bit, some_bits, cut_off, beheaded, spliced, inserted, left_out, zeroed,
    twice, swapped_lines, repeated_line, odd_text, odd_cell, odd_cell,
    odd_cell,
)  # fmt: skip


def damages(content: bytes, number: int, seed: int) -> Iterator[Damaged]:
    """So many damages of a file, of all kinds in turn."""
    for k in range(number):
        rng = np.random.default_rng([seed, k, len(content)])
        damage = KINDS[k % len(KINDS)]
        yield Damaged(f"{damage.__name__} {seed}/{k}", damage(content, rng))

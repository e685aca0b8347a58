"""Groups of chargers that share a cable or a fuse, one within another."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import Field, field_validator

from vpp_gym.parameters import Section

LARGEST_CHARGERS = 1_000_000
DEEPEST = 32
"""Groups within one another."""
RANGE = re.compile(r"\s*(\d{1,7})\s*(?:-\s*(\d{1,7})\s*)?")
REMEDY = 'give a number of chargers, a range such as "0-9", or a list of numbers counted from 0'


class GroupParams(Section):
    """Chargers that together may take and give no more than a limit.

    name: by which results and other groups know it.
    chargers: that are directly in it: a number, for so many behind those of the groups listed
        before; a text such as "0-9" or "0-3, 8"; or a list. Chargers are counted from 0. None
        for a group of groups.
    import_kw: most that all of it may take.
    export_kw: most that it may give; None: no limit.
    parent: name of the group that it is in; None: it hangs at the connection.
    """

    name: str = Field(min_length=1, max_length=100)
    chargers: int | str | tuple[int, ...] = ()
    import_kw: float = Field(gt=0, le=1e7)
    export_kw: float | None = Field(default=None, ge=0, le=1e7)
    parent: str | None = None

    @field_validator("chargers", mode="before")
    @classmethod
    def _can_be_read(cls, value: Any) -> Any:
        listed = value if isinstance(value, list | tuple) else [value]
        numbers = [one for one in listed if isinstance(one, int) and not isinstance(one, bool)]
        if isinstance(value, str):
            _numbers(value)
        elif len(numbers) < len(listed) or min(numbers, default=0) < 0:
            raise ValueError(REMEDY)
        elif value == 0 or max(numbers, default=0) > LARGEST_CHARGERS:
            raise ValueError(f"give 1 to {LARGEST_CHARGERS:,} chargers")
        return value


def _numbers(text: str) -> list[int]:
    """Chargers of a text such as "0-3, 8".

    Raises:
        ValueError: another text.

    >>> _numbers("0-3, 8")
    [0, 1, 2, 3, 8]
    """
    found: list[int] = []
    for part in text.split(","):
        match = RANGE.fullmatch(part)
        first, last = (match[1], match[2] or match[1]) if match else ("1", "0")
        if not int(first) <= int(last) < LARGEST_CHARGERS:
            raise ValueError(REMEDY)
        found += range(int(first), int(last) + 1)
    return found


@dataclass(frozen=True)
class Group:
    """One group of a tree.

    Attributes:
        name: of the group.
        chargers: directly in it.
        import_kw: limit.
        export_kw: limit; inf: none.
        parent: place of its parent in the list; -1: the connection.
        depth: groups that it is in.
    """

    name: str
    chargers: tuple[int, ...]
    import_kw: float
    export_kw: float
    parent: int
    depth: int


def tree_of(groups: Sequence[GroupParams]) -> list[Group]:
    """The groups in their order, each with its chargers and its place in the tree.

    Raises:
        ValueError: a name twice, an unknown parent, a loop, a charger in two groups, or a
            group without any.
    """
    names = [one.name for one in groups]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"two groups are called {twice[0]}: give each a name of its own")
    parents = []
    for one in groups:
        if one.parent is not None and one.parent not in names:
            raise ValueError(
                f"{one.name}: no group is called {one.parent}; parent is one of "
                f"{', '.join(names)}, or is left out at the connection"
            )
        parents.append(-1 if one.parent is None else names.index(one.parent))
    depths = [_depth(k, names, parents) for k in range(len(groups))]
    chargers = _chargers_of(groups)
    for k, name in enumerate(names):
        if not chargers[k] and k not in parents:
            raise ValueError(f"{name}: nothing is in it; give it chargers, or groups")
    return [
        Group(
            one.name,
            chargers[k],
            one.import_kw,
            math.inf if one.export_kw is None else one.export_kw,
            parents[k],
            depths[k],
        )
        for k, one in enumerate(groups)
    ]


def _depth(k: int, names: Sequence[str], parents: Sequence[int]) -> int:
    """Number of groups that group k is in."""
    path = [k]
    while parents[path[-1]] >= 0:
        path.append(parents[path[-1]])
        if path[-1] in path[:-1]:
            around = " in ".join(names[one] for one in path[path.index(path[-1]) :])
            raise ValueError(f"{around} is a loop: leave the parent of one of them out")
        if len(path) > DEEPEST:
            raise ValueError(f"{names[k]}: it is in more than {DEEPEST} groups: leave some out")
    return len(path) - 1


def _chargers_of(groups: Sequence[GroupParams]) -> list[tuple[int, ...]]:
    """Chargers directly in each group."""
    owner: dict[int, str] = {}
    found = []
    for one in groups:
        first = max(owner, default=-1) + 1
        if isinstance(one.chargers, int):
            numbers = list(range(first, first + one.chargers))
        elif isinstance(one.chargers, str):
            numbers = _numbers(one.chargers)
        else:
            numbers = list(one.chargers)
        for number in numbers:
            if number in owner:
                both = f"{owner[number]} and {one.name}" if owner[number] != one.name else one.name
                raise ValueError(
                    f"charger {number} is twice in {both}: it belongs to one group directly, "
                    "and to all that this is in"
                )
            owner[number] = one.name
        found.append(tuple(numbers))
    return found

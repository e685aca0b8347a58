"""The leaderboard in a terminal: as many columns as fit, and no text cut off."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from textwrap import wrap

from rich import box
from rich.table import Table

from vpp_gym.evaluation.tables import Columns, Row, shown_texts

POLICY = "Policy"
KEPT = 4
"""So many columns stand in every table: rank, policy, profit and score."""
NARROWEST = 20
"""Where there is little room, names of policies are folded to this width."""
GAP = 2
"""Characters between two columns, and what stands at both edges of the table together."""


def terminal_table(rows: Sequence[Row], columns: Columns, *, title: str, width: int) -> Table:
    """A table no wider than a terminal.

    Columns at the end are left out where there is no room for them.

    Args:
        rows: of a leaderboard.
        columns: headings and contents, the most important first.
        title: above the table.
        width: characters of a line.
    """
    texts = shown_texts(rows, columns)
    while len(texts) > KEPT and _needed(texts) > width:
        texts.popitem()
    room = max(width - _needed(texts) + NARROWEST, NARROWEST)
    texts[POLICY] = [folded(name, room) for name in texts[POLICY]]
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for heading, cells in texts.items():
        lines = wrap(heading, _width(heading, cells), break_long_words=False)
        table.add_column("\n".join(lines), justify="left" if heading == POLICY else "right")
    for line in zip(*texts.values(), strict=True):
        table.add_row(*line)
    return table


def folded(name: str, width: int) -> str:
    r"""A name in lines of some width, the later ones indented; it breaks behind _ and +.

    >>> folded("ppo_synthetic_car_park", 16)
    'ppo_synthetic_\n  car_park'
    """
    lines = [""]
    for part in re.findall(r"[^_+]*[_+]+|[^_+]+", name):
        if lines[-1].strip() and len(lines[-1]) + len(part) > width:
            lines.append("  ")
        lines[-1] += part
    return "\n".join(lines)


def _needed(texts: Mapping[str, Sequence[str]]) -> int:
    """Characters of a line where names of policies are folded."""
    widths = [
        NARROWEST if heading == POLICY else _width(heading, cells)
        for heading, cells in texts.items()
    ]
    return sum(widths) + GAP * (len(widths) + 1)


def _width(heading: str, cells: Sequence[str]) -> int:
    """Characters of the longest line of a column; a heading may be folded between words."""
    lines = [*heading.split(), *(line for cell in cells for line in cell.split("\n"))]
    return max(map(len, lines))

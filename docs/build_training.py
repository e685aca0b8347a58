"""Writes the table of first trainings on docs/training.md from its results.

python docs/build_training.py
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

PAGE = Path(__file__).with_name("training.md")
RESULTS = Path(__file__).parents[1] / "benchmarks" / "results" / "first_training.csv"
MARKED = re.compile(r"<!-- first -->.*?<!-- /first -->", re.DOTALL)
HEADINGS = ("Environment", "Steps", "Seeds", "Before", "Best", "Last")


def page(text: str) -> str:
    """The page with its table written anew."""
    return MARKED.sub(f"<!-- first -->\n{table()}\n<!-- /first -->", text)


def table() -> str:
    """What each environment's agents earn above the reference action."""
    with RESULTS.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    lines = [
        _line(env_id, list(group)) for env_id, group in groupby(rows, key=lambda row: row["env"])
    ]
    ends = ["---", *["---:"] * (len(HEADINGS) - 1)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (HEADINGS, ends, *lines))


def _line(env_id: str, rows: Sequence[dict[str, str]]) -> list[str]:
    steps = max(int(row["steps"]) for row in rows)
    gains = [_range(rows, name) for name in ("first_eur", "best_eur", "last_eur")]
    return [f"[{env_id}](environments/{env_id}.md)", f"{steps:,}", str(len(rows)), *gains]


def _range(rows: Sequence[dict[str, str]], name: str) -> str:
    """A number, or the least and the largest of several seeds."""
    values = sorted(int(row[name]) for row in rows)
    ends = dict.fromkeys(f"{value:+,}" for value in (values[0], values[-1]))
    return " to ".join(ends)


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")

"""Writes the tables on docs/learning.md from their results.

python docs/build_learning.py
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from pathlib import Path

PAGE = Path(__file__).with_name("learning.md")
RESULTS = Path(__file__).parents[1] / "benchmarks" / "results"
FORECAST = RESULTS / "learned_forecast.csv"
TRIALS = RESULTS / "learning_trials.csv"
SIZES = RESULTS / "fleet_size.csv"
HORIZONS = ("0", "1", "2", "4", "8", "16", "32")
TRIED = {
    "what": "Tried",
    "over": "More than",
    "result": "Result",
    "seeds": "Seeds",
    "worlds": "Validation worlds",
}


def page(text: str) -> str:
    """The page with its tables written anew."""
    tables = {"forecast": forecast(), "sizes": sizes(), "trials": trials()}
    for name, table in tables.items():
        marker = re.compile(rf"<!-- {name} -->.*?<!-- /{name} -->", re.DOTALL)
        text = marker.sub(f"<!-- {name} -->\n{table}\n<!-- /{name} -->", text)
    return text


def rows(path: Path) -> list[dict[str, str]]:
    """Rows of a CSV file."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def forecast() -> str:
    """What is explained of validation years, by quarters ahead."""
    lines = [
        [one["forecast"], *(f"{float(one[h]):.3f}" for h in HORIZONS)] for one in rows(FORECAST)
    ]
    return markdown(["Quarters ahead", *HORIZONS], lines)


def sizes() -> str:
    """What agents earn on fleets of other sizes."""
    heading = ["Agent", "More than", "Sessions a day", "EUR per 1,000 sessions [95 %]"]
    lines = [
        [
            f"`{one['agent']}`",
            f"`{one['more_than']}`",
            f"{int(one['sessions_a_day']):,}",
            "{:+.1f} [{:.1f}, {:.1f}]".format(
                *(float(one[name]) for name in ("gain_eur", "gain_low_eur", "gain_high_eur"))
            ),
            f"{float(one['served_percent']):.1f}",
            f"{float(one['other_served_percent']):.1f}",
            f"{float(one['ms_a_step']):.2f}",
        ]
        for one in sorted(rows(SIZES), key=lambda one: one["agent"])
    ]
    heading += ["Served %", "Served % beside it", "ms a step"]
    return markdown(heading, lines, texts=2)


def trials() -> str:
    """What was tried, and what came of it."""
    lines = [[one[name] for name in TRIED] for one in rows(TRIALS)]
    return markdown(list(TRIED.values()), lines, texts=2)


def markdown(heading: Sequence[str], lines: Sequence[Sequence[str]], texts: int = 1) -> str:
    """A table whose first columns are texts and all others numbers."""
    ends = ["---" if k < texts else "---:" for k in range(len(heading))]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (heading, ends, *lines))


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")

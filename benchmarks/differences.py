"""Paired differences between policies on the same days, as CSV and Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from benchmarks.fingerprint import study_digest
from vpp_gym.evaluation.csv_text import csv_text
from vpp_gym.evaluation.statistics import paired_difference
from vpp_gym.evaluation.tables import markdown_cells
from vpp_gym.files.writer import write_text

RESULTS = Path(__file__).parent / "results"

STATISTICS: dict[str, int] = {"block_days": 7, "n_resamples": 2000, "seed": 0}
"""Of the bootstrap behind the intervals of the leaderboards."""

Row = Mapping[str, Any]


def gain_columns(better_eur: ArrayLike, worse_eur: ArrayLike) -> dict[str, float]:
    """What the first earned more over all days, with a 95 % interval over weeks [EUR]."""
    gain = paired_difference(better_eur, worse_eur, rng=np.random.default_rng(0))
    return {"gain_eur": gain.estimate, "gain_low_eur": gain.low, "gain_high_eur": gain.high}


def write_table(
    name: str,
    rows: Sequence[Row],
    *,
    title: str,
    notes: str,
    command: str,
    folder: Path = RESULTS,
) -> None:
    """Write `name`.csv and `name`.md into a folder.

    Args:
        name: of both files.
        rows: one mapping per line, all with the same keys.
        title: heading of the page.
        notes: what to know before reading the table.
        command: that made it.
        folder: existing or not.
    """
    table = pd.DataFrame(list(rows))
    write_text(folder / f"{name}.csv", csv_text(table, "%.6g"), make_folder=True)
    page = f"# {title}\n\n{notes}\n\n{made_by(command)}\n\n{markdown(table)}\n"
    write_text(folder / f"{name}.md", page)


def made_by(command: str) -> str:
    """Which command and which code made a page; `benchmarks.check` reads it."""
    return f"Made by `{command}`; code {study_digest(command)}."


def markdown(table: pd.DataFrame) -> str:
    """The table with numbers to the right; a gain and its interval share a cell."""
    shown = table.copy()
    if "gain_eur" in shown:
        ends = shown.pop("gain_low_eur"), shown.pop("gain_high_eur")
        shown["gain_eur"] = [
            f"{gain:+.1f} [{low:+.1f}, {high:+.1f}]"
            for gain, low, high in zip(shown["gain_eur"], *ends, strict=True)
        ]
        shown = shown.rename(columns={"gain_eur": "gain EUR [95 %]"})
    numeric = [pd.api.types.is_numeric_dtype(shown[name]) for name in shown]
    lines = [
        [str(name).replace("_", " ") for name in shown],
        ["---:" if number else "---" for number in numeric],
        *([_cell(value) for value in row] for row in shown.itertuples(index=False)),
    ]
    return "\n".join(map(markdown_cells, lines))


def _cell(value: object) -> str:
    if isinstance(value, float):
        return "–" if np.isnan(value) else f"{value:.5g}" if abs(value) < 10 else f"{value:,.1f}"
    return str(value)

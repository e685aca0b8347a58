"""A leaderboard as text: one set of columns for Markdown and the terminal."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

Row = Mapping[str, Any]
Columns = Mapping[str, Callable[[Row], str]]
"""Heading and content of each column of a table."""

PRIVILEGED_MARK = "†"
MISSING = "–"


def whole(value: float | None) -> str:
    """A number without decimals."""
    return MISSING if value is None or math.isnan(value) else f"{round(value):,}"


def tenth(value: float | None) -> str:
    """A number with one decimal."""
    return MISSING if value is None or math.isnan(value) else f"{round(value, 1) + 0.0:.1f}"


def percent(share: float | None) -> str:
    """Cut off, not rounded: 100.00 means all of it, rounding error aside."""
    if share is None or math.isnan(share):
        return MISSING
    return f"{math.floor(1e4 * share + 1e-6) / 100:.2f}"


def score(row: Row) -> str:
    """The score of a row with its interval."""
    low, middle, high = (tenth(row[name]) for name in ("score_low", "score", "score_high"))
    return middle if low == high else f"{middle} [{low}, {high}]"


COLUMNS: dict[str, Callable[[Row], str]] = {
    "Rank": lambda row: MISSING if row["privileged"] else str(row["rank"]),
    "Policy": lambda row: f"{row['policy']} {PRIVILEGED_MARK if row['privileged'] else ''}".strip(),
    "Profit EUR": lambda row: whole(row["profit_eur"]),
    "Score [95 %]": score,
    "Flexibility score": lambda row: tenth(row["flexibility_score"]),
    "Cost of net load EUR": lambda row: whole(-row["load_value_eur"]),
    "Payoffs EUR": lambda row: whole(-row["payoff_eur"]),
    "Position EUR": lambda row: whole(row["position_eur"]),
    "CVaR 5 % EUR a day": lambda row: tenth(row.get("profit_cvar_eur")),
    "Worst day EUR": lambda row: tenth(row.get("worst_day_eur")),
    "Demand served %": lambda row: percent(row["demand_satisfaction"]),
    "Sessions fully served %": lambda row: percent(row["fully_served_share"]),
    "V2G kWh": lambda row: whole(row["discharge_kwh"]),
    "Contracts": lambda row: whole(row["contracts"]),
    "Run s": lambda row: tenth(row.get("wall_s")),
}
"""Heading and content of each column. "Run s" needs wall_s, the seconds of the whole run.
The CVaR is the mean profit of the worst 5 % of the days."""

BRIEF = (
    "Rank",
    "Policy",
    "Profit EUR",
    "Score [95 %]",
    "Flexibility score",
    "Demand served %",
    "V2G kWh",
)


def cells(row: Row, columns: Columns | Iterable[str] = COLUMNS) -> tuple[str, ...]:
    """The texts of one policy's row, from a row of `leaderboard`."""
    return tuple(content(row) for content in _columns(columns).values())


def markdown_table(rows: Sequence[Row], columns: Columns | Iterable[str] = COLUMNS) -> str:
    """Rows of a leaderboard as a Markdown table, numbers to the right.

    Args:
        rows: of a leaderboard.
        columns: headings and contents, or names of `COLUMNS`. A column of which no row has
            the number is left out.
    """
    texts = shown_texts(rows, columns)
    rule = ["---" if name == "Policy" else "---:" for name in texts]
    lines = [list(texts), rule, *zip(*texts.values(), strict=True)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def shown_texts(
    rows: Sequence[Row], columns: Columns | Iterable[str] = COLUMNS
) -> dict[str, list[str]]:
    """Texts of each column that has a number in some row, by heading."""
    chosen = _columns(columns)
    texts = {name: [content(row) for row in rows] for name, content in chosen.items()}
    return {name: column for name, column in texts.items() if not rows or set(column) != {MISSING}}


def _columns(columns: Columns | Iterable[str]) -> Columns:
    if isinstance(columns, Mapping):
        return columns
    return {name: COLUMNS[name] for name in columns}

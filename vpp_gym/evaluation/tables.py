"""A leaderboard as text: one set of columns for Markdown and the terminal."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

Row = Mapping[str, Any]

PRIVILEGED_MARK = "†"
MISSING = "–"


def _whole(value: float | None) -> str:
    return MISSING if value is None or math.isnan(value) else f"{round(value):,}"


def _tenth(value: float | None) -> str:
    return MISSING if value is None or math.isnan(value) else f"{round(value, 1) + 0.0:.1f}"


def _percent(share: float) -> str:
    """Cut off, not rounded: 100.00 means all of it, rounding error aside."""
    return f"{math.floor(1e4 * share + 1e-6) / 100:.2f}"


def _score(row: Row) -> str:
    low, middle, high = (_tenth(row[name]) for name in ("score_low", "score", "score_high"))
    return middle if low == high else f"{middle} [{low}, {high}]"


COLUMNS: dict[str, Callable[[Row], str]] = {
    "Rank": lambda row: MISSING if row["privileged"] else str(row["rank"]),
    "Policy": lambda row: f"{row['policy']} {PRIVILEGED_MARK if row['privileged'] else ''}".strip(),
    "Profit EUR": lambda row: _whole(row["profit_eur"]),
    "Score [95 %]": _score,
    "Flexibility score": lambda row: _tenth(row["flexibility_score"]),
    "Cost of net load EUR": lambda row: _whole(-row["load_value_eur"]),
    "Payoffs EUR": lambda row: _whole(-row["payoff_eur"]),
    "Position EUR": lambda row: _whole(row["position_eur"]),
    "CVaR 5 % EUR a day": lambda row: _tenth(row.get("profit_cvar_eur")),
    "Worst day EUR": lambda row: _tenth(row.get("worst_day_eur")),
    "Demand served %": lambda row: _percent(row["demand_satisfaction"]),
    "Sessions fully served %": lambda row: _percent(row["fully_served_share"]),
    "V2G kWh": lambda row: _whole(row["discharge_kwh"]),
    "Contracts": lambda row: _whole(row["contracts"]),
    "Run s": lambda row: _tenth(row.get("wall_s")),
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


def cells(row: Row, columns: Iterable[str] = COLUMNS) -> tuple[str, ...]:
    """The texts of one policy's row, from a row of `leaderboard`."""
    return tuple(COLUMNS[name](row) for name in columns)


def markdown_table(rows: Sequence[Row], columns: Sequence[str] = tuple(COLUMNS)) -> str:
    """Rows of a leaderboard as a Markdown table, numbers to the right.

    A column of which no row has the number is left out.
    """
    texts = {name: [COLUMNS[name](row) for row in rows] for name in columns}
    shown = [name for name in columns if not rows or set(texts[name]) != {MISSING}]
    rule = ["---" if name == "Policy" else "---:" for name in shown]
    lines = [shown, rule, *zip(*(texts[name] for name in shown), strict=True)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)

"""A leaderboard as text: one set of columns for Markdown and the terminal."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from vpp_gym.files.names import cell_markdown

Row = Mapping[str, Any]
Columns = Mapping[str, Callable[[Row], str]]
"""Heading and content of each column of a table."""

PRIVILEGED_MARK = "†"
TEXTS = ("Policy", "More than", "Because")
"""Headings of columns that stand to the left."""
FEW_SEEDS_MARK = "‡"
FEW_SEEDS = 5
"""A learned policy with fewer seeds is marked: another training may come out otherwise."""
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


def signed(value: float | None) -> str:
    """A number without decimals, with its sign."""
    return MISSING if value is None or math.isnan(value) else f"{round(value):+,}"


def policy_name(row: Row) -> str:
    """The name of a policy with what marks it."""
    few = row.get("kind") == "learned" and row.get("seeds", FEW_SEEDS) < FEW_SEEDS
    marks = (PRIVILEGED_MARK if row["privileged"] else "", FEW_SEEDS_MARK if few else "")
    return " ".join(filter(None, (row["policy"], *marks)))


def markdown_cells(cells: Iterable[str]) -> str:
    """One line of a Markdown table; signs that Markdown or HTML would act on are escaped."""
    return f"| {' | '.join(map(cell_markdown, cells))} |"


def seeds(row: Row) -> str:
    """How many trainings stand behind a learned policy."""
    return str(row["seeds"]) if row.get("kind") == "learned" else MISSING


def over_worlds(row: Row) -> str:
    """In how many worlds a policy gained."""
    worlds = row.get("worlds")
    return MISSING if not worlds else f"{row['gain_worlds']} of {worlds}"


def _joint(row: Row, value: str) -> str:
    owners = row.get("owners_eur")
    return MISSING if owners is None else whole(row[value] + owners)


def _share(share: float | None) -> str:
    """A share in whole percent."""
    return MISSING if share is None or math.isnan(share) else f"{100 * share:.0f}"


_FIRST: dict[str, Callable[[Row], str]] = {
    "Rank": lambda row: MISSING if row["privileged"] else str(row["rank"]),
    "Policy": policy_name,
}
_SPREAD: dict[str, Callable[[Row], str]] = {
    "SD between worlds EUR": lambda row: whole(row.get("gain_sd_eur")),
    "Worlds with a gain": over_worlds,
    "Weeks better than rolling MPC %": lambda row: _share(row.get("weeks_more")),
    "Seeds": seeds,
}
_LAST: dict[str, Callable[[Row], str]] = {
    "Demand served %": lambda row: percent(row["demand_satisfaction"]),
    "Sessions fully served %": lambda row: percent(row["fully_served_share"]),
    "V2G kWh": lambda row: whole(row["discharge_kwh"]),
    "Contracts": lambda row: whole(row["contracts"]),
    "Run s": lambda row: tenth(row.get("wall_s")),
}
COLUMNS: dict[str, Callable[[Row], str]] = {
    **_FIRST,
    "Profit EUR": lambda row: whole(row["profit_eur"]),
    "Score [95 %]": score,
    "Flexibility score": lambda row: tenth(row.get("flexibility_score")),
    **_SPREAD,
    "Cost of net load EUR": lambda row: whole(-row["load_value_eur"]),
    "Payoffs EUR": lambda row: whole(-row["payoff_eur"]),
    "Position EUR": lambda row: whole(row["position_eur"]),
    "Owners' balance EUR": lambda row: whole(row.get("owners_eur")),
    "Joint surplus EUR": lambda row: _joint(row, "profit_eur"),
    "CVaR 5 % EUR a day": lambda row: tenth(row.get("profit_cvar_eur")),
    "Worst day EUR": lambda row: tenth(row.get("worst_day_eur")),
    **_LAST,
}
"""Heading and content of each column. "Run s" needs wall_s, the seconds of a whole run, and
"Weeks better than rolling MPC %" weeks_more. The CVaR is the mean profit of the worst 5 % of the
days. Owners' balance is what they are paid minus their wear at its true cost."""

OPERATIONS_COLUMNS: dict[str, Callable[[Row], str]] = {
    **_FIRST,
    "Value EUR": lambda row: whole(row["operations_eur"]),
    "Score [95 %]": score,
    **_SPREAD,
    "Demand served %": _LAST["Demand served %"],
    "Unserved kWh": lambda row: whole(row["unserved_kwh"]),
    "Cost of net load EUR": COLUMNS["Cost of net load EUR"],
    "Payoffs EUR": COLUMNS["Payoffs EUR"],
    "Penalty EUR": lambda row: whole(-row["shortfall_eur"]),
    "Owners' balance EUR": COLUMNS["Owners' balance EUR"],
    "Joint surplus EUR": lambda row: _joint(row, "operations_eur"),
    **{name: of for name, of in _LAST.items() if name != "Demand served %"},
}
"""The same for a ranking by profit without the position: its value."""

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
    rule = ["---" if name in TEXTS else "---:" for name in texts]
    lines = [list(texts), rule, *zip(*texts.values(), strict=True)]
    return "\n".join(map(markdown_cells, lines))


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

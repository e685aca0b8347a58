"""How a ranking is printed: the row in question, and those worth comparing it with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.text import Text

from vpp_gym.cli.output import console, show_table
from vpp_gym.cli.tables import Cell, Column, Grid, show_lines

if TYPE_CHECKING:
    from vpp_gym.boards.ranking import Ranking

Row = Mapping[str, Any]
MISSING = "–"
OWN_COLUMNS = (
    Column("More than it EUR [95 %]", is_number=True, folds_interval=True),
    Column("Better %", is_number=True),
)


def show_ranking(found: Ranking, all_rows: bool = False) -> None:
    """Print the row of the policy in question, and its neighbours or all others.

    Args:
        found: the ranking.
        all_rows: print every row.
    """
    from vpp_gym.boards.record import rules_are_published

    board = found.board
    worlds = "1 world" if found.worlds == 1 else f"{found.worlds} worlds"
    where = f"{board.name} ({board.words}), {worlds} of {found.days} days each"
    if found.own is None:
        show_lines(console, [where], indent=0)
    else:
        head = f": rank {found.row['rank']} of {found.ranked} on {where}"
        show_lines(console, [Text.assemble((found.own, "bold"), head)], indent=0)
        show_lines(console, _facts(found))
    console.print()
    show_table(table(found, _chosen(found, all_rows)))
    notes = ["Brackets: 95 % intervals over worlds and weeks. † saw the future and has no rank."]
    if found.own is not None:
        notes.append(
            f"More than it: what {found.own} earned more than the policy, EUR a world. Better: "
            "share of weeks in which it did, the probability of improvement."
        )
    if found.worlds < board.n_worlds or found.days < board.days:
        notes.append(
            f"A part of the board: {found.worlds} of {board.n_worlds} worlds, {found.days} of "
            f"{board.days} days. Ranks of few worlds are not those of all."
        )
    if not rules_are_published(board):
        notes.append(
            "The published rows were made under rules of another version: do not compare them."
        )
    show_lines(console, notes, indent=0)


def _facts(found: Ranking) -> list[str]:
    """What the policy in question earned, in words."""
    board, row = found.board, found.row
    service = row.get("demand_satisfaction")
    facts = [
        f"value {interval(row, 'value_eur', whole)} EUR a world; "
        f"{interval(row, 'gain_eur', signed)} EUR over {board.low}, more in "
        f"{row['worlds_more']} of {found.worlds}",
        f"score {interval(row, 'score', tenth)}: 0 is {board.low}, 100 is {board.high}",
    ]
    if service is not None:
        facts.append(f"{percent(service)} % of the demand served")
    return facts


def _chosen(found: Ranking, all_rows: bool) -> Sequence[Row]:
    from vpp_gym.boards.ranking import neighbours

    return found.rows if all_rows or found.own is None else neighbours(found)


def table(found: Ranking, rows: Sequence[Row]) -> Grid:
    """Rows of a ranking as a table."""
    served = any("demand_satisfaction" in row for row in rows)
    columns = [
        Column("Policy", folds_after="+"),
        Column("Rank", is_number=True),
        Column("Value EUR", is_number=True),
        Column("Score [95 %]", is_number=True, folds_interval=True),
        *(OWN_COLUMNS if found.own is not None else []),
        *([Column("Served %", is_number=True)] if served else []),
    ]
    return Grid(columns, [_cells(row, found.own, served) for row in rows])


def _cells(row: Row, own: str | None, served: bool) -> list[Cell]:
    mine = row["policy"] == own
    mark = " †" if row["kind"] == "hindsight" else ""
    cells = [
        f"{row['policy']}{mark}",
        MISSING if row["rank"] is None else str(row["rank"]),
        whole(row["value_eur"]),
        interval(row, "score", tenth),
    ]
    if own is not None:
        cells.append(MISSING if mine else interval(row, "own_gain_eur", signed))
        cells.append(MISSING if mine else f"{100 * row['own_better']:.0f}")
    if served:
        cells.append(percent(row.get("demand_satisfaction")))
    return [Text(cell, "bold" if mine else "") for cell in cells]


def interval(row: Row, name: str, form: Any) -> str:
    """A number of a row with its interval, where it has one that is not itself."""
    low, middle, high = (form(row.get(f"{name}{end}")) for end in ("_low", "", "_high"))
    if low in (middle, MISSING) and high in (middle, MISSING):
        return str(middle)
    return f"{middle} [{low}, {high}]"


def whole(value: float | None) -> str:
    """A number without decimals."""
    return MISSING if value is None else f"{round(value) + 0:,}"


def signed(value: float | None) -> str:
    """A number without decimals, with its sign."""
    return MISSING if value is None else f"{round(value) + 0:+,}"


def tenth(value: float | None) -> str:
    """A number with one decimal."""
    return MISSING if value is None else f"{round(value, 1) + 0.0:.1f}"


def percent(share: float | None) -> str:
    """A share in percent, cut off: 100.00 means all of it."""
    from vpp_gym.evaluation.tables import percent as cut

    return cut(share)

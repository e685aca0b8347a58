"""Tables that keep every digit: text is folded, and where a table does not fit, it is stacked.

A terminal that is too narrow for a table gets each of its rows as a block of lines,
one a column. No number, date or name is cut off.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from rich import box
from rich.cells import cell_len
from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from vpp_gym.errors import printable

GAP = 2
"""Blanks between columns."""
LEAST_TEXT = 16
"""Characters to which a column of text is folded at most, or those of its longest word."""
INDENT = 2

Cell = str | Text


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes:
        heading: its name; may be empty.
        is_number: numbers and dates, which stay on one line and end below one another.
        folds_after: a sign after which its words may be folded, too; "" for none.
        folds_interval: the interval of a number may go below it.
    """

    heading: str = ""
    is_number: bool = False
    folds_after: str = ""
    folds_interval: bool = False

    def longest_word(self, cell: Cell) -> int:
        """Characters of what stays on one line, however narrow the terminal."""
        plain = _plain(cell)
        if self.folds_after:
            plain = plain.replace(self.folds_after, f"{self.folds_after} ")
        return max(map(cell_len, plain.split()), default=0)

    def narrowest(self, cell: Cell) -> Cell:
        """A number as it stands in a column that is as narrow as can be."""
        return self.within(cell, 0) if self.folds_interval else cell

    def within(self, cell: Cell, width: int) -> Text:
        """A cell with its parts below one another where it is too long for the column."""
        text = Text(cell) if isinstance(cell, str) else cell
        if _width(text) <= width:
            return text
        if self.folds_interval:
            return Text(text.plain.replace(" [", "\n["), text.style)
        if self.folds_after:
            sign = self.folds_after
            return Text(text.plain.replace(sign, f"{sign}\n"), text.style)
        return text


@dataclass(frozen=True)
class Grid:
    """A table, before it is known how wide the terminal is.

    Attributes:
        columns: of the table; in stacked form the first names the block.
        rows: cells, as many as there are columns in each.
        title: printed above.
        caption: printed below.
        by_column: stack it with a block for each column instead of each row.
    """

    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    title: str = ""
    caption: str = ""
    by_column: bool = False

    @property
    def has_header(self) -> bool:
        """Whether any column has a name."""
        return any(column.heading for column in self.columns)

    @property
    def needed(self) -> list[int]:
        """Characters that each column takes without folding."""
        return [
            max(_width(cell) for cell in (column.heading, *cells))
            for column, cells in zip(self.columns, self.cells, strict=True)
        ]

    @property
    def width(self) -> int:
        """Characters that the table takes without folding, its title aside."""
        return _total(self.needed)

    @property
    def least(self) -> list[int]:
        """Characters that each column takes with its heading, or its text, folded at words."""
        return [
            max(map(_width, (*column.heading.split(" "), *map(column.narrowest, cells))))
            if column.is_number
            else min(needed, max(LEAST_TEXT, *map(column.longest_word, (column.heading, *cells))))
            for column, cells, needed in zip(self.columns, self.cells, self.needed, strict=True)
        ]

    @property
    def cells(self) -> list[tuple[Cell, ...]]:
        """Cells of each column."""
        return list(zip(*self.rows, strict=True)) or [()] * len(self.columns)


def show(console: Console, *grids: Grid) -> None:
    """Print tables beside one another where they fit, else one below another.

    >>> grid = Grid((Column("day"), Column("eur", is_number=True)), [("2024-06-03", "-488.06")])
    >>> show(Console(width=16, color_system=None), grid)
    2024-06-03
      eur: -488.06
    """
    grids = tuple(map(_shown, grids))
    if len(grids) > 1 and sum(grid.width + 2 * GAP for grid in grids) <= console.width:
        beside = Table.grid(padding=(0, 2 * GAP, 0, 0))
        beside.add_row(*(_table(grid, grid.needed) for grid in grids))
        console.print(beside)
        return
    for place, grid in enumerate(grids):
        if place:
            console.print()
        _show(console, grid)


def show_lines(console: Console, lines: Sequence[Cell], indent: int = INDENT) -> None:
    """Print lines; those that are too long go on below, broken between words."""
    for line in map(shown, lines):
        text = Text(line) if isinstance(line, str) else line
        text.overflow = "fold"
        console.print(Padding(text, (0, 0, 0, indent), expand=False))


def shown(cell: Cell) -> Cell:
    """A cell or a line with signs that a terminal shows: one of a file may be anything."""
    text = cell if isinstance(cell, str) else cell.plain
    plain = "\n".join(map(printable, text.split("\n")))
    if plain == text:
        return cell
    return plain if isinstance(cell, str) else Text(plain, cell.style)


def _shown(grid: Grid) -> Grid:
    rows = [[shown(cell) for cell in row] for row in grid.rows]
    return replace(grid, rows=rows, title=str(shown(grid.title)))


def _show(console: Console, grid: Grid) -> None:
    widths = _folded(grid, console.width)
    if grid.title and (widths is None or cell_len(grid.title) > _total(widths)):
        show_lines(console, [Text(grid.title, "bold")], indent=0)
        grid = Grid(grid.columns, grid.rows, "", grid.caption, grid.by_column)
    if widths is not None:
        console.print(_table(grid, widths))
    else:
        _show_stacked(console, grid)
    if grid.caption:
        show_lines(console, [grid.caption], indent=0)


def _folded(grid: Grid, width: int) -> list[int] | None:
    """Width of each column, folded as far as needed; None where that is not enough."""
    widths, least = grid.needed, grid.least
    while (beyond := _total(widths) - width) > 0:
        most = max(range(len(widths)), key=lambda i: widths[i] - least[i])
        if widths[most] == least[most]:
            return None
        widths[most] = max(widths[most] - beyond, least[most])
    return widths


def _table(grid: Grid, widths: Sequence[int]) -> RenderableType:
    table = Table(
        title=grid.title or None,
        title_justify="left",
        title_style="bold",
        show_header=grid.has_header,
        box=box.SIMPLE_HEAD if grid.has_header else None,
        show_edge=False,
        padding=(0, GAP if not grid.has_header else GAP - 1, 0, 0),
        pad_edge=False,
    )
    for column, width in zip(grid.columns, widths, strict=True):
        table.add_column(
            column.heading,
            width=width,
            justify="right" if column.is_number else "left",
            overflow="fold",
        )
    for row in grid.rows:
        cells = zip(grid.columns, row, widths, strict=True)
        table.add_row(*(column.within(cell, width) for column, cell, width in cells))
    return table


def _show_stacked(console: Console, grid: Grid) -> None:
    first, *others = grid.columns
    if grid.by_column:
        names, *columns = grid.cells
        for column, cells in zip(others, columns, strict=True):
            _show_block(console, column.heading, zip(map(str, names), cells, strict=True))
        return
    headings = [column.heading for column in others]
    for name, *values in grid.rows:
        head = Text.assemble(f"{first.heading}: ", name) if first.is_number else name
        _show_block(console, head, zip(headings, values, strict=True))


def _show_block(console: Console, head: Cell, pairs: Iterable[tuple[str, Cell]]) -> None:
    title = Text(head) if isinstance(head, str) else head.copy()
    title.stylize("bold")
    show_lines(console, [title], indent=0)
    lines = [
        Text.assemble(f"{name}: " if name else "", value) for name, value in pairs if _width(value)
    ]
    show_lines(console, lines)


def _total(widths: Sequence[int]) -> int:
    return sum(widths) + GAP * (len(widths) - 1)


def _plain(cell: Cell) -> str:
    return cell if isinstance(cell, str) else cell.plain


def _width(cell: Cell) -> int:
    return max((cell_len(line) for line in _plain(cell).split("\n")), default=0)

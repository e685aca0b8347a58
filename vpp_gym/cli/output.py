"""How commands print: tables on a terminal, JSON for programs."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from vpp_gym.cli.tables import Column, Grid, show
from vpp_gym.errors import InvalidInputError, printable
from vpp_gym.files.trial import check_writable

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")]

LEAST_WIDTH = 20
"""Characters of the longest number; a terminal that is narrower breaks the line itself."""


def terminal(**options: Any) -> Console:
    """A console that prints something even where COLUMNS is 0, as some programs leave it."""
    made = Console(markup=False, **options)
    if made.width < LEAST_WIDTH:
        made.width = LEAST_WIDTH
    return made


console = terminal(highlight=False)
"""Names of files and policies stand in what it prints: brackets in them are no commands."""
progress_console = terminal(stderr=True)
"""Progress is printed to stderr, so that stdout holds results only."""


def print_json(document: Any) -> None:
    """Print a document as JSON; numbers must be finite."""
    typer.echo(json.dumps(document, indent=2, allow_nan=False))


def named_numbers(title: str, numbers: Mapping[str, float], total: str | None = None) -> Grid:
    """Two columns, name and value, under a title.

    Args:
        title: what the numbers are.
        numbers: by name; the ending of the name determines the format.
        total: name of a row to print in bold.
    """
    rows = [
        [Text(text, "bold" if name == total else "") for text in (name, number_text(name, number))]
        for name, number in numbers.items()
    ]
    return Grid((Column(), Column(is_number=True)), rows, title=title)


def say(text: str) -> None:
    """Print a line that is not folded: a terminal does that, and a path stays in one piece."""
    console.print(printable(text), soft_wrap=True)


def show_table(*grids: Grid) -> None:
    """Print tables so that no digit is cut off, however narrow the terminal."""
    show(console, *grids)


def plain_number(name: str, number: float) -> float | int:
    """A number as JSON shows it: counts are whole numbers."""
    counted = not name.endswith(("_eur", "_kwh", "_share", "_satisfaction", "_mean", "_max"))
    return int(number) if counted else float(number)


def number_text(name: str, number: float) -> str:
    """A number with the digits that suit the unit in its name.

    Shares are cut off, not rounded: 100.00 % means all, except for rounding errors.

    >>> number_text("profit_eur", 1234.567), number_text("fully_served_share", 0.99999)
    ('1,234.57', '99.99 %')
    """
    if name.endswith(("_share", "_satisfaction")):
        return f"{math.floor(1e4 * number + 1e-6) / 100:.2f} %"
    digits = {"_eur_per_kwh": 4, "_eur": 2, "_kwh": 1, "_mean": 2, "_max": 2}
    places = next((digits[unit] for unit in digits if name.endswith(unit)), 0)
    return f"{round(number, places) + 0.0:,.{places}f}"


def checked_file(option: str, path: Path, suffixes: tuple[str, ...]) -> Path:
    """A file that can be written; tried before the work begins.

    Raises:
        InvalidInputError: another suffix, no such folder, a folder of that name, or a place that
            nothing can be written to.
    """
    if path.suffix.lower() not in suffixes:
        raise InvalidInputError(option, str(path), f"end the name with {' or '.join(suffixes)}")
    return check_writable(path, option)

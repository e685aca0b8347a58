"""What became of a file: one document and one text, for files and for worlds made of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich.text import Text

from vpp_gym.cli.output import console
from vpp_gym.cli.tables import show_lines
from vpp_gym.errors import printable
from vpp_gym.scenarios.files.report import FileReport

COUNTS = ("rows", "kept")


def report_document(report: FileReport) -> dict[str, Any]:
    """Everything in the report of a file, and how many of its rows were used."""
    return {**report.model_dump(mode="json"), "kept": report.kept}


def show_report_of(document: dict[str, Any]) -> None:
    """Print everything in the report of a file: its rows, and each group of counts and facts."""
    title = f"{document['file']}: {document['kind']}"
    console.print(Text(f"\n{printable(title)}", "bold"), soft_wrap=True)
    rows = ", ".join(f"{name} {plain(document[name])}" for name in COUNTS)
    show_lines(console, [f"{rows}, sha256 {document['sha256'][:12]}"])
    for name, group in document.items():
        if isinstance(group, dict) and group:
            show_lines(console, [f"{name}: " + "; ".join(said(group))])


def said(counts: dict[str, Any]) -> Iterator[str]:
    """Counts and facts as text; what is empty is not said."""
    return (f"{name}: {plain(value)}" for name, value in counts.items() if value not in ("", None))


def plain(value: Any) -> str:
    """A value as text; whole numbers with commas between thousands."""
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    if isinstance(value, dict):
        return ", ".join(said(value))
    if isinstance(value, list | tuple):
        return ", ".join(map(plain, value))
    return printable(str(value))

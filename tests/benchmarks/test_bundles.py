"""The table of bundles in the docs is what the benchmark prints."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.bundles import main

PAGE = Path(__file__).parents[2] / "docs" / "variable-term-menus.md"


def cells(text: str) -> list[list[str]]:
    """Cells of the rows of a Markdown table, without its rule."""
    rows = [line for line in text.splitlines() if line.startswith("|") and "---" not in line]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


def test_table_of_bundles_is_the_printed_one(capsys: pytest.CaptureFixture[str]):
    main()
    printed, written = cells(capsys.readouterr().out), cells(PAGE.read_text(encoding="utf-8"))
    assert len(written) == len(printed) == 11
    for row, other in zip(written, printed, strict=True):
        assert row[:2] == other[:2]
    for row, other in zip(written[1:], printed[1:], strict=True):
        here, there = ([float(cell.rstrip(" %")) for cell in one[2:]] for one in (row, other))
        assert here[:2] == pytest.approx(there[:2], abs=2e-4)
        assert here[2] == pytest.approx(there[2], abs=0.02)

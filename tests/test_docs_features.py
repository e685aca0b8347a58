"""Every row of the table of features says where to read on, and the place is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from vpp_gym.scenarios.cars import CATALOGUE

DOCS = Path(__file__).parents[1] / "docs"
PAGE = (DOCS / "features.md").read_text(encoding="utf-8")
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in PAGE.splitlines()
    if line.startswith("| ") and not line.startswith("| ---")
]
HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)


def anchors(text: str) -> set[str]:
    """Of the headings of a page."""
    kept = (re.sub(r"[^\w\s-]", "", one.lower()) for one in HEADING.findall(text))
    return {re.sub(r"\s", "-", one.strip()) for one in kept}


@pytest.mark.parametrize("row", ROWS[1:], ids=lambda row: row[0])
def test_a_row_is_whole_and_its_page_is_there(row):
    assert len(row) == len(ROWS[0])
    assert all(row)
    place = re.fullmatch(r"\[.+\]\(([\w./-]+\.md)(?:#([\w-]+))?\)", row[-1])
    assert place, row[-1]
    text = (DOCS / place[1]).read_text(encoding="utf-8")
    assert place[2] is None or place[2] in anchors(text), row[-1]


def test_what_is_not_here_is_said_again_below():
    ours = ROWS[0].index("Here")
    theirs_only = {
        row[0] for row in ROWS[1:] if row[ours].startswith("no") and "yes" in "".join(row[1:3])
    }
    below = PAGE.rpartition("|")[2]
    words = {
        "Power flow of a grid, voltages": "power flow",
        "Runs on a graphics card": "graphics card",
    }
    assert theirs_only == set(words)
    assert all(word in below for word in words.values())


def test_the_number_of_models_is_that_of_the_catalogue():
    assert f"{len(CATALOGUE)} models with sources" in PAGE

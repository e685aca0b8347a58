"""The page of parameters is that of this code, and its example is read as it stands."""

from __future__ import annotations

import runpy
from pathlib import Path

from vpp_gym.params.names import known_parameters

DOCS = Path(__file__).parents[1] / "docs"
BUILD = runpy.run_path(str(DOCS / "build_parameters.py"))


def test_the_page_is_that_of_the_parameters():
    written = (DOCS / "parameters.md").read_text(encoding="utf-8")
    assert written == BUILD["page"](), "run python docs/build_parameters.py"


def test_every_parameter_has_a_row_with_its_meaning():
    text = (DOCS / "parameters.md").read_text(encoding="utf-8")
    for name in known_parameters():
        section, _, short = name.rpartition(".")
        title = f"## `{section}`" if section else "## The world"
        table = text.partition(title)[2].partition("\n## ")[0]
        row = next(line for line in table.splitlines() if line.startswith(f"| `{short}` |"))
        assert len(row.split(" | ")[-1]) > 5, name

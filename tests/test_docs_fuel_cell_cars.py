"""The tables of the pages on fuel-cell cars are those of this code, and their example runs."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs"
FOLDER = DOCS / "fuel-cell"


@pytest.fixture(scope="module")
def build() -> dict:
    return runpy.run_path(str(DOCS / "build_fuel_cell_cars.py"))


def test_every_table_has_one_place(build: dict):
    assert build["pages"]() == sorted(FOLDER.glob("*.md"))


def test_a_table_without_a_place_is_an_error(
    build: dict, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "page.md").write_text("<!-- car park terms -->\n<!-- /car park terms -->\n")
    monkeypatch.setitem(build["pages"].__globals__, "FOLDER", tmp_path)
    with pytest.raises(KeyError, match="give each table one place"):
        build["pages"]()


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.md")), ids=lambda path: path.stem)
def test_tables_are_up_to_date(build: dict, path: Path):
    written = path.read_text(encoding="utf-8")
    assert written == build["page"](written), "run python docs/build_fuel_cell_cars.py"


def test_example_runs(tmp_path: Path):
    text = (FOLDER / "index.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    script = tmp_path / "example.py"
    script.write_text(block, encoding="utf-8")
    runpy.run_path(str(script))

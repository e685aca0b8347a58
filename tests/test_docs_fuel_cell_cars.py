"""The tables of the page on fuel-cell cars are those of this code, and its example runs."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

DOCS = Path(__file__).parents[1] / "docs"
PAGE = DOCS / "fuel-cell-cars.md"


def test_tables_are_up_to_date():
    written = PAGE.read_text(encoding="utf-8")
    build = runpy.run_path(str(DOCS / "build_fuel_cell_cars.py"))["page"]
    assert written == build(written), "run python docs/build_fuel_cell_cars.py"


def test_example_runs(tmp_path: Path):
    block = re.search(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    script = tmp_path / "example.py"
    script.write_text(block.group(1), encoding="utf-8")
    runpy.run_path(str(script))

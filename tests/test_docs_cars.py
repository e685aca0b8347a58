"""The table of cars is that of the catalogue."""

from __future__ import annotations

import runpy
from pathlib import Path

from vpp_gym.scenarios.cars import CATALOGUE

DOCS = Path(__file__).parents[1] / "docs"


def test_the_table_is_up_to_date():
    build = runpy.run_path(str(DOCS / "build_cars.py"))
    written = (DOCS / "cars.md").read_text(encoding="utf-8")
    assert written == build["page"](written), "run python docs/build_cars.py"
    assert all(f"| `{name}` |" in written for name in CATALOGUE)

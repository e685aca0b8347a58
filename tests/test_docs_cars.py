"""The table of cars is that of the catalogue."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

from vpp_gym.scenarios.cars import CATALOGUE

DOCS = Path(__file__).parents[1] / "docs"


def test_the_table_is_up_to_date():
    build = runpy.run_path(str(DOCS / "build_cars.py"))
    written = (DOCS / "cars.md").read_text(encoding="utf-8")
    assert written == build["page"](written), "run python docs/build_cars.py"
    assert all(f"| `{name}` |" in written for name in CATALOGUE)


def test_efficiencies_are_those_of_the_world_on_the_page():
    page = (DOCS / "cars.md").read_text(encoding="utf-8")
    world = re.search(r'"charge_eff": ([\d.]+), "least_kw": ([\d.]+), "standby_kw": ([\d.]+)', page)
    assert world is not None
    eff, least_kw, standby_kw = map(float, world.groups())
    said = re.search(r"In the world above efficiency is (.*?), and no lower", page, re.DOTALL)
    assert said is not None
    stated = re.findall(r"(\d+) % at ([\d.]+) kW", said[1])
    assert len(stated) == 3
    assert float(stated[-1][1]) == least_kw
    for share, kw in stated:
        assert int(share) == round(100 * eff * float(kw) / (float(kw) + standby_kw))

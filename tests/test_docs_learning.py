"""The tables of the page on planners and agents are those of the results."""

from __future__ import annotations

import runpy
from hashlib import sha256
from pathlib import Path

import vpp_gym.policies
from vpp_gym.policies.learned import WEIGHTS

DOCS = Path(__file__).parents[1] / "docs"
BUILD = runpy.run_path(str(DOCS / "build_learning.py"))


def test_the_tables_are_up_to_date():
    written = (DOCS / "learning.md").read_text(encoding="utf-8")
    assert written == BUILD["page"](written), "run python docs/build_learning.py"


def test_the_table_of_the_forecast_is_of_the_network_in_the_package():
    weights = Path(vpp_gym.policies.__file__).with_name(WEIGHTS)
    digest = sha256(weights.read_bytes()).hexdigest()[:16]
    rows = BUILD["rows"](BUILD["FORECAST"])
    assert [row["forecast"] for row in rows] == ["anchored", "learned"]
    assert {row["network"] for row in rows} == {digest}, "run python -m agents.forecaster --explain"
    assert all(float(rows[1][h]) > float(rows[0][h]) for h in BUILD["HORIZONS"])

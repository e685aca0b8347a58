"""The table of first trainings is that of the results, and says what the page says of it."""

from __future__ import annotations

import csv
import runpy
from pathlib import Path

from benchmarks.first_training import RUNS
from vpp_gym.cli.ids import env_ids

DOCS = Path(__file__).parents[1] / "docs"
BUILD = runpy.run_path(str(DOCS / "build_training.py"))


def rows() -> list[dict[str, str]]:
    with BUILD["RESULTS"].open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_table_is_up_to_date():
    written = (DOCS / "training.md").read_text(encoding="utf-8")
    assert written == BUILD["page"](written), "run python docs/build_training.py"


def test_what_is_measured_stands_in_order_and_once():
    found = [(row["env"], int(row["seed"])) for row in rows()]
    asked = [(env_id, seed) for env_id, (_, seeds) in RUNS.items() for seed in seeds]
    assert found == [one for one in asked if one in found]
    assert set(RUNS) == set(env_ids(stays=True))


def test_no_run_keeps_less_than_it_began_with():
    assert all(int(row["best_eur"]) >= max(0, int(row["first_eur"])) for row in rows())

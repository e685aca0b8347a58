"""The pages on maps of columns tell what the code does, and every map on them is tried."""

from __future__ import annotations

import json
import runpy
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.scenarios.files.countries import WRITE
from vpp_gym.cli import app
from vpp_gym.scenarios.files.columns_map import ColumnsMap

ROOT = Path(__file__).parents[1]
MAPS = ROOT / "examples" / "columns"
BUILD = runpy.run_path(str(ROOT / "docs" / "build_columns.py"))


@pytest.mark.parametrize("page", BUILD["PAGES"], ids=lambda path: path.name)
def test_what_stands_between_markers_is_up_to_date(page: Path):
    text = page.read_text(encoding="utf-8")
    assert text == BUILD["page"](text), "run python docs/build_columns.py"


def test_every_map_is_shown_and_tried():
    names = {path.stem for path in MAPS.glob("*.yaml")}
    shown = set(BUILD["MARKER"].findall((ROOT / "docs" / "countries.md").read_text("utf-8")))
    assert names == shown == set(WRITE)


def test_every_key_is_on_the_page():
    schema = ColumnsMap.model_json_schema()
    rows = BUILD["keys"]()
    for model in (schema, *schema["$defs"].values()):
        assert all(f"| `{key}` |" in rows for key in model["properties"])


def test_the_schema_is_printed():
    result = CliRunner().invoke(app, ["data", "columns-schema"])
    assert json.loads(result.stdout) == ColumnsMap.model_json_schema()

"""Every command and every example of docs/data.md runs, in its order."""

from __future__ import annotations

import os
import re
import runpy
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.scenarios.files import samples
from vpp_gym.cli import app
from vpp_gym.cli.data import build
from vpp_gym.scenarios.files.kinds import KINDS

PAGE = (Path(__file__).parents[1] / "docs" / "data.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"```(sh|python)\n(.*?)```", re.DOTALL)


def blocks(language: str) -> list[str]:
    return [text for kind, text in BLOCK.findall(PAGE) if kind == language]


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    """A folder with the files that the page speaks of."""
    place = tmp_path_factory.mktemp("docs")
    folder = place / "my_files"
    folder.mkdir()
    samples.write(folder / "entsoe.csv", samples.entsoe_new("2024-06-03", 9))
    samples.write(folder / "tennet.csv", samples.tennet_new("2024-06-03", 9))
    samples.write(folder / "elaad.csv", samples.elaad("2024-06-03"))
    return place


def test_commands_and_examples(place, monkeypatch):
    monkeypatch.chdir(place)
    for language, text in BLOCK.findall(PAGE):
        if language == "python" and "VPP_GYM_DATA" not in text:
            (place / "example.py").write_text(text, encoding="utf-8")
            runpy.run_path(str(place / "example.py"))
        elif language == "sh":
            for line in text.replace("\\\n", " ").splitlines():
                command, *words = shlex.split(line)
                assert command == "vpp-gym"
                result = CliRunner().invoke(app, words)
                assert result.exit_code == 0, result.output
    assert {path.name for path in place.glob("*.parquet")} == {
        "world.parquet",
        "split.parquet",
        "site.parquet",
        "from_python.parquet",
    }


def test_every_kind_is_listed_under_the_name_that_errors_use():
    rows = re.findall(r"^\| (.+?) \|", PAGE, re.MULTILINE)
    assert {kind.title for kind in KINDS} <= set(rows)


@pytest.mark.data
@pytest.mark.skipif(not os.environ.get("VPP_GYM_DATA"), reason="VPP_GYM_DATA is not set")
def test_example_with_real_data(place, capsys):
    (text,) = (text for text in blocks("python") if "VPP_GYM_DATA" in text)
    (place / "example.py").write_text(text, encoding="utf-8")
    runpy.run_path(str(place / "example.py"))
    pv_kwh, load_kwh = map(float, capsys.readouterr().out.split())
    assert pv_kwh == pytest.approx(4 * 875, rel=0.05)
    assert load_kwh == pytest.approx(9.6 * 365, rel=0.01)


def test_options_that_the_page_names_exist():
    options = {f"--{name.replace('_', '-')}" for name in build.__annotations__} | {
        "--json",
        "--set",
    }
    assert set(re.findall(r"`(--[a-z-]+)", PAGE)) <= options

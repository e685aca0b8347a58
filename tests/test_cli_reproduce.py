"""`vpp-gym reproduce`: what it refuses, and what it prints of a small study."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from vpp_gym.cli import app


def reproduce(*words: object, **env: str):
    arguments = ["reproduce", "rahman2023", *map(str, words)]
    return CliRunner().invoke(app, arguments, env={"COLUMNS": "100", "VPP_GYM_DATA": "", **env})


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "VPP_GYM_DATA: got ''; set VPP_GYM_DATA to the folder"),
        (("--data", "no/such/folder"), "folder: got 'no/such/folder'; give an existing folder"),
        (("--seeds", "-1"), "seeds: got -1; give 0 or more"),
        (("--data", ".", "--jobs", "0"), "jobs: got 0; give 1 or more"),
        (("--out", __file__), f"out: got {__file__!r}; name a folder"),
    ],
)
def test_bad_input_is_refused_in_one_line(words, message):
    result = reproduce(*words)
    assert result.exit_code == 2
    assert result.stderr.startswith(f"Error: {message}")
    assert len(result.stderr.splitlines()) == 1
    assert result.stdout == ""


def test_a_folder_without_the_files_is_refused(tmp_path: Path):
    result = reproduce("--data", tmp_path, "--jobs", "1")
    assert result.exit_code == 2
    assert "elaadnl_2019_reference_preprocessed.csv" in result.stderr

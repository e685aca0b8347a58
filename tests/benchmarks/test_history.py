"""What airspeed velocity measures for each commit runs, and its settings name what is there."""

from __future__ import annotations

import json
from itertools import product

import pytest

from benchmarks.fingerprint import ROOT
from benchmarks.history.cases import steps

FOLDER = ROOT / "benchmarks" / "history"


def test_the_settings_name_folders_that_are_there():
    settings = json.loads((FOLDER / "asv.conf.json").read_text("utf-8"))
    assert (FOLDER / settings["repo"] / "pyproject.toml").is_file()
    assert (FOLDER / settings["benchmark_dir"] / "steps.py").is_file()
    kept = {settings[name].split("/")[2] for name in ("env_dir", "results_dir", "html_dir")}
    assert kept == {".asv"}


def test_what_it_keeps_is_not_committed():
    ignored = ROOT / ".gitignore"
    if not ignored.is_file():
        pytest.skip("this copy of the tree has no .gitignore: run in a clone")
    assert ".asv/" in ignored.read_text("utf-8").split()


@pytest.mark.parametrize("case", [steps.Batch, steps.Single, steps.Planner])
def test_a_case_runs_once(case):
    several = isinstance(case.params[0], list)
    first = next(product(*case.params)) if several else (case.params[0],)
    assert len(first) == len(case.param_names)
    one = case()
    one.setup(*first)
    timed = [name for name in dir(one) if name.startswith("time_")]
    assert len(timed) == 1
    getattr(one, timed[0])(*first)

"""After a change of code that changes no figure, published rows are tried again, not trusted."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from benchmarks import renew
from benchmarks.check import stale
from benchmarks.leaderboard import main
from benchmarks.results import read
from benchmarks.suites import suite_of
from tests.benchmarks.conftest import shrink
from vpp_gym.errors import InvalidInputError
from vpp_gym.files.reader import DIGEST


@pytest.fixture
def path(finished, tmp_path, monkeypatch) -> Path:
    """The result file of a finished benchmark."""
    shrink(monkeypatch)
    folder = tmp_path / "results"
    shutil.copytree(finished, folder)
    main(folder, folder / "README.md")
    return folder / "embedded.json"


def edit(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Change what the rows were made by, as if they had been written so."""
    document = json.loads(path.read_text())
    change(document)
    document.pop(DIGEST, None)
    path.write_text(json.dumps(document))


def other_code(document: dict[str, Any]) -> None:
    document["digests"]["policies"]["twin"]["code"] = "0" * 16


def test_nothing_is_run_where_nothing_has_changed(path):
    before = path.read_bytes()
    assert renew.renew(path, None, jobs=0) == []
    assert path.read_bytes() == before


def test_a_policy_that_gives_the_same_figures_is_current_again(path):
    edit(path, other_code)
    assert any("other code made twin" in line for line in stale(path, read(path)))
    runs = renew.renew(path, None, jobs=0)
    assert {run.policy for run in runs} == {"twin"}
    document = read(path)
    assert list(stale(path, document)) == []
    assert document["renewed"][0]["runs"] == [f"twin {run.track} {run.world}" for run in runs]
    assert "gave the same figures again" in path.with_suffix(".md").read_text()


def test_other_figures_are_refused_and_nothing_is_written(path):
    edit(path, other_code)
    rows = path.with_name("embedded_weeks.csv")
    lines = rows.read_text().splitlines()
    place = lines[0].split(",").index("profit_eur")
    for number, line in enumerate(lines):
        cells = line.split(",")
        if "twin" in cells:
            cells[place] = "1.25"
            lines[number] = ",".join(cells)
    rows.write_text("\n".join(lines) + "\n")
    before = path.read_bytes()
    with pytest.raises(renew.DiffersError, match=r"twin.*\n.*twin"):
        renew.renew(path, None, jobs=0)
    assert path.read_bytes() == before


@pytest.mark.parametrize(("shift", "same"), [(1e-4, True), (3e-4, False)])
def test_the_last_digit_may_round_otherwise(shift, same):
    known = pd.DataFrame({"policy": ["a", "a"], "profit_eur": ["1.25", "-0.5"], "kwh": ["", "7"]})
    again = known.assign(profit_eur=["1.25", f"{-0.5 + shift:.10g}"])
    assert renew._others(known, again).any(axis=None) != same
    assert renew._others(known, known.assign(policy=["a", "b"])).any(axis=None)
    assert renew._others(known, known.assign(kwh=["1", "7"])).any(axis=None)


def changed(document: dict[str, Any], what: str) -> None:
    digests = document["digests"]
    if what == "settings":
        digests["policies"]["twin"]["values"] = "0" * 16
    else:
        digests["policies"]["other"] = digests["policies"].pop("twin")


@pytest.mark.parametrize("what", ["settings", "gone"])
def test_what_one_world_cannot_answer_for_needs_the_whole_suite(path, what):
    edit(path, lambda document: changed(document, what))
    with pytest.raises(InvalidInputError, match=r"benchmarks\.run --suite embedded"):
        renew.renew(path, None, jobs=0)


def other_ranking(document: dict[str, Any]) -> None:
    document["digests"]["ranking"] = "0" * 16


def test_other_code_that_ranks_ranks_some_policies_again(path):
    edit(path, other_ranking)
    document = read(path)
    runs = renew.renew(path, None, jobs=0)
    tried = {run.policy for run in runs}
    suite = suite_of("embedded")
    assert {suite.low, suite.high} <= tried
    assert len(tried) == len({suite.low, suite.high}) + 1
    assert {run.world for run in runs} == set(range(document["scenario"]["worlds"]))
    assert list(stale(path, read(path))) == []


@pytest.mark.parametrize("column", ["gain_eur_low", "served_kwh", "fully_served_share"])
def test_rows_that_other_code_ranks_otherwise_are_refused(path, column):
    def change(document: dict[str, Any]) -> None:
        other_ranking(document)
        for rows in document["boards"].values():
            for row in rows:
                row[column] += 0.5

    edit(path, change)
    before = path.read_bytes()
    with pytest.raises(renew.DiffersError, match=rf"ranks its rows(.|\n)*{column}"):
        renew.renew(path, None, jobs=0)
    assert path.read_bytes() == before


def other_rules(document: dict[str, Any]) -> None:
    for track in document["digests"]["rules"]:
        document["digests"]["rules"][track] = "0" * 16


def test_other_rules_and_scenarios_try_every_policy(path):
    edit(path, other_rules)
    document = read(path)
    runs = renew.renew(path, None, jobs=0)
    assert {run.policy for run in runs} == set(document["digests"]["policies"])
    assert list(stale(path, read(path))) == []

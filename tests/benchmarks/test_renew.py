"""After a change of code that changes no figure, published rows are tried again, not trusted."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from benchmarks import ranking_again, renew
from benchmarks.check import stale
from benchmarks.leaderboard import main
from benchmarks.one_run import rows_of_run
from benchmarks.results import read
from benchmarks.suites import suite_of
from benchmarks.suites.base import Contestants, Run
from tests.benchmarks.conftest import shrink
from vpp_gym.errors import InvalidInputError
from vpp_gym.files.reader import DIGEST

SHARE = "fully_served_share"
COLUMNS = ("profit_eur", "charge_kwh", "fully_served", SHARE)


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


def publish_other_figures(path: Path) -> None:
    """As if the twin's rows had been made on another machine."""
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


def test_other_figures_are_refused_and_nothing_is_written(path):
    publish_other_figures(path)
    before = path.read_bytes()
    with pytest.raises(renew.DiffersError, match=r"twin.*\n.*twin"):
        renew.renew(path, None, jobs=0)
    assert path.read_bytes() == before


class Before:
    """Stands for the code of a commit: gives the same rows as the present code, or others."""

    commit = "0a1b2c3d"

    def __init__(self, results: Path, alike: bool) -> None:
        self.results, self.alike, self.asked = results, alike, []

    def rows(self, asked: dict[str, Any]) -> str:
        self.asked.append(asked)
        rows = rows_of_run(self.results / asked["file"], asked)
        return rows if self.alike else rows + "more"


def test_figures_of_another_machine_are_those_that_the_code_before_gives_here_too(path):
    publish_other_figures(path)
    before: Any = Before(path.parent, alike=True)
    runs = renew.renew(path, None, 0, before)
    (asked,) = before.asked
    assert (asked["policy"], asked["data"]) == ("twin", None)
    (named,) = read(path)["renewed"][0]["runs"]
    assert named == f"twin {runs[0].track} {runs[0].world} (as by 0a1b2c3d on one machine)"
    assert "but for 1 that the code before gives, too" in path.with_suffix(".md").read_text()


def test_figures_that_the_code_before_does_not_give_are_refused(path):
    publish_other_figures(path)
    before: Any = Before(path.parent, alike=False)
    content = path.read_bytes()
    with pytest.raises(renew.DiffersError, match="twin"):
        renew.renew(path, None, 0, before)
    assert path.read_bytes() == content


@pytest.mark.parametrize(("shift", "same"), [(1e-4, True), (3e-4, False)])
def test_the_last_digit_may_round_otherwise(shift, same):
    known = pd.DataFrame({"policy": ["a", "a"], "profit_eur": ["1.25", "-0.5"], "kwh": ["", "7"]})
    again = known.assign(profit_eur=["1.25", f"{-0.5 + shift:.10g}"])
    assert renew._others(known, again, renew.ROUNDING).any(axis=None) != same
    assert renew._others(known, known.assign(policy=["a", "b"]), renew.ROUNDING).any(axis=None)
    assert renew._others(known, known.assign(kwh=["1", "7"]), renew.ROUNDING).any(axis=None)


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


def test_rows_of_other_optima_may_differ_in_amounts_only():
    differ = {name: ranking_again._tolerance("site_hindsight", name) for name in COLUMNS}
    assert differ == {"profit_eur": 0.25, "charge_kwh": 0.25, "fully_served": 0.25, SHARE: 0.0}
    assert not any(ranking_again._tolerance("site_mpc_exact", name) for name in COLUMNS)


def test_other_processors_are_allowed_for_where_they_matter():
    everyone = Contestants(("site_hindsight", "rolling_mpc"), (("ppo", 1),), {})
    runs = {name: Run("site", "site", name, seed, 0) for name, seed in everyone.entries}
    tolerance = {name: renew._tolerance(run, everyone) for name, run in runs.items()}
    assert tolerance["rolling_mpc"] < tolerance["ppo"] < tolerance["site_hindsight"]

"""A leaderboard that is out of step with its results or its code is noticed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import typer

from benchmarks import check
from benchmarks.check import findings, older_tables
from benchmarks.differences import made_by
from benchmarks.leaderboard import END, END_OF_TOP, TOP, block, main, with_blocks
from benchmarks.results import read
from benchmarks.suites import ev
from tests.benchmarks.conftest import shrink, three_rules, toy_world
from vpp_gym.errors import InvalidInputError
from vpp_gym.files.reader import DIGEST
from vpp_gym.params import DEFAULT


@pytest.fixture
def published(finished, tmp_path, monkeypatch) -> tuple[Path, Path]:
    """(results, readme) of a finished benchmark."""
    shrink(monkeypatch)
    folder = tmp_path / "results"
    shutil.copytree(finished, folder)
    readme = folder / "README.md"
    readme.write_text(f"# Top\n\n<!-- leaderboard:embedded -->\nold\n{END}\n\nBottom\n")
    main(folder, readme)
    return folder, readme


def found(published: tuple[Path, Path]) -> list[str]:
    return list(findings(*published))


def edit(published: tuple[Path, Path], change: Callable[[Any], None]) -> None:
    """Change the result file and write everything else from it again."""
    path = published[0] / "embedded.json"
    document = json.loads(path.read_text())
    change(document)
    document.pop(DIGEST, None)
    path.write_text(json.dumps(document))
    main(*published)


def test_a_current_leaderboard_passes(published):
    assert found(published) == []
    text = published[1].read_text()
    assert text.startswith("# Top\n")
    assert text.endswith("\nBottom\n")
    assert "| charge_on_arrival | " in text


def test_rendering_again_changes_nothing(published):
    folder, readme = published
    before = {path: path.read_bytes() for path in (readme, *folder.glob("embedded*"))}
    main(folder, readme)
    assert before == {path: path.read_bytes() for path in before}


FILES = ["embedded.md", "embedded.csv", "README.md", "embedded_weeks.csv", "leaderboard.html"]


class Tags(HTMLParser):
    """Checks that what was opened is closed, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.opened: list[str] = []

    def handle_starttag(self, tag, attributes):
        if tag not in {"meta", "rect", "circle", "wbr"}:
            self.opened.append(tag)

    def handle_startendtag(self, tag, attributes):
        pass

    def handle_endtag(self, tag):
        assert self.opened.pop() == tag


def test_the_page_shows_every_policy_of_every_board(published):
    text = (published[0] / "leaderboard.html").read_text()
    shown = text.replace("<wbr>", "")
    tags = Tags()
    tags.feed(text)
    assert tags.opened == []
    document = json.loads((published[0] / "embedded.json").read_text())
    for rows in document["boards"].values():
        for row in rows:
            assert shown.count(f"</span>{row['policy']}") == len(document["boards"])
    assert "http" not in text


@pytest.mark.parametrize("name", FILES)
def test_an_edited_or_missing_file_is_found(published, name):
    path = published[0] / name
    path.write_text(path.read_text().replace("charge_on_arrival", "charge on arrival"))
    assert [line.split()[0] for line in found(published)] == [name]
    if name != "README.md":
        path.unlink()
        assert [line.split()[0] for line in found(published)] == [name]


def test_the_page_says_which_weeks_it_is_of(published):
    document = read(published[0] / "embedded.json")
    text = (published[0] / "embedded.md").read_text()
    assert f"[embedded_weeks.csv](embedded_weeks.csv), SHA-256 `{document['rows_sha256']}`" in text


MENDS = "; run: python -m benchmarks.run --suite embedded"


@pytest.mark.parametrize(("part", "name"), [("code", "twin"), ("values", "hindsight")])
def test_what_a_policy_rests_on_is_found_with_the_command_that_mends_it(published, part, name):
    def other(document):
        document["digests"]["policies"][name][part] = "f" * 16

    edit(published, other)
    assert found(published) == [f"embedded.json: other {part} made {name}{MENDS}"]


def test_policies_that_came_and_went_are_found(published, monkeypatch):
    def others():
        rules = three_rules()
        rules["new"] = rules.pop("twin")
        return rules

    monkeypatch.setattr(ev, "baselines", others)
    assert found(published) == [
        f"embedded.json has no rows of new{MENDS}",
        "embedded.json has rows of twin, which do not take part (left out: trained agents: "
        f"none was found){MENDS}",
    ]


def test_agents_that_are_gone_are_found_with_the_reason(published):
    def other(document):
        document["digests"]["policies"]["learner.0"] = {"code": "c", "values": "v"}

    edit(published, other)
    (line,) = found(published)
    assert "rows of learner.0, which do not take part (left out: trained agents: none" in line


def test_other_rules_are_found_by_track(published, monkeypatch):
    other = DEFAULT.replace(site={"charge_kw": 12.0})
    monkeypatch.setattr(ev.EVSuite, "params", lambda suite, track: other)
    assert found(published) == [f"embedded.json: other rules made the tracks reference{MENDS}"]


def test_other_code_that_makes_the_same_scenarios_is_no_fault(published, monkeypatch):
    def other(document):
        document["digests"]["scenario_code"] = "f" * 16

    edit(published, other)
    assert found(published) == []
    world = replace(toy_world(), name="another")
    monkeypatch.setattr(ev, "scenario_of", lambda suite, number=0, data=None: world)
    assert found(published) == [f"embedded.json: other scenarios made the track reference{MENDS}"]


def test_real_data_is_compared_where_it_is_given(published, monkeypatch):
    def other(document):
        document["digests"]["scenario_code"] = "f" * 16

    monkeypatch.setattr(check.suite_of("embedded"), "needs_data", True)
    edit(published, other)
    (line,) = found(published)
    assert "other code read its data, which can be compared with --data FOLDER" in line
    assert list(findings(*published, data=Path("anywhere"))) == []


def test_another_ranking_is_found(published, monkeypatch):
    monkeypatch.setattr("benchmarks.results.STATISTICS", {"block_days": 14})
    assert found(published) == [f"embedded.json: other code ranked its rows{MENDS}"]


def test_a_result_file_of_another_version_is_found_and_refused(published):
    path = published[0] / "embedded.json"
    document = json.loads(path.read_text())
    del document["digests"]
    path.write_text(json.dumps(document | {"schema": 1}))
    first = found(published)[0]
    assert first == f"embedded.json has schema 1, not 3{MENDS}"
    with pytest.raises(InvalidInputError, match="another version of the benchmark wrote it"):
        read(path)


def test_the_command_fails_with_what_it_found(published, capsys):
    check.main(*published)
    assert capsys.readouterr().out == "leaderboard is current: embedded\n"
    (published[0] / "embedded.md").write_text("")
    with pytest.raises(typer.Exit) as left:
        check.main(*published)
    assert left.value.exit_code == 1
    assert "embedded.md is not what embedded.json says" in capsys.readouterr().out


def test_a_block_without_results_is_found(tmp_path):
    readme = tmp_path / "README.md"
    readme.write_text(f"<!-- leaderboard:real -->\n{END}\n")
    (line,) = findings(tmp_path, readme)
    assert "python -m benchmarks.run --suite real --data FOLDER" in line


def test_a_block_that_is_not_closed_is_refused(published):
    document = json.loads((published[0] / "embedded.json").read_text())
    with pytest.raises(InvalidInputError, match="close the block"):
        with_blocks("<!-- leaderboard:embedded -->", [document])
    assert with_blocks("no marker", [document]) == "no marker"
    assert block(document).endswith(END)


def test_the_page_of_the_boards_is_shown_and_checked_beside_the_readme(published):
    folder, readme = published
    page = readme.parent / "docs" / "leaderboard.md"
    page.parent.mkdir()
    page.write_text(f"<!-- leaderboard:embedded -->\n{END}\n")
    readme.write_text(f"<!-- top:embedded -->\n{END_OF_TOP}\n")
    assert [line.split()[0] for line in found(published)] == ["README.md", "leaderboard.md"]
    main(folder, readme)
    assert found(published) == []
    assert "(../benchmarks/results/embedded.md)" in page.read_text()
    rows = [line for line in readme.read_text().splitlines() if line.startswith("| ")]
    assert any("charge_on_arrival" in row for row in rows)
    assert len(rows) <= 2 + TOP + 3


def test_tables_of_other_code_are_named_with_their_command(tmp_path):
    new = made_by("python -m benchmarks.scaling --days 14")
    old, gone = (
        f"Made by `python -m benchmarks.{name}`; code abc." for name in ("order", "no_more")
    )
    for name, text in (("old", old), ("new", new), ("gone", gone)):
        (tmp_path / f"{name}.md").write_text(f"# T\n\n{text}\n", encoding="utf-8")
    assert list(older_tables(tmp_path)) == [
        "gone.md was made by `python -m benchmarks.no_more`, which there is no more",
        "old.md was made by other code (abc); run: python -m benchmarks.order",
    ]

"""A leaderboard that is out of step with its results or its code is noticed."""

from __future__ import annotations

import ast
import json
import shutil
from html.parser import HTMLParser
from pathlib import Path

import pytest

from benchmarks.check import findings, older_tables
from benchmarks.fingerprint import (
    AGENT_SOURCES,
    BASELINE_SOURCES,
    HYDROGEN_SOURCES,
    LIBRARY_ROOT,
    is_of_hydrogen,
    source_fingerprint,
)
from benchmarks.leaderboard import END, main, readme_block, with_blocks
from vpp_gym.errors import InvalidInputError


@pytest.fixture
def published(finished, tmp_path) -> tuple[Path, Path]:
    """(results, readme) of a finished benchmark."""
    folder = tmp_path / "results"
    shutil.copytree(finished, folder)
    readme = folder / "README.md"
    readme.write_text(f"# Top\n\n<!-- leaderboard:embedded -->\nold\n{END}\n\nBottom\n")
    main(folder, readme)
    return folder, readme


def found(published: tuple[Path, Path], **fingerprint: str) -> list[str]:
    made_by = json.loads((published[0] / "embedded.json").read_text())["fingerprint"]
    return list(findings(*published, lambda family: made_by | fingerprint))


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


FILES = ["embedded.md", "embedded.csv", "README.md", "embedded_days.csv", "leaderboard.html"]


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


def test_the_page_shows_every_policy_of_every_track(published):
    text = (published[0] / "leaderboard.html").read_text()
    shown = text.replace("<wbr>", "")
    tags = Tags()
    tags.feed(text)
    assert tags.opened == []
    document = json.loads((published[0] / "embedded.json").read_text())
    for rows in document["tracks"].values():
        for row in rows:
            assert shown.count(f"</span>{row['policy']}") == len(document["tracks"])
    assert "http" not in text


@pytest.mark.parametrize("name", FILES)
def test_an_edited_or_missing_file_is_found(published, name):
    path = published[0] / name
    path.write_text(path.read_text().replace("charge_on_arrival", "charge on arrival"))
    assert [line.split()[0] for line in found(published)] == [name]
    if name != "README.md":
        path.unlink()
        assert [line.split()[0] for line in found(published)] == [name]


def test_other_code_is_found_with_the_command_that_mends_it(published):
    (line,) = found(published, baselines="f" * 16)
    assert "embedded.json was made by other code" in line
    assert "python -m benchmarks.run --suite embedded" in line
    assert len(found(published, agents="f" * 16)) == 1


def test_a_readme_block_without_results_is_found(tmp_path):
    readme = tmp_path / "README.md"
    readme.write_text(f"<!-- leaderboard:real -->\n{END}\n")
    (line,) = findings(tmp_path, readme, lambda family: {})
    assert "python -m benchmarks.run --suite real --data FOLDER" in line


def test_a_block_that_is_not_closed_is_refused(published):
    document = json.loads((published[0] / "embedded.json").read_text())
    with pytest.raises(InvalidInputError, match="close the block"):
        with_blocks("<!-- leaderboard:embedded -->", [document])
    assert with_blocks("no marker", [document]) == "no marker"
    assert readme_block(document).endswith(END)


SOURCES = {*BASELINE_SOURCES, *AGENT_SOURCES, *HYDROGEN_SOURCES}
SOURCE_FILES = [source for source in SOURCES if source.endswith(".py")]
SOURCE_FOLDERS = [source for source in SOURCES if not source.endswith(".py")]


@pytest.fixture
def tree(tmp_path) -> Path:
    """A repository with two sources and a trained agent."""
    for name, text in {
        **{f"{source}/__init__.py": "" for source in SOURCE_FOLDERS},
        **dict.fromkeys(SOURCE_FILES, ""),
        "vpp_gym/params/site.py": '"""What it is."""\n\nLIMIT_KW = 11.0\n',
        "vpp_gym/fleet/battery.py": "def stored(kwh):\n    return kwh\n",
        "vpp_gym/cli.py": "A = 1\n",
        "agents/policy.py": "B = 1\n",
        "agents/trained/ppo/card.json": "{}",
        "agents/trained/grid/card.json": '{"env_id": "FCEVMicrogrid-v0"}',
        "vpp_gym/fcev/microgrid/policies.py": "C = 1\n",
        "vpp_gym/hydrogen/tank.py": "D = 1\n",
        "vpp_gym/fcev/microgrid/env.py": "E = 1\n",
        "vpp_gym/env.py": "F = 1\n",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


@pytest.mark.parametrize(
    ("name", "text", "changed"),
    [
        ("vpp_gym/params/site.py", "LIMIT_KW = 11.0  # of a charger\n", set()),
        ("vpp_gym/params/site.py", "LIMIT_KW = 22.0\n", {"baselines"}),
        ("vpp_gym/fleet/battery.py", 'def stored(kwh):\n    """All."""\n    return kwh\n', set()),
        ("vpp_gym/fleet/battery.py", "def stored(kwh):\n    return kwh - 1\n", {"baselines"}),
        ("vpp_gym/fleet/new.py", "X = 1\n", {"baselines"}),
        ("vpp_gym/cli.py", "A = 2\n", set()),
        ("agents/policy.py", "B = 2\n", {"agents"}),
        ("agents/trained/ppo/card.json", "{ }", {"agents"}),
        ("agents/trained/grid/card.json", '{"env_id": "FCEVCarPark-v0"}', set()),
        ("vpp_gym/fcev/microgrid/policies.py", "C = 2\n", set()),
        ("vpp_gym/hydrogen/tank.py", "D = 2\n", set()),
        ("vpp_gym/fcev/microgrid/env.py", "E = 2\n", set()),
    ],
)
def test_the_fingerprint_follows_what_the_code_does(tree, name, text, changed):
    before = source_fingerprint(root=tree, library_root=tree)
    (tree / name).write_text(text)
    after = source_fingerprint(root=tree, library_root=tree)
    assert {part for part in before if before[part] != after[part]} == changed


@pytest.mark.parametrize(
    ("name", "changed"),
    [
        ("vpp_gym/fcev/microgrid/policies.py", {"baselines"}),
        ("vpp_gym/hydrogen/tank.py", {"baselines"}),
        ("vpp_gym/fcev/microgrid/env.py", {"agents"}),
        ("vpp_gym/env.py", {"agents"}),
        ("vpp_gym/fleet/battery.py", set()),
        ("vpp_gym/params/site.py", set()),
    ],
)
def test_fuel_cell_cars_have_a_fingerprint_of_their_own(tree, name, changed):
    before = source_fingerprint("hydrogen", tree, tree)
    (tree / name).write_text("X = 3\n")
    after = source_fingerprint("hydrogen", tree, tree)
    assert {part for part in before if before[part] != after[part]} == changed


def test_nothing_of_the_virtual_power_plant_imports_what_its_fingerprint_leaves_out():
    """Its results could otherwise change unnoticed."""
    for source in BASELINE_SOURCES:
        base = LIBRARY_ROOT / source
        for path in base.rglob("*.py") if base.is_dir() else [base]:
            name = path.relative_to(LIBRARY_ROOT).as_posix() if path.is_file() else ""
            if not name.startswith("vpp_gym") or is_of_hydrogen(name):
                continue
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                module = getattr(node, "module", None) or ""
                assert not is_of_hydrogen(module.replace(".", "/")), (name, module)


def test_without_trained_agents_there_is_nothing_to_follow(tree):
    (tree / "agents/trained/ppo/card.json").unlink()
    assert source_fingerprint(root=tree, library_root=tree)["agents"] == "none"


def test_tables_of_other_code_are_named_with_their_command(tmp_path):
    for name, code in (("old", "abc"), ("new", "def")):
        text = f"# T\n\nMade by `python -m benchmarks.{name}`; code {code}.\n"
        (tmp_path / f"{name}.md").write_text(text, encoding="utf-8")
    (line,) = older_tables(tmp_path, {"def", "of another family"})
    assert line == "old.md was made by other code (abc); run: python -m benchmarks.old"

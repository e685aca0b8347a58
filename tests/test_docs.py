"""Generated pages are those of this code, links lead somewhere, and the code on pages runs."""

from __future__ import annotations

import re
import runpy
import shlex
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from vpp_gym.cli import app

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
WRITTEN = [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]
PAGES = [*WRITTEN, *sorted((ROOT / "benchmarks" / "results").glob("*.md"))]
LINK = re.compile(r"\]\((?!https?:)([^)#\s]*)(?:#([^)\s]*))?\)")
HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)
FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
INLINE = re.compile(r"`((?:vpp-gym|make|python -m|python docs)\b[^`]*)`")
RUNNABLE = ("README.md", "docs/contracts.md", "docs/variable-term-menus.md", "docs/world.md")
RUN_ELSEWHERE = ("docs/data.md", "docs/fuel-cell/index.md", "docs/submitting.md", "docs/training.md")
"""Pages whose code has a test of its own: `test_docs_data`, `test_docs_fuel_cell_cars` and
`tests.agents.test_training_page`."""


def identity(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def blocks(page: Path, *languages: str) -> list[str]:
    """The blocks of a page in these languages."""
    found = FENCED.findall(page.read_text(encoding="utf-8"))
    return [text for language, text in found if language in languages]


def anchors(page: Path) -> set[str]:
    """Names by which a page's headings can be linked to."""
    prose = FENCED.sub("", page.read_text(encoding="utf-8"))
    bare = (re.sub(r"[^\w\- ]", "", title.strip().lower()) for title in HEADING.findall(prose))
    return {title.replace(" ", "-") for title in bare}


def commands(page: Path) -> Iterator[list[str]]:
    """Every command on a page, in a block or in the text, as its words."""
    text = page.read_text(encoding="utf-8")
    lines = [line for block in blocks(page, "sh", "") for line in block.splitlines()]
    lines += [span.replace("\n", " ") for span in INLINE.findall(FENCED.sub("", text))]
    for line in lines:
        for command in line.removesuffix("\\").split("&&"):
            if words := shlex.split(command, comments=True):
                yield words


def problem(words: list[str]) -> str:
    """What is wrong with a command of the project; empty if it exists with these options."""
    match words:
        case ["vpp-gym", *rest]:
            return _problem_of_the_command_line(rest)
        case ["make", target, *_]:
            targets = (ROOT / "Makefile").read_text(encoding="utf-8")
            return "" if re.search(rf"^{target}:", targets, re.MULTILINE) else "no such target"
        case ["python", "-m", module, *_]:
            return "" if find_spec(module) else "no such module"
        case ["python", script, *_]:
            return "" if (ROOT / script).is_file() else "no such file"
    return ""


def _problem_of_the_command_line(words: list[str]) -> str:
    command = get_command(app)
    while words and (known := getattr(command, "commands", None)):
        if words[0].startswith("-"):
            break
        if words[0] not in known:
            return f"no command {words[0]}"
        command, words = known[words[0]], words[1:]
    options = {name for parameter in command.params for name in parameter.opts} | {"--help", "-h"}
    wrong = [word for word in words if word.startswith("-") and word not in options]
    return f"no option {wrong[0]}" if wrong else ""


def test_page_of_the_environment_is_up_to_date():
    written = (DOCS / "environment.md").read_text(encoding="utf-8")
    assert written == runpy.run_path(str(DOCS / "build.py"))["page"](), "run python docs/build.py"


@pytest.mark.parametrize("page", PAGES, ids=identity)
def test_links_lead_somewhere(page: Path):
    for target, anchor in LINK.findall(page.read_text(encoding="utf-8")):
        path = page.parent / target if target else page
        assert path.exists(), target
        assert not anchor or anchor in anchors(path), f"{target}#{anchor}"


def test_every_picture_is_shown_or_linked():
    shown = {
        (page.parent / target).resolve()
        for page in PAGES
        for target, _ in LINK.findall(page.read_text(encoding="utf-8"))
    }
    assert set((DOCS / "images").resolve().rglob("*.png")) <= shown


def test_every_page_is_linked_from_another():
    linked = {
        (page.parent / target).resolve()
        for page in WRITTEN
        for target, _ in LINK.findall(page.read_text(encoding="utf-8"))
        if target
    }
    assert {page.resolve() for page in WRITTEN[1:]} <= linked


def test_pages_with_code_are_run():
    with_code = {identity(page) for page in PAGES if blocks(page, "python")}
    assert with_code == {*RUNNABLE, *RUN_ELSEWHERE}


@pytest.mark.parametrize("page", RUNNABLE)
def test_the_code_of_a_page_runs_from_top_to_bottom(page: str, tmp_path: Path):
    script = tmp_path / "page.py"
    script.write_text("\n".join(blocks(ROOT / page, "python")), encoding="utf-8")
    runpy.run_path(str(script))


@pytest.mark.parametrize("page", WRITTEN, ids=identity)
def test_commands_exist_with_the_options_named(page: Path):
    wrong = {shlex.join(words): problem(words) for words in commands(page)}
    assert {command: why for command, why in wrong.items() if why} == {}


@pytest.mark.parametrize(
    "words",
    ["vpp-gym runs", "vpp-gym run --scenarios x", "make nothing", "python -m benchmarks.nothing"],
)
def test_a_command_that_does_not_exist_is_noticed(words: str):
    assert problem(words.split())


@pytest.mark.parametrize("page", RUNNABLE)
def test_the_blocks_of_the_command_line_run(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    for block in blocks(ROOT / page, "sh"):
        for line in block.splitlines():
            words = shlex.split(line, comments=True)
            if words[:1] == ["vpp-gym"]:
                result = CliRunner().invoke(app, words[1:])
                assert result.exit_code == 0, result.output

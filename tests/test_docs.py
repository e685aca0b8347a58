"""Generated pages are those of this code, links lead somewhere, and the code on pages runs."""

from __future__ import annotations

import io
import re
import runpy
import shlex
import tomllib
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
import typer
from typer.main import get_command
from typer.testing import CliRunner

from vpp_gym.cli import app

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
WRITTEN = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(DOCS.rglob("*.md"))]
PAGES = [*WRITTEN, *sorted((ROOT / "benchmarks" / "results").glob("*.md"))]
LINK = re.compile(r"\]\((?!https?:)([^)#\s]*)(?:#([^)\s]*))?\)")
HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)
FENCED = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.DOTALL | re.MULTILINE)
INLINE = re.compile(r"`((?:vpp-gym|make|python -m|python docs)\b[^`]*)`")
EXAMPLE = re.compile(r"<!-- code: .*?<!-- /code -->", re.DOTALL)
RUNNABLE = (
    "README.md",
    "docs/cars.md",
    "docs/contracts.md",
    "docs/drivers.md",
    "docs/index.md",
    "docs/many.md",
    "docs/site.md",
    "docs/variable-term-menus.md",
    "docs/world.md",
)
RUN_ELSEWHERE = (
    "docs/bridges.md",
    "docs/data.md",
    "docs/fuel-cell/index.md",
    "docs/submitting.md",
    "docs/training.md",
)
"""Pages whose code has a test of its own: `test_docs_data`, `test_docs_fuel_cell_cars` and
`tests.agents.test_training_page`. Code of examples is run by `test_examples`."""
OF_OTHERS = {"rl_zoo3.train"}
"""Modules that need not be installed; tests of their pages run them where they are."""
CHEAP = {("vpp-gym", "contracts"), ("vpp-gym", "demo"), ("vpp-gym", "doctor")}
"""Commands that are run wherever they stand in a block."""
LISTS = {"--help", "--list", "--list-settings", "columns-schema"}
"""What makes a command print what there is, and do no more."""
LEFT_OUT = re.compile(r"Missing (argument|option|parameter|command)|requires an argument")
"""How programs answer to a command of the text, which may leave arguments out."""
PROGRAMS = {"vpp-gym", "make", "python", "pip", "pre-commit", ".ci/run", "."}


def identity(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def blocks(page: Path, *languages: str) -> list[str]:
    """The blocks of a page in these languages."""
    found = FENCED.findall(EXAMPLE.sub("", page.read_text(encoding="utf-8")))
    return [dedent(text) for _, language, text in found if language in languages]


def anchors(page: Path) -> set[str]:
    """Names by which a page's headings can be linked to."""
    prose = FENCED.sub("", page.read_text(encoding="utf-8"))
    bare = (re.sub(r"[^\w\- ]", "", title.strip().lower()) for title in HEADING.findall(prose))
    return {title.replace(" ", "-") for title in bare}


def fenced(page: Path) -> Iterator[list[str]]:
    """Every command in the blocks of a page, as its words."""
    for block in blocks(page, "sh", "shell", "bash", "console", ""):
        for line in block.replace("\\\n", " ").splitlines():
            for command in line.split("&&"):
                if words := shlex.split(command, comments=True):
                    yield words


def named(page: Path) -> Iterator[list[str]]:
    """Every command in the text of a page, as its words; arguments may be left out."""
    prose = FENCED.sub("", page.read_text(encoding="utf-8"))
    for span in INLINE.findall(prose):
        for command in span.replace("\n", " ").split("&&"):
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
            return "" if module in OF_OTHERS or find_spec(module) else "no such module"
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


def refusal(words: list[str]) -> str:
    """What a program answers to these words before it does anything; empty if it takes them."""
    match words:
        case ["vpp-gym", *rest]:
            return _refused_by(get_command(app), rest)
        case ["python", "-m", module, *rest] if module in OF_OTHERS:
            return ""
        case ["python", "-m", module, *rest] if "typer.run(main)" in _source(module):
            return _refused_by(_command_of(module), rest)
        case ["pip", "install", *rest]:
            return _unknown_extra(rest)
    return "" if words[0] in PROGRAMS else f"no test knows {words[0]}"


def _source(module: str) -> str:
    spec = find_spec(module)
    return Path(spec.origin).read_text(encoding="utf-8") if spec and spec.origin else ""


def _command_of(module: str) -> Any:
    own = typer.Typer()
    own.command()(import_module(module).main)
    return get_command(own)


def _refused_by(command: Any, words: list[str]) -> str:
    """The error of a command whose functions are exchanged for one that does nothing."""

    def quiet(one: Any) -> None:
        for other in getattr(one, "commands", {}).values():
            quiet(other)
        if not hasattr(one, "commands"):
            one.callback = lambda **_: None

    quiet(command)
    printed = io.StringIO()
    with redirect_stderr(printed), redirect_stdout(printed), pytest.raises(SystemExit) as left:
        command.main(words, prog_name="")
    return "" if left.value.code == 0 else printed.getvalue()


def _unknown_extra(words: list[str]) -> str:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = [
        one for word in words for part in re.findall(r"\[(.*)\]", word) for one in part.split(",")
    ]
    unknown = [one for one in asked if one not in extras["optional-dependencies"]]
    return f"no extra {unknown[0]}" if unknown else ""


def is_cheap(words: list[str]) -> bool:
    return tuple(words[:2]) in CHEAP or (words[0] == "vpp-gym" and bool(LISTS & set(words)))


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
    drawn = (DOCS / "images").resolve().rglob("*.*")
    assert {path for path in drawn if path.suffix in (".png", ".gif", ".svg")} <= shown


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


@pytest.mark.parametrize("page", PAGES, ids=identity)
def test_commands_exist_with_the_options_named(page: Path):
    wrong = {shlex.join(words): problem(words) for words in (*fenced(page), *named(page))}
    assert {command: why for command, why in wrong.items() if why} == {}


@pytest.mark.parametrize("page", PAGES, ids=identity)
def test_programs_take_the_commands_of_blocks(page: Path):
    wrong = {shlex.join(words): refusal(words) for words in fenced(page)}
    assert {command: why for command, why in wrong.items() if why} == {}


@pytest.mark.parametrize("page", PAGES, ids=identity)
def test_programs_take_the_commands_of_the_text(page: Path):
    """As far as they are given; what installs completion is tried in `test_cli_completion`."""
    tried = [words for words in named(page) if not words[-1].endswith("-completion")]
    wrong = {shlex.join(words): refusal(words) for words in tried}
    refused = {command: why for command, why in wrong.items() if why and not LEFT_OUT.search(why)}
    assert refused == {}


def test_blocks_of_lists_are_read():
    found = list(fenced(DOCS / "submitting.md"))
    assert ["vpp-gym", "leaderboard", "verify", "my_ppo.json"] in found


@pytest.mark.parametrize(
    "words",
    [
        "vpp-gym run --days many",
        "vpp-gym data build",
        "vpp-gym demo --seed -1",
        "python -m benchmarks.run --suite",
        "vpp-gym train --envs VPPDayAhead-v0",
        "pip install .[trains]",
        "curl example.org",
    ],
)
def test_a_command_that_a_program_refuses_is_noticed(words: str):
    assert refusal(words.split())


@pytest.mark.parametrize(
    "words",
    ["vpp-gym runs", "vpp-gym run --scenarios x", "make nothing", "python -m benchmarks.nothing"],
)
def test_a_command_that_does_not_exist_is_noticed(words: str):
    assert problem(words.split())


@pytest.mark.parametrize(
    "page",
    [page for page in WRITTEN if any(map(is_cheap, fenced(page)))],
    ids=identity,
)
def test_cheap_commands_of_blocks_run(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    for words in filter(is_cheap, fenced(page)):
        result = CliRunner().invoke(app, words[1:])
        assert result.exit_code == 0, result.output

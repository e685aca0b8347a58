"""Generated pages are those of this code, links lead somewhere, and the code on pages runs."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = [
    ROOT / "README.md",
    *sorted(DOCS.glob("*.md")),
    *sorted((ROOT / "benchmarks" / "results").glob("*.md")),
]
LINK = re.compile(r"\]\((?!https?:)([^)#\s]*)(?:#([^)\s]*))?\)")
HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)
FENCED = re.compile(r"```.*?```", re.DOTALL)
BLOCK = re.compile(r"```python\n(.*?)```", re.DOTALL)
RUNNABLE = ("README.md", "docs/contracts.md", "docs/variable-term-menus.md")
RUN_ELSEWHERE = ("docs/data.md", "docs/fuel-cell-cars.md", "docs/training.md")
"""Pages whose code has a test of its own: `test_docs_data`, `test_docs_fuel_cell_cars` and
`tests.agents.test_training_page`."""


def anchors(page: Path) -> set[str]:
    """Names by which a page's headings can be linked to."""
    prose = FENCED.sub("", page.read_text(encoding="utf-8"))
    bare = (re.sub(r"[^\w\- ]", "", title.strip().lower()) for title in HEADING.findall(prose))
    return {title.replace(" ", "-") for title in bare}


def test_page_of_the_environment_is_up_to_date():
    written = (DOCS / "environment.md").read_text(encoding="utf-8")
    assert written == runpy.run_path(str(DOCS / "build.py"))["page"](), "run python docs/build.py"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
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


def test_pages_with_code_are_run():
    with_code = [page for page in PAGES if BLOCK.search(page.read_text(encoding="utf-8"))]
    names = {page.relative_to(ROOT).as_posix() for page in with_code}
    assert names == {*RUNNABLE, *RUN_ELSEWHERE}


@pytest.mark.parametrize("page", RUNNABLE)
def test_the_code_of_a_page_runs_from_top_to_bottom(page: str, tmp_path: Path):
    blocks = BLOCK.findall((ROOT / page).read_text(encoding="utf-8"))
    script = tmp_path / "page.py"
    script.write_text("\n".join(blocks), encoding="utf-8")
    runpy.run_path(str(script))

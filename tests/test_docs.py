"""Generated pages are those of this code, and links in the docs lead somewhere."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs"
LINK = re.compile(r"\]\((?!https?:)([^)#]+)")


def test_page_of_the_environment_is_up_to_date():
    written = (DOCS / "environment.md").read_text(encoding="utf-8")
    assert written == runpy.run_path(str(DOCS / "build.py"))["page"](), "run python docs/build.py"


@pytest.mark.parametrize("path", sorted(DOCS.glob("*.md")), ids=lambda path: path.stem)
def test_links_lead_somewhere(path: Path):
    for target in LINK.findall(path.read_text(encoding="utf-8")):
        assert (path.parent / target).exists(), target


BLOCK = re.compile(r"```python\n(.*?)```", re.DOTALL)
RUNNABLE = ("contracts",)


@pytest.mark.parametrize("page", RUNNABLE)
def test_the_code_of_a_page_runs_from_top_to_bottom(page: str, tmp_path: Path):
    blocks = BLOCK.findall((DOCS / f"{page}.md").read_text(encoding="utf-8"))
    assert blocks
    script = tmp_path / "page.py"
    script.write_text("\n".join(blocks), encoding="utf-8")
    runpy.run_path(str(script))

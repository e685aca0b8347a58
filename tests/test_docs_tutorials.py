"""The tutorials show the examples' code as it is, and what they print."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs"
BUILD = runpy.run_path(str(DOCS / "build_tutorials.py"))
NUMBER = re.compile(r"-?\d[\d,]*\.?\d*")
TOLERANCE = 0.02
"""Share by which a printed number may differ: solvers of other versions break ties otherwise."""


def alike(printed: str, shown: str) -> bool:
    """Whether two texts have the same words, and numbers that differ by little."""
    if NUMBER.sub("", printed).split() != NUMBER.sub("", shown).split():
        return False
    pairs = zip(NUMBER.findall(printed), NUMBER.findall(shown), strict=True)
    return all(_number(a) == pytest.approx(_number(b), rel=TOLERANCE, abs=0.1) for a, b in pairs)


def _number(text: str) -> float:
    return float(text.replace(",", ""))


@pytest.mark.parametrize("page", BUILD["pages"](), ids=lambda path: path.stem)
def test_code_is_up_to_date(page: Path):
    text = page.read_text(encoding="utf-8")
    assert text == BUILD["page"](text), "run python docs/build_tutorials.py"


def test_every_tutorial_shows_an_example():
    pages = {path.name for path in (DOCS / "tutorials").glob("*.md")} - {"index.md"}
    assert pages == {path.name for path in BUILD["pages"]()}


def test_a_name_that_an_example_does_not_define_is_an_error():
    with pytest.raises(KeyError, match="nothing"):
        BUILD["page"]("<!-- code: examples/bidding.py nothing -->\n<!-- /code -->")


@pytest.mark.usefixtures("registered")
@pytest.mark.parametrize("example", sorted(BUILD["outputs"]()))
def test_output_is_what_the_example_prints(example: str, capsys: pytest.CaptureFixture[str]):
    runpy.run_path(str(DOCS.parent / example), run_name="__main__")
    printed = capsys.readouterr().out
    assert alike(printed, BUILD["outputs"]()[example]), "python docs/build_tutorials.py --run"


def test_other_words_and_other_numbers_are_noticed():
    assert alike("a 100.0 [1, 2]", "a   100.9 [1, 2]")
    assert not alike("a 100.0", "a 110.0")
    assert not alike("a 100.0", "b 100.0")

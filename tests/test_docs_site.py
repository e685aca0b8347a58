"""The site has every page, and its links lead to pages that it has."""

from __future__ import annotations

import re
import runpy
from pathlib import Path
from posixpath import normpath

import pytest
import yaml

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
HOOKS = runpy.run_path(str(DOCS / "site_hooks.py"))
ADDED = dict(HOOKS["beside_docs"]())
OWN = {
    path.relative_to(DOCS).as_posix(): path
    for path in DOCS.rglob("*")
    if path.is_file() and path.suffix != ".py" and "__pycache__" not in path.parts
}


class Loader(yaml.SafeLoader):
    """Reads MkDocs' configuration without what its tags stand for."""


Loader.add_multi_constructor("tag:yaml.org,2002:python/", lambda *_: None)
CONFIG = yaml.load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"), Loader)


def text_of(place: str) -> str:
    """A page as the site shows it."""
    content = OWN.get(place, ADDED.get(place))
    text = content if isinstance(content, str) else content.read_text(encoding="utf-8")
    return HOOKS["shown"](text, place)


PAGES = sorted(place for place in {**OWN, **ADDED} if place.endswith(".md"))


@pytest.mark.parametrize("place", PAGES)
def test_links_lead_to_files_of_the_site(place: str):
    for _, target in HOOKS["LINK"].findall(HOOKS["FENCE"].sub("", text_of(place))):
        assert normpath(f"{place}/../{target}") in {*OWN, *ADDED}


def test_the_navigation_names_every_page_once():
    nav = HOOKS["with_everything"](CONFIG["nav"], PAGES)
    named = list(HOOKS["_named"](nav))
    assert sorted(named) == PAGES


def test_a_page_that_the_navigation_does_not_name_stands_at_its_end():
    nav = [{name: []} for name in ("Tutorials", "Results", "API", "Project")]
    assert HOOKS["with_everything"](nav, ["new.md"])[-1] == {"More": ["new.md"]}


def test_names_of_the_api_lead_to_their_page():
    text = "`vpp_gym.Snapshot`, `vpp_gym.nothing`, [`vpp_gym.policies`](a.md)"
    assert HOOKS["with_api"](text, "tutorials/own-policy.md") == (
        "[`vpp_gym.Snapshot`](../api/vpp_gym.md), `vpp_gym.nothing`, [`vpp_gym.policies`](a.md)"
    )


def test_code_keeps_its_brackets():
    text = "```python\na[0](examples/bidding.py)\n```\n[b](../examples/bidding.py)\n"
    assert HOOKS["with_links"](text, "docs/x.md") == text.replace(
        "../examples/bidding.py", "examples/bidding.md"
    )


def test_a_bar_in_code_stands_without_its_backslash():
    assert HOOKS["with_links"]("| `,`, `\\|` | `BZN\\|NL` | `a` |\n", "docs/x.md") == (
        "| `,`, <code>&#124;</code> | <code>BZN&#124;NL</code> | `a` |\n"
    )


def test_a_list_goes_on_behind_a_marker():
    text = "- **a** <!-- claim:b -->\n  c\n  <!-- /claim -->\n  <!-- claim:d -->\n  e\n"
    assert HOOKS["with_links"](text, "docs/x.md") == "- **a** \n  c\n  e\n"


def test_every_exported_name_is_on_a_page_of_the_api():
    surface = (ROOT / "tests" / "surface.txt").read_text(encoding="utf-8")
    names = set(re.findall(r"^(vpp_gym[\w.]+)[(:]", surface, re.MULTILINE))
    assert names <= set(HOOKS["api_places"]())


@pytest.mark.parametrize(
    "html",
    [
        '<script src="https://example.org/a.js"></script>',
        '<link rel="stylesheet" href="//example.org/a.css">',
        '<img alt="" src="http://example.org/a.png">',
    ],
)
def test_what_a_page_would_load_is_found(html: str):
    assert len(HOOKS["loaded"](html)) == 1


def test_links_load_nothing():
    html = '<a href="https://example.org">a</a><link rel="canonical" href="https://example.org/">'
    assert HOOKS["loaded"](html) == []


def test_doctests_are_code_wherever_they_stand():
    pytest.importorskip("griffe", reason="the extra docs is not installed")
    fenced = runpy.run_path(str(DOCS / "site_doctests.py"))["fenced"]
    text = "Adds.\n\n>>> 1 + 1\n2\n>>> 2 + 2\n4\n\nArgs:\n    x: a."
    assert fenced(text) == text.replace(">>> 1", "```pycon\n>>> 1").replace("4\n", "4\n```\n")

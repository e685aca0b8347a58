"""What stands around the code says what the code says: citation, issue forms, hooks."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[1]
FORMS = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
KINDS = {"input", "textarea", "dropdown", "checkboxes", "markdown"}

if not FORMS:
    pytest.skip("a copy of the tree without what begins with a dot", allow_module_level=True)


def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def test_the_citation_is_of_this_version():
    citation = read(ROOT / "CITATION.cff")
    assert citation["version"] == PROJECT["version"]
    assert citation["license"] == PROJECT["license"]
    assert citation["authors"] == PROJECT["authors"]
    assert {"cff-version", "message", "title", "type"} <= citation.keys()


@pytest.mark.parametrize(
    "form", [path for path in FORMS if path.stem != "config"], ids=lambda path: path.stem
)
def test_an_issue_form_has_what_a_form_needs(form: Path):
    told = read(form)
    assert {"name", "description", "body"} <= told.keys()
    ids = [part["id"] for part in told["body"]]
    assert len(set(ids)) == len(ids) > 0
    for part in told["body"]:
        assert part["type"] in KINDS
        assert part["attributes"]["label"]


def test_hooks_run_what_make_runs():
    (local,) = read(ROOT / ".pre-commit-config.yaml")["repos"]
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    run_by_make = set(re.findall(r"-m (ruff check|ruff format|mypy)\b", makefile))
    run_by_hooks = {
        re.sub(r"^python -m | --.*$", "", hook["entry"]).strip() for hook in local["hooks"]
    }
    assert run_by_hooks == run_by_make


def test_the_site_says_what_the_package_says():
    text = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    assert f"site_name: {PROJECT['name']}" in text
    assert "font: false" in text

"""The public surface: what may be relied on, and changes only on purpose."""

from __future__ import annotations

import ast
from importlib import import_module
from pathlib import Path

import pytest

import vpp_gym
from tests.surface import FILE, MORE, surface

PACKAGE = Path(vpp_gym.__file__).parent
STUBS = sorted(PACKAGE.rglob("__init__.pyi"))


def test_public_names_and_their_parameters_are_those_on_record():
    """A change on purpose: run `python tests/surface.py`, and tell it in CHANGELOG.md."""
    assert surface() == FILE.read_text(encoding="utf-8")


def test_import_shows_about_twenty_names_and_its_packages():
    names = dir(vpp_gym)
    assert names == sorted(names)
    assert not [name for name in names if name.startswith("_")]
    assert 15 <= len(names) <= 31
    assert {"evaluate", "leaderboard", "baselines", "Policy", "Dispatcher", "Scenario"} <= {*names}


@pytest.mark.parametrize("stub", STUBS, ids=lambda path: str(path.parent.relative_to(PACKAGE)))
def test_every_exported_name_exists(stub: Path):
    parts = stub.parent.relative_to(PACKAGE.parent).parts
    package = import_module(".".join(parts))
    exported = [
        alias.name
        for node in ast.parse(stub.read_text(encoding="utf-8")).body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    ]
    assert sorted(exported) == dir(package)
    for name in exported:
        assert getattr(package, name) is not None


def test_packages_beside_those_of_the_surface_export_nothing():
    known = {"", *MORE, *(name for name in dir(vpp_gym) if (PACKAGE / name).is_dir())}
    stubs = {".".join(stub.parent.relative_to(PACKAGE).parts) for stub in STUBS}
    assert stubs <= known


def test_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="Scenarios"):
        _ = vpp_gym.Scenarios

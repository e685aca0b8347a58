"""What a module imports is read off its text; an independent walk of its syntax tree agrees."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest

from vpp_gym.sources import PACKAGE, Sources, content_digest, scanned_imports

ROOT = Path(__file__).parents[1]
FOLDERS = {"vpp_gym": PACKAGE, "agents": ROOT / "agents", "benchmarks": ROOT / "benchmarks"}
OURS = Sources(FOLDERS)


def without_type_checking(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    for node in body:
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            yield from node.orelse
        else:
            yield node


@cache
def tree_of(module: str) -> ast.Module:
    path = OURS.path(module)
    assert path is not None
    tree = ast.parse(path.read_text(encoding="utf-8"))
    tree.body = list(without_type_checking(tree.body))
    return tree


def imported(tree: ast.Module) -> Iterator[tuple[str, str | None]]:
    """As of `scanned_imports`, from the syntax tree."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, None) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (("." * node.level + (node.module or ""), name.name) for name in node.names)


def test_the_scan_finds_the_imports_of_the_syntax_tree():
    for module in OURS.modules():
        path = OURS.path(module)
        assert path is not None
        found = scanned_imports(path.read_text(encoding="utf-8"))
        assert sorted(found, key=str) == sorted(imported(tree_of(module)), key=str), module


def test_every_imported_name_has_a_home():
    """A name that a package exports must be in its stub file, or the scan would lose it."""
    for module in OURS.modules():
        for base, name in imported(tree_of(module)):
            if name is None or base.split(".")[0] not in FOLDERS:
                continue
            known = OURS.home(base, name) is not None or name in bound(base)
            assert known, f"{module} imports {base}.{name}"


@cache
def bound(module: str) -> set[str]:
    """Names that a module binds itself, at its top level."""
    names: set[str] = set()
    for statement in tree_of(module).body:
        for node in (statement, *getattr(statement, "body", [])):
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                names.add(node.name)
            elif isinstance(node, ast.Import | ast.ImportFrom):
                names |= {alias.asname or alias.name for alias in node.names}
            elif isinstance(node, ast.Assign | ast.AnnAssign):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                for target in targets:
                    names |= {one.id for one in ast.walk(target) if isinstance(one, ast.Name)}
    return names


def packages_by_attribute(tree: ast.Module) -> Iterator[str]:
    """Names reached through `import package`, which the scan cannot follow to their homes."""
    named = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                top = alias.name.split(".")[0]
                if top in FOLDERS:
                    named[alias.asname or top] = alias.name if alias.asname else top
    for node in ast.walk(tree):
        if not isinstance(node, ast.Attribute):
            continue
        first, *rest = ast.unparse(node).split(".")
        if first not in named:
            continue
        module = named[first]
        while rest and OURS.path(f"{module}.{rest[0]}") is not None:
            module = f"{module}.{rest.pop(0)}"
        path = OURS.path(module)
        if rest and path is not None and path.name == "__init__.py" and rest[0][:2] != "__":
            yield f"{module}.{rest[0]}"


def test_no_name_of_a_package_is_taken_through_a_bare_import():
    for module in OURS.modules():
        assert list(packages_by_attribute(tree_of(module))) == [], module


def test_a_name_taken_through_a_bare_import_is_noticed():
    code = "import vpp_gym\nimport vpp_gym.fleet\nvpp_gym.__version__\nvpp_gym.fleet.battery.f()\n"
    assert list(packages_by_attribute(ast.parse(code))) == []
    code += "vpp_gym.evaluate()\nvpp_gym.fleet.Battery\n"
    assert set(packages_by_attribute(ast.parse(code))) == {
        "vpp_gym.evaluate",
        "vpp_gym.fleet.Battery",
    }


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("import a.b\n", [("a.b", None)]),
        ("import a.b as c, d\n", [("a.b", None), ("d", None)]),
        ("from a import b, c as d\n", [("a", "b"), ("a", "c")]),
        ("from a import (\n    b,  # why\n    c,\n)\n", [("a", "b"), ("a", "c")]),
        ("def f():\n    from a import b\n", [("a", "b")]),
        ("if TYPE_CHECKING:\n    from a import b\n\n    import c\nimport d\n", [("d", None)]),
        ("if TYPE_CHECKING:\n    import a\nelse:\n    import b\n", [("b", None)]),
        ('"""Text.\n\nimport a\n"""\n# import b\n', []),
        ("important = 1\nfrom_a = 2\n", []),
    ],
)
def test_what_counts_as_an_import(code, found):
    assert list(scanned_imports(code)) == found


def written(folder: Path, files: Mapping[str, str]) -> Sources:
    for name, text in files.items():
        path = folder / "pkg" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return Sources({"pkg": folder / "pkg"})


@pytest.fixture
def sources(tmp_path) -> Sources:
    """a -> deep.b -> c -> a; nothing imports d but for type checkers."""
    return written(
        tmp_path,
        {
            "__init__.py": "",
            "a.py": "import numpy\nfrom pkg.deep.b import f\n",
            "deep/__init__.py": "",
            "deep/b.py": "def f():\n    from pkg import c\n",
            "c.py": "import pkg.a\nfrom typing import TYPE_CHECKING\n"
            "if TYPE_CHECKING:\n    from pkg.d import g\n",
            "d.py": "from pkg.kinds import one, other\n",
            "kinds/__init__.py": "",
            "kinds/one.py": "",
            "kinds/other.py": "",
        },
    )


def test_a_closure_has_all_imports_and_the_packages_around_them(sources):
    assert sources.closure(["pkg.a"]) == ["pkg", "pkg.a", "pkg.c", "pkg.deep", "pkg.deep.b"]
    assert sources.closure(["pkg.kinds.one"]) == ["pkg", "pkg.kinds", "pkg.kinds.one"]


def test_a_module_that_is_not_there_is_refused(sources):
    with pytest.raises(ModuleNotFoundError, match=r"pkg\.typo in pkg"):
        sources.closure(["pkg.typo"])


def test_an_exported_name_stands_for_the_module_that_defines_it(tmp_path):
    sources = written(
        tmp_path,
        {
            "__init__.py": "",
            "__init__.pyi": "from .room import (\n    Desk as Desk,\n    Lamp as Lamp,\n)\n",
            "room/__init__.py": "",
            "room/__init__.pyi": "from .lamp import Lamp as Lamp\n",
            "room/lamp.py": "",
            "sitter.py": "from pkg import Desk\n",
            "reader.py": "from pkg import (\n    Lamp,\n)\n",
        },
    )
    assert sources.closure(["pkg.sitter"]) == ["pkg", "pkg.room", "pkg.sitter"]
    assert sources.closure(["pkg.reader"]) == ["pkg", "pkg.reader", "pkg.room", "pkg.room.lamp"]
    assert sources.home("pkg", "Lamp") == "pkg.room.lamp"
    assert sources.home("pkg", "room") == "pkg.room"
    assert sources.home("pkg", "Chair") is None


def test_mentions_are_found_in_the_text_of_a_module(sources):
    assert sources.mentions("pkg.a", "numpy")
    assert not sources.mentions("pkg.c", "numpy")
    assert not sources.mentions("pkg.typo", "numpy")


def test_a_digest_tells_contents_and_their_borders_apart(tmp_path):
    one, other = tmp_path / "one", tmp_path / "other"
    one.write_bytes(b"ab")
    other.write_bytes(b"c")
    before = content_digest([one, other])
    assert before == content_digest([one, other])
    assert before != content_digest([other, one])
    one.write_bytes(b"a")
    other.write_bytes(b"bc")
    assert before != content_digest([one, other])

"""Reads the code for kernels that only kernels name: they have no wrapper for calls from Python."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kernels.programs import compiled
from tests.kernels.written import kernel_options, with_kernels
from vpp_gym.simulation.groups import share_groups
from vpp_gym.sources import PACKAGE

ROOT = Path(__file__).parents[2]
FOLDERS = (PACKAGE, *(ROOT / name for name in ("agents", "benchmarks", "docs", "tests")))


def names_outside(node: ast.AST) -> Iterator[str]:
    """Names that stand in a tree, but not in kernels nor in imports; strings that may be names."""
    for part in ast.iter_child_nodes(node):
        if isinstance(part, ast.Import | ast.ImportFrom) or kernel_options(part) is not None:
            continue
        if isinstance(part, ast.Name):
            yield part.id
        elif isinstance(part, ast.Attribute):
            yield part.attr
        elif isinstance(part, ast.Constant) and isinstance(part.value, str):
            yield part.value
        yield from names_outside(part)


def test_kernels_that_only_kernels_name_are_internal():
    outside = set()
    for path in (path for folder in FOLDERS for path in folder.rglob("*.py")):
        outside.update(names_outside(ast.parse(path.read_text(encoding="utf-8"))))
    n_kernels, lacking = 0, []
    for module, tree in with_kernels():
        for node in ast.walk(tree):
            if (options := kernel_options(node)) is None:
                continue
            n_kernels += 1
            if node.name not in outside and not {"internal", "inline"} & options.keys():
                lacking.append(f"{module}.{node.name}")
    assert n_kernels > 300
    assert not lacking, "say @njit(internal=True)"


@compiled
def test_python_that_calls_an_internal_kernel_is_told_so():
    with pytest.raises(TypeError, match=r"groups\.share_groups is called by kernels only"):
        share_groups(0, None, None, None, None)

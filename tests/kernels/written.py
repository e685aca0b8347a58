"""Kernels of the package as they are written: found in its source, not imported."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

from vpp_gym.sources import PACKAGE, Sources


def with_kernels() -> Iterator[tuple[str, ast.Module]]:
    """Name and code of every module of the package that defines kernels."""
    sources = Sources({"vpp_gym": PACKAGE})
    for name in sources.modules():
        tree = ast.parse(sources.path(name).read_text(encoding="utf-8"))
        if any(kernel_options(node) is not None for node in ast.walk(tree)):
            yield name, tree


def kernel_options(node: ast.AST) -> dict[str, Any] | None:
    """Arguments of `njit` on a function; None if it is no kernel."""
    if isinstance(node, ast.FunctionDef):
        for decorator in node.decorator_list:
            call = decorator.func if isinstance(decorator, ast.Call) else decorator
            if ast.unparse(call).split(".")[-1] == "njit":
                keywords = decorator.keywords if isinstance(decorator, ast.Call) else []
                return {word.arg: ast.literal_eval(word.value) for word in keywords}
    return None


def known_names(module: str, tree: ast.Module) -> dict[str, str]:
    """Full name of each function that a module defines or imports from the package."""
    names = {
        alias.asname or alias.name: f"{node.module}.{alias.name}"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("vpp_gym")
        for alias in node.names
    }
    own = (node.name for node in tree.body if isinstance(node, ast.FunctionDef))
    return names | {name: f"{module}.{name}" for name in own}

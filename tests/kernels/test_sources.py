"""Which files of source a compiled kernel depends on."""

from __future__ import annotations

import ast
from pathlib import Path

from tests.kernels.programs import ROOT
from tests.kernels.written import known_names, with_kernels
from vpp_gym import kernels
from vpp_gym.sources import PACKAGE, Sources


def test_every_module_with_kernels_counts_as_their_source():
    sources = Sources({"vpp_gym": PACKAGE})
    found = dict(with_kernels())
    assert len(found) > 30
    outside = set(kernels.kernel_sources("a_module_of_a_user"))
    for name, tree in found.items():
        own = set(kernels.kernel_sources(name))
        assert sources.path(name) in own <= outside
        called = {full.rpartition(".")[0] for full in known_names(name, tree).values()}
        assert {sources.path(one) for one in called & found.keys()} <= own, name


def test_an_edit_leaves_what_does_not_depend_on_it():
    battery = PACKAGE / "fleet" / "battery.py"
    assert battery in kernels.kernel_sources("vpp_gym.simulation.transition")
    assert battery not in kernels.kernel_sources("vpp_gym.fcev.fuel_cell")
    step = kernels.kernel_sources("vpp_gym.envs.shared_step")
    assert {PACKAGE / name for name in ("prefetch.py", "signals.py")} <= set(step)
    behind = {path for name, _ in with_kernels() for path in kernels.kernel_sources(name)}
    apart = {PACKAGE / folder for folder in ("cli", "training", "boards", "plots", "agents")}
    assert not [path for path in behind if apart & set(path.parents)]


def test_three_modules_know_numba():
    folders = [PACKAGE, *(ROOT / name for name in ("agents", "benchmarks", "examples"))]
    paths = [path for folder in folders for path in folder.rglob("*.py")]
    users = {path for path in paths if "numba" in imported(path)}
    assert users == {PACKAGE / name for name in ("kernels.py", "prefetch.py", "signals.py")}


def imported(path: Path) -> set[str]:
    """First names of what a file imports."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add((node.module or "").split(".")[0])
    return found

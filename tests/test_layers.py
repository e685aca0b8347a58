"""Reads the imports of every module and holds each layer to what it may import."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from importlib.metadata import requires
from importlib.util import find_spec
from pathlib import Path

import pytest

from vpp_gym.cli.checks import IMPORTED_AS

ROOT = Path(__file__).parents[1]
PACKAGE = Path(next(iter(find_spec("vpp_gym").submodule_search_locations)))

GROUND = {
    "errors",
    "arrays",
    "sources",
    "kernels",
    "parameters",
    "ledger",
    "policy",
    "files",
    "workers",
    "engines",
    "time_steps",
    "heartbeat",
}
BELOW_SIMULATION = {"params", "views", "fleet", "contracts", "markets"}
BELOW_POLICIES = BELOW_SIMULATION | {"scenarios", "solvers"}
BELOW_PLANNING = BELOW_POLICIES | {"simulation", "policies"}
BELOW_ENVS = BELOW_PLANNING | {"planning"}
ENV = {"env", "settings", "actions", "observation", "episodes", "recorder"}
"""What the environments of every world are made of."""

# layer: (layers it may import besides itself and the ground floor, packages it may import)
LAYERS: dict[str, tuple[set[str], set[str]]] = {
    "__init__": (set(), {"gymnasium"}),
    "errors": (set(), set()),
    "arrays": (set(), {"numpy"}),
    "sources": (set(), set()),
    "kernels": (set(), {"numpy", "numba", "platformdirs"}),
    "signals": (set(), {"llvmlite", "numba"}),
    "prefetch": (set(), {"llvmlite", "numba"}),
    "parameters": (set(), {"pydantic"}),
    "ledger": (set(), set()),
    "policy": (set(), set()),
    "files": (set(), {"numpy", "filelock", "yaml"}),
    "workers": (set(), set()),
    "engines": (set(), set()),
    "time_steps": (set(), set()),
    "heartbeat": (set(), set()),
    "settings": (set(), {"pydantic"}),
    "actions": (set(), {"numpy"}),
    "observation": (set(), {"numpy", "gymnasium"}),
    "episodes": ({"scenarios"}, {"numpy"}),
    "recorder": ({"plots"}, {"numpy"}),
    "env": (ENV | {"scenarios"}, {"numpy", "gymnasium"}),
    "params": ({"contracts"}, {"pydantic"}),
    "views": ({"params"}, {"numpy", "gymnasium"}),
    "fleet": (set(), {"numpy"}),
    "contracts": (set(), {"numpy", "pydantic"}),
    "markets": (set(), {"numpy"}),
    "scenarios": (
        {"params", "fleet"},
        {"numpy", "pandas", "scipy", "pandera", "pyarrow", "pydantic", "openpyxl", "yaml"},
    ),
    "solvers": (
        BELOW_SIMULATION - {"views"} | {"scenarios"},
        {"numpy", "scipy", "cvxpy", "highspy", "osqp", "clarabel"},
    ),
    "simulation": (BELOW_SIMULATION | {"scenarios", "prefetch"}, {"numpy"}),
    "policies": (BELOW_POLICIES, {"numpy", "pandas", "scipy"}),
    "planning": (BELOW_PLANNING, {"numpy"}),
    "plots": ({"params", "views", "markets"}, {"numpy", "pandas", "matplotlib", "PIL"}),
    "envs": (BELOW_ENVS | ENV | {"plots", "signals"}, {"numpy", "gymnasium", "pydantic"}),
    "evaluation": (
        BELOW_ENVS | ENV | {"envs"},
        {"numpy", "pandas", "scipy", "gymnasium", "lazy_loader", "pyarrow"},
    ),
    "fcev": (
        BELOW_SIMULATION | ENV | {"scenarios", "solvers", "plots", "evaluation"},
        {"numpy", "pandas", "scipy", "gymnasium", "pydantic"},
    ),
    "reproduction": (
        BELOW_ENVS | {"evaluation", "plots", "fcev"},
        {"numpy", "pandas", "matplotlib"},
    ),
    "agents": (
        BELOW_ENVS | ENV | {"", "__version__", "envs", "evaluation", "fcev"},
        {"numpy", "gymnasium", "pydantic", "stable_baselines3", "torch"},
    ),
    "wrappers": (ENV | {"envs", "markets"}, {"numpy", "gymnasium", "lazy_loader"}),
    "bridges": (
        BELOW_ENVS | ENV | {"", "__version__", "envs", "evaluation", "fcev", "agents", "wrappers"},
        {"numpy", "gymnasium", "lazy_loader", "minari", "pettingzoo", "ray"},
    ),
    "training": (
        BELOW_ENVS | ENV | {"", "envs", "evaluation", "fcev", "agents"},
        {"numpy", "gymnasium", "pydantic", "typer", "rich", "stable_baselines3", "torch"},
    ),
    "boards": (
        BELOW_ENVS | ENV | {"evaluation", "fcev", "agents"},
        {"numpy", "pandas", "pydantic"},
    ),
    "cli": (
        BELOW_ENVS
        | {"", "__version__", "envs", "env", "evaluation", "plots", "reproduction", "fcev"}
        | {"agents", "training", "boards"},
        {"typer", "rich", "numpy", "pandas", "gymnasium"},
    ),
}
# module: the same, beyond what its layer may
EXCEPTIONS: dict[str, tuple[set[str], set[str]]] = {
    # The privileged optimum rehearses the whole run to learn which contracts are signed.
    "vpp_gym.policies.hindsight": ({"simulation"}, set()),
    # It plans each stay on arrival in compiled code, straight from the simulator's arrays.
    "vpp_gym.policies.planned_stays": ({"simulation", "planning"}, set()),
    # So does that of a site, to learn which cars find a charger.
    "vpp_gym.policies.site_hindsight": ({"simulation"}, set()),
    "vpp_gym.policies.site_stays": ({"simulation"}, set()),
}

NETWORK = {"socket", "ssl", "http", "ftplib", "smtplib", "xmlrpc", "asyncio", "urllib.request"}
UNSAFE_MODULES = {"pickle", "marshal", "shelve", "random"}
UNSAFE_CALLS = {"eval", "exec"}
GENERATOR_API = {"default_rng", "Generator", "BitGenerator", "SeedSequence", "PCG64", "Philox"}
VAGUE_NAMES = {"util", "utils", "helper", "helpers", "manager", "misc", "common", "data2"}


def sources(*folders: Path) -> list[Path]:
    found = [path for folder in folders for path in folder.rglob("*.py")]
    return sorted(path for path in found if "__pycache__" not in path.parts)


def module_name(path: Path) -> str:
    parts = ("vpp_gym", *path.relative_to(PACKAGE).with_suffix("").parts)
    return ".".join(parts)


def imported(tree: ast.Module) -> Iterator[str]:
    """Dotted names of all imports, in functions too; not those for type checkers only."""
    for node in ast.walk(without_type_checking(tree)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def without_type_checking(tree: ast.Module) -> ast.Module:
    def is_guard(node: ast.stmt) -> bool:
        return isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")

    body = [node for node in tree.body if not is_guard(node)]
    return ast.Module(body=body, type_ignores=[])


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def offences(path: Path) -> Iterator[str]:
    """What this module of vpp_gym imports and may not."""
    name = module_name(path)
    layer = name.split(".")[1]
    if layer not in LAYERS:
        yield f"the layer {layer} is not in LAYERS: say there what it may import"
        return
    own, more = LAYERS[layer], EXCEPTIONS.get(name, (set(), set()))
    ground = GROUND if layer not in GROUND else GROUND - {layer}
    layers, packages = own[0] | more[0] | {layer} | ground, own[1] | more[1]
    if path.stem == "__init__":
        packages = packages | {"lazy_loader"}
    for target in imported(parsed(path)):
        top, _, rest = target.partition(".")
        if top == "vpp_gym":
            if rest.split(".")[0] not in layers:
                yield f"{layer} may not import {target}"
        elif top not in sys.stdlib_module_names and top not in packages:
            yield f"{layer} may not import {top}"


@pytest.mark.parametrize("path", sources(PACKAGE), ids=module_name)
def test_module_imports_only_what_its_layer_may(path: Path):
    assert list(offences(path)) == []


def test_every_imported_package_is_declared():
    names = (re.split(r"[^\w-]", line)[0] for line in requires("vpp_gym"))
    declared = {IMPORTED_AS.get(name, name.replace("-", "_")) for name in names}
    for _, packages in (*LAYERS.values(), *EXCEPTIONS.values()):
        assert packages <= declared


def all_sources() -> list[Path]:
    return sources(PACKAGE, *(ROOT / name for name in ("agents", "benchmarks", "examples")))


def test_nothing_reaches_for_the_network():
    for path in all_sources():
        for name in imported(parsed(path)):
            parts = name.split(".")
            assert not {parts[0], ".".join(parts[:2])} & NETWORK, f"{path.name} imports {name}"


def test_no_module_hides_damage_or_runs_strings():
    for path in all_sources():
        assert list(hazards(parsed(path))) == [], path


def hazards(tree: ast.Module) -> Iterator[str]:
    """nan_to_num, the global random state, pickles, and strings run as code."""
    yield from (name for name in imported(tree) if name.split(".")[0] in UNSAFE_MODULES)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            if node.func.id in UNSAFE_CALLS:
                yield f"line {node.lineno}: {node.func.id}()"
        elif isinstance(node, ast.Attribute):
            dotted = ast.unparse(node)
            if node.attr == "nan_to_num":
                yield f"line {node.lineno}: {dotted}"
            if re.fullmatch(r"(np|numpy)\.random\.\w+", dotted) and node.attr not in GENERATOR_API:
                yield f"line {node.lineno}: {dotted}"


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("import numpy as np\nnp.random.seed(0)", 1),
        ("import numpy as np\nnp.random.default_rng(0)", 0),
        ("import numpy as np\nx = np.nan_to_num(y)", 1),
        ("import pickle", 1),
        ("from random import choice", 1),
        ("eval('1')", 1),
        ("model.eval()", 0),
    ],
)
def test_hazards_are_recognised(code: str, found: int):
    assert len(list(hazards(ast.parse(code)))) == found


def test_modules_are_named_for_what_they_own():
    for path in all_sources():
        assert path.stem not in VAGUE_NAMES, path

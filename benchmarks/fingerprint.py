"""Which code made a result: a digest that comments and formatting do not change."""

from __future__ import annotations

import ast
import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np

import vpp_gym
from vpp_gym.scenarios.scenario import Scenario

ROOT = Path(__file__).resolve().parents[1]
LIBRARY_ROOT = Path(vpp_gym.__file__).resolve().parents[1]
NO_AGENTS = "none"
SUFFIXES = {".py", ".json", ".csv", ".npz", ".zip"}

BASELINE_SOURCES = (
    "vpp_gym/errors.py",
    "vpp_gym/params",
    "vpp_gym/views.py",
    "vpp_gym/fleet",
    "vpp_gym/contracts",
    "vpp_gym/markets",
    "vpp_gym/simulation",
    "vpp_gym/scenarios",
    "vpp_gym/policies",
    "vpp_gym/solvers",
    "vpp_gym/evaluation/rollout.py",
    "vpp_gym/evaluation/ev.py",
    "vpp_gym/evaluation/worlds.py",
    "vpp_gym/evaluation/metrics.py",
    "vpp_gym/evaluation/statistics.py",
    "vpp_gym/evaluation/leaderboard.py",
    "vpp_gym/evaluation/comparison.py",
    "benchmarks/suites.py",
    "benchmarks/tasks.py",
    "benchmarks/results.py",
)
AGENT_SOURCES = (
    "vpp_gym/envs",
    "vpp_gym/evaluation/agent.py",
    "agents/policy.py",
    "agents/trained",
)
HYDROGEN_SOURCES = (
    "vpp_gym/errors.py",
    "vpp_gym/hydrogen",
    "vpp_gym/scenarios",
    "vpp_gym/policies",
    "vpp_gym/solvers",
    "vpp_gym/fcev",
    "vpp_gym/evaluation/metrics.py",
    "vpp_gym/evaluation/statistics.py",
    "vpp_gym/evaluation/leaderboard.py",
    "benchmarks/hydrogen_suites.py",
    "benchmarks/car_park_suite.py",
    "benchmarks/microgrid_suite.py",
    "benchmarks/tasks.py",
    "benchmarks/results.py",
)
"""Of these folders what `is_of_hydrogen`; the base year's prices are in the worlds' digest."""

USED_BY_BOTH = ("/shell.py", "/fields.py", "/linear_program.py")
HYDROGEN_WORDS = (
    *("hydrogen", "car_park", "carpark", "microgrid", "fcev", "layout"),
    *("car_stays", "car_dispatch", "car_offers", "store_plan"),
)


def is_of_hydrogen(path: str) -> bool:
    """Whether a source file is about fuel-cell cars alone.

    >>> is_of_hydrogen("vpp_gym/fcev/car_park/policies.py"), is_of_hydrogen("vpp_gym/fleet/lot.py")
    (True, False)
    """
    return any(word in path for word in HYDROGEN_WORDS)


def _is_behind(family: str, path: str) -> bool:
    """Whether results of a family depend on one of the files in its source folders."""
    if path.startswith("agents/trained/"):
        return True
    mixed = ("vpp_gym/scenarios/", "vpp_gym/policies/", "vpp_gym/solvers/", "vpp_gym/envs/")
    if not path.startswith(mixed):
        return True
    if family == "plant":
        return not is_of_hydrogen(path)
    return is_of_hydrogen(path) or path.endswith(USED_BY_BOTH)


def source_fingerprint(
    family: str = "plant", root: Path = ROOT, library_root: Path = LIBRARY_ROOT
) -> dict[str, str]:
    """Digests of the code behind the baselines, and of what trained agents add to it.

    Without trained agents the latter is "none".

    Args:
        family: "plant", the virtual power plant, or "hydrogen", fuel-cell cars: neither
            depends on what only the other needs.
        root: folder that holds benchmarks and agents.
        library_root: folder that holds vpp_gym, which may be installed elsewhere.
    """
    sources = {"plant": BASELINE_SOURCES, "hydrogen": HYDROGEN_SOURCES}[family]
    agents = _agent_folders(root, family)
    return {
        "baselines": _digest(root, library_root, sources, family),
        "agents": _digest(root, library_root, (*AGENT_SOURCES[:-1], *agents), family)
        if agents
        else NO_AGENTS,
    }


def _agent_folders(root: Path, family: str) -> tuple[str, ...]:
    """Folders of the trained agents that play the worlds of a family."""
    folders = []
    for card in sorted((root / "agents" / "trained").rglob("card.json")):
        env_id = json.loads(card.read_text(encoding="utf-8")).get("env_id", "VPPDayAhead-v0")
        if env_id.startswith("FCEV") == (family == "hydrogen"):
            folders.append(card.parent.relative_to(root).as_posix())
    return tuple(folders)


def scenario_digest(scenario: Scenario) -> str:
    """Digest of prices, sessions and clock."""
    digest = hashlib.sha256(
        f"{scenario.start} {scenario.dt_h} {scenario.timezone} {scenario.n_steps}".encode()
    )
    prices = scenario.da_eur_per_kwh, scenario.im_short_eur_per_kwh, scenario.im_long_eur_per_kwh
    for array in (*prices, *vars(scenario.sessions).values()):
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()[:16]


def worlds_digest(*parts: Any) -> str:
    """Digest of the rules and scenarios of fuel-cell cars: arrays, and whatever holds them."""
    digest = hashlib.sha256()
    for part in parts:
        _add(digest, part)
    return digest.hexdigest()[:16]


def _add(digest: Any, value: Any) -> None:
    if isinstance(value, np.ndarray):
        digest.update(np.ascontiguousarray(value).tobytes())
    elif hasattr(value, "__dataclass_fields__"):
        for name in value.__dataclass_fields__:
            _add(digest, getattr(value, name))
    else:
        digest.update(repr(value).encode())


def _digest(root: Path, library_root: Path, sources: tuple[str, ...], family: str) -> str:
    digest = hashlib.sha256()
    for source in sources:
        base = library_root if source.startswith("vpp_gym") else root
        if not (base / source).exists():
            raise FileNotFoundError(f"the fingerprint names {source}, which is not there")
        for path in sorted(_files(base / source)):
            name = path.relative_to(base).as_posix()
            if not _is_behind(family, name):
                continue
            digest.update(name.encode() + b"\0")
            digest.update(_content(path) + b"\0")
    return digest.hexdigest()[:16]


def _files(source: Path) -> list[Path]:
    if source.is_file():
        return [source]
    inner = (path for path in source.rglob("*") if "__pycache__" not in path.parts)
    return [path for path in inner if path.suffix in SUFFIXES]


def _content(path: Path) -> bytes:
    if path.suffix == ".py":
        return repr(_shape(ast.parse(path.read_text(encoding="utf-8")))).encode()
    return path.read_bytes()


def _shape(node: Any) -> Any:
    """A syntax tree without positions, docstrings and empty fields.

    Unlike `ast.dump` it is the same under every Python version that parses
    the code to the same tree.
    """
    if isinstance(node, list):
        return [_shape(item) for item in node if not _is_text(item)]
    if not isinstance(node, ast.AST):
        return node
    fields = [(name, value) for name, value in ast.iter_fields(node) if value not in (None, [])]
    return type(node).__name__, [(name, _shape(value)) for name, value in fields]


def _is_text(node: Any) -> bool:
    """Whether a statement is a bare string: a docstring."""
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )

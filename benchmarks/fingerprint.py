"""Which code a result rests on: what its modules import, as a digest.

Docstrings, comments and formatting do not change a digest, nor does code that is not imported.
"""

from __future__ import annotations

import ast
import hashlib
import inspect
import re
import textwrap
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from vpp_gym.evaluation.compiled import stand_ins
from vpp_gym.evaluation.rollout import modules_behind
from vpp_gym.evaluation.values import modules_of, value_digest
from vpp_gym.evaluation.worlds import WORLDS
from vpp_gym.sources import PACKAGE, Sources

ROOT = Path(__file__).resolve().parents[1]
SOURCES = Sources(
    {"vpp_gym": PACKAGE, "agents": ROOT / "agents", "benchmarks": ROOT / "benchmarks"}
)
MAKES_NO_NUMBER = {
    *(__name__, "vpp_gym.evaluation.values", "vpp_gym.evaluation.provenance"),
    *("vpp_gym", "vpp_gym.errors"),
}
"""Modules that digests leave out: they say what made a result, what there is by name, or in words
what is refused."""


@dataclass(frozen=True)
class Roots:
    """Modules from which the code behind the results of a suite is found.

    Evaluation imports worlds, environments and scales by their names, so that a run depends on
    its own only; they stand here for that reason.

    Attributes:
        world: whose policies the suite runs.
        bound: they compute a bound on the profit of all policies, where there is one.
        ranking: they rank the finished runs.
        scenarios: they make the scenarios.
    """

    world: str
    bound: tuple[str, ...]
    ranking: tuple[str, ...]
    scenarios: tuple[str, ...]

    def of(self, policy: Any) -> list[str]:
        """Modules from which the code behind the runs of a policy is found.

        Args:
            policy: as it is before a run; None for the bound.
        """
        if policy is None:
            return list(self.bound)
        own = {name for name in modules_of(policy) if SOURCES.path(name) is not None}
        behind = modules_behind(self.world, getattr(policy, "env_id", None))
        return sorted({*behind, *own, *stand_ins(own)})


def _roots(
    world: str, *scenarios: str, bound: Iterable[str] = (), ranking: Iterable[str] = ()
) -> Roots:
    scale, _, _ = WORLDS[world].scale.partition(":")
    return Roots(
        world=world,
        bound=tuple(bound),
        ranking=("vpp_gym.evaluation.leaderboard", scale, *ranking),
        scenarios=scenarios,
    )


_SYNTHETIC, _REAL = "vpp_gym.scenarios.synthetic", "vpp_gym.scenarios.real"
_EV = {
    "bound": ["vpp_gym.evaluation.bounds"],
    "ranking": ["vpp_gym.evaluation.comparison", "benchmarks.boards", "benchmarks.weeks"],
}
_SITE = {"ranking": ["vpp_gym.evaluation.comparison", "benchmarks.boards", "benchmarks.site_weeks"]}
_CAR_PARK, _MICROGRID = "vpp_gym.fcev.car_park", "vpp_gym.fcev.microgrid"
ROOTS = {
    **{name: _roots("ev", _SYNTHETIC, **_EV) for name in ("embedded", "hourly")},
    "shifting": _roots("ev", _SYNTHETIC, "vpp_gym.scenarios.shifting", **_EV),
    **{name: _roots("ev", _REAL, **_EV) for name in ("real", "hourly_real")},
    **{name: _roots("ev", "vpp_gym.boards.sites", **_SITE) for name in ("site", "site_busy")},
    "site_real": _roots("ev", "vpp_gym.boards.sites", _REAL, **_SITE),
    "car_park": _roots(
        "car_park", _SYNTHETIC, f"{_CAR_PARK}.scenario", bound=[f"{_CAR_PARK}.bound"]
    ),
    "microgrid": _roots(
        "microgrid", _SYNTHETIC, f"{_MICROGRID}.scenario", bound=[f"{_MICROGRID}.hindsight"]
    ),
}
"""By suite."""


@dataclass(frozen=True)
class PolicyDigest:
    """What the runs of a policy rest on, beside the world.

    Attributes:
        code: of the evaluation, of the classes of the policy and of the environment that it
            plays, and of all that they import.
        values: the settings of the policy; of a trained agent its weights and its card.
    """

    code: str
    values: str


def policy_digest(
    policy: Any, roots: Roots, functions: Iterable[Callable[..., Any]] = ()
) -> PolicyDigest:
    """What the runs of a policy rest on.

    Args:
        policy: as it is before a run; None for a bound that is no policy.
        roots: of the suite that it is run in.
        functions: of the benchmark that make the run.
    """
    return PolicyDigest(code_digest(roots.of(policy), functions), value_digest(policy))


def code_digest(modules: Iterable[str], functions: Iterable[Callable[..., Any]] = ()) -> str:
    """Digest of modules and all that they import, and of some single functions.

    Args:
        modules: names to start from.
        functions: that count beside them, but not for what their modules import.
    """
    digest = hashlib.sha256()
    for name, content in (*_contents(modules), *_shapes(functions)):
        for token in (name.encode(), content):
            digest.update(len(token).to_bytes(8, "big") + token)
    return digest.hexdigest()[:16]


def _contents(modules: Iterable[str]) -> Iterator[tuple[str, bytes]]:
    for module in SOURCES.closure(modules):
        path = SOURCES.path(module)
        if path is None or module in MAKES_NO_NUMBER:
            continue
        yield module, _content(path)
        yield from ((data.name, _content(data)) for data in data_files(path))


@cache  # hundreds of policies rest on the same modules
def data_files(path: Path) -> tuple[Path, ...]:
    """Files beside a module that it names, such as a calibration; stubs of names are none."""
    text = path.read_text(encoding="utf-8")
    files = (one for one in path.parent.iterdir() if one.is_file())
    beside = (one for one in files if one.suffix not in (".py", ".pyi"))
    found = (one for one in beside if re.search(rf"(?<![\w.]){re.escape(one.name)}\b", text))
    return tuple(sorted(found))


@cache
def _content(path: Path) -> bytes:
    """Digest of what a file does, if it is code, or of what it holds."""
    is_code = path.suffix == ".py"
    content = _shape_of(path.read_text(encoding="utf-8")) if is_code else path.read_bytes()
    return hashlib.sha256(content).digest()


def _shapes(functions: Iterable[Callable[..., Any]]) -> Iterator[tuple[str, bytes]]:
    yield from ((function.__qualname__, _shape_of_function(function)) for function in functions)


@cache
def _shape_of_function(function: Callable[..., Any]) -> bytes:
    return _shape_of(textwrap.dedent(inspect.getsource(function)))


def _shape_of(source: str) -> bytes:
    return repr(_shape(ast.parse(source))).encode()


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


def study_digest(command: str) -> str:
    """Digest of the code of a study, from the command that runs it: `python -m module ...`."""
    return code_digest([command.split()[2]])

"""Which code a result rests on: what its modules import, as a digest.

Docstrings, comments and formatting do not change a digest, nor does code that is not imported.
"""

from __future__ import annotations

import ast
import hashlib
import inspect
import re
import textwrap
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import gymnasium

from benchmarks.values import modules_of, value_digest
from vpp_gym.sources import PACKAGE, Sources

ROOT = Path(__file__).resolve().parents[1]
SOURCES = Sources(
    {"vpp_gym": PACKAGE, "agents": ROOT / "agents", "benchmarks": ROOT / "benchmarks"}
)
MAKES_NO_NUMBER = {__name__, "benchmarks.values"}
"""Modules that digests leave out: they only compute digests."""


@dataclass(frozen=True)
class Roots:
    """Modules from which the code behind the results of a world is found.

    Attributes:
        evaluation: they run a policy.
        ranking: they rank the finished runs.
        scenarios: they make the scenarios.
        leaves: imported by these, but themselves importing several kinds of something of which
            a run uses one. What is used is found from the policy.
    """

    evaluation: tuple[str, ...]
    ranking: tuple[str, ...]
    scenarios: tuple[str, ...]
    leaves: tuple[str, ...] = ()


# `leaves` holds what imports every environment: an agent's own is added for its runs.
_EV = Roots(
    evaluation=("vpp_gym.evaluation.rollout", "vpp_gym.simulation.simulation"),
    ranking=("vpp_gym.evaluation.leaderboard", "vpp_gym.evaluation.comparison"),
    scenarios=("vpp_gym.scenarios.synthetic",),
    leaves=("vpp_gym.evaluation", "vpp_gym.evaluation.agent", "vpp_gym.evaluation.runner"),
)
_FCEV = Roots(
    evaluation=("vpp_gym.fcev.evaluation",),
    ranking=("vpp_gym.evaluation.leaderboard", "vpp_gym.fcev.evaluation"),
    scenarios=("vpp_gym.scenarios.synthetic",),
    leaves=("vpp_gym.evaluation", "vpp_gym.evaluation.agent", "vpp_gym.fcev.runner"),
)
ROOTS = {
    "embedded": _EV,
    "real": replace(_EV, scenarios=("vpp_gym.scenarios.real",)),
    "car_park": replace(
        _FCEV, scenarios=("vpp_gym.fcev.car_park.scenario", "vpp_gym.scenarios.synthetic")
    ),
    "microgrid": replace(
        _FCEV, scenarios=("vpp_gym.fcev.microgrid.scenario", "vpp_gym.scenarios.synthetic")
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
        roots: of the world that it is run in.
        functions: of the benchmark that make the run.
    """
    modules = policy_modules(policy, roots)
    return PolicyDigest(code_digest(modules, roots.leaves, functions), value_digest(policy))


def policy_modules(policy: Any, roots: Roots) -> list[str]:
    """Modules from which the code behind the runs of a policy is found, see `policy_digest`."""
    own = {name for name in modules_of(policy) if SOURCES.path(name) is not None}
    env_id = getattr(policy, "env_id", None)
    environment = [_environment_module(env_id)] if env_id else []
    return sorted({*roots.evaluation, *own, *environment})


def _environment_module(env_id: str) -> str:
    """Module of an environment, as it is registered."""
    return str(gymnasium.spec(env_id).entry_point).partition(":")[0]


def code_digest(
    modules: Iterable[str],
    leaves: Collection[str] = (),
    functions: Iterable[Callable[..., Any]] = (),
) -> str:
    """Digest of modules and all that they import, and of some single functions.

    Args:
        modules: names to start from.
        leaves: modules that count, but not for what they import.
        functions: that count beside them, but not for what their modules import.
    """
    digest = hashlib.sha256()
    for name, content in (*_contents(modules, leaves), *_shapes(functions)):
        for token in (name.encode(), content):
            digest.update(len(token).to_bytes(8, "big") + token)
    return digest.hexdigest()[:16]


def _contents(modules: Iterable[str], leaves: Collection[str]) -> Iterator[tuple[str, bytes]]:
    for module in SOURCES.closure(modules, leaves):
        path = SOURCES.path(module)
        if path is None or module in MAKES_NO_NUMBER:
            continue
        yield module, _content(path)
        yield from ((data.name, _content(data)) for data in data_files(path))


def data_files(path: Path) -> list[Path]:
    """Files beside a module that it names, such as a calibration."""
    text = path.read_text(encoding="utf-8")
    beside = (one for one in path.parent.iterdir() if one.is_file() and one.suffix != ".py")
    return sorted(one for one in beside if re.search(rf"(?<![\w.]){re.escape(one.name)}\b", text))


@cache
def _content(path: Path) -> bytes:
    """Digest of what a file does, if it is code, or of what it holds."""
    is_code = path.suffix == ".py"
    content = _shape_of(path.read_text(encoding="utf-8")) if is_code else path.read_bytes()
    return hashlib.sha256(content).digest()


def _shapes(functions: Iterable[Callable[..., Any]]) -> Iterator[tuple[str, bytes]]:
    for function in functions:
        source = textwrap.dedent(inspect.getsource(function))
        yield function.__qualname__, _shape_of(source)


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

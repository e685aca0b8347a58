"""The public surface as text: every exported name with its signature, and every environment.

python tests/surface.py    # writes tests/surface.txt anew
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import gymnasium as gym

import vpp_gym

FILE = Path(__file__).with_suffix(".txt")
MORE = (
    "fleet",
    "markets",
    "boards",
    "plots",
    "simulation",
    "solvers",
    "fcev.car_park",
    "fcev.microgrid",
    "wrappers",
)
"""Packages that export names and are not themselves exported by `vpp_gym`."""


def surface() -> str:
    """One line for every public name, in alphabetical order within each package."""
    exported = [name for name in dir(vpp_gym) if isinstance(getattr(vpp_gym, name), ModuleType)]
    packages = [vpp_gym, *(import_module(f"vpp_gym.{name}") for name in sorted([*exported, *MORE]))]
    lines = [line for package in packages for line in described(package)]
    return "\n".join([*lines, *environments()]) + "\n"


def described(package: ModuleType) -> Iterator[str]:
    """The names that a package exports."""
    for name in sorted(dir(package)):
        value = getattr(package, name)
        yield f"{package.__name__}.{name}{'' if isinstance(value, ModuleType) else shown(value)}"


def shown(value: Any) -> str:
    """Parameters of what can be called; the type of everything else."""
    if isinstance(value, type) and issubclass(value, Exception):
        return ": exception"
    if not callable(value) or type(value).__module__ == "typing":
        return f": {type(value).__name__}"
    return f"({', '.join(map(argument, inspect.signature(value).parameters.values()))})"


def argument(parameter: inspect.Parameter) -> str:
    """A parameter without its type; of a default only that there is one."""
    stars = {inspect.Parameter.VAR_POSITIONAL: "*", inspect.Parameter.VAR_KEYWORD: "**"}
    mark = "=" if parameter.default is not inspect.Parameter.empty else ""
    return f"{stars.get(parameter.kind, '')}{parameter.name}{mark}"


def environments() -> Iterator[str]:
    """Every id with the keywords of its environment."""
    for env_id, spec in sorted(gym.registry.items()):
        if str(spec.entry_point).startswith("vpp_gym."):
            module, _, name = str(spec.entry_point).partition(":")
            yield f"{env_id}{shown(getattr(import_module(module), name))}"


if __name__ == "__main__":
    FILE.write_text(surface(), encoding="utf-8")

"""The checks of `vpp-gym doctor`: each examines one part and knows the remedy."""

from __future__ import annotations

import os
import platform
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

State = Literal["ok", "broken", "absent"]

IMPORTED_AS = {
    "pytest-xdist": "xdist",
    "PyYAML": "yaml",
    "pillow": "PIL",
    "mkdocs-material": "material",
}
"""Packages whose module has another name."""


@dataclass(frozen=True)
class Check:
    """The result of one check.

    Attributes:
        name: what was checked.
        state: "ok"; "broken" if a required part is missing or fails; "absent" if an
            optional part is missing.
        found: version, time or error.
        remedy: what to do about it; empty if nothing is wrong.
    """

    name: str
    state: State
    found: str
    remedy: str = ""


def all_checks(data: Path | None = None) -> Iterator[Check]:
    """Every check, one after the other.

    Args:
        data: folder of real data, instead of the one that VPP_GYM_DATA names.
    """
    yield Check("Python", "ok", platform.python_version())
    yield Check("vpp_gym", "ok", f"{version('vpp_gym')} in {Path(__file__).parents[1]}")
    packages = requires("vpp_gym") or []
    yield from needed_packages(packages)
    yield from extras(packages)
    yield tried("kernels", kernels, "pip install --force-reinstall numba")
    yield kernel_folder()
    yield from (solver(name) for name in ("HIGHS", "OSQP", "CLARABEL"))
    yield data_files(data)


def needed_packages(packages: list[str]) -> Iterator[Check]:
    """One check for each package that vpp_gym requires.

    Args:
        packages: requirements as in the metadata of the distribution.
    """
    for name in (_name(line) for line in packages if "extra ==" not in line):
        found = _installed(name)
        if found is None:
            yield Check(name, "broken", "not installed", f"pip install {name}")
        else:
            yield Check(name, "ok", found)


def extras(packages: list[str]) -> Iterator[Check]:
    """One check for each optional group of packages."""
    groups: dict[str, list[str]] = {}
    for line in packages:
        if extra := re.search(r"extra == [\"'](\w+)[\"']", line):
            groups.setdefault(extra[1], []).append(_name(line))
    for extra_name, names in groups.items():
        there = {name: _installed(name) for name in names}
        missing = [name for name, found in there.items() if found is None]
        if missing:
            remedy = f'pip install "vpp_gym[{extra_name}]"'
            yield Check(f"[{extra_name}]", "absent", f"{', '.join(missing)} not installed", remedy)
        else:
            found = ", ".join(f"{name} {there[name]}" for name in names)
            yield Check(f"[{extra_name}]", "ok", found)


def tried(name: str, check: Callable[[], str], remedy: str) -> Check:
    """A check that is broken if it raises any error."""
    try:
        return Check(name, "ok", check())
    except Exception as error:  # noqa: BLE001  (the report shows whatever it is)
        lines = str(error).strip().splitlines() or [""]
        return Check(name, "broken", f"{type(error).__name__}: {lines[0]}", remedy)


def kernels() -> str:
    """Simulates one car in an environment; returns the times if the energy is right."""
    import gymnasium as gym

    from vpp_gym.scenarios.scenario import Scenario

    one_car = {"arrival_step": [13], "departure_step": [20], "arrival_soc": [0.5]}
    scenario = Scenario.from_arrays(
        da_eur_per_kwh=[0.05] * 48, im_eur_per_kwh=[0.1] * 48, sessions=one_car
    )
    begun = time.perf_counter()
    env: Any = gym.make(
        "VPPDayAhead-v0", scenario=scenario, episode_days=None, bids="expected_load"
    )
    env.reset(seed=0)
    env.step([1.0])
    ready_s = time.perf_counter() - begun
    charged_kwh, over, steps = 0.0, False, 0
    begun = time.perf_counter()
    while not over:
        _, _, _, over, terms = env.step([1.0])
        charged_kwh += terms["charge_kwh"]
        steps += 1
    step_us = 1e6 * (time.perf_counter() - begun) / steps
    right_kwh = (0.97 - 0.5) * 80 / 0.98
    if abs(charged_kwh - right_kwh) > 1e-6:
        raise ArithmeticError(f"charged {charged_kwh} kWh instead of {right_kwh}")
    return f"ready in {ready_s:.1f} s, then {step_us:.0f} us a step"


def kernel_folder() -> Check:
    """Where compiled kernels are kept, so that the next program need not compile them."""
    from vpp_gym import kernels as compiled  # whose name in full would make this a source of them

    name = "kernel folder"
    if not compiled.COMPILED:
        found = "kernels run as plain Python, slowly"
        return Check(name, "absent", found, "unset NUMBA_DISABLE_JIT to compile them")
    if compiled.FOLDER is None:
        found = "none can be written: every program compiles its own kernels"
        return Check(name, "absent", found, "set NUMBA_CACHE_DIR to a folder you may write")
    return Check(name, "ok", str(compiled.FOLDER))


def solver(name: str) -> Check:
    """Solves a program with a known answer by one solver."""

    def solve() -> str:
        from vpp_gym.solvers.trial import COST_EUR, trial_cost_eur

        begun = time.perf_counter()
        if abs(trial_cost_eur(name) - COST_EUR) > 0.01:
            raise ArithmeticError("wrong answer to a known problem")
        return f"solves, {1e3 * (time.perf_counter() - begun):.0f} ms through cvxpy"

    package = {"HIGHS": "highspy"}.get(name, name.lower())
    return tried(f"solver {name}", solve, f"pip install --force-reinstall cvxpy {package}")


def data_files(data: Path | None) -> Check:
    """The folder of real data, read completely if one is given."""
    from vpp_gym.errors import InvalidInputError
    from vpp_gym.scenarios.real import FOLDER_VARIABLE, real_source

    if data is None and not os.environ.get(FOLDER_VARIABLE):
        remedy = f"set {FOLDER_VARIABLE} or give --data to use the scenarios real:train, real:test"
        return Check("real data", "absent", f"{FOLDER_VARIABLE} is not set", remedy)
    try:
        year = real_source(data, "test").scenario(0)
        prices_2018 = real_source(data, "train")
    except InvalidInputError as error:
        return Check("real data", "broken", f"{error.field}: got {error.value!r}", error.remedy)
    found = f"{len(year.sessions):,} sessions and {year.n_steps:,} hours of prices of 2019"
    return Check("real data", "ok", f"{found}; {prices_2018.name} too")


def _name(requirement: str) -> str:
    """Name of the package in a line such as "numpy<3,>=2.1"."""
    return re.split(r"[^\w.-]", requirement, maxsplit=1)[0]


def _installed(package: str) -> str | None:
    """Version of a package that is installed and can be imported."""
    try:
        found = version(package)
    except PackageNotFoundError:
        return None
    return found if find_spec(IMPORTED_AS.get(package, package.replace("-", "_"))) else None

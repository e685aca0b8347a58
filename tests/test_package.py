"""The installed package: version, names, registration, and what importing it costs."""

from __future__ import annotations

import doctest
import json
import pkgutil
import runpy
import subprocess
import sys
import sysconfig
import tomllib
from importlib import import_module
from importlib.metadata import files, version
from pathlib import Path

import gymnasium as gym
import pytest

import vpp_gym

ROOT = Path(__file__).parents[1]
HEAVY = {"cvxpy", "torch", "stable_baselines3", "pandas", "numba", "scipy", "matplotlib", "typer"}
NETWORK = {"ssl", "http.client", "urllib.request", "requests", "asyncio"}
IDS = (
    "VPPDayAhead-v0",
    "VPPBidding-v0",
    "VPPDispatch-v0",
    "VPPContracts-v0",
    "VPPStay-v0",
    "FCEVCarPark-v0",
    "FCEVMicrogrid-v0",
)


def in_new_process(code: str) -> dict:
    """The JSON that a fresh interpreter prints when it runs the code."""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True
    )
    return json.loads(done.stdout)


def test_the_installed_package_is_the_one_tested():
    beside = ROOT / "vpp_gym"
    expected = beside if beside.is_dir() else Path(sysconfig.get_path("purelib"), "vpp_gym")
    assert Path(vpp_gym.__file__).parent.resolve() == expected.resolve()


def test_wheel_installs_vpp_gym_only():
    if (ROOT / "vpp_gym").is_dir():
        pytest.skip("an editable installation lists its hooks, not the package")
    tops = {path.parts[0] for path in files("vpp_gym")}
    assert tops - {".."} == {"vpp_gym", f"vpp_gym-{version('vpp_gym')}.dist-info"}
    assert {path.name for path in files("vpp_gym") if path.parts[0] == ".."} <= {"vpp-gym"}


def test_source_distribution_holds_what_the_repository_holds():
    if not (ROOT / ".git").exists() or not (ROOT / "vpp_gym").is_dir():
        pytest.skip("made from the repository: `make sdist`")
    assert runpy.run_path(str(ROOT / ".ci" / "sdist.py"))["differences"]() == []


def test_every_pinned_version_has_the_digest_of_its_file():
    """After a change of constraints.txt: python .ci/lock.py."""
    if not (ROOT / ".ci").is_dir():
        pytest.skip("the lists of versions are not here")
    lock = runpy.run_path(str(ROOT / ".ci" / "lock.py"))
    pinned, locked = lock["pins"](lock["PINS"]), lock["pins"](lock["LOCKED"])
    assert pinned.keys() - locked.keys() == lock["NOT_LOCKED"]
    assert {name: pinned[name][0] for name in locked} == {
        name: version for name, (version, _) in locked.items()
    }
    assert all(digest for _, digest in locked.values())
    assert "://" not in lock["LOCKED"].read_text(encoding="utf-8")


def test_package_says_that_it_is_typed():
    assert Path(vpp_gym.__file__).with_name("py.typed").is_file()


def test_version_is_that_of_pyproject():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert vpp_gym.__version__ == project["version"]


def test_import_loads_nothing_heavy_and_takes_less_than_a_second_of_work():
    code = (
        "import json, sys, time; began = time.process_time(); import vpp_gym;"
        "print(json.dumps([time.process_time() - began, sorted(sys.modules)]))"
    )
    runs = [in_new_process(code) for _ in range(3)]
    assert set(runs[0][1]) & (HEAVY | NETWORK) == set()
    assert min(seconds for seconds, _ in runs) < 1.0


@pytest.mark.parametrize("env_id", IDS)
def test_id_is_registered_with_a_scalar_and_a_vector_environment(env_id: str):
    spec = gym.spec(env_id)
    for entry in (spec.entry_point, spec.vector_entry_point):
        module, _, name = entry.partition(":")
        assert isinstance(getattr(import_module(module), name), type)


def test_registered_ids_are_those_listed():
    ours = {name for name, spec in gym.registry.items() if "vpp_gym." in str(spec.entry_point)}
    assert ours == set(IDS)


@pytest.mark.parametrize("env_id", IDS)
def test_making_an_environment_loads_no_solver_learner_or_plots(env_id: str):
    code = (
        "import json, sys, gymnasium, vpp_gym;"
        f"gymnasium.make({env_id!r}).reset(seed=0); print(json.dumps(sorted(sys.modules)))"
    )
    assert (
        set(in_new_process(code)) & {"cvxpy", "torch", "stable_baselines3", "matplotlib"} == set()
    )


LEARNING = {
    f"vpp_gym.training.{name}"
    for name in ("checkpoint", "learner", "trainer", "vec_env", "wrappers")
}
"""Modules that need what the extra `train` installs."""


BRIDGES = {
    "vpp_gym.bridges.minari": "minari",
    "vpp_gym.bridges.pettingzoo": "pettingzoo",
    "vpp_gym.bridges.rllib": "ray",
}
"""Modules that need the library that they lead to."""


def modules() -> list[str]:
    return [found.name for found in pkgutil.walk_packages(vpp_gym.__path__, "vpp_gym.")]


@pytest.mark.parametrize("name", ["vpp_gym", *modules()])
def test_module_imports_and_its_examples_are_true(name: str):
    if name in LEARNING:
        pytest.importorskip("stable_baselines3")
    if name in BRIDGES:
        pytest.importorskip(BRIDGES[name])
    assert doctest.testmod(import_module(name)).failed == 0

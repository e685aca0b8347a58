"""Kernels count no references for nothing, and leak none."""

from __future__ import annotations

import ast
import gc
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from tests import trajectories
from tests.kernels.programs import compiled
from tests.kernels.written import kernel_options, known_names, with_kernels
from vpp_gym.arrays import Floats
from vpp_gym.evaluation import evaluate
from vpp_gym.kernels import njit, total
from vpp_gym.policies.baselines import baseline
from vpp_gym.scenarios.synthetic import SyntheticSource
from vpp_gym.simulation.simulation import Simulation


def test_kernels_say_whether_they_allocate():
    allocating, calls, returns = set(), {}, {}
    for module, tree in with_kernels():
        names = known_names(module, tree)
        for node in ast.walk(tree):
            options = kernel_options(node)
            if options is None:
                continue
            name = f"{module}.{node.name}"
            if options.get("allocates", False):
                allocating.add(name)
            inside = [call.func for call in ast.walk(node) if isinstance(call, ast.Call)]
            calls[name] = {names[it.id] for it in inside if getattr(it, "id", None) in names}
            returns[name] = ast.unparse(node.returns or ast.Constant(None))
    assert len(allocating) > 30
    for name in calls.keys() - allocating:
        leaking = calls[name] & allocating
        assert not leaking, f"{name} calls {leaking}: mark it with allocates=True"
        assert "Floats" not in returns[name], f"{name} gives away an array that it does not own"
        assert "Ints" not in returns[name], name
        assert "Bools" not in returns[name], name


@pytest.fixture(scope="module")
def everything_was_run() -> None:
    """All fixed runs, so that their kernels are compiled and on disk."""
    trajectories.digests()
    simulation = Simulation(SyntheticSource("test", days=1).scenario(0))
    simulation.reset()
    simulation.hand_out(np.zeros(1))


def dispatchers() -> Iterator[Any]:
    """Every kernel of the package."""
    for module, tree in with_kernels():
        for node in tree.body:
            if kernel_options(node) is not None:
                yield getattr(import_module(module), node.name)


def counting(kernel: Any) -> list[int]:
    """How often the code on disk names the counting of references, one number per type."""
    stem = f"{kernel.__module__.split('.')[-1]}.{kernel.__qualname__}-"
    files = Path(kernel.stats.cache_path).glob(f"{stem}*.nbc")
    return [file.read_bytes().count(b"NRT_") for file in files]


@compiled
@pytest.mark.usefixtures("everything_was_run")
def test_kernels_count_no_references_but_those_that_allocate():
    plain, counted = {}, {}
    for kernel in dispatchers():
        allocates = kernel.targetoptions.get("_nrt", True)
        (counted if allocates else plain)[f"{kernel.__module__}.{kernel.__name__}"] = kernel
    found = {name: counting(kernel) for name, kernel in plain.items()}
    assert {name for name, numbers in found.items() if any(numbers)} == set()
    must = ("envs.step_kernel.step_batch", "simulation.transition.transition",
            "simulation.transition.begin", "simulation.choices.disaggregate",
            "fcev.car_park.transition.use_store", "fcev.microgrid.transition.exchange",
            "solvers.stay.discharge_end")  # fmt: skip
    assert [name for name in must if not found.get(f"vpp_gym.{name}")] == []
    # What is looked for is there where references are counted.
    assert all(all(counting(kernel)) for kernel in counted.values())
    assert counting(counted["vpp_gym.fcev.car_park.transition.advance"])


@njit(allocates=True)
def made(n: int) -> Floats:
    return np.ones(n)


@njit
def leaking(n: int) -> float:
    return total(made(n))


@njit(allocates=True)
def sound(n: int) -> float:
    return total(made(n))


@pytest.fixture
def kept_arrays() -> Callable[[Callable[[], object]], int]:
    """Counts the arrays of kernels that are still there after something was done twenty times."""
    runtime = import_module("numba.core.runtime")
    runtime._nrt_python.memsys_enable_stats()

    def counted(work: Callable[[], object]) -> int:
        def alive() -> int:
            gc.collect()
            stats = runtime.rtsys.get_allocation_stats()
            return stats.alloc - stats.free + stats.mi_alloc - stats.mi_free

        work()
        before = alive()
        for _ in range(20):
            work()
        return alive() - before

    return counted


@compiled
def test_a_leak_would_be_found(kept_arrays):
    assert kept_arrays(lambda: sound(3)) == 0
    assert kept_arrays(lambda: leaking(3)) > 0


@compiled
@pytest.mark.parametrize(
    ("env_id", "settings"),
    [
        ("VPPDayAhead-v0", {}),
        ("VPPDayAhead-v0", {"control": "per_ev", "observation": "dict"}),
        ("VPPBidding-v0", {}),
        ("VPPDispatch-v0", {}),
        ("FCEVCarPark-v0", {}),
        ("FCEVCarPark-v0", {"control": "shape"}),
        ("FCEVMicrogrid-v0", {"volumes": True, "rewards": True}),
    ],
)
def test_steps_and_resets_leak_nothing(env_id: str, settings: dict[str, Any], kept_arrays):
    env = gym.make(env_id, **settings)
    env.reset(seed=0)
    env.action_space.seed(0)

    def some_steps() -> None:
        env.reset()
        for _ in range(3):
            env.step(env.action_space.sample())

    assert kept_arrays(some_steps) == 0


@compiled
@pytest.mark.parametrize("policy", trajectories.PLANNERS)
def test_planners_leak_nothing(policy: str, kept_arrays):
    scenario = SyntheticSource("test", days=1).scenario(0)
    assert kept_arrays(lambda: evaluate(baseline(policy), scenario, end_step=16)) == 0

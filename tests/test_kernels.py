"""Compiled kernels: never stale, no references counted for nothing, the same as Python."""

from __future__ import annotations

import ast
import gc
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from tests import trajectories
from vpp_gym import kernels
from vpp_gym.arrays import Floats
from vpp_gym.evaluation import evaluate
from vpp_gym.kernels import COMPILED, bind, by_field, njit, records, sums, total
from vpp_gym.policies.baselines import baseline
from vpp_gym.scenarios.synthetic import SyntheticSource
from vpp_gym.simulation.simulation import Simulation
from vpp_gym.sources import PACKAGE, Sources

ROOT = Path(__file__).parents[1]
compiled = pytest.mark.skipif(not kernels.COMPILED, reason="NUMBA_DISABLE_JIT is set")


def python(*words: object, cwd: Path = ROOT, **variables: str) -> str:
    """What a new interpreter prints; settings of Numba are those given, no others."""
    inherited = {name: it for name, it in os.environ.items() if not name.startswith("NUMBA_")}
    done = subprocess.run(
        [sys.executable, *map(str, words)],
        capture_output=True,
        text=True,
        cwd=cwd,
        env=inherited | variables,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


# Fixed runs


@pytest.mark.parametrize("name", trajectories.RUNS)
def test_runs_add_up_to_what_they_always_did(name: str):
    kept = trajectories.reference()
    kept = kept[kept["run"] == name]
    assert len(kept) > 10
    terms = trajectories.RUNS[name]()
    for row in kept.itertuples():
        values = terms[row.term]
        assert values.sum() == pytest.approx(row.sum, rel=1e-9, abs=1e-6), row.term
        weighted = values @ np.arange(1.0, len(values) + 1.0)
        assert weighted == pytest.approx(row.weighted, rel=1e-9, abs=1e-4), row.term


@compiled
@pytest.mark.slow
def test_plain_python_gives_the_same_bits():
    words = ("-m", "tests.trajectories", "--digests")
    assert json.loads(python(*words, NUMBA_DISABLE_JIT="1")) == trajectories.digests()


# Sources and the folder


CHARGE_A_DAY = """
from vpp_gym import evaluate
from vpp_gym.policies.rules import ChargeOnArrival
from vpp_gym.scenarios.synthetic import SyntheticSource
from vpp_gym.simulation.simulation import Simulation

days = evaluate(ChargeOnArrival(), SyntheticSource("test", days=1).scenario(0)).days
print(days["charge_kwh"].sum())
"""


CHARGED = """
from vpp_gym.fleet.battery import stored_after_kwh
from vpp_gym.kernels import njit


@njit
def charged_kwh(steps):
    energy_kwh = 0.0
    for _ in range(steps):
        energy_kwh = stored_after_kwh(energy_kwh, 2.0, 0.5, 0.9)
    return energy_kwh
"""


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """A folder with a copy of the package."""
    shutil.copytree(PACKAGE, tmp_path / "vpp_gym", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def halved_when_edited(folder: Path, ask: Callable[[dict[str, str]], list[float]]) -> None:
    """Halve what a battery stores of what it is given, and back; and ask before and after."""
    variables = {"PYTHONPATH": str(folder), "NUMBA_CACHE_DIR": str(folder / "kernels")}
    before = ask(variables)
    battery = folder / "vpp_gym" / "fleet" / "battery.py"
    text = battery.read_text(encoding="utf-8")
    assert text.count("charge_eff * net_load_kwh") == 1
    halved = text.replace("charge_eff * net_load_kwh", "0.5 * charge_eff * net_load_kwh")
    battery.write_text(halved, encoding="utf-8")
    after = ask(variables)
    assert all(abs(later - earlier) > 0.2 for earlier, later in zip(before, after, strict=True))
    battery.write_text(text, encoding="utf-8")
    assert ask(variables) == before


@compiled
def test_an_edit_is_seen_by_kernels_of_other_files(copied: Path):
    (copied / "vpp_gym" / "fleet" / "charged.py").write_text(CHARGED, encoding="utf-8")
    code = "from vpp_gym.fleet.charged import charged_kwh as f; print(f(4))"
    kept = "; print(sum(f.stats.cache_hits.values()))"

    def ask(variables: dict[str, str]) -> list[float]:
        return [float(python("-c", code, cwd=copied, **variables))]

    halved_when_edited(copied, ask)
    variables = {"PYTHONPATH": str(copied), "NUMBA_CACHE_DIR": str(copied / "kernels")}
    assert python("-c", code + kept, cwd=copied, **variables).split() == ["4.0", "1"]


@compiled
@pytest.mark.skipif(
    "VPP_GYM_ATTACK" not in os.environ,
    reason="compiles the simulator three times: set VPP_GYM_ATTACK=1",
)
def test_an_edit_of_the_physics_is_seen_at_once(copied: Path):
    (copied / "charge_a_day.py").write_text(CHARGE_A_DAY, encoding="utf-8")

    def ask(variables: dict[str, str]) -> list[float]:
        script = python("charge_a_day.py", cwd=copied, **variables)
        words = ("-m", "vpp_gym.cli", "run", "charge_on_arrival", "--days", 1, "--json")
        report = json.loads(python(*words, cwd=copied, **variables))
        return [float(script), float(report["energy"]["charge_kwh"])]

    halved_when_edited(copied, ask)


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
    behind = {path for name, _ in with_kernels() for path in kernels.kernel_sources(name)}
    apart = {PACKAGE / folder for folder in ("cli", "training", "boards", "plots", "agents")}
    assert not [path for path in behind if apart & set(path.parents)]


def test_one_module_knows_numba():
    folders = [PACKAGE, *(ROOT / name for name in ("agents", "benchmarks", "examples"))]
    paths = [path for folder in folders for path in folder.rglob("*.py")]
    users = {path for path in paths if "numba" in imported(path)}
    assert users == {PACKAGE / "kernels.py"}


def imported(path: Path) -> set[str]:
    """First names of what a file imports."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add((node.module or "").split(".")[0])
    return found


HITS = """
from vpp_gym.fleet.battery import stored_after_kwh
assert stored_after_kwh(10.0, 5.0, 0.9, 0.9) == 14.5
print(sum(stored_after_kwh.stats.cache_hits.values()), stored_after_kwh.stats.cache_path)
"""


@compiled
def test_programs_that_start_at_once_share_an_empty_folder(tmp_path: Path):
    environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path)}
    words = [sys.executable, "-c", HITS]
    at_once = [subprocess.Popen(words, env=environment, cwd=ROOT) for _ in range(3)]
    assert [program.wait() for program in at_once] == [0, 0, 0]
    hits, folder = python("-c", HITS, NUMBA_CACHE_DIR=str(tmp_path)).split()
    assert int(hits) == 1
    assert Path(folder).is_relative_to(tmp_path / "vpp_gym" / "kernels")


@compiled
def test_settings_that_change_the_code_have_a_folder_of_their_own(tmp_path: Path):
    plain = python("-c", HITS, NUMBA_CACHE_DIR=str(tmp_path)).split()
    checked = python("-c", HITS, NUMBA_CACHE_DIR=str(tmp_path), NUMBA_BOUNDSCHECK="1").split()
    assert plain[0] == checked[0] == "0"
    assert plain[1] != checked[1]


@compiled
def test_a_folder_that_cannot_be_written_is_replaced_for_one_program(tmp_path: Path):
    (tmp_path / "file").touch()
    (tmp_path / "own").mkdir()
    variables = {"NUMBA_CACHE_DIR": str(tmp_path / "file"), "TMPDIR": str(tmp_path / "own")}
    code = f"{HITS}\nfrom vpp_gym.kernels import FOLDER\nassert FOLDER is None"
    hits, folder = python("-c", code, **variables).split()
    assert int(hits) == 0
    assert Path(folder).is_relative_to(tmp_path / "own")
    assert list((tmp_path / "own").iterdir()) == []


@compiled
def test_what_is_edited_while_a_program_runs_is_kept_from_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    source = tmp_path / "battery.py"
    source.touch()
    os.utime(source, (0, 0))
    monkeypatch.setattr(kernels, "FOLDER", tmp_path)
    monkeypatch.setattr(kernels, "kernel_sources", lambda module: [source])
    assert kernels._folder_for.__wrapped__("before").parent == tmp_path / "before"
    source.touch()
    assert kernels._folder_for.__wrapped__("after") == kernels._folder_of_this_program()
    os.utime(source, (2**32, 2**32))  # a clock that was wrong is no edit
    assert kernels._folder_for.__wrapped__("later").parent == tmp_path / "later"


@compiled
def test_folders_used_last_are_kept(tmp_path: Path):
    for age in range(kernels.KEPT_FOLDERS + 3):
        folder = tmp_path / f"{age:02}"
        folder.mkdir()
        (folder / "kernel.nbc").touch()
        os.utime(folder, (1e9 - age, 1e9 - age))
    kernels._remove_unused(tmp_path)
    kept = sorted(path.name for path in tmp_path.iterdir())
    assert kept == [f"{age:02}" for age in range(kernels.KEPT_FOLDERS)]


TWO_TYPES = """
import sys
import numpy as np
from vpp_gym.kernels import total
dense = np.arange(6.0)
for name in sys.argv[1:]:
    print(total(dense[:3] if name == "dense" else dense[::2]))
print(total.stats.cache_path)
"""


@compiled
def test_code_for_other_types_is_not_run(tmp_path: Path):
    """Two programs at once may leave the code for one type under the name of another."""
    words = ("-c", TWO_TYPES, "dense", "sparse")
    *sums, folder = python(*words, NUMBA_CACHE_DIR=str(tmp_path)).split()
    assert sums == ["3.0", "6.0"]
    dense, sparse = sorted(Path(folder).glob("kernels.total-*.nbc"))
    swapped = dense.read_bytes(), sparse.read_bytes()
    sparse.write_bytes(swapped[0])
    dense.write_bytes(swapped[1])
    for order in (("sparse", "dense"), ("dense", "sparse")):
        found = python("-c", TWO_TYPES, *order, NUMBA_CACHE_DIR=str(tmp_path)).split()
        assert found[:2] == ["3.0" if name == "dense" else "6.0" for name in order]


@compiled
def test_kernels_of_others_stay_where_numba_keeps_them(tmp_path: Path):
    (tmp_path / "mine.py").write_text(
        "import numba\nimport vpp_gym.fleet.battery\n\n\n"
        "@numba.njit(cache=True)\ndef twice(x):\n    return 2 * x\n\n\n"
        "assert twice(2) == 4\nprint(twice.stats.cache_path)\n",
        encoding="utf-8",
    )
    folder = python("mine.py", cwd=tmp_path, PYTHONPATH=os.pathsep.join([str(ROOT), *sys.path]))
    assert Path(folder.strip()) == tmp_path / "__pycache__"


# References


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


@pytest.mark.parametrize("n", [0, 3, 7, 8, 12, 21])
def test_sums_are_rounded_as_numpy_rounds_them(n):
    table = np.random.default_rng(n).normal(size=(50, 25)) * 10.0 ** np.arange(-12, 13)
    result = np.empty(50)
    sums(table, n, result)
    np.testing.assert_array_equal(result, table[:, :n].sum(axis=1))


def test_a_bound_kernel_does_what_the_kernel_does():
    values = np.arange(5.0)
    bound = bind(total, values)
    assert bound(values) == bound(np.ones(5)) + 5.0 == total(values)
    assert (bound is total) != COMPILED


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


# The same to the kernels, compiled or not


def test_records_are_read_by_field():
    dtype = np.dtype([("energy_kwh", np.float64), ("session", np.int64)])
    table = records((2, 3), dtype)
    assert table.shape == (2, 3)
    assert not table["energy_kwh"].any()
    wrapped = by_field(np.ones(1, dtype=dtype))
    assert add_fields(wrapped[0]) == 2.0
    assert wrapped["session"][0] == 3


@njit
def add_fields(record: Any) -> float:
    result = record.energy_kwh + record.session
    record.session = 3
    return result


ROUNDED_OTHERWISE = {
    *("sum", "mean", "prod", "std", "var", "dot", "trapezoid"),
    *("exp", "expm1", "log", "log1p", "power", "hypot", "sin", "cos", "tan", "tanh", "arctan2"),
}
"""Methods and functions of NumPy that round differently where Numba compiles them."""


def test_kernels_use_nothing_that_plain_python_does_otherwise():
    for module, tree in with_kernels():
        for node in ast.walk(tree):
            if kernel_options(node) is not None:
                found = list(done_otherwise(node))
                assert not found, f"{module}.{node.name}: {found}"


def done_otherwise(kernel: ast.AST) -> Iterator[str]:
    """Whole numbers are exact either way, but which are whole is not in the source.

    A field may have the name of a method, as long as it is not called.
    """
    called = {node.func for node in ast.walk(kernel) if isinstance(node, ast.Call)}
    for node in ast.walk(kernel):
        if isinstance(node, ast.Attribute) and node.attr in ROUNDED_OTHERWISE:
            owner = ast.unparse(node.value)
            if owner == "np" or (owner != "math" and node in called):
                yield ast.unparse(node)
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow | ast.MatMult):
            yield ast.unparse(node)
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("sort"):
            stable = any(ast.unparse(word) == "kind='mergesort'" for word in node.keywords)
            yield from () if stable else (ast.unparse(node),)


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("x.sum()", 1),
        ("(x - net.mean) / net.std", 0),
        ("reduced(np.sum, x)", 1),
        ("np.exp(x) + math.exp(x)", 1),
        ("x**2 @ y", 2),
        ("np.argsort(x)", 1),
        ("np.argsort(x, kind='mergesort')", 0),
    ],
)
def test_what_is_done_otherwise_is_recognised(code: str, found: int):
    assert len(list(done_otherwise(ast.parse(code)))) == found


def test_total_adds_from_the_first_to_the_last():
    values = np.random.default_rng(0).normal(size=1000)
    one_by_one = 0.0
    for value in values.tolist():
        one_by_one += value
    assert total(values) == one_by_one != values.sum()
    assert total(values[:0]) == 0.0

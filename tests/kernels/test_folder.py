"""The folder that keeps compiled kernels: never stale, shared by programs, and small."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.kernels.programs import ROOT, compiled, python
from vpp_gym import kernels
from vpp_gym.sources import PACKAGE

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


CHARGE_A_DAY = """
from vpp_gym import evaluate
from vpp_gym.policies.rules import ChargeOnArrival
from vpp_gym.scenarios.synthetic import SyntheticSource
from vpp_gym.simulation.simulation import Simulation

days = evaluate(ChargeOnArrival(), SyntheticSource("test", days=1).scenario(0)).days
print(days["charge_kwh"].sum())
"""


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

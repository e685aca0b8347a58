"""Files: damaged by chance and on purpose, of every kind that is read.

A damaged file is refused with `InvalidInputError`, left aside as of no known kind, or read. What
carries checksums is never read as something else. Nothing takes long or much memory. To keep the
files that failed, name a folder: `VPP_GYM_ATTACK_KEEP=out make attack`.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.attack.damage_readers import MAX_MB
from tests.attack.readers import AGENT_KINDS, NAMES, SCENARIO_READERS, of_folder
from tests.attack.sizes import FIRST, VOLUME
from vpp_gym.scenarios.files import kinds

ROOT = Path(__file__).parents[2]
EACH = 40
"""Damages of each file, times the volume."""


def report_of(module: str, *arguments: object) -> dict[str, Any]:
    """What an attack in a process of its own, with little memory, reports."""
    command = [sys.executable, "-m", f"tests.attack.{module}", *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.fixture(scope="module")
def damaged() -> dict[str, Any]:
    names = [one.name for one in SCENARIO_READERS]
    return report_of("damage_readers", round(EACH * VOLUME), FIRST, *names)


@pytest.fixture(scope="module")
def damaged_agents() -> dict[str, Any]:
    pytest.importorskip("stable_baselines3")
    return report_of("damage_readers", round(EACH * VOLUME), FIRST, *AGENT_KINDS)


@pytest.mark.parametrize("name", NAMES)
def test_a_damaged_file_is_refused_or_read_and_nothing_else(
    name: str, request: pytest.FixtureRequest
) -> None:
    fixture = "damaged_agents" if name in AGENT_KINDS else "damaged"
    report = request.getfixturevalue(fixture)["readers"][name]
    assert not report["failures"], "\n".join(report["failures"][:20])
    assert sum(report["counts"].values()) >= EACH * min(VOLUME, 1)
    assert report["counts"].get("refused", 0) > 0


@pytest.mark.parametrize("fixture", ["damaged", "damaged_agents"])
def test_reading_damaged_files_takes_little_memory(
    fixture: str, request: pytest.FixtureRequest
) -> None:
    assert request.getfixturevalue(fixture)["peak_mb"] < MAX_MB


def test_every_kind_of_file_is_damaged() -> None:
    """A kind that is added needs a sample in `tests/attack/readers.py`."""
    known = {kind.name for kind in vars(kinds).values() if isinstance(kind, kinds.Kind)}
    assert known <= kinds_attacked(), known - kinds_attacked()


def kinds_attacked() -> set[str]:
    import tempfile

    found = set()
    with tempfile.TemporaryDirectory() as place:
        for reader in SCENARIO_READERS:
            if reader.read.__qualname__.startswith(of_folder.__name__):
                reader.make(Path(place))
                kind = kinds.kind_of(Path(place, reader.file))
                found.add(kind.name if kind is not None else "")
    return found


def test_forged_files_hide_no_other_file_and_take_little() -> None:
    report = report_of("forged")
    assert report["wrong"] == {}
    assert report["slow_s"] == {}
    assert report["peak_mb"] < MAX_MB

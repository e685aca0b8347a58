"""Where nobody sees a bar, lines on stderr tell that a computation goes on."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from vpp_gym.heartbeat import Heartbeat, first_compilation


class Awaited(io.StringIO):
    """A stream that tells when a line has come."""

    def __init__(self) -> None:
        super().__init__()
        self.came = threading.Event()

    def flush(self) -> None:
        self.came.set()


def test_a_block_that_lasts_says_how_far_it_is():
    stream = Awaited()
    with Heartbeat("Simulating", stream=stream, first_s=0.01) as heart:
        heart.report("mpc, days", 120, 3650)
        stream.came.clear()
        assert stream.came.wait(30)
    assert re.search(r"mpc, days, 120 of 3,650: \d+ s so far\n", stream.getvalue())


def test_lines_become_rarer(monkeypatch):
    waited: list[float] = []

    def wait(_self: object, seconds: float) -> bool:
        waited.append(seconds)
        return len(waited) == 8

    heart = Heartbeat("Simulating", stream=io.StringIO())
    monkeypatch.setattr(type(heart._over), "wait", wait)
    heart._beat()
    assert waited == [10, 20, 40, 80, 160, 300, 300, 300]


def test_a_short_block_says_nothing():
    stream = io.StringIO()
    with Heartbeat("Simulating", stream=stream):
        pass
    assert stream.getvalue() == ""


def test_an_error_ends_the_lines():
    heart = Heartbeat("Simulating", stream=io.StringIO())
    with pytest.raises(ZeroDivisionError), heart:
        raise ZeroDivisionError
    assert not heart._thread.is_alive()


def test_kernels_that_were_compiled_meanwhile_are_counted(tmp_path: Path, monkeypatch):
    monkeypatch.setattr("vpp_gym.kernels.FOLDER", tmp_path)
    (tmp_path / "one.nbc").touch()
    heart = Heartbeat("Simulating")
    assert "compiled" not in heart.line()
    (tmp_path / "two.nbc").touch()
    assert heart.line().endswith(", kernels compiled: 1")


@pytest.mark.parametrize(
    ("is_compiled", "kept", "said"),
    [
        (True, [], "once"),
        (True, ["one.nbc"], None),
        (True, None, "vpp-gym doctor"),
        (False, None, None),
    ],
)
def test_the_first_compilation_is_announced(is_compiled, kept, said, tmp_path: Path, monkeypatch):
    for name in kept or ():
        (tmp_path / name).touch()
    monkeypatch.setattr("vpp_gym.kernels.COMPILED", is_compiled)
    monkeypatch.setattr("vpp_gym.kernels.FOLDER", None if kept is None else tmp_path)
    found = first_compilation()
    assert found is None if said is None else said in str(found)


def test_results_stay_alone_on_stdout(tmp_path: Path):
    """The first compilation is announced on stderr before anything is compiled."""
    words = "from vpp_gym.cli import progress\nwith progress.at_work('Simulating'): print('row')"
    done = subprocess.run(
        [sys.executable, "-c", words],
        env={**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "row\n"
    assert done.stderr.startswith("The simulator is compiled first. This takes a few minutes, once")
    assert done.stderr.count("\n") == 1

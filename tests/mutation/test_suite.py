"""Limits of the tests of a mutant: they count what the processor does, not what the clock shows."""

from __future__ import annotations

import pytest

from tests.mutation import suite

BODIES = {"ends": "pass", "fails": "assert False", "loops": "while True: pass"}


@pytest.fixture
def folder(tmp_path):
    for name, body in BODIES.items():
        (tmp_path / f"test_{name}.py").write_text(f"def test_it():\n    {body}\n", encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(("name", "code"), [("ends", 0), ("fails", 1)])
def test_what_ends_says_how(folder, name, code):
    assert suite.pytest_in(folder, f"test_{name}.py", cpu_s=60).returncode == code


def test_what_does_not_end_is_stopped(folder):
    with pytest.raises(suite.TooLongError):
        suite.pytest_in(folder, "test_loops.py", cpu_s=2)


def test_what_waits_is_stopped_by_the_clock(folder, monkeypatch):
    monkeypatch.setattr(suite, "WAITING", 0.05)
    wait = "import time\n\ndef test_it():\n    time.sleep(600)\n"
    (folder / "test_waits.py").write_text(wait, encoding="utf-8")
    with pytest.raises(suite.TooLongError):
        suite.pytest_in(folder, "test_waits.py", cpu_s=60)

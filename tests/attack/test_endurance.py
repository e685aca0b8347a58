"""A short part of `make endurance`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
STEPS = 200_000


def test_memory_does_not_grow_and_sums_do_not_drift() -> None:
    """In a process of its own: what other tests left behind does not count."""
    command = [sys.executable, "-m", "tests.attack.endurance", "--steps", str(STEPS)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr[-3000:]
    assert done.stdout.count("resident memory") == 2

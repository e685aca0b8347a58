"""Other programs that compile kernels, and the mark of tests of compilation."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from vpp_gym import kernels

ROOT = Path(__file__).parents[2]
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

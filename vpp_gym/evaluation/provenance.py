"""Where a result comes from: versions, commit and command."""

from __future__ import annotations

import platform
import shlex
import subprocess
import sys
from collections.abc import Sequence
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

PACKAGES = ("vpp_gym", "numpy", "numba", "scipy", "pandas", "cvxpy", "highspy", "torch")
RESULTS = ("benchmarks/results", "README.md", "docs")
ROOT = Path(__file__).resolve().parents[2]


def provenance(command: str | None = None, *, apart: Sequence[str] = ()) -> dict[str, Any]:
    """Versions of Python and the packages that make results, commit and command.

    Args:
        command: what was typed; the command line of this process by default.
        apart: what else in the checkout is made by this command, as results are.

    Returns:
        keys command, python, versions, commit (None outside a git checkout of
        vpp_gym) and modified (whether tracked files other than results differ
        from that commit).
    """
    commit = _git("rev-parse", "HEAD")
    code = ["--", ".", *(f":(exclude){path}" for path in (*RESULTS, *apart))]
    return {
        "command": command or shlex.join([Path(sys.orig_argv[0]).name, *sys.orig_argv[1:]]),
        "python": platform.python_version(),
        "versions": {name: _version(name) for name in PACKAGES if _version(name)},
        "commit": commit,
        "modified": None if commit is None else bool(_git("status", "-s", "-uno", *code)),
    }


@cache
def _version(package: str) -> str | None:
    """Of an installed package, which takes a millisecond to look up; None: it is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _git(*arguments: str) -> str | None:
    """Output of git in the checkout that holds this file; None where there is none."""
    if not (ROOT / ".git").exists():
        return None
    try:
        done = subprocess.run(
            ["git", "-C", str(ROOT), *arguments],
            capture_output=True,
            text=True,
            check=True,
            timeout=10,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()

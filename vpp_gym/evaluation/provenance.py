"""Where a result comes from: versions, commit and command."""

from __future__ import annotations

import platform
import shlex
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

PACKAGES = ("vpp_gym", "numpy", "numba", "scipy", "pandas", "cvxpy", "highspy", "torch")
NOT_RESULTS = ("--", ".", ":(exclude)benchmarks/results", ":(exclude)README.md", ":(exclude)docs")


def provenance(command: str | None = None) -> dict[str, Any]:
    """Versions of Python and the packages that make results, commit and command.

    Args:
        command: what was typed; the command line of this process by default.

    Returns:
        keys command, python, versions, commit (None outside a git checkout of
        vpp_gym) and modified (whether tracked files other than results differ
        from that commit).
    """
    commit = _git("rev-parse", "HEAD")
    return {
        "command": command or shlex.join([Path(sys.orig_argv[0]).name, *sys.orig_argv[1:]]),
        "python": platform.python_version(),
        "versions": {name: _version(name) for name in PACKAGES if _version(name)},
        "commit": commit,
        "modified": None if commit is None else bool(_git("status", "-s", "-uno", *NOT_RESULTS)),
    }


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _git(*arguments: str) -> str | None:
    """Output of git in the checkout that holds this file; None where there is none."""
    root = Path(__file__).resolve().parents[2]
    if not (root / ".git").exists():
        return None
    try:
        done = subprocess.run(
            ["git", "-C", str(root), *arguments],
            capture_output=True,
            text=True,
            check=True,
            timeout=10,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()

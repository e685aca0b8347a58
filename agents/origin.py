"""Where a trained policy comes from: versions, and the commit of the code that trained it."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

from agents.policy import TRAINED
from vpp_gym.evaluation.provenance import NOT_RESULTS, provenance


def origin() -> dict[str, Any]:
    """What made a trained policy, as `provenance` says it.

    `modified` leaves out the trained policies as well: each that `--keep` copies there changes
    tracked files before the next seed is trained, and no training reads them.
    """
    made = provenance()
    if made["modified"]:
        made["modified"] = differs(TRAINED.parents[1])
    return made


def differs(root: Path) -> bool:
    """Whether tracked files of a checkout differ from its commit, trained policies apart.

    Args:
        root: of the checkout. Where git cannot tell, it is taken to differ.
    """
    apart = f":(exclude){TRAINED.relative_to(TRAINED.parents[1]).as_posix()}"
    command = ["git", "-C", str(root), "status", "-s", "-uno", *NOT_RESULTS, apart]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=10)
    except (OSError, subprocess.SubprocessError):
        return True
    return bool(done.stdout.strip())

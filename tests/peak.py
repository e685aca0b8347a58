"""How much memory a process has taken at most."""

from __future__ import annotations

import resource
from pathlib import Path


def peak_mb() -> float:
    """Of this process alone, in MB.

    What `getrusage` tells counts the program that began this one, too, where it is started
    without a copy of its memory; so the system's own account is read where there is one.
    """
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

"""Lines on stderr that tell how far a long computation is, where nobody sees a progress bar.

Output that goes into a file, a pipe or the log of a batch system shows neither a spinner nor a
bar. There a computation says after 10 s what it does, and again after 30, 70 and 150 s, and so on:
a run of hours writes a line every five minutes.
"""

from __future__ import annotations

import sys
import threading
import time
from typing import TextIO

FIRST_S, LONGEST_S = 10.0, 300.0
"""Seconds until the first line, and between two lines at most."""

NOT_KEPT = (
    "The simulator is compiled first, in a few minutes. No folder for compiled code can be "
    "written, so each program does this anew: `vpp-gym doctor` tells more."
)
FIRST_TIME = (
    "The simulator is compiled first. This takes a few minutes, once: compiled code is kept in {}."
)


def n_kept_kernels() -> int:
    """Number of compiled kernels on disk; 0 where none are kept."""
    from vpp_gym import kernels  # here, so that help texts need not wait for Numba

    return 0 if kernels.FOLDER is None else sum(1 for _ in kernels.FOLDER.rglob("*.nbc"))


def first_compilation() -> str | None:
    """What to say before the simulator is compiled for the first time; None: nothing."""
    from vpp_gym import kernels

    if not kernels.COMPILED or n_kept_kernels():
        return None
    return NOT_KEPT if kernels.FOLDER is None else FIRST_TIME.format(kernels.FOLDER)


class Heartbeat:
    """Writes lines while its block runs, more and more rarely; none if the block ends before.

    Args:
        doing: what is under way, for the line.
        stream: where to; by default stderr as it is when a line is written.
        first_s: seconds until the first line.
    """

    def __init__(
        self, doing: str, *, stream: TextIO | None = None, first_s: float = FIRST_S
    ) -> None:
        self._doing, self._stream, self._first_s = doing, stream, first_s
        self._far, self._compiled = "", n_kept_kernels()
        self._begun, self._over = time.monotonic(), threading.Event()
        self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)

    def report(self, doing: str, done: int | None = None, total: int | None = None) -> None:
        """Tell what is under way now, and how much of it is done."""
        self._doing = doing
        known = done is not None and total is not None
        self._far = f", {done:,} of {total:,}" if known else ""

    def line(self) -> str:
        """What is under way, how far it is, and how long it has taken."""
        compiled = n_kept_kernels() - self._compiled
        kernels = f", kernels compiled: {compiled}" if compiled > 0 else ""
        passed_s = time.monotonic() - self._begun
        return f"{self._doing}{self._far}: {passed_s:.0f} s so far{kernels}"

    def __enter__(self) -> Heartbeat:
        self._begun = time.monotonic()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _beat(self) -> None:
        pause_s = self._first_s
        while not self._over.wait(pause_s):
            print(self.line(), file=self._stream or sys.stderr, flush=True)
            pause_s = min(2 * pause_s, LONGEST_S)

"""Loads of past days by line, read back from the running mean that snapshots carry."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from vpp_gym.errors import InvalidInputError
from vpp_gym.policies.line_history import LineHistory, with_neighbours
from vpp_gym.views import LOAD_MEMORY_DAYS, Floats, Ints, Snapshot


class LoadHistory(NamedTuple):
    """What a bidder remembers from step to step.

    Attributes:
        expected_kwh: (lines,) the snapshot's mean net load when it was last seen.
        seen: (lines,) steps of each line that are in the past of the run.
        loads: net load [kWh] of the last days of each line.
        step: of the run, when the snapshot was last seen.
    """

    expected_kwh: Floats
    seen: Ints
    loads: LineHistory
    step: int

    @classmethod
    def at(cls, snapshot: Snapshot, days: int) -> LoadHistory:
        """Nothing kept yet; the run may have begun before."""
        lines = len(snapshot.expected_load_kwh)
        past = snapshot.line_past[len(snapshot.line_past) - snapshot.step :]
        past = past if snapshot.step <= len(snapshot.line_past) else snapshot.line_past
        return cls(
            snapshot.expected_load_kwh,
            np.bincount(past, minlength=lines),
            LineHistory.of(days, lines),
            snapshot.step,
        )

    def after(self, snapshot: Snapshot) -> LoadHistory:
        """With the step that was settled just before the snapshot.

        The mean moved by (load - mean) / days, which is solved for the load.

        Raises:
            InvalidInputError: steps between were not seen, so that their loads are lost.
        """
        if snapshot.step != self.step + 1:
            remedy = "ask the bidder in every step, and give its state back"
            raise InvalidInputError("snapshot.step", snapshot.step, remedy)
        line = int(snapshot.line_past[-1])
        seen = self.seen.copy()
        seen[line] += 1
        days = min(int(seen[line]), LOAD_MEMORY_DAYS)
        old, new = self.expected_kwh[line], snapshot.expected_load_kwh[line]
        loads = self.loads.after(line, old + (new - old) * days)
        return LoadHistory(snapshot.expected_load_kwh, seen, loads, snapshot.step)

    def samples_kwh(self, neighbours: int) -> Floats:
        """(s, lines) loads of past days, of each line and of so many lines before and after.

        As many days as the rarest line has; without one, the mean is the only sample.
        """
        recent = self.loads.rows()
        if not len(recent):
            return self.expected_kwh[None]
        return with_neighbours(recent, neighbours)

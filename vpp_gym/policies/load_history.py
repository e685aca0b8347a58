"""Loads of past days by line, read back from the running mean that snapshots carry."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from vpp_gym.errors import InvalidInputError
from vpp_gym.views import LOAD_MEMORY_DAYS, Floats, Ints, Snapshot


class LoadHistory(NamedTuple):
    """What a bidder remembers from step to step.

    Attributes:
        expected_kwh: (lines,) the snapshot's mean net load when it was last seen.
        seen: (lines,) steps of each line that are in the past of the run.
        load_kwh: (days, lines) net load of the last days of each line, newest first.
        kept: (lines,) how many of those rows are filled.
        step: of the run, when the snapshot was last seen.
    """

    expected_kwh: Floats
    seen: Ints
    load_kwh: Floats
    kept: Ints
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
            np.zeros((days, lines)),
            np.zeros(lines, dtype=np.int64),
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
        seen, kept, load = self.seen.copy(), self.kept.copy(), self.load_kwh.copy()
        seen[line] += 1
        days = min(int(seen[line]), LOAD_MEMORY_DAYS)
        old, new = self.expected_kwh[line], snapshot.expected_load_kwh[line]
        load[1:, line] = self.load_kwh[:-1, line]
        load[0, line] = old + (new - old) * days
        kept[line] = min(kept[line] + 1, len(load))
        return LoadHistory(snapshot.expected_load_kwh, seen, load, kept, snapshot.step)

    def samples_kwh(self, neighbours: int) -> Floats:
        """(s, lines) loads of past days, of each line and of so many lines before and after.

        As many days as the rarest line has; without one, the mean is the only sample.
        """
        days = int(self.kept.min())
        if days == 0:
            return self.expected_kwh[None]
        recent = self.load_kwh[:days]
        shifts = range(-neighbours, neighbours + 1)
        return np.concatenate([np.roll(recent, shift, axis=1) for shift in shifts])

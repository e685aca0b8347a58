"""Loads of past days by period, read back from the running mean that snapshots carry."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from vpp_gym.arrays import Floats, Ints
from vpp_gym.errors import InvalidInputError
from vpp_gym.policies.period_history import PeriodHistory, with_neighbours
from vpp_gym.views import LOAD_MEMORY_DAYS, Snapshot


class LoadHistory(NamedTuple):
    """What a bidder remembers from step to step.

    Attributes:
        expected_kwh: (periods,) the snapshot's mean net load when it was last seen.
        seen: (periods,) steps of each period that are in the past of the run.
        loads: net load [kWh] of the last days of each period.
        step: of the run, when the snapshot was last seen.
    """

    expected_kwh: Floats
    seen: Ints
    loads: PeriodHistory
    step: int

    @classmethod
    def at(cls, snapshot: Snapshot, days: int) -> LoadHistory:
        """Nothing kept yet; the run may have begun before."""
        periods = len(snapshot.expected_load_kwh)
        past = snapshot.period_past[len(snapshot.period_past) - snapshot.step :]
        past = past if snapshot.step <= len(snapshot.period_past) else snapshot.period_past
        return cls(
            snapshot.expected_load_kwh,
            np.bincount(past, minlength=periods),
            PeriodHistory.of(days, periods),
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
        period = int(snapshot.period_past[-1])
        seen = self.seen.copy()
        seen[period] += 1
        days = min(int(seen[period]), LOAD_MEMORY_DAYS)
        old, new = self.expected_kwh[period], snapshot.expected_load_kwh[period]
        loads = self.loads.after(period, old + (new - old) * days)
        return LoadHistory(snapshot.expected_load_kwh, seen, loads, snapshot.step)

    def samples_kwh(self, neighbours: int) -> Floats:
        """(s, periods) loads of past days, of each period and of so many periods before and after.

        As many days as the rarest period has; without one, the mean is the only sample.
        """
        recent = self.loads.rows()
        if not len(recent):
            return self.expected_kwh[None]
        return with_neighbours(recent, neighbours)

"""Values of past days by line of the day: loads, and spreads between prices."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from vpp_gym.views import Floats, Ints, Snapshot


class LineHistory(NamedTuple):
    """The last values of each line of the day.

    Attributes:
        values: (days, lines) newest first.
        kept: (lines,) how many of those rows are filled.
    """

    values: Floats
    kept: Ints

    @classmethod
    def of(cls, days: int, lines: int, line: ArrayLike = (), value: ArrayLike = ()) -> LineHistory:
        """Of a history, oldest first, that may be empty; so many days are kept."""
        places, past = np.asarray(line, dtype=np.int64), np.asarray(value, dtype=np.float64)
        values, kept = np.zeros((days, lines)), np.zeros(lines, dtype=np.int64)
        for each in range(lines):
            last = past[places == each][::-1][:days]
            values[: len(last), each], kept[each] = last, len(last)
        return cls(values, kept)

    def after(self, line: int, value: float) -> LineHistory:
        """With one more value of a line; the oldest one beyond the days is forgotten."""
        values, kept = self.values.copy(), self.kept.copy()
        values[1:, line] = self.values[:-1, line]
        values[0, line] = value
        kept[line] = min(kept[line] + 1, len(values))
        return LineHistory(values, kept)

    def rows(self, days: int | None = None) -> Floats:
        """(n, lines) newest first; as many days as the rarest line has, or so many of them."""
        return self.values[: int(self.kept.min())][:days]


class SpreadHistory(NamedTuple):
    """Imbalance prices minus the day-ahead price [EUR/kWh], of longer than a snapshot tells.

    Attributes:
        short: of a short party.
        long: of a long party.
    """

    short: LineHistory
    long: LineHistory

    @classmethod
    def at(cls, snapshot: Snapshot, days: int) -> SpreadHistory:
        """What the snapshot tells, of so many days at most."""
        lines, line = len(snapshot.expected_load_kwh), snapshot.line_past
        da = snapshot.da_past_eur_per_kwh
        return cls(
            LineHistory.of(days, lines, line, snapshot.im_short_past_eur_per_kwh - da),
            LineHistory.of(days, lines, line, snapshot.im_long_past_eur_per_kwh - da),
        )

    def after(self, snapshot: Snapshot) -> SpreadHistory:
        """With the step that was settled just before the snapshot."""
        line, da = int(snapshot.line_past[-1]), snapshot.da_past_eur_per_kwh[-1]
        return SpreadHistory(
            self.short.after(line, snapshot.im_short_past_eur_per_kwh[-1] - da),
            self.long.after(line, snapshot.im_long_past_eur_per_kwh[-1] - da),
        )

    def samples(
        self, share: float, *, days: int, neighbours: int, dual: bool
    ) -> tuple[Floats, Floats]:
        """(s, lines) of short and long, of each line and of so many lines before and after.

        Of the mean of both by line only a share is kept: the rest is taken for chance.
        As many days as the rarest line has; without one, zeros are the only sample.

        Args:
            share: that is kept.
            days: that are looked back.
            neighbours: lines on either side.
            dual: the short price stays above the day-ahead price and the long one
                below it, as the rule of the market has it.
        """
        short, long = self.short.rows(days), self.long.rows(days)
        if not len(short):
            return np.zeros((1, short.shape[1])), np.zeros((1, short.shape[1]))
        chance = (1 - share) * 0.5 * (short + long).mean(axis=0)
        short, long = short - chance, long - chance
        if dual:
            short, long = np.maximum(short, 0.0), np.minimum(long, 0.0)
        return with_neighbours(short, neighbours), with_neighbours(long, neighbours)


def with_neighbours(rows: Floats, neighbours: int) -> Floats:
    """(n (2 neighbours + 1), lines) samples of each line and of those before and after.

    Args:
        rows: (n, lines) one sample each.
        neighbours: lines on either side; the first follows the last.
    """
    shifts = range(-neighbours, neighbours + 1)
    return np.concatenate([np.roll(rows, shift, axis=1) for shift in shifts])

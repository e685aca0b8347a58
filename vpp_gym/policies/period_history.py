"""Values of past days by period of the day: loads, and spreads between prices."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from vpp_gym.arrays import Floats, Ints
from vpp_gym.views import Snapshot


class PeriodHistory(NamedTuple):
    """The last values of each period of the day.

    Attributes:
        values: (days, periods) newest first.
        kept: (periods,) how many of those rows are filled.
    """

    values: Floats
    kept: Ints

    @classmethod
    def of(
        cls, days: int, periods: int, period: ArrayLike = (), value: ArrayLike = ()
    ) -> PeriodHistory:
        """Of a history, oldest first, that may be empty; so many days are kept."""
        places, past = np.asarray(period, dtype=np.int64), np.asarray(value, dtype=np.float64)
        values, kept = np.zeros((days, periods)), np.zeros(periods, dtype=np.int64)
        for each in range(periods):
            last = past[places == each][::-1][:days]
            values[: len(last), each], kept[each] = last, len(last)
        return cls(values, kept)

    def after(self, period: int, value: float) -> PeriodHistory:
        """With one more value of a period; the oldest one beyond the days is forgotten."""
        values, kept = self.values.copy(), self.kept.copy()
        values[1:, period] = self.values[:-1, period]
        values[0, period] = value
        kept[period] = min(kept[period] + 1, len(values))
        return PeriodHistory(values, kept)

    def rows(self, days: int | None = None) -> Floats:
        """(n, periods) newest first; as many days as the rarest period has, or so many of them."""
        return self.values[: int(self.kept.min())][:days]


class SpreadHistory(NamedTuple):
    """Imbalance prices minus the day-ahead price [EUR/kWh], of longer than a snapshot tells.

    Attributes:
        short: of a short party.
        long: of a long party.
    """

    short: PeriodHistory
    long: PeriodHistory

    @classmethod
    def at(cls, snapshot: Snapshot, days: int) -> SpreadHistory:
        """What the snapshot tells, of so many days at most."""
        periods, period = len(snapshot.expected_load_kwh), snapshot.period_past
        da = snapshot.da_past_eur_per_kwh
        return cls(
            PeriodHistory.of(days, periods, period, snapshot.im_short_past_eur_per_kwh - da),
            PeriodHistory.of(days, periods, period, snapshot.im_long_past_eur_per_kwh - da),
        )

    def after(self, snapshot: Snapshot) -> SpreadHistory:
        """With the step that was settled just before the snapshot."""
        period, da = int(snapshot.period_past[-1]), snapshot.da_past_eur_per_kwh[-1]
        return SpreadHistory(
            self.short.after(period, snapshot.im_short_past_eur_per_kwh[-1] - da),
            self.long.after(period, snapshot.im_long_past_eur_per_kwh[-1] - da),
        )

    def samples(
        self, share: float, *, days: int, neighbours: int, dual: bool
    ) -> tuple[Floats, Floats]:
        """(s, periods) of short and long, of each period and of so many periods before and after.

        Of the mean of both by period only a share is kept: the rest is taken for chance.
        As many days as the rarest period has; without one, zeros are the only sample.

        Args:
            share: that is kept.
            days: that are looked back.
            neighbours: periods on either side.
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
    """(n (2 neighbours + 1), periods) samples of each period and of those before and after.

    Args:
        rows: (n, periods) one sample each.
        neighbours: periods on either side; the first follows the last.
    """
    shifts = range(-neighbours, neighbours + 1)
    return np.concatenate([np.roll(rows, shift, axis=1) for shift in shifts])

"""The time axis of views that show whole days by the hour."""

from __future__ import annotations

import numpy as np

from vpp_gym.arrays import Floats
from vpp_gym.errors import InvalidInputError
from vpp_gym.plots.clock import WEEKDAYS, Ticks

DENSE_DAYS = 3
"""Up to so many days have ticks between midnights."""
DENSE_H = 6


class HoursView:
    """A view of some days by the hour; its subclasses are frozen dataclasses.

    Attributes:
        start: midnight at which it begins.
        now: hours settled so far.
        title: what is shown.
        notes: short facts.
        da_eur_per_kwh: (L,) one number for each hour.
    """

    start: np.datetime64
    now: int
    title: str
    notes: tuple[str, ...]
    da_eur_per_kwh: Floats

    @property
    def n_steps(self) -> int:
        """Number of hours L."""
        return len(self.da_eur_per_kwh)

    @property
    def dt_h(self) -> float:
        """Hours per step: one."""
        return 1.0

    @property
    def edges_h(self) -> Floats:
        """(L+1,) hours since the start at which the hours begin and the last one ends."""
        return np.arange(self.n_steps + 1.0)

    @property
    def ticks(self) -> Ticks:
        """Every midnight with its date, and hours between if there are few days."""
        hours = range(0, self.n_steps + 1, DENSE_H if self.n_steps <= 24 * DENSE_DAYS else 24)
        return tuple(map(float, hours)), tuple(map(self._label, hours))

    @property
    def heading(self) -> str:
        """Weekday, date, and the time at which the next hour begins."""
        day, hour = divmod(self.now, 24)
        if self.now == self.n_steps:
            day, hour = day - 1, 24
        return f"{_weekday(self.start + day)} {self.start + day}  {hour:02d}:00"

    def _label(self, hour: int) -> str:
        if hour == self.n_steps:
            return ""
        date = self.start + hour // 24
        name = f"{_weekday(date)} {date.item():%d %b}"
        return f"{hour % 24:02d}:00" if hour % 24 else name

    def _check(self) -> None:
        """Refuse views that are no whole days, or further on than their end."""
        if self.start.dtype != np.dtype("datetime64[D]"):
            raise InvalidInputError("start", self.start, "give a day: a view starts at a midnight")
        hours = np.size(self.da_eur_per_kwh)
        if not hours or hours % 24:
            raise InvalidInputError("da_eur_per_kwh", f"{hours} hours", "give whole days")
        if not 0 <= self.now <= hours:
            raise InvalidInputError("now", self.now, f"give the settled hours, 0 to {hours}")


def _weekday(date: np.datetime64) -> str:
    return WEEKDAYS[(int(date.astype(np.int64)) + 3) % 7]

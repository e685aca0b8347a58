"""The time axis of a local day, also on days of a clock change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from vpp_gym.arrays import Floats

if TYPE_CHECKING:
    from vpp_gym.plots.day_view import DayView

Ticks = tuple[tuple[float, ...], tuple[str, ...]]
"""Positions in hours since the start, and labels."""

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


class TimeView(Protocol):
    """What a chart over time asks of a view: everything but its data."""

    @property
    def n_steps(self) -> int:
        """Number of steps L."""
        ...

    @property
    def dt_h(self) -> float:
        """Hours per step."""
        ...

    @property
    def edges_h(self) -> Floats:
        """(L+1,) hours since the start at which the steps begin and the last one ends."""
        ...

    @property
    def now(self) -> int:
        """Steps settled so far, 0 to L."""
        ...

    @property
    def ticks(self) -> Ticks:
        """Of the time axis."""
        ...

    @property
    def heading(self) -> str:
        """Date and time."""
        ...

    @property
    def title(self) -> str:
        """What is shown."""
        ...

    @property
    def notes(self) -> tuple[str, ...]:
        """Short facts."""
        ...


def places(view: DayView) -> NDArray[np.int64]:
    """(L,) delivery period of each step."""
    return np.arange(view.n_steps) if view.period is None else view.period


def clock_ticks(
    period: NDArray[np.int64], dt_h: float, every_h: int = 3
) -> tuple[list[float], list[str]]:
    """Positions and labels of every third hour.

    Args:
        period: (L,) delivery period of each step. After the last one the clock
            continues to midnight.
        dt_h: hours per step.
        every_h: hours from one tick to the next.

    Returns:
        hours since midnight, and labels such as "03:00"; the last is 24:00.

    >>> clock_ticks(np.arange(24), 1.0, every_h=12)
    ([0.0, 12.0, 24.0], ['00:00', '12:00', '24:00'])
    """
    rest = range(int(period[-1]) + 1, round(24 / dt_h) + 1)
    first: dict[int, float] = {}
    for step, place in enumerate([*map(int, period), *rest]):
        first.setdefault(place, step * dt_h)
    shown = [hour for hour in range(0, 25, every_h) if round(hour / dt_h) in first]
    return [first[round(hour / dt_h)] for hour in shown], [f"{hour:02d}:00" for hour in shown]


def day_name(view: DayView) -> str:
    """Weekday and date, e.g. "Sun 2019-06-02"."""
    day = view.start.astype("datetime64[D]")
    return f"{WEEKDAYS[(int(day.astype(np.int64)) + 3) % 7]} {day}"


def time_now(view: DayView) -> str:
    """Clock time at which the next step begins, "24:00" after the last."""
    if view.now == view.n_steps:
        return "24:00"
    hour, minute = divmod(round(places(view)[view.now] * view.dt_h * 60), 60)
    return f"{hour:02d}:{minute:02d}"

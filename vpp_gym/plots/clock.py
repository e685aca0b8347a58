"""The time axis of a local day, also on days of a clock change."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from vpp_gym.arrays import Floats

if TYPE_CHECKING:
    from vpp_gym.plots.day_view import DayView

Ticks = tuple[tuple[float, ...], tuple[str, ...]]
"""Positions in hours since the start, and labels."""

CLOSE_SHARE = 1.5 / 24
"""Of the axis, from one tick to the next: closer labels would overlap."""
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
    """Positions and labels of every third hour, and of a time that the clock shows twice.

    Args:
        period: (L,) delivery period of each step. After the last one the clock
            continues to midnight.
        dt_h: hours per step.
        every_h: hours from one tick to the next.

    Returns:
        hours since midnight, rising, and labels such as "03:00"; the last is 24:00.

    >>> clock_ticks(np.arange(24), 1.0, every_h=12)
    ([0.0, 12.0, 24.0], ['00:00', '12:00', '24:00'])
    >>> clock_ticks(np.insert(np.arange(24), 2, 2), 1.0, every_h=12)
    ([0.0, 2.0, 3.0, 13.0, 25.0], ['00:00', '02:00', '02:00', '12:00', '24:00'])
    """
    rest = range(int(period[-1]) + 1, round(24 / dt_h) + 1)
    first: dict[int, int] = {}
    for step, place in enumerate([*map(int, period), *rest]):
        first.setdefault(place, step)
    shown = {
        first[place] for hour in range(0, 25, every_h) if (place := round(hour / dt_h)) in first
    }
    places_of = {step: place for place, step in first.items()}
    for again in np.flatnonzero(np.diff(period) <= 0) + 1:
        places_of[int(again)] = int(period[again])
        shown |= {first[int(period[again])], int(again)}
    steps = sorted(shown)
    return [step * dt_h for step in steps], [clock_time(places_of[step], dt_h) for step in steps]


def clock_time(place: int, dt_h: float) -> str:
    """Time at which a period of the day begins.

    >>> clock_time(9, 0.25)
    '02:15'
    """
    hour, minute = divmod(round(place * dt_h * 60), 60)
    return f"{hour:02d}:{minute:02d}"


def staggered(hours: Sequence[float], labels: Sequence[str]) -> list[str]:
    """Labels, one below the other where ticks are close: those of a repeated hour."""
    texts = list(labels)
    for place in range(1, len(hours)):
        close = hours[place] - hours[place - 1] < CLOSE_SHARE * (hours[-1] - hours[0])
        if close and not texts[place - 1].startswith("\n"):
            texts[place] = "\n" + texts[place]
    return texts


def day_name(view: DayView) -> str:
    """Weekday and date, e.g. "Sun 2019-06-02"."""
    day = view.start.astype("datetime64[D]")
    return f"{WEEKDAYS[(int(day.astype(np.int64)) + 3) % 7]} {day}"


def time_now(view: DayView) -> str:
    """Clock time at which the next step begins, "24:00" after the last."""
    if view.now == view.n_steps:
        return "24:00"
    return clock_time(int(places(view)[view.now]), view.dt_h)

"""The data of a picture of one day, as plain arrays."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vpp_gym.arrays import Bools, Floats
from vpp_gym.errors import InvalidInputError
from vpp_gym.plots.clock import Ticks, clock_ticks, day_name, places, time_now
from vpp_gym.plots.site_day import SiteDay
from vpp_gym.time_steps import checked_step_h

PER_STEP = (
    "da_eur_per_kwh",
    "im_short_eur_per_kwh",
    "im_long_eur_per_kwh",
    "da_sold_kwh",
    "im_sold_kwh",
    "net_load_kwh",
    "profit_eur",
    "period",
)
PER_BOUNDARY = ("fleet_energy_kwh", "fleet_min_kwh", "fleet_target_kwh")
PER_CHARGER = ("soc", "has_contract")
DTYPES: dict[str, type[np.generic]] = {"has_contract": np.bool_, "period": np.int64}


@dataclass(frozen=True, eq=False)
class DayView:
    """One local day of a VPP with L steps; nan if a number is not known yet.

    Attributes:
        start: local midnight.
        dt_h: hours per step.
        da_eur_per_kwh: (L,) day-ahead price.
        im_short_eur_per_kwh: (L,) imbalance price that a short party pays.
        im_long_eur_per_kwh: (L,) imbalance price that a long party gets.
        da_sold_kwh: (L,) day-ahead commitment, + sells.
        im_sold_kwh: (L,) traded in the imbalance market, + sells.
        net_load_kwh: (L,) of the fleet at the meter, + takes from the grid.
        fleet_energy_kwh: (L+1,) stored in the connected EVs when a step begins,
            and at the end of the last one.
        soc: (n_chargers, L) state of charge in [0, 1]; nan where no EV is connected.
        has_contract: (n_chargers, L) the EV is within the window of its V2G contract.
        profit_eur: (L,) profit of the day up to and including each step.
        now: steps settled so far, 0 to L.
        title: e.g. environment and policy.
        notes: short facts to print under the title, e.g. "served 98 %".
        fleet_min_kwh: (L+1,) lower limit of the energy in the connected EVs.
        fleet_target_kwh: (L+1,) energy in them if every target is met.
        period: (L,) delivery period of each step: its place on the clock of the day, which
            a day of 25 hours shows twice for the repeated hour. Needed only on days of a
            clock change; None counts from midnight.
        site: connection and what lies behind it; None: there are only chargers.

    Raises:
        InvalidInputError: wrong length, an infinite number, a SoC outside [0, 1].
    """

    start: np.datetime64
    dt_h: float
    da_eur_per_kwh: Floats
    im_short_eur_per_kwh: Floats
    im_long_eur_per_kwh: Floats
    da_sold_kwh: Floats
    im_sold_kwh: Floats
    net_load_kwh: Floats
    fleet_energy_kwh: Floats
    soc: Floats
    has_contract: Bools
    profit_eur: Floats
    now: int
    title: str = ""
    notes: tuple[str, ...] = ()
    fleet_min_kwh: Floats | None = None
    fleet_target_kwh: Floats | None = None
    period: NDArray[np.int64] | None = None
    site: SiteDay | None = None

    def __post_init__(self) -> None:
        _check_clock(self)
        steps = np.size(self.da_eur_per_kwh)
        shapes: dict[str, tuple[int, ...]] = dict.fromkeys(PER_STEP, (steps,))
        shapes |= dict.fromkeys(PER_BOUNDARY, (steps + 1,))
        chargers = max(len(np.atleast_1d(self.soc)), 1)
        shapes |= dict.fromkeys(PER_CHARGER, (chargers, steps))
        for name in [f.name for f in fields(self) if f.name in shapes]:
            if getattr(self, name) is not None:
                object.__setattr__(self, name, known_array(name, getattr(self, name), shapes[name]))
        if (wrong := self.soc[(self.soc < 0) | (self.soc > 1)]).size:
            raise InvalidInputError("soc", float(wrong[0]), "give fractions in [0, 1]")
        if not 0 <= self.now <= steps:
            raise InvalidInputError("now", self.now, f"give the settled steps, 0 to {steps}")

    @property
    def n_steps(self) -> int:
        """Number of steps L."""
        return len(self.da_eur_per_kwh)

    @property
    def edges_h(self) -> Floats:
        """(L+1,) hours since midnight at which the steps begin and the last one ends."""
        return np.arange(self.n_steps + 1, dtype=np.float64) * self.dt_h

    @property
    def ticks(self) -> Ticks:
        """Every third hour of the clock, and both beginnings of a repeated one."""
        hours, labels = clock_ticks(places(self), self.dt_h)
        return tuple(hours), tuple(labels)

    @property
    def heading(self) -> str:
        """Weekday, date, and the time at which the next step begins."""
        return f"{day_name(self)}  {time_now(self)}"


def _check_clock(view: DayView) -> None:
    checked_step_h(view.dt_h)
    if view.start != view.start.astype("datetime64[D]"):
        raise InvalidInputError("start", view.start, "a day starts at a local midnight")
    hours = np.size(view.da_eur_per_kwh) * view.dt_h
    if not 0 < hours <= 25:
        raise InvalidInputError("da_eur_per_kwh", f"{hours:g} hours", "give one day")


def known_array(name: str, values: Any, shape: tuple[int, ...]) -> NDArray[Any]:
    """A read-only copy of numbers for drawing; nan where one is not known.

    Raises:
        InvalidInputError: another shape, or an infinite number.
    """
    array: NDArray[Any] = np.array(values, dtype=DTYPES.get(name, np.float64))
    if array.shape != shape:
        raise InvalidInputError(name, f"shape {array.shape}", f"give shape {shape}")
    if np.isinf(array).any():
        raise InvalidInputError(name, "an infinite number", "use nan for what is not known")
    array.setflags(write=False)
    return array

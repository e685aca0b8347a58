"""A day at a site: its connection with the limits, and what lies behind it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes

from vpp_gym.arrays import Floats
from vpp_gym.errors import InvalidInputError
from vpp_gym.plots.style import (
    BLACK,
    BLUE,
    GREEN,
    MUTED,
    ORANGE,
    PURPLE,
    SKY,
    VERMILION,
    YELLOW,
    Mark,
    scale_around,
)

if TYPE_CHECKING:
    from vpp_gym.plots.day_view import DayView
    from vpp_gym.plots.panels import Panel

NET = Mark("connection, + takes", BLACK, width=1.8)
LIMITS = Mark("limits", VERMILION, "dashed", 1.4)
BUILDING = Mark("building", MUTED, "area")
CHARGED = Mark("cars charge", BLUE, "area")
STORED = Mark("battery charges", GREEN, "area")
SUN = Mark("sun that is used", YELLOW, "solid")
DISCHARGED = Mark("cars discharge", SKY, "area")
RELEASED = Mark("battery discharges", PURPLE, "area")
CURTAILED = Mark("sun not used", ORANGE, "hatched")
BATTERY = Mark("in the battery", GREEN, width=2.0)
FULL = Mark("full", MUTED, "dotted", 1.2)


@dataclass(frozen=True, eq=False)
class SiteDay:
    """One local day of a site with L steps, all at the meter; nan if a number is not known yet.

    Attributes:
        import_kwh: (L,) taken by the connection.
        export_kwh: (L,) given by it.
        import_limit_kwh: (L,) most that it may take; inf: no limit.
        export_limit_kwh: (L,) most that it may give; inf: no limit.
        building_kwh: (L,) load of the building.
        pv_kwh: (L,) sun that is used.
        curtailed_kwh: (L,) sun that is not.
        charge_kwh: (L,) of the cars.
        discharge_kwh: (L,) of the cars.
        storage_charge_kwh: (L,) of the battery.
        storage_discharge_kwh: (L,) of the battery.
        storage_kwh: (L+1,) stored in the battery when a step begins, and at the end of the last.
        storage_max_kwh: most that it stores; 0: there is none.

    Raises:
        InvalidInputError: arrays of unequal length.
    """

    import_kwh: Floats
    export_kwh: Floats
    import_limit_kwh: Floats
    export_limit_kwh: Floats
    building_kwh: Floats
    pv_kwh: Floats
    curtailed_kwh: Floats
    charge_kwh: Floats
    discharge_kwh: Floats
    storage_charge_kwh: Floats
    storage_discharge_kwh: Floats
    storage_kwh: Floats
    storage_max_kwh: float = 0.0

    def __post_init__(self) -> None:
        for field in fields(self):
            values = getattr(self, field.name)
            if field.name == "storage_max_kwh":
                continue
            steps = len(self.import_kwh) + (field.name == "storage_kwh")
            if np.shape(values) != (steps,):
                remedy = f"give {steps} numbers"
                raise InvalidInputError(f"site.{field.name}", f"shape {np.shape(values)}", remedy)


def site_of(view: DayView) -> SiteDay:
    """The site of a day.

    Raises:
        InvalidInputError: there are only chargers.
    """
    if view.site is None:
        raise InvalidInputError("view.site", None, "draw a day of a scenario with a site")
    return view.site


def connection(view: DayView) -> Panel:
    """Mean power that the connection takes or gives in each step, between its limits."""
    from vpp_gym.plots.panels import Panel, step_line

    site = site_of(view)
    net = (site.import_kwh - site.export_kwh) / view.dt_h
    limits = [_finite(site.import_limit_kwh / view.dt_h), -_finite(site.export_limit_kwh)]
    limits[1] = limits[1] / view.dt_h

    def draw(axes: Axes) -> list[Artist]:
        lines = [step_line(axes, view, one, LIMITS) for one in limits if np.isfinite(one).any()]
        return [*lines, step_line(axes, view, net, NET)]

    scale = scale_around(net, *limits, least=1.0)
    return Panel("Connection", "kW", 1.2, scale, (NET, LIMITS), draw)


def behind(view: DayView) -> Panel:
    """What takes power and what gives it behind the connection, one on top of the other."""
    from vpp_gym.plots.panels import Panel

    site = site_of(view)
    taking = [
        (BUILDING, site.building_kwh),
        (CHARGED, site.charge_kwh),
        (STORED, site.storage_charge_kwh),
    ]
    giving = [
        (SUN, site.pv_kwh),
        (DISCHARGED, site.discharge_kwh),
        (RELEASED, site.storage_discharge_kwh),
        (CURTAILED, site.curtailed_kwh),
    ]
    up, down = _stacked(taking, view.dt_h), _stacked(giving, -view.dt_h)

    def draw(axes: Axes) -> list[Artist]:
        from vpp_gym.plots.panels import step_area

        return [step_area(axes, view, high, low, mark) for mark, low, high in (*up, *down)]

    scale = scale_around(up[-1][2], down[-1][2], least=1.0)
    marks = tuple(mark for mark, values in (*taking, *giving) if np.nansum(values) > 0)
    return Panel("Behind it, + takes", "kW", 1.6, scale, marks, draw)


def battery(view: DayView) -> Panel:
    """Energy in the stationary battery."""
    from vpp_gym.plots.panels import Panel, boundary_line

    site = site_of(view)
    full = np.full(len(site.storage_kwh), site.storage_max_kwh)

    def draw(axes: Axes) -> list[Artist]:
        drawn = ((full, FULL), (site.storage_kwh, BATTERY))
        return [boundary_line(axes, view, values, mark) for values, mark in drawn]

    scale = scale_around(site.storage_kwh, full, least=1.0)
    return Panel("Battery", "kWh", 0.8, scale, (BATTERY, FULL), draw)


def _stacked(
    parts: Sequence[tuple[Mark, Floats]], dt_h: float
) -> list[tuple[Mark, Floats, Floats]]:
    """Each part with the power below and above it; with a negative time downwards."""
    found, low = [], np.zeros(len(parts[0][1]))
    for mark, values in parts:
        high = low + values / dt_h
        found.append((mark, low, high))
        low = high
    return found


def _finite(values: Floats) -> Floats:
    """Numbers, nan where there is no limit."""
    return np.where(np.isfinite(values), values, np.nan)
